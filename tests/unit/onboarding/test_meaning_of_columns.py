"""What a column is taken for, from its name and its values."""

from __future__ import annotations

import pytest

from include.opendata.onboarding.meaning import meaning
from include.opendata.onboarding.profile import ColumnProfile


def column(name, values=None, kind="text", low=None, high=None, distinct=None):
    count = distinct if distinct is not None else len(values or ())
    values = tuple(values) if values is not None else None
    return ColumnProfile(
        name=name, type=kind, filled=1000, blank=0, distinct=count, exact=True, values=values, low=low, high=high
    )


@pytest.mark.parametrize(
    ("given", "role", "variable"),
    [
        (column("CountyFIPS", ["001", "067"]), "county", "residence_geography"),
        (column("county", ["1", "67"], "integer", 1, 67), "county", "residence_geography"),
        (column("fips", ["06001", "06115"]), "county", "residence_geography"),
        (column("fips", ["6001", "6115"], "integer", 6001, 6115), "county", "residence_geography"),
        (column("fips", ["002", "004"]), "category", "other"),
        (column("County", ["Alameda", "Alpine", "Total"]), "area", "residence_geography"),
        (column("region", ["North", "South"]), "area", "unlisted"),
        (column("year", ["2019", "2020"], "integer", 2019, 2020), "time", "time"),
        (column("Calendar Year", ["CY 2019", "CY 2020"]), "time", "time"),
        (column("fiscal_year", ["FY 2019-20", "FY 2020-21"]), "time", "time"),
        (column("admitted_on", None, "date", 2019, 2021, 900), "time", "time"),
        (column("date_of_birth", None, "date", 1919, 2021, 900), "none", None),
        (column("age", None, "integer", 0, 97, 98), "age", "age_range"),
        (column("age", None, "integer", 0, 9999, 98), "none", None),
        (column("AgeGroup", ["0-17", "18-64", "65+"]), "group", "age_range"),
        (column("Age Group", ["young", "old"]), "category", "unlisted"),
        (column("gender", ["F", "M", "Unknown"]), "group", "sex"),
        (column("gender", ["Woman", "Man", "Transgender"]), "group", "gender_identity"),
        (column("sex", ["Female", "Male", "Intersex"]), "group", "intersex"),
        (column("RaceEthnicity", ["White", "Black", "Asian", "Hispanic"]), "group", "race_ethnicity"),
        (column("hispanic", ["Hispanic", "Not Hispanic"]), "group", "ethnicity"),
        (column("primary_language", ["English", "Spanish", "Other"]), "group", "language"),
        (column("primary_language", ["English", "Spanish", "Hmong"]), "category", "unlisted"),
        (column("health_plan", ["Plan A", "Plan B"]), "category", "unlisted"),
        (column("zip", ["95814", "95815"]), "none", None),
        (column("month", ["2020-01", "2020-02"]), "none", None),
        (column("clinic", ["North", "South"]), "category", "other"),
        (column("notes", None, distinct=900), "none", None),
        (column("patient_id", None, distinct=1000), "person", None),
        (column("encounter_id", None, distinct=1000), "event_id", None),
        (column("deaths", None, "integer", 0, 900, 300), "count", None),
        (column("population", None, "integer", 0, 9000, 300), "population", None),
        (column("death_rate", None, "integer", 0, 900, 300), "none", None),
        (column("cases", None, "integer", -5, 900, 300), "none", None),
    ],
    ids=lambda value: value.name if isinstance(value, ColumnProfile) else None,
)
def test_a_column_is_taken_for_what_its_name_and_values_say(given, role, variable):
    found = meaning(given)
    assert (found.role, found.variable) == (role, variable)
    assert found.reason


def test_a_column_that_a_refresh_could_not_read_is_no_part_of_a_table():
    given = column("cases", ["1,234"]).model_copy(
        update={"unreadable": "numbers written with a separator of thousands"}
    )
    assert meaning(given).role == "none"


def test_a_fact_the_rules_need_and_no_column_holds_becomes_a_question():
    assert "population" in meaning(column("region", ["North", "South"])).question
    assert "members" in meaning(column("health_plan", ["A", "B"])).question


def test_categories_that_are_totals_are_set_apart():
    assert meaning(column("sex", ["Female", "Male", "Total"])).totals == ("Total",)
    assert meaning(column("clinic", ["Total", "All"])).totals == (), "with nothing left they are no totals"
