"""Another rule book is followed from the source to the proof: counts from 1 to 4 are hidden, 5 is shown, and every sentence
says so."""

from __future__ import annotations

import csv
import json
import sqlite3

import pytest

from include.opendata.rules import rule_book as books
from tests.lib.declarations import SOUND

DATASET = "clinic_visits"
SHIPPED = (books.BOOKS / f"{books.SHIPPED}.yaml").read_text(encoding="utf-8")
ADULTS = ["30"] * 1200 + ["50"] * 800
OLDER = {"66": 5, "71": 4, "76": 3, "81": 2, "90": 1}
BINS = (
    "[{from: 0, to: 39, label: 0–39}, {from: 40, to: 64, label: 40–64}, {from: 65, to: 69, label: 65–69}, "
    "{from: 70, to: 74, label: 70–74}, {from: 75, to: 79, label: 75–79}, {from: 80, to: 84, label: 80–84}, "
    "{from: 85, label: 85+}]"
)
BY_SEX = SOUND.replace(
    "    measures:\n",
    """      - name: Age_Group
        label: Age group
        definition: Age in years.
        column: age
        bins: [{from: 0, to: 39, label: 0–39}, {from: 40, to: 64, label: 40–64}, {from: 65, label: 65+}]
        scores_as: age_range
        total: All ages
    annotation: separate
    high_risk_populations: [homelessness]
    measures:
""",
    1,
)
DECLARATION = f"""{BY_SEX}\
  - table: visits_by_age
    title: Visits by age
    description: Persons by age group.
    dimensions:
      - name: Age
        label: Age group
        definition: Age in years.
        column: age
        bins: {BINS}
        scores_as: age_range
    annotation: separate
    high_risk_populations: [homelessness]
    measures:
      - {{name: Persons, kind: count, label: Persons, definition: Number of persons.}}
"""
OLD_NUMBERS = ("1 to 10", "1-10", "1–10", "<11", "11 or more")


def book_text(below: int, width: int) -> str:
    lower = SHIPPED.replace("below: 11", f"below: {below}").replace("width: 3", f"width: {width}")
    return lower.replace("title: CalHHS Data De-Identification Guidelines, Edition 2.0", "title: Rules of a county")


def records() -> str:
    """2,000 adults, and 15 older persons of whom 4 are women: the two of 81, the one of 90 and one of 76."""
    ages = ADULTS + [age for age, people in OLDER.items() for _ in range(people)]
    sexes = ["fm"[n % 2] for n in range(len(ADULTS))] + ["m"] * 9 + ["m", "m", "f", "f", "f", "f"]
    lines = [f"{number},{sex},{age}" for number, (sex, age) in enumerate(zip(sexes, ages, strict=True), 1)]
    return "\n".join(["id,sex,age", *lines]) + "\n"


@pytest.fixture
def book(tmp_path, monkeypatch):
    path = tmp_path / "county.yaml"
    monkeypatch.setenv("OPENDATA_RULE_BOOK", str(path))
    path.write_text(book_text(5, 2), encoding="utf-8")
    return path


@pytest.fixture
def county(installation, book):
    installation.write_source(records())
    installation.declare(DECLARATION)
    return installation


def release_of(installation):
    folder = installation.staging / DATASET
    return folder / "releases" / json.loads((folder / "current.json").read_text())["release"]


def rows(installation, table):
    with (release_of(installation) / "data" / f"{table}.csv").open(newline="", encoding="utf-8") as data:
        return list(csv.DictReader(data))


def ledger_text(installation) -> str:
    with sqlite3.connect(installation.folder / "ledger.sqlite") as ledger:
        return "\n".join(ledger.iterdump())


def texts(installation):
    """Everything written for people and programs: the release, the suites and the ledger."""
    suites = installation.folder / "great_expectations" / "expectations"
    for path in sorted([*release_of(installation).rglob("*"), *suites.glob("*.json")]):
        if path.is_file() and path.suffix in {".html", ".csv", ".json", ".md", ".txt", ".yaml"}:
            yield path.name, path.read_text(encoding="utf-8")
    yield "ledger", ledger_text(installation)


@pytest.mark.parametrize("width", [1, 2])
def test_counts_from_1_to_4_are_hidden_and_5_is_shown(county, book, width):
    book.write_text(book_text(5, width), encoding="utf-8")
    answer = county.opendata("refresh", DATASET)
    assert answer.code == 0, answer.err
    by_age = {row["Age"]: (row["Persons"], row["Persons_annotation"]) for row in rows(county, "visits_by_age")}
    assert by_age["65–69"] == ("5", "")
    assert {by_age[age] for age in ("70–74", "75–79", "80–84", "85+")} == {("", "1")}
    by_sex = {(row["Sex"], row["Age_Group"]): row["Persons"] for row in rows(county, "visits_by_sex")}
    assert by_sex["Female", "65+"] == ""
    assert by_sex["Male", "65+"] == "", "or the 4 women were the total less the men"


def test_every_sentence_says_the_numbers_of_the_book(county):
    assert county.opendata("refresh", DATASET).code == 0
    found = dict(texts(county))
    for name, text in found.items():
        assert not [old for old in OLD_NUMBERS if old in text], name
    page = next(text for name, text in found.items() if name.endswith(".html"))
    assert "Every count from 1 to 4 is blank" in page
    assert "counts are from 1 to 4" in page
    assert "“under 5”" in page
    assert "<5: counts from 1 to 4 are blank" in (release_of(county) / "dictionary" / "visits_by_age.csv").read_text()
    assert "counts from 1 to 4 must be hidden" in found["ledger"]
    assert '"threshold": 5' in found[f"{DATASET}__visits_by_age__publishable.json"]


def test_the_proof_of_such_a_release_holds_and_forgets_no_number_of_the_book(county):
    assert county.opendata("refresh", DATASET).code == 0
    answer = county.opendata("proof", "verify", DATASET)
    assert answer.code == 0, answer.out + answer.err


def test_a_preview_follows_the_book_and_stages_nothing(county):
    answer = county.opendata("preview", DATASET, "--json")
    assert answer.code == 0, answer.err
    assert answer.json()["outcome"] == "previewed"
    assert not county.staging.exists() or not list(county.staging.rglob("current.json"))


def test_the_check_names_the_book_and_says_what_is_wrong_with_it(county, book):
    assert "Rules of a county" in county.opendata("check", DATASET).out
    assert "Rules of a county" in county.opendata("check", DATASET, "--json").json()["rule_book"]
    book.write_text(book_text(5, 4), encoding="utf-8")
    answer = county.opendata("check", DATASET)
    assert answer.code == 2
    assert "county.yaml:" in answer.err
    assert "at most 3 apart" in answer.err


def test_the_same_book_changes_nothing_and_another_asks_the_approvers_again(county, book):
    assert county.opendata("refresh", DATASET).code == 0
    book.write_text("# of 2026\n" + book.read_text(encoding="utf-8"), encoding="utf-8")
    again = county.opendata("refresh", DATASET, "--json")
    assert again.json()["datasets"][0]["outcome"] == "unchanged"
    before = release_of(county)
    book.write_text(book_text(4, 2), encoding="utf-8")
    county.declare(DECLARATION)  # the suites ask for the number of the book
    asked = county.opendata("refresh", DATASET)
    assert asked.code == 3
    assert "approval" in asked.err
    county.declare(DECLARATION.replace("reference: F1", "reference: F2"))
    assert county.opendata("refresh", DATASET, "--json").json()["datasets"][0]["outcome"] == "staged"
    assert release_of(county) != before
    assert "<4: counts from 1 to 3" in (release_of(county) / "dictionary" / "visits_by_age.csv").read_text()
