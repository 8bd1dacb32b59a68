"""Three categories, one small: a whole refresh publishes whole percentages and no count, or refuses."""

import csv
import json
import shutil

import pytest

from include.opendata.rules import rule_book as books
from tests.lib.declarations import SOUND

COUNTS = SOUND.replace("valid_values: [f, m]", "valid_values: [f, m, i]").replace(
    "labels: {f: Female, m: Male}", "labels: {f: Female, m: Male, i: Intersex}"
)
COUNTS = COUNTS.replace("total: Both sexes", "total: All").replace(
    "    measures:\n", "    high_risk_populations: [homelessness]\n    measures:\n"
)
PERCENTAGES = (
    COUNTS.replace("    measures:\n", "    masking: whole_percentages\n    measures:\n")
    + """\
      - name: Percent
        kind: percent
        numerator: Persons
        within: [Sex]
        decimals: 0
        label: Percent
        definition: Share of all persons.
"""
)


def people(women: int, men: int, intersex: int) -> str:
    sexes = ["f"] * women + ["m"] * men + ["i"] * intersex
    return "id,sex,age\n" + "".join(f"{n},{sex},{20 + n % 50}\n" for n, sex in enumerate(sexes, 1))


def release_folder(installation):
    place = installation.staging / "clinic_visits"
    return place / "releases" / json.loads((place / "current.json").read_text())["release"]


@pytest.fixture
def staged(installation):
    installation.write_source(people(545, 545, 10))
    installation.declare(PERCENTAGES)
    answer = installation.opendata("refresh", "clinic_visits")
    assert answer.code == 0, answer.err
    return installation


def test_no_count_is_published_and_the_small_category_is_less_than_one_percent(staged):
    folder = release_folder(staged)
    text = (folder / "data" / "visits_by_sex.csv").read_text()
    assert text == "Sex,Percent,Percent_annotation\nFemale,50,\nMale,50,\nIntersex,,1\nAll,100,\n"
    with (folder / "dictionary" / "visits_by_sex.csv").open(newline="", encoding="utf-8") as data:
        fields = {row["field_name"]: row for row in csv.DictReader(data)}
    assert list(fields) == ["Sex", "Percent", "Percent_annotation"]
    assert fields["Percent_annotation"]["valid_values"] == "empty: none; 1: less than 1 %"
    assert fields["Percent"]["type"] == "integer"
    assert fields["Percent"]["source"] == "worked out from Persons, which is not published"
    package = json.loads((folder / "metadata" / "ckan_package.json").read_text())
    method = package["de_identification_method"]
    assert "Whole percentages are published and no count" in method
    assert "that category's percentage is blank with annotation 1, less than 1 %" in method
    assert "of 4 counts are suppressed" not in method
    described = json.loads((folder / "datapackage.json").read_text())["resources"][0]["schema"]["fields"]
    assert [field["name"] for field in described] == ["Sex", "Percent", "Percent_annotation"]
    page = (folder / "evidence" / "index.html").read_text()
    assert "Whole percentages are published in place of counts" in page
    assert "percentages left blank" in page
    assert ">less than 1 %<" in page
    assert ">suppressed<" not in page
    for public in ("dictionary/visits_by_sex.csv", "metadata/dcat_us.json"):
        assert "545" not in (folder / public).read_text()
    assert "545" not in method + page


def test_the_proof_of_such_a_release_can_be_checked_and_the_release_repeated(staged):
    before = staged.staged()
    answer = staged.opendata("proof", "verify", "clinic_visits", release_folder(staged).name)
    assert answer.code == 0, answer.err
    assert "1 table(s) of whole percentages" in answer.out
    assert staged.opendata("refresh", "clinic_visits").code == 0
    assert staged.staged() == before, "the same source and declaration make the same release"


def test_an_earlier_release_of_percentages_is_read_from_staging_where_the_ledger_is_lost(staged):
    (staged.folder / "ledger.sqlite").unlink()
    shutil.rmtree(staged.folder / "evidence")
    staged.write_source(people(700, 500, 9))
    answer = staged.opendata("refresh", "clinic_visits")
    assert answer.code == 0, answer.err
    assert len(list((staged.staging / "clinic_visits" / "releases").iterdir())) == 2


def test_percentages_that_do_not_fit_are_not_proven_whatever_the_digests_say(staged):
    from include.opendata.disclosure.proof import check_proof

    release = release_folder(staged).name
    evidence = staged.folder / "evidence" / "clinic_visits"

    def report(change):
        read = lambda one, path: change((staged.staging / "clinic_visits" / "releases" / one / path).read_bytes())  # noqa: E731
        return check_proof(evidence / release, [release], read, evidence, release=release, known=None)

    assert report(lambda content: content).proven
    assert report(lambda content: content).figures["percentages"] == 1
    forged = report(lambda content: content.replace(b"Male,50", b"Male,57"))
    assert any("do not add up" in problem for problem in forged.problems)


def test_percentages_that_tell_too_much_beside_those_before_are_not_published(installation):
    """99 % and then 100 %, with twelve people more: a stranger who knows both totals is left with few small counts."""
    installation.declare(PERCENTAGES)
    installation.write_source(people(1380, 0, 10))
    first = installation.opendata("refresh", "clinic_visits")
    assert first.code == 0, first.err
    installation.write_source(people(1393, 0, 7))
    answer = installation.opendata("refresh", "clinic_visits")
    assert answer.code == 4
    assert "of an earlier release" in answer.err


def test_counts_may_not_follow_percentages(staged):
    staged.declare(COUNTS)
    answer = staged.opendata("refresh", "clinic_visits")
    assert answer.code == 3
    assert "published whole percentages in place of counts" in answer.err


def test_percentages_may_not_follow_counts(installation):
    installation.write_source(people(1200, 900, 500))
    installation.declare(COUNTS)
    assert installation.opendata("refresh", "clinic_visits").code == 0
    installation.write_source(people(545, 545, 10))
    installation.declare(PERCENTAGES)
    answer = installation.opendata("refresh", "clinic_visits")
    assert answer.code == 3
    assert "counts of this dataset were published before, in 1 release(s)" in answer.err


def test_a_total_under_1100_is_refused_and_nothing_is_staged(installation):
    installation.write_source(people(545, 544, 10))
    installation.declare(PERCENTAGES)
    answer = installation.opendata("refresh", "clinic_visits")
    assert answer.code == 3
    assert "its total is not 1,100 or more" in answer.err
    assert "1,099" not in answer.err
    assert not installation.staging.exists() or not installation.staged()


@pytest.fixture
def county_book(tmp_path, monkeypatch):
    """Names a rule book by which counts from 1 to 4 are small, one value apart is enough, and 500 persons are."""
    shipped = (books.BOOKS / f"{books.SHIPPED}.yaml").read_text(encoding="utf-8")
    lower = shipped
    for old, new in (
        ("below: 11", "below: 5"),
        ("width: 3", "width: 1"),
        ("total_at_least: 1100", "total_at_least: 500"),
    ):
        assert old in lower
        lower = lower.replace(old, new)
    path = tmp_path / "county.yaml"
    path.write_text(lower, encoding="utf-8")
    monkeypatch.setenv("OPENDATA_RULE_BOOK", str(path))
    return path


@pytest.fixture
def published_by_county(installation, county_book):
    installation.write_source(people(496, 0, 4))
    installation.declare(PERCENTAGES)
    answer = installation.opendata("refresh", "clinic_visits")
    assert answer.code == 0, answer.err
    assert (
        "Female,99,\nMale,0,\nIntersex,,1\n"
        in (release_folder(installation) / "data" / "visits_by_sex.csv").read_text()
    )
    return installation


def test_a_release_made_by_another_rule_book_is_re_checked_by_that_one(published_by_county, monkeypatch):
    monkeypatch.delenv("OPENDATA_RULE_BOOK")
    answer = published_by_county.opendata("proof", "verify", "clinic_visits")
    assert answer.code == 0, answer.out + answer.err


def test_a_release_made_by_another_rule_book_is_not_taken_for_one_that_tells_nothing(published_by_county, monkeypatch):
    """By the shipped book no total of 1,100 or more fits what was published, which would make the comparison an empty one."""
    monkeypatch.delenv("OPENDATA_RULE_BOOK")
    published_by_county.write_source(people(545, 545, 10))
    published_by_county.declare(PERCENTAGES)
    answer = published_by_county.opendata("refresh", "clinic_visits")
    assert answer.code != 0
    assert "compar" in answer.err
