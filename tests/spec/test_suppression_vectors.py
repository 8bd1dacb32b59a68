"""Complementary suppression and its rules, as worked examples (DDG 2.0 §4.4.1, §4.4.3).

Each case is one column of categories with a published total, unless it says otherwise.
"""

import numpy as np
import pytest

from include.opendata.disclosure.attack import RECOVERABLE, attack
from include.opendata.disclosure.protect import (
    COMPLEMENTARY,
    SHOWN,
    SMALL,
    derived_blank,
    open_groups,
    primary,
    suppress,
)
from include.opendata.errors import Refused
from tests.lib.random_cubes import as_published, column, cube
from tests.lib.rules import RULE


def small_only(counts):
    system = column(counts)
    return system, primary(system, RULE)


# -- which counts are small ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "small"), [(0, False), (1, True), (10, True), (11, False)])
def test_counts_from_1_to_10_are_small_and_zero_is_not(count, small):
    system = column([count, 500])
    assert primary(system, RULE)[0] == small


def test_many_events_of_few_persons_are_small_too():
    system = column([40, 500], persons=np.array([3, 200, 203]))
    assert primary(system, RULE).tolist() == [True, False, False]


# -- rule 6: does the group need one more? ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hidden", "shown", "one_more"),
    [
        ([2, 3], [50, 60], True),  # all 3 or less
        ([5, 5], [50, 60], True),  # sum 10
        ([4, 6], [40], True),  # sum 10
        ([3, 3, 3, 3], [40], True),  # all 3 or less, whatever the sum
        ([10, 1], [40], False),  # sum 11
        ([3, 8], [40], False),
        ([1, 10], [0, 40], False),
    ],
)
def test_rule_six_asks_for_one_more_complement(hidden, shown, one_more):
    system, small = small_only(hidden + shown)
    assert bool(open_groups(system, small, RULE)) == one_more
    protected = suppress(system, small, rule=RULE, annotation="combined", seed=0)
    assert protected.figures["complementary"] == one_more
    assert not open_groups(system, protected.hidden, RULE)


def test_a_group_without_a_nonzero_candidate_gives_up_its_total():
    system, small = small_only([3, 3, 3, 3, 0])
    protected = suppress(system, small, rule=RULE, annotation="combined", seed=0)
    assert protected.codes.tolist() == [SMALL] * 4 + [SHOWN, COMPLEMENTARY]


@pytest.mark.parametrize("annotation", ["separate", "combined"])
def test_a_total_that_is_itself_small_goes_with_its_only_part_and_zeros_stay(annotation):
    system, small = small_only([3, 0, 0])
    protected = suppress(system, small, rule=RULE, annotation=annotation, seed=0)
    assert protected.codes.tolist() == [SMALL, SHOWN, SHOWN, SMALL]
    assert attack(as_published(system, protected.hidden, annotation=annotation)).passed


def test_a_total_that_is_never_published_protects_its_parts():
    system = column([3, 50, 60], total=False)
    protected = suppress(system, primary(system, RULE), rule=RULE, annotation="combined", seed=0)
    assert protected.figures["complementary"] == 0
    assert attack(as_published(system, protected.hidden, annotation="combined")).passed


def test_totals_are_the_last_choice():
    system, small = small_only([4, 200, 300])
    protected = suppress(system, small, rule=RULE, annotation="combined", seed=0)
    assert protected.codes.tolist() == [SMALL, COMPLEMENTARY, SHOWN, SHOWN]


def test_the_analytically_least_interesting_level_goes_first():
    counts = [4, 50, 900]
    system = column(counts, interest=np.array([1, 1, 0, 1]))
    assert suppress(system, primary(system, RULE), rule=RULE, annotation="combined", seed=0).codes[2] == COMPLEMENTARY


def test_a_neighbouring_category_wins_among_near_ties():
    neighbours = [[1], [0, 2], [1, 3], [2, 4], [3], []]
    for seed in range(8):
        system = column([50, 51, 4, 52, 50], neighbours=neighbours)
        codes = suppress(system, primary(system, RULE), rule=RULE, annotation="combined", seed=seed).codes
        assert COMPLEMENTARY in (codes[1], codes[3])


# -- what the codes give away (§4.4.3) -------------------------------------------------------------------------------


def test_three_tens_with_total_shown_are_each_exactly_ten():
    system, small = small_only([10, 14, 10, 10, 0, 0, 0, 30])
    report = attack(as_published(system, small, annotation="separate"))
    assert [f.verdict for f in report.cells] == [RECOVERABLE] * 3
    assert attack(as_published(system, small, annotation="combined")).passed
    protected = suppress(system, small, rule=RULE, annotation="separate", seed=0)
    assert protected.codes[1] == COMPLEMENTARY
    assert protected.figures["complementary"] == 1


def test_two_cells_summing_to_nineteen_are_ten_and_nine():
    system, small = small_only([10, 14, 9, 17, 0, 0, 0, 30])
    assert not attack(as_published(system, small, annotation="separate")).passed
    protected = suppress(system, small, rule=RULE, annotation="separate", seed=3)
    assert protected.figures["complementary"] == 1
    assert protected.codes[1] == COMPLEMENTARY or protected.codes[3] == COMPLEMENTARY


def test_one_small_and_one_complement_summing_to_twelve_are_one_and_eleven():
    system, small = small_only([14, 14, 1, 11, 0, 0, 30])
    hidden = small | (system.values == 11)
    report = attack(as_published(system, hidden, annotation="separate"))
    assert report.cells[0].verdict == RECOVERABLE
    assert attack(as_published(system, hidden, annotation="combined")).passed
    for seed in range(6):  # either another complement than the 11, or one more beside it
        protected = suppress(system, small, rule=RULE, annotation="separate", seed=seed)
        assert protected.hidden.tolist() != hidden.tolist()
        assert attack(as_published(system, protected.hidden, annotation="separate")).passed
    only_the_eleven = np.isin(system.values, (14, 30, 70))
    with pytest.raises(Refused, match="separate codes"):
        suppress(system, small, rule=RULE, annotation="separate", seed=0, frozen=only_the_eleven)
    protected = suppress(system, small, rule=RULE, annotation="combined", seed=0, frozen=only_the_eleven)
    assert protected.hidden.tolist() == hidden.tolist()


def test_separate_codes_that_cannot_be_made_safe_are_refused_with_what_combined_would_hide():
    """Nine ones with a total of nine: code 1 on the total leaves at most 2 for each."""
    system, small = small_only([1] * 9)
    with pytest.raises(Refused) as refusal:
        suppress(system, small, rule=RULE, annotation="separate", seed=0)
    assert refusal.value.slug == "separate-codes-unsafe"
    assert "`annotation: combined` 10 small and 0 complementary" in refusal.value.remedy
    assert suppress(system, small, rule=RULE, annotation="combined", seed=0).figures["complementary"] == 0


# -- derived values --------------------------------------------------------------------------------------------------


def test_percentages_go_with_their_count_even_when_they_round_to_zero():
    """Counties with 3, 15 and 0 events of some thousands: 0.0 %, 1.0 %, 0.0 %."""
    codes = np.array([SMALL, SHOWN, SHOWN], dtype=np.int8)
    assert derived_blank([np.array([0, 1, 2])], codes).tolist() == [SMALL, SHOWN, SHOWN]


# -- linked tables ---------------------------------------------------------------------------------------------------


def test_difference_between_two_tables_counts_as_a_disclosure():
    """All persons and persons under 65 are published; those over 65 are in no table, but follow by subtraction."""
    system = column([95, 5], total=True)
    system = type(system)(
        system.values, np.array([True, False, True]), system.equations, (("under 65",), ("over 65",), ("all",))
    )
    assert open_groups(system, primary(system, RULE), RULE)
    report = attack(as_published(system, primary(system, RULE), annotation="combined"))
    assert report.figures["failing_absent"] == 1
    protected = suppress(system, primary(system, RULE), rule=RULE, annotation="combined", seed=0)
    assert protected.figures["complementary"] == 1


def test_two_per_row_and_column_alone_is_not_enough():
    """Every group holds two blanks, yet with blanks of at least 1 the hidden ones follow exactly."""
    system = cube([[1, 1, 30], [1, 1, 30], [30, 30, 30]])
    hidden = primary(system, RULE)
    assert all(sum(hidden[c] for c in (e.parent, *e.children)) != 1 for e in system.equations)
    report = attack(as_published(system, hidden, annotation="combined"))
    assert report.figures["recoverable"] >= 4
    protected = suppress(system, hidden, rule=RULE, annotation="combined", seed=0)
    assert attack(as_published(system, protected.hidden, annotation="combined")).passed
