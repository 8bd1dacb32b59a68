"""Through a whole refresh: rows that hold one another, events of unnamed persons, and the credit for the whole state."""

from __future__ import annotations

import random

import pytest

from tests.lib.declarations import SOUND

COUNTIES = ("Alameda", "Butte", "Fresno", "Kern")
RACES = ("AIAN", "Asian", "Black", "White")


def stacked_source() -> str:
    """Counts by county with a total, sexes and races of each as rows; small ones among the races."""
    draw = random.Random(5)
    lines = ["county,strata,name,n"]
    for county in COUNTIES:
        races = [draw.randint(2, 9), *(draw.randint(20, 90) for _ in RACES[1:])]
        women = sum(races) // 2 - 3
        rows = [("Total", "Everybody", sum(races)), ("Sex", "Female", women), ("Sex", "Male", sum(races) - women)]
        rows += [("Race", race, n) for race, n in zip(RACES, races, strict=True)]
        lines += [f"{county},{stratum},{name},{n}" for stratum, name, n in rows]
    return "\n".join(lines) + "\n"


def column(name: str, kind: str = "text") -> str:
    return f"    - {{name: {name}, type: {kind}, label: {name}, definition: {name}., privacy: public}}\n"


def stacked_declaration(dimensions: str, kept: str = "") -> str:
    head, rest = SOUND.split("source:\n")
    quality = rest[rest.index("quality:") : rest.index("tables:")]
    columns = "".join(map(column, ("county", "strata", "name"))) + column("n", "integer")
    return (
        f"{head}source:\n  location: visits.csv\n  record: aggregate\n  key: [county, strata, name]\n  columns:\n{columns}"
        f"{quality}tables:\n  - table: deaths\n    title: Deaths\n    description: Deaths.\n    dimensions:\n"
        "      - {name: County, label: County, definition: County., column: county, total: All counties,\n"
        "         scores_as: {variable: residence_geography, population: 3900}}\n"
        f"{dimensions}{kept}    measures:\n"
        "      - {name: Deaths, kind: sum, column: n, of: persons, label: Deaths, definition: Deaths.}\n"
    )


STRATA = "      - {name: Strata, label: Strata, definition: Strata., column: strata, scores_as: other}\n"
NAME = "      - {name: Group, label: Group, definition: Group., column: name, scores_as: other}\n"
NAME_WITH_TOTAL = NAME.replace("column: name,", "column: name, total: All groups,")


@pytest.mark.parametrize("dimensions", [STRATA + NAME, NAME, ""])
def test_totals_and_strata_that_stand_as_rows_are_refused_with_their_columns_and_rows(installation, dimensions):
    installation.write_source(stacked_source())
    installation.declare(stacked_declaration(dimensions))
    answer = installation.opendata("refresh", "clinic_visits", "--json")
    assert answer.code == 3
    assert "rows-hold-one-another" in answer.out + answer.err
    told = installation.opendata("refresh", "clinic_visits").err
    assert "(4 rows) is the sum of" in told or "with 4 row(s) is the sum of" in told
    assert "used by deaths" in told
    assert not installation.staging.exists() or not installation.staged()


@pytest.mark.parametrize("stratum", ["Race", "Sex"])
def test_the_remedy_of_one_stratum_and_a_declared_total_publishes(installation, stratum):
    installation.write_source(stacked_source())
    kept = f"    filter: [{{column: strata, in: [{stratum}]}}]\n"
    installation.declare(stacked_declaration(NAME_WITH_TOTAL, kept))
    answer = installation.opendata("refresh", "clinic_visits")
    assert answer.code == 0, answer.err
    assert installation.staged()


EVENTS = SOUND.replace("record: person", "record: event")


def answered(answer: str) -> str:
    return EVENTS.replace("  record: event\n", f"  record: event\n  records_per_person: {answer}\n")


def test_events_without_a_named_person_are_refused_until_it_is_said_how_many_a_person_may_have(installation):
    installation.write_source()
    installation.declare(EVENTS)
    answer = installation.opendata("refresh", "clinic_visits")
    assert answer.code == 3
    assert "add `persons:` to its counts, or answer `records_per_person`" in answer.err


@pytest.mark.parametrize(
    ("answer", "said"), [("one", "a person has one at most"), ("several", "may be of a few persons, or of one")]
)
def test_the_answer_publishes_and_stands_on_the_evidence_page(installation, answer, said):
    installation.write_source()
    installation.declare(answered(answer))
    refreshed = installation.opendata("refresh", "clinic_visits")
    assert refreshed.code == 0, refreshed.err
    pages = [page.read_text(encoding="utf-8") for page in installation.folder.rglob("evidence/**/index.html")]
    assert pages
    assert all(said in page for page in pages)


def test_a_named_person_is_an_answer(installation):
    installation.write_source()
    declared = EVENTS.replace("{name: Persons, kind: count,", "{name: Visits, kind: count, persons: id,")
    installation.declare(declared)
    answer = installation.opendata("refresh", "clinic_visits")
    assert answer.code == 0, answer.err


PLACE = (
    "      - {name: Where, label: Where, definition: Where., column: county, total: All,\n"
    "         scores_as: {variable: unlisted, reviewer: B. Expert}}\n"
)


@pytest.mark.parametrize("granularity", ["statewide", "county", "other"])
@pytest.mark.parametrize("place", [PLACE, ""])
def test_only_a_statewide_table_without_an_area_earns_the_credit_for_the_state(installation, place, granularity):
    """A small count of a table of sexes is masked or not by that credit; the area is named by no standard and no score."""
    lines = ["id,sex,county,age", *(f"{n},{'fm'[n % 2]},{COUNTIES[n % 4]},{20 + n % 50}" for n in range(400))]
    installation.write_source("\n".join(lines) + "\n")
    declared = SOUND.replace("    - {name: age,", column("county") + "    - {name: age,", 1)
    declared = declared.replace("granularity: statewide", f"granularity: {granularity}")
    installation.declare(declared.replace("    measures:\n", f"{place}    measures:\n", 1))
    answer = installation.opendata("refresh", "clinic_visits", "--json")
    assert answer.code == 0, answer.err
    credited = granularity == "statewide" and not place
    pages = [page.read_text(encoding="utf-8") for page in installation.folder.rglob("evidence/**/index.html")]
    assert pages
    assert all(("The whole state is one area." in page) is credited for page in pages)


def test_records_of_persons_that_share_an_identifier_are_refused_without_its_value(installation):
    lines = ["id,sex,client,age", *(f"{n},{'fm'[n % 2]},{70_000 + n // 2},{20 + n % 50}" for n in range(400))]
    installation.write_source("\n".join(lines) + "\n")
    client = column("client").replace("privacy: public", "privacy: direct_identifier")
    installation.declare(SOUND.replace("    - {name: age,", client + "    - {name: age,", 1))
    answer = installation.opendata("refresh", "clinic_visits")
    assert answer.code == 3
    assert "column client, a direct identifier: 400 records share its value with another" in answer.err
    assert "70000" not in answer.err
