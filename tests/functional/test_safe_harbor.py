"""HIPAA's Safe Harbor through a whole refresh: three-digit ZIP areas, ages over 89, dates finer than the year."""

import csv
import json

from tests.lib.declarations import SOUND

ZIP_COLUMN = (
    "    - {name: zip, type: text, label: ZIP, definition: ZIP code of residence., privacy: indirect_identifier}\n"
)
DATE_COLUMN = (
    "    - {name: seen, type: date, label: Seen, definition: Day of the visit., privacy: indirect_identifier}\n"
)
AGE = "    - {name: age,"


def dimension(text: str) -> str:
    """A dimension beside sex, one ``field: value`` a line."""
    first, *rest = text.strip().splitlines()
    return f"      - {first.strip()}\n" + "".join(f"        {line.strip()}\n" for line in rest) + "    measures:\n"


def with_zip3(population: int) -> str:
    areas = dimension(
        f"""
        name: ZIP3
        label: Three-digit ZIP area
        definition: The first three digits of the ZIP code of residence.
        column: zip
        standard: zip3
        total: All areas
        scores_as: {{variable: residence_geography, population: {population}}}
        """
    )
    return SOUND.replace(AGE, ZIP_COLUMN + AGE, 1).replace("    measures:\n", areas, 1)


def with_ages(bins: str) -> str:
    ages = dimension(
        f"""
        name: Age_Group
        label: Age group
        definition: Age in years.
        column: age
        bins: [{bins}]
        scores_as: age_range
        """
    )
    return SOUND.replace("    measures:\n", ages, 1)


def with_quarters() -> str:
    quarters = dimension(
        """
        name: Quarter
        label: Quarter
        definition: Quarter of the visit.
        column: seen
        period: quarter
        scores_as: time
        """
    )
    return SOUND.replace(AGE, DATE_COLUMN + AGE, 1).replace("    measures:\n", quarters, 1)


def records(**columns: list[str]) -> str:
    """2,000 persons, whose further columns repeat the values given."""
    lines = [",".join(["id", "sex", *columns, "age"])]
    for n in range(2000):
        more = [values[n // 2 % len(values)] for values in columns.values()]
        lines.append(",".join([str(n), "fm"[n % 2], *more, str(20 + n % 50)]))
    return "\n".join(lines) + "\n"


def published(installation) -> list[dict[str, str]]:
    place = installation.staging / "clinic_visits"
    release = json.loads((place / "current.json").read_text())["release"]
    with (place / "releases" / release / "data" / "visits_by_sex.csv").open(newline="", encoding="utf-8") as data:
        return list(csv.DictReader(data))


def test_zip_codes_are_published_as_their_first_three_digits(installation):
    installation.write_source(records(zip=["95814", "00501", "958", "90001"]))
    installation.declare(with_zip3(population=20_001))
    answer = installation.opendata("refresh", "clinic_visits")
    assert answer.code == 0, answer.err
    rows = published(installation)
    assert list(rows[0]) == ["Sex", "ZIP3", "Persons", "Persons_annotation"], "no column of codes beside it"
    assert {r["ZIP3"]: r["Persons"] for r in rows if r["Sex"] == "Both sexes"} == {
        "005": "500",
        "900": "500",
        "958": "1000",
        "All areas": "2000",
    }


def test_an_area_of_20000_people_or_fewer_is_refused(installation):
    installation.write_source(records(zip=["95814"]))
    installation.declare(with_zip3(population=20_000))
    answer = installation.opendata("refresh", "clinic_visits")
    assert answer.code == 3
    assert "three-digit ZIP area(s) have 20,000 people or fewer" in answer.err
    assert not installation.staging.exists() or not installation.staged()


def test_ages_over_89_told_apart_are_refused(installation):
    installation.write_source(records())
    installation.declare(
        with_ages("{from: 0, to: 39, label: 0–39}, {from: 40, to: 94, label: 40–94}, {from: 95, label: 95+}")
    )
    answer = installation.opendata("refresh", "clinic_visits")
    assert answer.code == 3
    assert "show ages over 89 separately" in answer.err


def test_a_period_shorter_than_a_year_is_noted_for_the_reviewers(installation):
    installation.write_source(records(seen=["2020-01-05", "2020-05-05", "2020-08-05", "2020-11-05"]))
    installation.declare(with_quarters())
    answer = installation.opendata("refresh", "clinic_visits")
    assert answer.code == 0, answer.err
    assert {r["Quarter"] for r in published(installation)} == {"2020-Q1", "2020-Q2", "2020-Q3", "2020-Q4"}
    (page,) = (installation.staging / "clinic_visits").rglob("evidence/index.html")
    assert "Its periods are shorter than a year, so Safe Harbor does not cover it" in page.read_text()
