"""``bin/opendata advise`` on the shipped homicides, and the same advice on the evidence page of a preview."""

from __future__ import annotations

import re
import shutil

import pytest

from demo import make_sources
from include.opendata import places

BY_YEAR, BY_PERIOD = "homicides_by_county_and_year", "homicides_by_county_and_period"


@pytest.fixture
def homicides(installation):
    """The shipped declaration and its source."""
    declared = places.ROOT / "include" / "datasets" / "homicides_by_county"
    shutil.copytree(declared, installation.folder / "datasets" / "homicides_by_county")
    source = installation.folder / "homicides.csv"
    source.write_text(make_sources.county_murders(), encoding="utf-8", newline="")
    return installation, str(source)


def test_periods_and_regions_are_proposed_for_homicides_by_county(homicides):
    installation, source = homicides
    answer = installation.opendata("advise", "homicides_by_county", "--source", source, "--json")
    assert answer.code == 0, answer.err
    by_year, by_period = answer.json()["tables"]
    assert (by_year["table"], by_period["table"]) == (BY_YEAR, BY_PERIOD)
    found = {one["slug"]: one for one in by_year["proposals"]}
    assert by_year["now"]["score"] == 14
    assert by_year["now"]["cells_shown_percent"] == 54
    assert (found["periods-of-5"]["score"], found["periods-of-5"]["cells"]) == (9, 177)
    assert found["periods-of-5"]["cells_shown_percent"] == 79
    assert found["regions"]["hidden"] == "none"
    assert found["regions"]["score"] == 6
    assert "regions" in {one["slug"] for one in by_period["proposals"]}
    assert "design 1, periods-of-2" in answer.err


def test_people_get_a_sentence_per_design_and_what_to_paste_for_one_table(homicides):
    installation, source = homicides
    answer = installation.opendata("advise", "homicides_by_county", "--table", BY_PERIOD, "--source", source)
    assert answer.code == 0, answer.err
    assert BY_YEAR not in answer.out
    assert re.search(r"^  1\. Show regions in place of counties: score 1 instead of 9; every cell", answer.out, re.M)
    assert "         Inland Empire: ['65', '71']" in answer.out


def test_nothing_is_left_in_the_work_area_nor_in_the_ledger(homicides):
    from include.opendata.ledger import open_ledger

    installation, source = homicides
    assert installation.opendata("advise", "homicides_by_county", "--source", source).code == 0
    assert [path for path in (installation.folder / "work").rglob("*") if path.is_file()] == []
    assert open_ledger().runs("homicides_by_county") == []


def test_records_are_deleted_when_the_advice_fails_half_way(homicides):
    installation, _ = homicides
    broken = make_sources.county_murders().replace("\n", ",x\n")
    (installation.folder / "broken.csv").write_text(broken, encoding="utf-8")
    answer = installation.opendata("advise", "homicides_by_county", "--source", str(installation.folder / "broken.csv"))
    assert answer.code == 2
    assert [path for path in (installation.folder / "work").rglob("*") if path.is_file()] == []


def test_a_relative_source_is_sought_where_the_caller_is(homicides, monkeypatch):
    installation, _ = homicides
    monkeypatch.chdir(installation.folder)
    (installation.folder / "header.csv").write_text("no,such,columns\n")
    answer = installation.opendata("advise", "homicides_by_county", "--source", "header.csv")
    assert answer.code == 2
    assert "the first line has none of the declared columns" in answer.err


def test_a_table_nobody_declared_is_told_with_those_that_are(homicides):
    installation, source = homicides
    answer = installation.opendata("advise", "homicides_by_county", "--table", "homicides", "--source", source)
    assert answer.code == 2
    assert BY_PERIOD in answer.err


def test_a_table_that_needs_no_masking_is_told_so(installation):
    installation.write_source()
    installation.declare()
    answer = installation.opendata("advise", "clinic_visits", "--json")
    assert answer.code == 0, answer.err
    (table,) = answer.json()["tables"]
    assert table["proposals"] == []
    assert "needs no masking" in table["sentence"]


def test_the_evidence_page_of_a_preview_shows_the_same_advice(homicides):
    installation, source = homicides
    assert installation.opendata("suites", "homicides_by_county", "--write").code == 0
    answer = installation.opendata("preview", "homicides_by_county", "--source", source, "--json")
    assert answer.code == 0, answer.err
    (page,) = (installation.folder / "work").rglob("evidence/index.html")
    text = page.read_text(encoding="utf-8")
    assert text.count("<h3>What would show more</h3>") == 2
    advice = installation.opendata("advise", "homicides_by_county", "--source", source, "--json").json()
    changes = [one["change"] for table in advice["tables"] for one in table["proposals"]]
    assert re.findall(r'<th scope="row">([A-Z][^<]*?)\.(?= <span|</th>)', text) == changes


def test_a_refresh_names_the_command_for_a_table_too_large_to_wait_for(homicides, monkeypatch):
    from include.opendata.advice import for_dataset

    installation, source = homicides
    monkeypatch.setattr(for_dataset, "MOST_ROWS_IN_REFRESH", 500)
    assert installation.opendata("suites", "homicides_by_county", "--write").code == 0
    assert installation.opendata("preview", "homicides_by_county", "--source", source).code == 0
    (page,) = (installation.folder / "work").rglob("evidence/index.html")
    text = page.read_text(encoding="utf-8")
    assert f"bin/opendata advise homicides_by_county --table {BY_YEAR} does." in text
    assert "Show regions in place of counties" in text  # the small table got its advice
