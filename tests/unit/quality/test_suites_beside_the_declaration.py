"""A dataset may carry its suites with it: found beside the declaration, never in two places, part of what is approved."""

from __future__ import annotations

import json

import pytest

from include.opendata.declaration.load import load
from include.opendata.errors import DeclarationError, Place
from include.opendata.pipeline.provenance import declaration_digest
from include.opendata.quality import draft_suites, write_suites
from include.opendata.quality.suite_files import own_folder, read_suite, suite_names
from tests.lib import declarations

PLACE = Place(dataset="clinic_visits")
SOURCE = "clinic_visits__source"


@pytest.fixture
def carried(tmp_path, monkeypatch):
    """A dataset whose folder holds its suites; the project has none."""
    monkeypatch.setenv("OPENDATA_DATASETS", str(tmp_path / "datasets"))
    monkeypatch.setenv("OPENDATA_EXPECTATIONS", str(tmp_path / "great_expectations"))
    declarations.write(tmp_path / "datasets")
    own_folder("clinic_visits").mkdir()
    (tmp_path / "great_expectations" / "expectations").mkdir(parents=True)
    write_suites(load("clinic_visits"))
    return tmp_path


def test_suites_are_written_and_found_beside_the_declaration(carried):
    assert {path.stem for path in own_folder("clinic_visits").glob("*.json")} == {
        SOURCE,
        "clinic_visits__visits_by_sex__publishable",
    }
    assert list((carried / "great_expectations" / "expectations").iterdir()) == []
    assert read_suite(SOURCE, place=PLACE).expectations


def test_a_dataset_finds_no_other_ones_suites(carried):
    assert suite_names() == []
    with pytest.raises(DeclarationError) as refused:
        read_suite(SOURCE, place=Place(dataset="births"))
    assert refused.value.slug == "suite-missing"


def test_a_suite_in_both_places_is_refused(carried):
    there = own_folder("clinic_visits") / f"{SOURCE}.json"
    (carried / "great_expectations" / "expectations" / there.name).write_bytes(there.read_bytes())
    with pytest.raises(DeclarationError) as refused:
        read_suite(SOURCE, place=PLACE)
    assert refused.value.slug == "suite-twice"


def test_what_a_steward_added_is_kept(carried):
    path = own_folder("clinic_visits") / f"{SOURCE}.json"
    suite = json.loads(path.read_text())
    suite["expectations"].append({"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 100}})
    path.write_text(json.dumps(suite))
    assert '"min_value": 100' in draft_suites(load("clinic_visits"))[path.name]


def test_a_change_of_a_carried_suite_changes_what_is_approved(carried):
    before = declaration_digest(load("clinic_visits"))
    path = own_folder("clinic_visits") / f"{SOURCE}.json"
    path.write_text(path.read_text().replace('"meta": {}', '"meta": {"why": "x"}'))
    assert declaration_digest(load("clinic_visits")) != before
