"""How the attack on large tables gets from rounded numbers to tables, and from one table to the next."""

import itertools
import random

import numpy as np
import pytest

from include.opendata.disclosure.attack import BLANK, RECOVERABLE, SAFE_WITNESS, SHOWN, PublishedView, attack
from include.opendata.disclosure.attack.large.attack_large import attack_large
from include.opendata.disclosure.attack.large.decide_rest import narrow_around
from include.opendata.disclosure.attack.large.first_table import find_first_table, start_of
from include.opendata.disclosure.attack.large.moves import moves_of
from include.opendata.disclosure.attack.large.repair import WEIGHT, repair, undo
from include.opendata.disclosure.attack.large.unknowns import Clock, LargeBudget, Need, Unknowns, WalkEffort
from include.opendata.disclosure.attack.large.walk import steer
from include.opendata.disclosure.attack.propagate import propagate
from tests.lib.random_cubes import TOTAL, cube, synthetic
from tests.lib.rules import RULE
from tests.unit.disclosure.attack.test_large_attack import CASES, failing, published, some_pattern

NO_PROGRAMS = LargeBudget(whole=0)


def quiet(step):
    """Progress nobody asked for."""


def unknowns(view):
    return Unknowns(view, *propagate(view))


def by_sex_and_by_age(seed, regions=6, hidden_share=0.3):
    """Two linked tables, region by sex and region by age: (view, true counts). No cell has a sex and an age."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(rng.lognormal(1.6, 1.0, (regions, 1, 1)), (regions, 2, 3))
    whole, sexes, ages = tuple(range(regions)), (0, 1), (0, 1, 2)
    rows = [*((r,) for r in range(regions)), whole]
    sides = [((0,), ages), ((1,), ages), (sexes, (0,)), (sexes, (1,)), (sexes, (2,)), (sexes, ages)]
    places = [(row, *side) for row in rows for side in sides]
    at = {place: i for i, place in enumerate(places)}
    truth = np.array([counts[np.ix_(*place)].sum() for place in places])
    equations = [(at[whole, *side], tuple(at[(r,), *side] for r in range(regions))) for side in sides]
    for row in rows:
        total = at[row, sexes, ages]
        equations.append((total, tuple(at[row, side[0], side[1]] for side in sides[:2])))
        equations.append((total, tuple(at[row, side[0], side[1]] for side in sides[2:5])))
    small = (truth > 0) & (truth < 11)
    hidden = small | ((truth > 0) & (rng.random(len(truth)) < hidden_share))
    return PublishedView(
        np.where(hidden, -1, truth), np.where(hidden, BLANK, SHOWN), tuple(equations), tuple((p,) for p in places),
        places=tuple(places), rule=RULE,
    ), truth  # fmt: skip


@pytest.mark.parametrize(("shape", "base", "groups"), CASES)
def test_numbers_rounded_where_atoms_meet_add_up_everywhere(shape, base, groups):
    system = cube(synthetic(shape, base, 3), groups=groups)
    view = published(system, shape, np.zeros(system.size, dtype=bool), "combined", groups)
    near = system.values + np.random.default_rng(0).uniform(-0.4, 0.4, system.size)
    start = start_of(moves_of(view.places), near)
    assert not (view.balance @ start).any()
    leaves = [c for c in range(view.size) if all(c != parent for parent, _ in view.equations)]
    assert (start[leaves] == system.values[leaves]).all()


def test_numbers_are_fitted_where_no_cell_stands_for_a_combination_of_atoms():
    view, truth = by_sex_and_by_age(1)
    start = start_of(moves_of(view.places), truth.astype(float))
    assert not (view.balance @ start).any()
    assert np.abs(start - truth).max() < 12


@pytest.mark.parametrize("seed", range(4))
def test_linked_tables_get_a_first_table_by_moves(seed):
    view, _ = by_sex_and_by_age(seed)
    unknown = unknowns(view)
    find_first_table(unknown, random.Random(0), NO_PROGRAMS, Clock(None), quiet)
    assert len(unknown.tables) == 1
    assert unknown.agrees(unknown.tables[0])


@pytest.mark.parametrize("seed", range(6))
def test_linked_tables_are_attacked_as_the_exact_attack_does(seed):
    view, _ = by_sex_and_by_age(seed)
    large, exact = attack_large(view), attack(view)
    assert failing(large) == failing(exact)
    assert large.figures["undecided"] == exact.figures["undecided"] == 0


@pytest.mark.parametrize(("shape", "base", "groups"), CASES)
@pytest.mark.parametrize("annotation", ["combined", "separate"])
@pytest.mark.parametrize("extra", [0.0, 0.4])
def test_a_first_table_needs_no_integer_program(shape, base, groups, annotation, extra):
    system = cube(synthetic(shape, base, 3), groups=groups)
    view = published(system, shape, some_pattern(system, 5, extra), annotation, groups)
    unknown = unknowns(view)
    find_first_table(unknown, random.Random(0), NO_PROGRAMS, Clock(None), quiet)
    assert unknown.agrees(unknown.tables[0])


def test_where_repair_is_not_allowed_a_move_an_integer_program_finds_the_table():
    system = cube(synthetic((6, 4, 2, 3), 2.0, 3))
    view = published(system, (6, 4, 2, 3), some_pattern(system, 5, 0.4), "combined")
    unknown = unknowns(view)
    find_first_table(unknown, random.Random(0), LargeBudget(repair=0), Clock(None), quiet)
    assert unknown.agrees(unknown.tables[0])


def test_a_table_that_does_not_agree_with_what_is_published_is_never_kept():
    system = cube(synthetic((9, 5, 3), 2.5, 3))
    unknown = unknowns(published(system, (9, 5, 3), some_pattern(system, 5, 0.4), "combined"))
    truth = system.values[unknown.cells]
    assert unknown.agrees(truth)
    for change in (1, -1):
        off = truth.copy()
        off[0] += change
        assert not unknown.keep(off)
    for bounds, change in ((unknown.low, 1), (unknown.high, -1)):
        before = bounds.copy()
        bounds[0] = truth[0] + change
        assert not unknown.keep(truth)
        bounds[:] = before
    assert not unknown.tables
    assert unknown.keep(truth)


def arrays(unknown, x, low, high):
    """What the compiled loops need to repair ``x``: (cells wrong now, the rest)."""
    n = len(x)
    wrong, place = np.zeros(n, dtype=np.int64), np.full(n, -1)
    outside = np.flatnonzero((x < low) | (x > high))
    wrong[: len(outside)], place[outside] = outside, np.arange(len(outside))
    journal = np.zeros((200 * unknown.moves.largest, 2), dtype=np.int64)
    more = np.array([5], dtype=np.uint64), unknown.moves.geometry, unknown.moves.scratch()
    return len(outside), np.full(n, WEIGHT), more, wrong, place, journal


def test_what_repair_did_can_be_taken_back():
    system = cube(synthetic((6, 4, 2, 3), 2.0, 3))
    unknown = unknowns(published(system, (6, 4, 2, 3), some_pattern(system, 5, 0.4), "combined"))
    x, low, high = system.values.copy(), unknown.all_low.copy(), unknown.all_high.copy()
    cell = int(unknown.cells[-1])
    low[cell] = x[cell] + 500
    high[cell] = low[cell]
    count, weight, more, wrong, place, journal = arrays(unknown, x, low, high)
    assert count == 1
    count, noted = repair(count, 6, 50, x, low, high, weight, 20_000, *more, wrong, place, journal)
    assert count > 0
    assert noted > 0
    assert (x != system.values).any()
    assert not (unknown.view.balance @ x).any()
    undo(count, noted, x, weight, wrong, place, journal)
    assert (x == system.values).all()
    assert (weight == WEIGHT).all()
    assert (place == -1).all()


def test_a_walk_stays_within_what_is_published_and_counts_tries():
    system = cube(synthetic((9, 5, 3), 2.5, 3))
    unknown = unknowns(published(system, (9, 5, 3), some_pattern(system, 5, 0.4), "combined"))
    n = system.size
    for seed in range(5):
        x = system.values.copy()
        _, weight, more, wrong, place, journal = arrays(unknown, x, unknown.all_low, unknown.all_high)
        visit = np.random.default_rng(seed).permutation(unknown.cells)
        tries, width, enough = np.full(n, 3), np.full(n, 3), np.full(n, -1)
        steer(
            visit, tries, 16, 8, x, unknown.all_low, unknown.all_high, system.values.copy(), system.values.copy(), width,
            enough, weight, 20_000, *more, (wrong, place, journal),
        )  # fmt: skip
        assert unknown.agrees(x[unknown.cells])
        told_apart = np.abs(x - system.values)[visit] >= 3
        assert told_apart.any()
        assert told_apart[tries[visit] == 3].all()
        assert set(tries[visit].tolist()) <= {2, 3}


@pytest.mark.parametrize(("equations", "has_table"), [(20, False), (100, True)])
def test_bounds_from_the_equations_around_a_cell_hold_in_every_table(equations, has_table):
    system = cube(synthetic((6, 4, 2, 3), 2.0, 3))
    view = published(system, (6, 4, 2, 3), some_pattern(system, 5, 0.1), "combined")
    unknown = unknowns(view)
    report = {f.cell: f for f in attack_large(view).cells}
    tightened = 0
    if has_table:  # then no further than three away is looked, and an end there is no bound
        unknown.keep(system.values[unknown.cells])
    for at, cell in enumerate(unknown.cells.tolist()):
        need = Need(at, 3, None, False, int(unknown.low[at]), int(unknown.high[at]))
        narrow_around(need, unknown, equations, Clock(None))
        assert need.low <= report[cell].seen_low <= report[cell].seen_high <= need.high
        assert need.low <= system.values[cell] <= need.high
        tightened += need.narrow
    assert tightened


def test_with_next_to_no_effort_the_verdicts_are_the_same_or_none():
    """Less effort leaves more undecided, and never calls a blank safe or recoverable that is not."""
    system = cube(synthetic((6, 4, 2, 3), 2.0, 3))
    view = published(system, (6, 4, 2, 3), some_pattern(system, 5, 0.15), "combined")
    lazy = attack_large(view, budget=LargeBudget(efforts=(WalkEffort(1, 1, 1, 2),), programs=0))
    verdicts = {f.cell: f.verdict for f in attack_large(view).cells}
    for found in lazy.cells:
        if found.verdict in (SAFE_WITNESS, RECOVERABLE):
            assert verdicts[found.cell] == found.verdict
    assert lazy.figures["undecided"] > 0
    assert not lazy.passed


def test_hierarchies_agree_with_the_enumeration_of_every_table():
    groups = {0: {"north": (0, 1), "south": (2, 3)}}
    rng = np.random.default_rng(6)
    compared = {RECOVERABLE: 0, SAFE_WITNESS: 0}
    for _ in range(60):
        counts = rng.integers(0, 4, (4, 2))
        system = cube(counts, groups=groups)
        hidden = (system.values > 0) & (rng.random(system.size) < 0.7)
        hidden[system.keys.index((TOTAL, TOTAL))] = False
        leaves = np.array([c for c in range(system.size) if all(c != e.parent for e in system.equations)])
        if hidden[leaves].sum() > 6 or counts.sum() > 9:
            continue
        view = published(system, (4, 2), hidden, "combined", groups)
        tables = every_table_of_leaves(view, leaves, int(counts.sum()))
        spread = tables.max(axis=0) - tables.min(axis=0)
        for found in attack_large(view).cells:
            assert found.verdict == (RECOVERABLE if spread[found.cell] < 3 else SAFE_WITNESS)
            compared[found.verdict] += 1
    assert min(compared.values()) > 5


def every_table_of_leaves(view, leaves, most):
    """All tables of whole numbers that agree with ``view``, whose every cell is a sum of ``leaves``."""
    atoms = [set(itertools.product(*place)) for place in view.places]
    inside = np.array([[atoms[leaf] <= atoms[cell] for leaf in leaves] for cell in range(view.size)]).astype(int)
    choices = [range(1, most + 1) if view.state[c] != SHOWN else [int(view.value[c])] for c in leaves]
    tables = np.array(list(itertools.product(*choices))) @ inside.T
    shown = view.state == SHOWN
    return tables[(tables[:, shown] == view.value[shown]).all(axis=1) & (tables[:, ~shown] >= 1).all(axis=1)]
