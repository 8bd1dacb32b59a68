"""Open groups and their closing, beyond the worked examples."""

import random

import numpy as np

from include.opendata.disclosure.protect import CellSystem, Equation, open_groups, primary
from include.opendata.disclosure.protect.groups import Preference, close_groups, known_cells
from tests.lib.random_cubes import column, cube
from tests.lib.rules import RULE


def test_a_lone_blank_in_a_group_is_the_difference_of_the_others():
    system = column([4, 50, 60])
    assert [(g.equation, g.rule) for g in open_groups(system, primary(system, RULE), RULE)] == [(0, "two-per-group")]


def test_many_events_of_few_persons_are_no_group_to_be_added_up():
    """35 events can be subtracted from the total, and no more than 7 persons stand behind them."""
    system = column([20, 15, 60, 80], persons=np.array([3, 4, 60, 80, 147]))
    hidden = np.array([True, True, False, False, False])
    assert [group.rule for group in open_groups(system, hidden, RULE)] == ["rule-6"]
    assert not open_groups(system, np.array([True, True, True, False, False]), RULE)


def test_a_lone_hidden_total_is_the_sum_of_its_parts():
    system = column([40, 50, 60])
    assert open_groups(system, system.values == 150, RULE)


def test_a_subtotal_in_no_table_that_follows_from_another_table_counts_as_known():
    """Sexes and age groups sum to one total that no table shows: it follows from the sexes, so the ages are open."""
    values = np.array([40, 30, 4, 66, 70])
    equations = (Equation(4, (0, 1)), Equation(4, (2, 3)))
    system = CellSystem(values, np.array([1, 1, 1, 1, 0], bool), equations, tuple((i,) for i in range(5)))
    known, derived = known_cells(system, primary(system, RULE))
    assert known[4]
    assert derived == [(0, 4)]
    assert [g.equation for g in open_groups(system, primary(system, RULE), RULE)] == [1]


def test_a_group_of_shown_zeros_and_hidden_ones_never_hides_a_zero():
    system = cube([[3, 0, 0], [0, 3, 0], [0, 0, 40]])
    preference = Preference(~primary(system, RULE) & (system.values > 0), random.Random(0))
    hidden, _ = close_groups(system, primary(system, RULE), RULE, preference)
    assert not hidden[system.values == 0].any()


def test_a_group_with_nothing_left_to_hide_stays_open_rather_than_being_called_closed():
    system = column([3, 0, 50])
    preference = Preference(np.zeros(4, bool), random.Random(0))
    hidden, added = close_groups(system, primary(system, RULE), RULE, preference)
    assert not added
    assert open_groups(system, hidden, RULE)


def test_near_ties_are_drawn_so_that_the_smallest_is_not_always_taken():
    system = column([4, 50, 52, 54, 56])
    chosen = set()
    for seed in range(30):
        preference = Preference(~primary(system, RULE), random.Random(seed))
        hidden, _ = close_groups(system, primary(system, RULE), RULE, preference)
        chosen |= set(np.flatnonzero(hidden & ~primary(system, RULE)).tolist())
    assert chosen == {1, 2, 3, 4}
