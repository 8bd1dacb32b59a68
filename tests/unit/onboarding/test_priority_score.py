"""The priority of a new table: what the data tell, and what stays open for people (Handbook, priority scoring template)."""

from __future__ import annotations

import datetime as dt

import pytest

from include.opendata.onboarding.design import Design, TableDesign
from include.opendata.onboarding.meaning import meaning
from include.opendata.onboarding.priority import priority
from include.opendata.onboarding.profile import ColumnProfile, Profile
from include.opendata.rules.reference import california_counties


def scored(*, counties=58, years=(2015, 2025), frequency="annually", as_of=dt.date(2026, 11, 22), rows=500, columns=3):
    values = tuple(area.code for area in california_counties().areas[:counties])
    facts = {"type": "text", "filled": rows, "blank": 0, "exact": True}
    there = [ColumnProfile(name="county_fips", values=values, distinct=len(values), **facts)]
    there += [ColumnProfile(name=f"c{n}", distinct=9, **facts) for n in range(columns - 1)]
    profile = Profile(rows=rows, missing=("",), columns=tuple(there))
    design = Design(
        record="aggregate",
        record_reason="",
        key=(),
        person=None,
        meanings=tuple(meaning(c) for c in there),
        personal={},
        tables=(TableDesign(table="t_t", dimensions=("county_fips",)),),
        left_out={},
    )
    found = priority(profile, design, frequency=frequency, years=years, as_of=as_of)
    return found, {part.line: part.points for part in found.parts}


@pytest.mark.parametrize(
    ("first", "points"), [(2025, 0), (2024, 1), (2022, 1), (2021, 2), (2017, 2), (2016, 3), (1990, 3)]
)
def test_years_covered(first, points):
    assert scored(years=(first, 2025))[1]["years"] == points


@pytest.mark.parametrize(("counties", "points"), [(58, 4), (12, 3), (1, 1)])
def test_geography(counties, points):
    assert scored(counties=counties)[1]["geography"] == points


@pytest.mark.parametrize(("rows", "columns", "points"), [(6, 3, 5), (5, 3, 0), (6, 2, 0)])
def test_data_points_take_more_than_five_rows_and_two_columns(rows, columns, points):
    assert scored(rows=rows, columns=columns)[1]["data_points"] == points


@pytest.mark.parametrize(
    ("frequency", "points"), [("monthly", 4), ("quarterly", 4), ("annually", 3), ("point in time", 1), ("other", None)]
)
def test_update_frequency(frequency, points):
    assert scored(frequency=frequency)[1]["frequency"] == points


@pytest.mark.parametrize(("last", "points"), [(2026, 4), (2025, 4), (2024, 3), (2023, 2), (2022, 1), (2021, 0)])
def test_timeliness_counts_from_the_end_of_the_newest_year(last, points):
    assert scored(years=(2010, last))[1]["timeliness"] == points


def test_what_only_people_know_stays_open_and_counts_towards_what_can_be_reached():
    found, points = scored()
    assert (points["public_interest"], points["department_goals"]) == (None, None)
    assert found.points == 3 + 4 + 5 + 3 + 4
    assert found.reachable == found.points + 10
    assert found.readiness.points is None
    assert scored(years=None)[1]["years"] is None
