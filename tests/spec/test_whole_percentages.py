"""Three categories, one small (male/female/intersex 545/545/10): percentages in place of counts, and when not."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.opendata.disclosure.attack.percentages import (
    KnownPercentages,
    attack_percentages,
    nested_withstand,
    withstand_together,
)
from include.opendata.disclosure.history.published import PublishedLimits
from include.opendata.disclosure.proof.percentages import check_percentages
from include.opendata.disclosure.protect.percentages import whole_percentages
from include.opendata.errors import Refused
from include.opendata.tables.derived import rounded
from include.opendata.vocabulary import DataTable, ProtectedTable, Structure, TableDimension, TableMeasure
from tests.lib.rules import RULE, rule

LABELS = ("Male", "Female", "Intersex")
COUNT = TableMeasure("Persons", "count", "count:records", True)
PERCENT = TableMeasure("Percent", "percent", "percent", False, "Persons", within=("Sex",), decimals=0)


LIMITS = PublishedLimits(annotated_below=11, width=3, total_at_least=1100)


def percent(count: int, total: int) -> float:
    return float(rounded(count, total, times=100, decimals=0))


def table(*counts: int, labels=LABELS, measures=(COUNT, PERCENT), total: int | None = None) -> DataTable:
    whole = sum(counts) if total is None else total
    values = [*counts, whole]
    frame = pd.DataFrame(
        {
            "Sex": pd.array([*labels[: len(counts)], "All"], dtype="string"),
            "Persons": pd.array(values, dtype="Int64"),
            "Percent": pd.array([percent(value, whole) for value in values], dtype="Float64"),
        }
    )
    dimension = TableDimension("Sex", "sex", tuple(labels[: len(counts)]), "All")
    return DataTable(Structure("by_sex", (dimension,), tuple(measures)), frame)


def protected(made: DataTable, threshold: int = 11) -> ProtectedTable:
    return whole_percentages(made, annotation="separate", rule=rule(below=threshold), dataset="d")


def refused(made: DataTable, threshold: int = 11) -> str:
    with pytest.raises(Refused) as caught:
        protected(made, threshold)
    assert caught.value.remedy
    assert not any(str(value) in str(caught.value) for value in made.frame["Persons"] if value > 9 and value != 10)
    return caught.value.slug


def test_545_545_10_is_published_as_50_50_and_less_than_one_percent():
    made = protected(table(545, 545, 10))
    assert list(made.frame.columns) == ["Sex", "Percent", "Percent_annotation"]
    assert made.frame["Percent"].fillna(-1).tolist() == [50, 50, -1, 100]
    assert made.frame["Percent_annotation"].tolist() == ["", "", "1", ""]
    assert (made.masked, made.small, made.complementary) == (True, 1, 0)
    assert made.structure.percentages_only


def test_the_small_category_may_stand_anywhere():
    assert protected(table(4, 900, 700)).frame["Percent"].isna().tolist() == [True, False, False, False]


@pytest.mark.parametrize(
    ("counts", "slug"),
    [
        ((545, 544, 10), "percentages-total-small"),
        ((545, 545, 11), "percentages-small-categories"),
        ((1500, 10, 10), "percentages-small-categories"),
        ((1200, 1200, 0), "percentages-small-categories"),
        ((1989, 11, 10), "percentages-others-below-one"),
        ((1200, 10), "percentages-shape"),
    ],
    ids=["total 1,099", "none small", "two small", "an empty one is not small", "a second under 1 %", "two categories"],
)
def test_what_does_not_meet_the_conditions_is_refused(counts, slug):
    assert refused(table(*counts)) == slug


def test_four_categories_are_refused():
    assert refused(table(600, 600, 10, 600, labels=(*LABELS, "Unknown"))) == "percentages-shape"


def test_a_small_category_of_one_percent_or_more_is_refused():
    """Where the threshold was raised, a small count can be 1 % of 1,100 and more."""
    assert refused(table(545, 545, 12), threshold=25) == "percentages-not-below-one"
    assert protected(table(5450, 5450, 12), threshold=25).small == 1


def test_persons_counted_in_two_categories_are_refused():
    assert refused(table(600, 600, 10, total=1205)) == "percentages-not-a-sum"


@pytest.mark.parametrize(
    "measures",
    [
        (COUNT, PERCENT, TableMeasure("Rate", "rate", "rate", False, "Persons", "Persons", per=1000, decimals=1)),
        (COUNT, TableMeasure("Percent", "percent", "percent", False, "Persons", within=("Sex",), decimals=1)),
        (TableMeasure("Persons", "count", "count:records", True, persons=True), PERCENT),
    ],
    ids=["a rate beside it", "tenths of a percent", "persons behind events"],
)
def test_other_measures_beside_the_percentage_are_refused(measures):
    assert refused(table(545, 545, 10, measures=measures)) == "percentages-shape"


# ------------------------------------------------------------------------------------------------------ the attacker


def possible(made: ProtectedTable, total: int, threshold: int = 11) -> list[int]:
    """By trying every table: the small counts that agree with what is published and with the method."""
    shown = made.frame["Percent"].tolist()[:3]
    small = next(k for k, value in enumerate(shown) if value is pd.NA)
    others = [value for k, value in enumerate(shown) if k != small]
    found = set()
    for x in range(1, threshold):
        for first in range(total - x + 1):
            rest = total - x - first
            fits = all(
                percent(n, total) == p and (n == 0 or (n >= threshold and 100 * n >= total))
                for n, p in zip((first, rest), others, strict=True)
            )
            if fits and 100 * x < total:
                found.add(x)
                break
    return sorted(found)


def test_of_545_545_10_an_attacker_learns_nothing_even_with_the_total():
    found = attack_percentages(protected(table(545, 545, 10)), total=1100, rule=RULE)
    assert found is not None
    assert [one[2] for one in found.tables] == [1, 10]


def test_an_empty_category_can_tell_the_small_count():
    """1,490 of 1,500 round to 99 %, so that more than 7 are left over: 8 to 10."""
    found = attack_percentages(protected(table(1490, 0, 10)), total=1500, rule=RULE)
    assert found is not None
    assert (found.tables[0][2], found.tables[1][2], found.width) == (8, 10, 2)


@settings(max_examples=25, deadline=None)
@given(
    total=st.integers(1100, 1700),
    share=st.sampled_from([0.0, 0.01, 0.015, 0.125, 0.3, 0.5]),
    small=st.integers(1, 10),
    place=st.integers(0, 2),
)
def test_the_attack_finds_what_trying_every_table_finds(total, share, small, place):
    first = int(np.ceil(share * total))
    counts = [first, total - small - first]
    counts.insert(place, small)
    made = protected(table(*counts))
    found = attack_percentages(made, total=total, rule=RULE)
    assert found is not None
    every = possible(made, total)
    assert small in every
    assert [one[place] for one in found.tables] == [every[0], every[-1]]
    for one in found.tables:
        assert sum(one) == total
        for k, value in itertools.zip_longest(range(3), made.frame["Percent"].tolist()[:3]):
            assert value is pd.NA or percent(one[k], total) == value


def test_less_than_one_percent_is_believed_where_the_threshold_was_raised():
    found = attack_percentages(protected(table(600, 589, 11), threshold=25), total=1200, rule=rule(below=25))
    assert found is not None
    assert [one[2] for one in found.tables] == [2, 11], "12 of 1,200 would be 1 %"


def test_percentages_no_table_agrees_with_are_told():
    made = protected(table(545, 545, 10))
    made.frame.loc[0, "Percent"] = 60.0
    assert attack_percentages(made, total=1100, rule=RULE) is None


# ------------------------------------------------------------------------------------------- two releases, both kept


def together(first: ProtectedTable, second: ProtectedTable, total: int) -> bool:
    return withstand_together(first, second, total=total, rule=RULE, limits=LIMITS)


@pytest.mark.parametrize(
    ("first", "second", "safe"),
    [
        ((545, 545, 10), (545, 545, 10), True),
        ((545, 545, 10), (700, 500, 9), True),
        ((900_000, 600_000, 10), (900_050, 600_050, 10), True),
        ((1380, 0, 10), (1393, 0, 7), False),
        ((700, 500, 9), (9, 700, 500), False),
    ],
    ids=["the same", "some more", "many", "99 % and then 100 % leave 7 alone", "another category is small"],
)
def test_percentages_of_a_release_and_the_next_are_attacked_together(first, second, safe):
    assert together(protected(table(*first)), protected(table(*second)), sum(second)) is safe


def test_the_small_count_of_a_release_is_read_by_the_number_that_held_when_it_was_published():
    """8 to 10, for whoever knows that the earlier one is below 11; 8 to 14, were it below 20 as the later one is."""
    first, second = protected(table(1495, 16, 9)), protected(table(1491, 0, 9), threshold=20)
    assert (first.annotated_below, second.annotated_below) == (11, 20)
    asked = {"total": 1500, "rule": rule(below=20)}
    assert withstand_together(first, second, **asked, limits=replace(LIMITS, annotated_below=20))
    assert not withstand_together(first, second, **asked, limits=LIMITS)


@pytest.mark.parametrize(
    ("counts", "total", "limits", "safe"),
    [
        ((1084, 11, 5), 1100, LIMITS, True),
        ((1084, 11, 5), 1100, replace(LIMITS, total_at_least=500), False),
        ((1495, 16, 9), 1520, LIMITS, True),
        ((1495, 16, 9), 1520, replace(LIMITS, width=2), False),
    ],
    ids=["as now", "totals from 500 on were allowed", "as now", "2 values apart were allowed"],
)
def test_a_release_is_read_by_the_rule_book_it_was_published_by(counts, total, limits, safe):
    """[99, 0, less than 1 %] is of 1,100 persons and more by one book, of 500 and more by another; its small count has values 3
    apart by one, 2 by another."""
    first, second = protected(table(1490, 0, 10)), protected(table(*counts))
    assert withstand_together(first, second, total=total, rule=RULE, limits=limits) is safe


def test_a_wider_gap_that_was_promised_before_is_kept():
    first, second = protected(table(545, 545, 10)), protected(table(545, 545, 10))
    asked = {"total": 1100, "rule": rule(width=3)}
    assert withstand_together(first, second, **asked, limits=LIMITS)
    assert not withstand_together(first, second, **asked, limits=replace(LIMITS, annotated_below=20, width=12))


def grown(inner: tuple[int, int], fewer: int, outer: tuple[int, int], more: int) -> set[tuple[int, int]]:
    """By trying every pair of tables: the small counts before and after, when nobody is taken away."""

    def tables(percents, total):
        fits = lambda n, p: percent(n, total) == p and (n == 0 or (n >= 11 and 100 * n >= total))  # noqa: E731
        firsts = [a for a in range(total + 1) if fits(a, percents[0])]
        return [
            (x, a, total - x - a)
            for x in range(1, 11)
            if 100 * x < total
            for a in firsts
            if total - x - a >= 0 and fits(total - x - a, percents[1])
        ]

    after = tables(outer, more)
    return {
        (one[0], two[0])
        for one in tables(inner, fewer)
        for two in after
        if all(now >= then for then, now in zip(one, two, strict=True))
    }


@pytest.mark.parametrize(
    ("inner", "fewer", "outer", "more"),
    [
        ((50, 50), 1100, (50, 49), 1103),
        ((49, 50), 1101, (50, 49), 1104),
        ((99, 0), 1390, (100, 0), 1400),
        ((99, 0), 1105, (99, 0), 1107),
        ((75, 25), 1300, (75, 24), 1310),
        ((98, 1), 1200, (98, 2), 1202),
    ],
)
def test_what_two_releases_tell_together_is_what_trying_every_pair_tells(inner, fewer, outer, more):
    pairs = grown(inner, fewer, outer, more)
    apart = {x2 - x1 for x1, x2 in pairs}
    wide = all(max(xs) - min(xs) >= 3 for xs in zip(*pairs, strict=True)) if pairs else True
    safe = not pairs or (wide and (0 in apart or max(apart) - min(apart) >= 3))
    assert nested_withstand(KnownPercentages(inner, fewer, 11), KnownPercentages(outer, more, 11), 3) is safe


# --------------------------------------------------------------------------------------------- re-checked from the file


def re_checked(made: ProtectedTable) -> tuple[str, ...]:
    return check_percentages(made, LIMITS)


@pytest.mark.parametrize("counts", [(545, 545, 10), (4, 900, 700), (1380, 0, 10), (7, 1090, 14), (500_000, 3, 500_000)])
def test_what_was_published_by_the_rules_is_found_sound(counts):
    assert re_checked(protected(table(*counts))) == ()


def forged(**cells) -> ProtectedTable:
    made = protected(table(545, 545, 10))
    for at, value in cells.items():
        column, row = at.rsplit("_", 1)
        made.frame.loc[int(row), {"p": "Percent", "a": "Percent_annotation"}[column]] = value
    return made


@pytest.mark.parametrize(
    "made",
    [
        forged(p_0=60.0),
        forged(p_0=49.5, p_1=50.5),
        forged(p_2=1.0),
        forged(p_1=pd.NA, a_1="1"),
        forged(p_1=pd.NA),
        forged(a_0="2"),
        forged(a_2="2"),
        forged(p_3=99.0),
        forged(p_0=97.0, p_1=1.0),
    ],
    ids=[
        "more than 100", "tenths", "nothing blank", "two blanks", "a blank without its code", "a code beside a figure",
        "another code", "a total of 99", "98 in all",
    ],
)  # fmt: skip
def test_a_file_that_does_not_keep_the_rules_is_found_out(made):
    assert re_checked(made)


def test_a_file_no_total_leaves_uncertain_is_found_out():
    """With a width of 10 asked for, ten possible counts are too few."""
    assert check_percentages(protected(table(545, 545, 10)), PublishedLimits(25, 20, 1100))
