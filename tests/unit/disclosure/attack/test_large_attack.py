"""The attack on large tables, on tables small enough to know the answer."""

import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import include.opendata.disclosure.attack as room
from include.opendata.disclosure.attack import (
    ABSENT,
    BLANK,
    CODE_COMPLEMENTARY,
    CODE_SMALL,
    NOT_SHOWN,
    RECOVERABLE,
    SAFE_WITNESS,
    SHOWN,
    UNBOUNDED,
    UNDECIDED,
    AttackBudget,
    PublishedView,
    attack,
    verify_witnesses,
)
from include.opendata.disclosure.attack.large.attack_large import attack_large
from include.opendata.disclosure.attack.large.first_table import find_first_table
from include.opendata.disclosure.attack.large.moves import moves_of
from include.opendata.disclosure.attack.large.unknowns import LargeBudget
from include.opendata.errors import InputError
from tests.lib.random_cubes import TOTAL, as_published, cube, synthetic
from tests.lib.rules import RULE


def published(system, shape, hidden, annotation, groups=None, **more):
    """The view of ``hidden``, with the atoms of every cell."""
    groups = groups or {}

    def atoms(axis, label):
        if label == TOTAL:
            return tuple(range(shape[axis]))
        return tuple(groups.get(axis, {}).get(label, ())) or (int(label[1:]),)

    view = as_published(system, hidden, annotation=annotation, **more)
    places = tuple(tuple(atoms(axis, label) for axis, label in enumerate(key)) for key in system.keys)
    return PublishedView(
        view.value, view.state, view.equations, view.keys, rule=view.rule,
        persons=view.persons, places=places,
    )  # fmt: skip


def some_pattern(system, seed, extra):
    """The small cells, and a share of the others drawn: some leak, some do not."""
    rng = np.random.default_rng(seed)
    small = (system.values > 0) & (system.values < 11)
    return small | ((system.values > 0) & (rng.random(system.size) < extra))


def failing(report):
    return {f.cell for f in report.cells if f.verdict == RECOVERABLE}, {g.equation for g in report.groups}


CASES = [
    ((9, 5, 3), 2.5, None),
    ((6, 4, 2, 3), 2.0, None),
    ((12, 4, 2), 2.2, {0: {"north": (0, 1, 2, 3), "south": (4, 5, 6, 7, 8, 9, 10, 11)}}),
]


@pytest.mark.parametrize("annotation", ["combined", "separate"])
@pytest.mark.parametrize(("shape", "base", "groups"), CASES)
@pytest.mark.parametrize("extra", [0.0, 0.15, 0.4])
def test_it_finds_what_the_exact_attack_on_small_tables_finds(shape, base, groups, annotation, extra):
    system = cube(synthetic(shape, base, 3), groups=groups)
    view = published(system, shape, some_pattern(system, 5, extra), annotation, groups)
    large, exact = attack_large(view), attack(view)
    assert failing(large) == failing(exact)
    assert large.figures["undecided"] == exact.figures["undecided"] == 0
    assert verify_witnesses(view, large.witnesses).agree


def test_it_agrees_with_the_enumeration_of_every_table():
    """No count can be more than the grand total, which is shown."""
    rng = np.random.default_rng(4)
    told_apart = 0
    for _ in range(40):
        counts = rng.integers(0, 4, (2, 3))
        system = cube(counts)
        hidden = (system.values > 0) & (rng.random(system.size) < 0.8)
        hidden[system.keys.index((TOTAL, TOTAL))] = False
        view = published(system, (2, 3), hidden, "combined")
        if counts.sum() > 9:
            continue
        tables = every_table(view, most=int(counts.sum()))
        spread = tables.max(axis=0) - tables.min(axis=0)
        for found in attack_large(view).cells:
            if found.verdict == RECOVERABLE:
                assert spread[found.cell] < 3
                assert found.low <= tables[:, found.cell].min()
                assert found.high >= tables[:, found.cell].max()
            elif found.verdict == SAFE_WITNESS:
                assert spread[found.cell] >= 3
                told_apart += 1
            else:
                assert tables[:, found.cell].min() >= 11
    assert told_apart


def every_table(view, most):
    """All tables of whole numbers that agree with ``view``: leaves enumerated, totals added up."""
    leaves = [c for c in range(view.size) if all(c != parent for parent, _ in view.equations)]
    choices = [range(1, most + 1) if view.state[c] != SHOWN else [int(view.value[c])] for c in leaves]
    parents = sorted(view.equations, key=lambda e: max(c in {p for p, _ in view.equations} for c in e[1]))
    found = []
    for values in itertools.product(*choices):
        table = np.full(view.size, -1)
        table[leaves] = values
        for parent, children in parents:
            total = table[list(children)].sum()
            if table[parent] not in (-1, total):
                break
            table[parent] = total
        else:
            shown = view.state == SHOWN
            if (table[shown] == view.value[shown]).all() and (table[~shown] >= 1).all():
                found.append(table)
    return np.array(found)


def two_in_every_line(system, shape):
    """Small cells, and the smallest others until no line has a single blank: the usual rule of thumb."""
    hidden = (system.values > 0) & (system.values < 11)
    changed = True
    while changed:
        changed = False
        for equation in system.equations:
            members = np.array([equation.parent, *equation.children])
            if hidden[members].sum() == 1:
                free = members[~hidden[members] & (system.values[members] > 0)]
                if len(free):
                    hidden[free[np.argmin(system.values[free])]] = True
                    changed = True
    return hidden


def test_two_blanks_in_every_row_and_column_do_not_protect_a_table_of_four_dimensions():
    shape = (14, 5, 2, 3)
    system = cube(synthetic(shape, 3.0, 1))
    hidden = two_in_every_line(system, shape)
    lone = [sum(hidden[[e.parent, *e.children]]) == 1 for e in system.equations]
    assert not any(lone)
    report = attack_large(published(system, shape, hidden, "combined"))
    assert report.figures["recoverable"] > 0
    assert report.figures["undecided"] == 0


def test_a_complement_shown_again_is_noticed():
    """Four cells in a rectangle protect each other; any one of them shown gives the others away."""
    counts = np.full((12, 6), 40)
    counts[2, 1], counts[2, 4], counts[7, 1], counts[7, 4] = 6, 9, 12, 8
    system = cube(counts)
    four = [system.keys.index((f"v{i}", f"v{j}")) for i in (2, 7) for j in (1, 4)]
    hidden = np.zeros(system.size, dtype=bool)
    hidden[four] = True
    assert attack_large(published(system, counts.shape, hidden, "combined")).passed
    for cell in four:
        open_again = hidden.copy()
        open_again[cell] = False
        left = set(four) - {cell}
        report = attack_large(published(system, counts.shape, open_again, "combined"))
        small = {c for c in left if system.values[c] < 11}
        assert small <= {f.cell for f in report.cells if f.verdict == RECOVERABLE}


def test_the_same_table_gives_the_same_report():
    system = cube(synthetic((9, 5, 3), 2.5, 3))
    view = published(system, (9, 5, 3), some_pattern(system, 5, 0.3), "combined")
    first, second = attack_large(view, seed=2), attack_large(view, seed=2)
    assert first.cells == second.cells
    assert first.witnesses.to_bytes() == second.witnesses.to_bytes()


def test_it_works_without_knowing_how_cells_lie():
    system = cube(synthetic((6, 4, 2), 2.5, 3))
    hidden = some_pattern(system, 5, 0.3)
    view = as_published(system, hidden, annotation="combined")
    assert view.places is None
    assert failing(attack_large(view)) == failing(attack(view))


def test_figures_that_contradict_each_other_prove_nothing():
    system = cube(np.full((3, 3), 20))
    hidden = np.zeros(system.size, dtype=bool)
    hidden[[system.keys.index((f"v{i}", f"v{j}")) for i in (0, 1) for j in (0, 1)]] = True
    good = published(system, (3, 3), hidden, "combined")
    state = np.where(good.state == BLANK, CODE_SMALL, good.state)
    with pytest.raises(InputError, match="contradict"):
        attack_large(PublishedView(good.value, state, good.equations, good.keys, places=good.places, rule=good.rule))


def test_a_time_limit_ends_in_undecided():
    system = cube(synthetic((9, 5, 3), 2.5, 3))
    view = published(system, (9, 5, 3), some_pattern(system, 5, 0.4), "combined")
    report = attack_large(view, budget=LargeBudget(seconds=1e-9))
    assert report.figures["undecided"] > 0
    assert not report.passed
    assert {f.verdict for f in report.cells if f.sentence} <= {RECOVERABLE, UNDECIDED}


def test_a_first_table_is_made_by_moves_where_one_program_would_be_too_large():
    import random

    from include.opendata.disclosure.attack.large.unknowns import Clock, Unknowns
    from include.opendata.disclosure.attack.propagate import propagate

    system = cube(synthetic((12, 5, 3, 2), 2.0, 3))
    view = published(system, (12, 5, 3, 2), some_pattern(system, 5, 0.5), "combined")
    unknown = Unknowns(view, *propagate(view))
    find_first_table(unknown, random.Random(0), LargeBudget(whole=0), Clock(None), lambda step: None)
    assert len(unknown.slices) > 5
    assert len(unknown.tables) == 1
    assert unknown.agrees(unknown.tables[0])


@pytest.mark.parametrize(("shape", "base", "groups"), CASES)
def test_every_move_satisfies_every_equation(shape, base, groups):
    from include.opendata.disclosure.attack.large.repair import NO_LIMIT, WEIGHT, cheapest_move

    system = cube(synthetic(shape, base, 3), groups=groups)
    view = published(system, shape, np.zeros(system.size, dtype=bool), "combined", groups)
    moves = moves_of(view.places)
    low, high = np.full(system.size, -9), np.full(system.size, 9)
    table, weight = np.zeros(system.size, np.int64), np.full(system.size, WEIGHT)
    scratch, state = moves.scratch(), np.array([7], dtype=np.uint64)
    for cell in range(0, system.size, 7):
        corners, cost = cheapest_move(cell, 2, NO_LIMIT, table, low, high, weight, 1000, state, moves.geometry, scratch)
        assert corners > 1
        assert cost == 0
        change = np.zeros(system.size, dtype=np.int64)
        at = moves.grid[scratch[0][-1, :corners]]
        np.add.at(change, at[at >= 0], 2 * scratch[1][-1, :corners][at >= 0])
        assert change[cell] == 2
        assert not (view.balance @ change).any()


def test_linked_tables_of_which_no_joint_cell_exists_have_moves_too():
    """Region by sex and region by age: cells of one table move without the other."""
    places, index = [], {}
    for region in ((0,), (1,), (2,), (0, 1, 2)):
        for sex, age in [((0,), (0, 1)), ((1,), (0, 1)), ((0, 1), (0,)), ((0, 1), (1,)), ((0, 1), (0, 1))]:
            index[region, sex, age] = len(places)
            places.append((region, sex, age))
    moves = moves_of(tuple(places))
    assert (moves.grid >= 0).sum() == len(places) < len(moves.grid)


def test_a_small_table_does_not_wait_for_a_compiler():
    code = (
        "import sys, numpy as np\n"
        "from include.opendata.disclosure.attack import PublishedView, attack, BLANK, SHOWN\n"
        "from include.opendata.rules.release import thresholds\n"
        f"view = PublishedView(np.array([{NOT_SHOWN}, {NOT_SHOWN}, 60, 90]), np.array([BLANK, BLANK, SHOWN, SHOWN]),"
        " ((3, (0, 1, 2)),), (('a',), ('b',), ('c',), ('t',)), rule=thresholds().small_cell)\n"
        "assert attack(view).passed\n"
        "from include.opendata.disclosure.attack.large.repair import repair\n"
        "assert not repair.signatures\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(room.__file__).parents[4])


# ------------------------------------------------------------------------------------------- blanks that are in no sum


def with_loose_cells(view, states, highest):
    """``view`` and cells that are in no equation, each with its state and the most it can be."""
    size = view.size + len(states)
    high = np.full(size, UNBOUNDED)
    high[view.size :] = highest
    return PublishedView(
        np.concatenate([view.value, np.full(len(states), NOT_SHOWN)]),
        np.concatenate([view.state, states]),
        view.equations,
        (*view.keys, *((f"loose {i}",) for i in range(len(states)))),
        known_high=high,
        rule=view.rule,
    )


def nothing():
    none = np.zeros(0, dtype=np.int64)
    return PublishedView(none, none, (), (), rule=RULE)


def a_table_with_sums():
    system = cube(synthetic((6, 4, 2), 2.5, 3))
    return as_published(system, some_pattern(system, 5, 0.3), annotation="combined")


@pytest.mark.parametrize("beside", [nothing, a_table_with_sums])
@pytest.mark.parametrize(
    ("states", "highest"),
    [
        ([BLANK] * 801, [3, *[UNBOUNDED] * 800]),
        ([BLANK] * 801, [UNBOUNDED] * 801),
        ([BLANK] * 801, [3] * 801),
        ([BLANK] * 801, [4] * 801),
        ([CODE_SMALL, CODE_COMPLEMENTARY] * 401, [3, 12] * 401),
        ([BLANK, ABSENT] * 401, [3, 2] * 401),
    ],
    ids=["one narrow", "all open", "all narrow", "all just wide enough", "codes", "cells in no table"],
)
def test_blanks_in_no_sum_are_judged_as_in_a_small_table(beside, states, highest):
    view = with_loose_cells(beside(), states, highest)
    large, exact = attack(view), attack(view, budget=AttackBudget())
    assert failing(large) == failing(exact)
    assert large.figures == exact.figures
    assert verify_witnesses(view, large.witnesses).agree


def test_more_blanks_in_no_sum_than_one_program_takes_are_decided():
    budget = LargeBudget(whole=100, programs=10)
    report = attack_large(with_loose_cells(nothing(), [BLANK] * 300, [3, *[UNBOUNDED] * 299]), budget=budget)
    assert (report.figures["recoverable"], report.figures["undecided"]) == (1, 0)


def test_a_blank_in_no_sum_is_undecided_where_no_table_was_found():
    budget = LargeBudget(whole=0, programs=10)
    view = with_loose_cells(a_table_with_sums(), [BLANK, BLANK], [3, UNBOUNDED])
    found = {f.cell: f.verdict for f in attack_large(view, budget=budget).cells}
    assert (found[view.size - 2], found[view.size - 1]) == (RECOVERABLE, UNDECIDED)


def test_a_group_of_which_every_part_follows_is_judged_by_its_parts():
    high = np.array([1, 1, UNBOUNDED])
    view = PublishedView(
        np.array([NOT_SHOWN, NOT_SHOWN, 2]), np.array([BLANK, BLANK, SHOWN]), ((2, (0, 1)),), (("a",), ("b",), ("t",)),
        known_high=high, rule=RULE,
    )  # fmt: skip
    large, exact = attack_large(view), attack(view)
    assert large.figures == exact.figures
    assert failing(large) == failing(exact) == ({0, 1}, set())
