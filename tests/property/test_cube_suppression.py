"""What the fast path promises of any cube, whatever its counts: a stranger's attack and plain enumeration agree."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from include.opendata.disclosure.attack import attack
from include.opendata.disclosure.protect.cube import Effort, public_view, suppress_cube, verify_proof
from include.opendata.disclosure.protect.cube.groups import open_groups
from include.opendata.errors import Refused
from tests.lib.enumerate_tables import TooMany, all_tables
from tests.lib.rules import RULE
from tests.unit.disclosure.protect.cube.grids import cube, public

COUNT = st.one_of(st.just(0), st.integers(1, 4), st.integers(1, 12), st.integers(8, 60))
TINY = st.one_of(st.just(0), st.integers(1, 3), st.integers(9, 14))
ANNOTATION = st.sampled_from(["separate", "combined"])
QUIET = settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
QUICK = Effort(starts=2, openings=2)


def tables(count, shapes):
    return st.sampled_from(shapes).flatmap(lambda shape: arrays(np.int64, shape, elements=count))


def groups_of(counts, kind):
    """No groups, two halves, or a first pair beside the rest, on the first axis."""
    size = counts.shape[0]
    if kind == 0 or size < 3:
        return None
    cut = size // 2 if kind == 1 else 2
    return {0: [list(range(cut)), list(range(cut, size))]}


def absent_totals(counts, kind):
    """Everything published; no grand total; or no totals along the last axis."""
    last = counts.ndim - 1
    if kind == 0:
        return None
    if kind == 1:
        return lambda place: all(place[a] == counts.shape[a] for a in range(counts.ndim))
    return lambda place: place[last] == counts.shape[last]


@settings(QUIET, max_examples=150)
@given(
    counts=tables(COUNT, [(4,), (3, 3), (5, 4), (2, 3, 2), (4, 3, 2), (2, 2, 2, 3)]),
    grouping=st.integers(0, 2),
    absent=st.sampled_from([0, 0, 1, 2]),
    annotation=ANNOTATION,
    seed=st.integers(0, 99),
)
def test_what_is_returned_withstands_a_stranger_or_it_is_refused(counts, grouping, absent, annotation, seed):
    groups, unpublished = groups_of(counts, grouping), absent_totals(counts, absent)
    table = cube(counts, groups, unpublished)
    try:
        done = suppress_cube(table, rule=RULE, annotation=annotation, seed=seed, effort=QUICK)
    except Refused as refusal:
        assert annotation == "separate"
        assert refusal.slug == "separate-codes-unsafe"
        return
    codes = done.codes
    assert not codes[table.values == 0].any()
    assert np.array_equal(codes == 1, table.small(RULE))
    assert not codes[~table.is_published()].any()
    assert not open_groups(table, codes != 0, RULE)
    view = public_view(table, codes, rule=RULE, annotation=annotation)
    assert verify_proof(view, done.proof).passed
    report = attack(public(counts, codes, annotation, groups, unpublished))
    assert report.passed, report.failures


@settings(QUIET, max_examples=100)
@given(counts=tables(TINY, [(4,), (2, 3), (3, 3), (2, 2, 2)]), annotation=ANNOTATION, seed=st.integers(0, 9))
def test_enumerating_every_table_finds_the_stored_ones_and_no_narrow_count(counts, annotation, seed):
    table = cube(counts)
    frozen = np.zeros(table.values.shape, dtype=bool)
    frozen[(-1,) * counts.ndim] = table.values[(-1,) * counts.ndim] > 10
    bounded = type(table)(table.values, table.axes, frozen=frozen)
    try:
        done = suppress_cube(bounded, rule=RULE, annotation=annotation, seed=seed, effort=QUICK)
        possible = all_tables(public(counts, done.codes, annotation))
    except (Refused, TooMany):
        return
    ends = possible.max(axis=0) - possible.min(axis=0)
    small = done.codes.reshape(-1) == 1
    assert (ends[small] >= 3).all()
    everything = {row.tobytes() for row in possible}
    for stored in done.proof.tables:
        whole = table.values.reshape(-1).copy()
        whole[done.proof.cells] = stored
        assert whole.tobytes() in everything


@settings(QUIET, max_examples=60)
@given(
    counts=tables(st.integers(1, 3), [(8, 4), (10, 3), (6, 6)]), annotation=st.just("separate"), seed=st.integers(0, 9)
)
def test_cells_named_impossible_are_narrow_even_when_everything_is_hidden(counts, annotation, seed):
    table = cube(counts)
    try:
        suppress_cube(table, rule=RULE, annotation=annotation, seed=seed, effort=QUICK)
    except Refused as refusal:
        named = dict(detail.split(": ") for detail in refusal.details)
        everything = np.where(table.small(RULE), 1, np.where(table.values > 0, 2, 0))
        report = attack(public(counts, everything, annotation))
        narrow = sum(f.verdict == "recoverable" for f in report.cells)
        assert int(named["impossible"]) <= narrow <= int(named["impossible"]) + int(named["undecided"])
