"""The credit for the whole state is asked for, and goes to no table that shows an area under whatever name."""

from __future__ import annotations

from typing import Any

import pytest

from include.opendata.declaration.dataset import Dataset
from include.opendata.gate.areas_shown import is_statewide
from tests.lib.small_tables import dataset as small_dataset
from tests.lib.small_tables import dimension, table

REVIEWED = {"variable": "unlisted", "reviewer": "B. Expert"}
NOT_PERSONAL = {"variable": "not_personal", "reason": "It is a place."}
SEX = dimension("Sex", scores_as="sex")


def covering(declared: Dataset, **coverage: Any) -> Dataset:
    given = {"geography": "California", "granularity": "statewide", **coverage}
    return declared.model_copy(update={"coverage": declared.coverage.model_copy(update=given)})


def statewide(columns: dict[str, Any], declared: dict[str, Any], *others: Any, **labels: tuple[str, ...]) -> bool:
    found = covering(small_dataset(columns, declared, *others))
    shown = {d.name: labels.get(d.name, ("a", "b")) for d in found.tables[0].dimensions}
    return is_statewide(found, found.tables[0], shown)


@pytest.mark.parametrize("geography", ["California", "State of California", "the state", "United States"])
def test_a_table_of_the_state_without_an_area_earns_the_credit(geography):
    declared = covering(small_dataset({"sex": "text"}, table([SEX])), geography=geography)
    assert is_statewide(declared, declared.tables[0], {"Sex": ("F", "M")})


@pytest.mark.parametrize(
    "coverage",
    [
        {"granularity": "county"},
        {"granularity": "other"},
        {"granularity": "regional"},
        {"granularity": "location point"},
        {"geography": "Alameda County"},
        {"geography": "Southern California"},
    ],
)
def test_what_is_not_declared_statewide_earns_none(coverage):
    declared = covering(small_dataset({"sex": "text"}, table([SEX])), **coverage)
    assert not is_statewide(declared, declared.tables[0], {"Sex": ("F", "M")})


@pytest.mark.parametrize("scores_as", [REVIEWED, NOT_PERSONAL, "other"])
@pytest.mark.parametrize(
    ("name", "column", "labels"),
    [
        ("Place2", "county", ("A", "B")),
        ("County2", "x", ("A", "B")),
        ("Where", "PatientZip", ("A", "B")),
        ("Where", "zip_code", ("A", "B")),
        ("Health_Region", "x", ("North", "South")),
        ("X", "CensusTract", ("A", "B")),
        ("X", "facility_name", ("A", "B")),
        ("X", "x", ("Fresno", "Butte", "Unknown")),
        ("X", "x", ("Fresno County", "Butte County, CA")),
        ("X", "x", ("06019", "06007")),
        ("X", "x", ("06019000100", "06019000200")),
        ("X", "x", ("93650", "93701")),
        ("X", "x", ("Northeast", "Midwest", "South", "West")),
    ],
)
def test_an_area_under_any_name_and_score_costs_the_credit(name, column, labels, scores_as):
    declared = table([SEX, dimension(name, column, scores_as=scores_as)])
    assert not statewide({"sex": "text", column: "text"}, declared, **{name: labels})


def test_an_area_is_told_by_the_source_behind_its_labels():
    by_label = dimension("X", "x", labels={"06019": "one", "06007": "two"})
    assert not statewide({"x": "text"}, table([by_label]), X=("one", "two"))
    gathered = dimension("X", "x", recode={"north": ["Butte", "Glenn"], "rest": ["Kern"]})
    assert not statewide({"x": "text"}, table([gathered]), X=("north", "rest"))


def test_a_standard_of_a_place_costs_the_credit_and_that_of_a_state_does_not():
    for standard, credit in (("geoid", False), ("mssa_name", False), ("city", False), ("state", True)):
        assert statewide({"x": {"type": "text", "standard": standard}}, table([dimension("X", "x")])) is credit


def test_a_facility_with_its_place_costs_the_credit():
    attribute = {"name": "Lat", "label": "Lat", "definition": "d", "column": "lat"}
    columns = {"x": "text", "lat": {"type": "number", "standard": "latitude", "privacy": "public"}}
    assert not statewide(columns, table([dimension("X", "x", attributes=[attribute])]))


def test_a_filter_on_an_area_costs_the_credit():
    columns = {"sex": "text", "x": "text", "home_county": "text"}
    for kept in (
        {"column": "home_county", "in": ["Fresno"]},
        {"column": "home_county", "not_in": ["Kern"]},
        {"column": "x", "in": ["Fresno"]},
        {"column": "x", "in": ["93650"]},
    ):
        assert not statewide(columns, table([SEX], filter=[kept])), kept
    assert statewide(columns, table([SEX], filter=[{"column": "home_county", "in": ["California"]}]))
    assert statewide(columns, table([SEX], filter=[{"column": "x", "in": ["inpatient"]}]))


def test_a_filter_on_what_another_table_shows_as_a_place_costs_the_credit():
    place = dimension("X", "x", scores_as={"variable": "residence_geography", "population": 5_000})
    other = table([place], name="another")
    assert not statewide({"sex": "text", "x": "text"}, table([SEX], filter=[{"column": "x", "in": ["n"]}]), other)


@pytest.mark.parametrize(
    ("name", "column", "labels"),
    [
        ("Ethnicity", "ethnicity", ("Hispanic", "Other")),
        ("Capacity", "capacity", ("low", "high")),
        ("Age", "age", ("0", "1", "12")),
        ("Diagnosis", "diagnosis_code", ("A01", "B02")),
        ("Year", "year", ("2019", "2020")),
        ("Sex", "sex", ("F", "M", "Unknown")),
    ],
)
def test_what_is_no_area_costs_nothing(name, column, labels):
    assert statewide({column: "text"}, table([dimension(name, column)]), **{name: labels})
