"""The numerator–denominator condition and the survey rule (DDG 2.0 §4, step 2)."""

from __future__ import annotations

import numpy as np
import pytest

from include.opendata.errors import InputError
from include.opendata.gate.condition import numerator_denominator as findings
from include.opendata.gate.condition import unstable
from include.opendata.rules.release import thresholds

LARGE = [20_000, 39_538_223]
RULE = thresholds().small_cell


def numerator_denominator(counts, denominators, rule=RULE):
    return findings(counts, denominators, rule)


@pytest.mark.parametrize(("count", "met"), [(0, False), (1, True), (10, True), (11, False)])
def test_counts_from_one_to_ten_meet_the_condition_and_zero_does_not(count, met):
    found = numerator_denominator([count, 500], LARGE)
    assert found.met is met
    assert found.small_cells == (1 if met else 0)


@pytest.mark.parametrize(("denominator", "met"), [(19_999, True), (20_000, False)])
def test_denominators_under_20_000_meet_the_condition(denominator, met):
    found = numerator_denominator([500, 0], [denominator, 39_538_223])
    assert found.met is met
    assert found.small_denominators == (1 if met else 0)


def test_denominators_nobody_knows_meet_the_condition():
    for unknown in (None, [20_000.0, float("nan")]):
        found = numerator_denominator([500, 0], unknown)
        assert found.met
        assert not found.denominators_known
        assert found.smallest_denominator_band == "unknown"


@pytest.mark.parametrize(
    ("counts", "band"),
    [
        ([0, 0], "none"),
        ([0, 1], "under 11"),
        ([10], "under 11"),
        ([11], "11 or more"),
        ([1000], "11 or more"),
    ],
)
def test_the_smallest_count_is_told_as_a_band(counts, band):
    assert numerator_denominator(counts, LARGE).smallest_count_band == band


@pytest.mark.parametrize(
    ("smallest", "band"),
    [
        (10, "under 11"),
        (11, "11–19,999"),
        (19_999, "11–19,999"),
        (20_000, "20,000 or more"),
    ],
)
def test_the_smallest_denominator_is_told_as_a_band(smallest, band):
    assert numerator_denominator([0], [smallest, 10**7]).smallest_denominator_band == band


def test_tables_that_differ_only_in_what_will_be_hidden_give_the_same_findings():
    assert numerator_denominator([3, 700], [4_321, 9]) == numerator_denominator([7, 700], [4_321, 2])


def test_cells_of_any_shape_are_counted():
    found = numerator_denominator(np.array([[3, 0], [12, 7]]), np.full((2, 2), 50_000))
    assert (found.cells, found.small_cells, found.denominators) == (4, 2, 4)


@pytest.mark.parametrize("counts", [[-1, 5], [2.5], [float("nan")], [float("inf")], ["3"], [True], [None]])
def test_what_is_no_count_is_refused_without_being_repeated(counts):
    with pytest.raises(InputError) as raised:
        numerator_denominator(counts, None)
    assert "2.5" not in str(raised.value)


def test_estimates_from_under_thirty_cases_are_unstable_and_so_are_those_of_unknown_size():
    assert unstable([0, 29, 30, float("nan"), 4_000]).tolist() == [True, True, False, True, False]


def test_a_raised_number_decides_what_is_small_and_its_words():
    raised = RULE.raised_to(15)
    found = numerator_denominator([0, 3, 12, 14, 15], LARGE, raised)
    assert (found.met, found.small_cells) == (True, 3)
    assert numerator_denominator([12, 40], LARGE, raised).smallest_count_band == "under 15"
    assert numerator_denominator([15, 40], LARGE, raised).smallest_count_band == "15 or more"
    assert numerator_denominator([0], [14, 10**7], raised).smallest_denominator_band == "under 15"


def test_a_lower_number_of_another_rule_book_is_the_only_edge_for_counts():
    lower = RULE.model_copy(update={"below": 5})
    bands = [numerator_denominator([count], LARGE, lower).smallest_count_band for count in (4, 5, 11, 5_000)]
    assert bands == ["under 5", "5 or more", "5 or more", "5 or more"]
