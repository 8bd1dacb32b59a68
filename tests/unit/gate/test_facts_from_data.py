"""The smallest group decides: what the score is made of, computed from what a table shows."""

from __future__ import annotations

import pytest

from include.opendata.errors import DeclarationError
from include.opendata.gate.facts import (
    narrowest_age_band,
    race_groups,
    smallest_population,
    time_category,
)
from include.opendata.rules.reference import california_counties


@pytest.mark.parametrize(
    ("bands", "years"),
    [
        ([(0, 11), (12, 14), (15, 18)], 3),
        ([(18, 18)], 1),
        ([(0, 64), (65, None)], 56),
        ([(0, 89), (90, None)], 31),
        ([(0, None)], 121),
    ],
)
def test_the_narrowest_age_band_counts_both_its_ends(bands, years):
    assert narrowest_age_band(bands) == years


@pytest.mark.parametrize("bands", [[], [(12, 10)], [(0, 11), (14, 13)]])
def test_age_bands_that_are_none_are_refused(bands):
    with pytest.raises(DeclarationError):
        narrowest_age_band(bands)


@pytest.mark.parametrize(
    ("years", "category"),
    [
        (17, "five_years"),
        (5, "five_years"),
        (4, "two_to_four_years"),
        (2, "two_to_four_years"),
        (1.5, "year"),
        (365 / 365.25, "year"),
        (0.5, "half_year"),
        (181 / 365.25, "half_year"),
        (90 / 365.25, "quarter"),
        (2 / 12, "month"),
        (1 / 12, "month"),
        (1 / 365, "month"),
        ([5, 5, 2], "two_to_four_years"),
        ("quarter", "quarter"),
        ("week", "week"),
    ],
)
def test_the_shortest_period_gives_the_time_category(years, category):
    assert time_category(years) == category


@pytest.mark.parametrize("years", [[], 0, -1, float("nan")])
def test_a_period_without_length_is_refused(years):
    with pytest.raises(DeclarationError):
        time_category(years)


@pytest.mark.parametrize(
    "labels",
    [
        ["White", "Asian", "Black", "Hispanic", "MENA"],
        ["White, non-Hispanic", "Black or African American", "Hispanic or Latino"],
        ["Middle Eastern or North African", "white alone"],
        ["Black/African American", "Hispanic/Latino"],
    ],
)
def test_the_five_broad_groups_are_broad(labels):
    assert race_groups(labels) == "broad"


@pytest.mark.parametrize(
    "further",
    [
        "Other",
        "American Indian or Alaska Native",
        "Native Hawaiian",
        "Pacific Islander",
        "Two or more races",
        "Unknown",
        "White and Asian",
        "Black Hispanic White",
        "",
    ],
)
def test_any_group_beyond_them_is_all(further):
    assert race_groups(["White", "Asian", further]) == "all"


def test_no_groups_at_all_are_not_read_as_broad():
    assert race_groups([]) == "all"


def test_the_smallest_area_of_those_shown_decides():
    counties = california_counties().population_by_code
    assert smallest_population(counties, ["067", "003", "037"]) == 1_204
    assert smallest_population(counties, ["067", "037"]) == 1_585_055


def test_an_area_without_a_population_is_refused_and_not_named():
    with pytest.raises(DeclarationError, match="1 of 2 areas") as raised:
        smallest_population({"001": 5}, ["001", "999"])
    assert "999" not in str(raised.value)
    with pytest.raises(DeclarationError):
        smallest_population({"001": 5}, [])
