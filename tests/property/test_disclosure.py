"""What must hold for any small table, whatever its counts."""

import random

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from include.opendata.disclosure.attack import (
    CODE_COMPLEMENTARY,
    RECOVERABLE,
    SAFE_LP,
    SAFE_WITNESS,
    UNBOUNDED,
    attack,
    verify_witnesses,
)
from include.opendata.disclosure.protect import COMPLEMENTARY, SHOWN, open_groups, primary, suppress
from include.opendata.errors import Refused
from tests.lib.enumerate_tables import TooMany, all_tables
from tests.lib.random_cubes import as_published, cube
from tests.lib.rules import RULE

COUNT = st.one_of(st.just(0), st.integers(1, 4), st.integers(1, 12), st.integers(8, 60))
TINY = st.one_of(st.just(0), st.integers(1, 3), st.integers(0, 12))
ANNOTATION = st.sampled_from(["separate", "combined"])
QUIET = settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def tables(count, shapes):
    return st.sampled_from(shapes).flatmap(lambda shape: arrays(np.int64, shape, elements=count))


SMALL_TABLES = tables(COUNT, [(4,), (3, 3), (5, 4), (2, 3, 2), (3, 3, 3), (4, 3, 2)])
GROUPS = st.sampled_from([None, {0: {"north": [0], "south": [1]}}, {0: {"first": [0, 1]}}])


def hierarchy(counts, groups):
    """A grouping of the first axis that covers all of its categories."""
    if not groups:
        return None
    names = list(groups[0])
    size = counts.shape[0]
    if len(names) == 1:
        return {0: {"first": [0], "rest": list(range(1, size))}}
    return {0: {"north": list(range(size // 2)), "south": list(range(size // 2, size))}}


@settings(QUIET, max_examples=70)
@given(counts=SMALL_TABLES, groups=GROUPS, annotation=ANNOTATION, seed=st.integers(0, 99), absent=st.integers(0, 2))
def test_what_suppress_returns_withstands_the_attack_or_it_refuses(counts, groups, annotation, seed, absent):
    system = cube(
        counts,
        groups=hierarchy(counts, groups),
        unpublished=lambda key: absent and sum(label == "Total" for label in key) == absent,
    )
    small = primary(system, RULE)
    try:
        protected = suppress(system, small, rule=RULE, annotation=annotation, seed=seed)
    except Refused as refusal:
        assert annotation == "separate"
        assert refusal.slug == "separate-codes-unsafe"
        return
    assert not protected.hidden[system.values == 0].any()
    assert protected.hidden[small].all()
    assert not open_groups(system, protected.hidden, RULE)
    view = as_published(system, protected.hidden, annotation=annotation)
    report = attack(view)
    assert report.passed, report.failures
    checked = verify_witnesses(view, report.witnesses)
    assert checked.agree
    resting_on_bounds = {f.cell for f in report.cells if f.verdict == SAFE_LP}
    assert set(checked.unproven) <= resting_on_bounds


@settings(QUIET, max_examples=80)
@given(
    counts=tables(TINY, [(4,), (2, 3), (3, 3), (2, 2, 2)]), annotation=ANNOTATION, data=st.data(), absent=st.booleans()
)
def test_the_attack_finds_the_same_intervals_as_enumerating_every_table(counts, annotation, data, absent):
    """For any pattern, safe or not: small cells and some of the others blank, the grand total shown."""
    system = cube(counts, unpublished=lambda key: absent and counts.ndim > 1 and key[0] == "Total" != key[-1])
    compare_with_enumeration(system, annotation, data)


SPARSE = st.one_of(st.just(0), st.just(0), st.integers(0, 3), st.integers(0, 12))


@settings(QUIET, max_examples=12)
@given(counts=tables(SPARSE, [(4,), (4, 2), (4, 2, 2), (2, 2, 2, 2)]), annotation=ANNOTATION, data=st.data())
def test_so_it_does_with_hierarchies_and_four_dimensions(counts, annotation, data):
    groups = {0: {"north": [0, 1], "south": [2, 3]}} if counts.shape[0] == 4 else None
    compare_with_enumeration(cube(counts, groups=groups), annotation, data)


def compare_with_enumeration(system, annotation, data):
    small = primary(system, RULE)
    extra = np.array(data.draw(st.lists(st.booleans(), min_size=system.size, max_size=system.size)))
    hidden = (small | (extra & (system.values > 0))) & system.published
    hidden[-1] = False
    view = as_published(system, hidden, annotation=annotation, small=small)
    try:
        every = all_tables(view)
    except TooMany:
        assume(False)
    assert (every == system.values).all(axis=1).any()
    report = attack(view)
    low, high = every.min(axis=0), every.max(axis=0)
    for found in report.cells:
        c = found.cell
        assert (found.low, found.high) == (low[c], high[c])
        assert (found.seen_low, found.seen_high) == (low[c], high[c])
        if view.blank[c]:
            large = low[c] >= 11 or view.state[c] == CODE_COMPLEMENTARY
            assert (found.verdict == RECOVERABLE) == (high[c] - low[c] < 3 and not large)
    reported = {f.cell for f in report.cells if f.verdict == RECOVERABLE}
    for c in np.flatnonzero(~system.published):
        narrow_and_small = 1 <= low[c] <= 10 and high[c] - low[c] < 3
        assert (int(c) in reported) == narrow_and_small
    failing = {g.equation for g in report.groups}
    for e, (_, children) in enumerate(view.equations):
        parts = [c for c in children if view.state[c] != 0]
        if len(parts) >= 2 and (low[parts] < high[parts]).any():
            sums = every[:, parts].sum(axis=1)
            assert (e in failing) == (sums.min() == sums.max() and 1 <= sums[0] <= 10)


@settings(QUIET, max_examples=40)
@given(counts=tables(COUNT, [(3, 3), (2, 3, 2), (3, 2, 2)]), annotation=ANNOTATION, seed=st.integers(0, 99))
def test_cells_in_no_table_are_protected_from_differencing(counts, annotation, seed):
    """Three in ten of the cells are in no table: what is published must not give them away either."""
    system = cube(counts, unpublished=lambda key: random.Random(f"{key}{seed}").random() < 0.3)
    try:
        protected = suppress(system, primary(system, RULE), rule=RULE, annotation=annotation, seed=seed)
    except Refused:
        return
    report = attack(as_published(system, protected.hidden, annotation=annotation))
    assert report.passed, report.failures


@settings(QUIET, max_examples=40)
@given(counts=SMALL_TABLES, annotation=ANNOTATION, seed=st.integers(0, 99))
def test_every_complement_that_was_kept_is_needed(counts, annotation, seed):
    system = cube(counts)
    small = primary(system, RULE)
    try:
        protected = suppress(system, small, rule=RULE, annotation=annotation, seed=seed)
    except Refused:
        return
    for c in np.flatnonzero(protected.codes == COMPLEMENTARY):
        fewer = protected.hidden.copy()
        fewer[c] = False
        if not open_groups(system, fewer, RULE):
            report = attack(as_published(system, fewer, annotation=annotation))
            assert not report.passed


@settings(QUIET, max_examples=12)
@given(counts=SMALL_TABLES, annotation=ANNOTATION, seed=st.integers(0, 99))
def test_the_same_input_gives_the_same_result_to_the_byte(counts, annotation, seed):
    def once():
        system = cube(counts)
        try:
            protected = suppress(system, primary(system, RULE), rule=RULE, annotation=annotation, seed=seed)
        except Refused as refusal:
            return str(refusal)
        report = attack(as_published(system, protected.hidden, annotation=annotation), seed=seed)
        return (
            protected.codes.tobytes(),
            protected.figures,
            protected.reasons,
            report.witnesses.to_bytes(),
            report.cells,
        )

    assert once() == once()


@settings(QUIET, max_examples=40)
@given(counts=SMALL_TABLES, seed=st.integers(0, 99))
def test_cells_already_public_stay_shown(counts, seed):
    system = cube(counts)
    small = primary(system, RULE)
    frozen = ~small & (np.arange(system.size) % 3 == 0)
    try:
        protected = suppress(system, small, rule=RULE, annotation="combined", seed=seed, frozen=frozen)
    except Refused as refusal:
        assert refusal.slug == "no-safe-suppression"
        return
    assert (protected.codes[frozen] == SHOWN).all()
    assert attack(as_published(system, protected.hidden, annotation="combined")).passed


@pytest.mark.parametrize("annotation", ["separate", "combined"])
def test_an_interval_without_an_upper_end_is_reported_as_such(annotation):
    system = cube([3, 40, 50], unpublished=[("Total",)])
    report = attack(as_published(system, primary(system, RULE), annotation=annotation))
    (only,) = report.cells
    assert only.verdict == SAFE_WITNESS
    assert only.high == (10 if annotation == "separate" else UNBOUNDED)
