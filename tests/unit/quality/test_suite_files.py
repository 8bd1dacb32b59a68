"""Suites as files: found, read strictly, never weaker than the declaration, drafted without losing what a steward added."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from include.opendata import places
from include.opendata.declaration.light import declared_ids
from include.opendata.declaration.load import load
from include.opendata.errors import DeclarationError, Place
from include.opendata.quality import draft_suites, write_suites
from include.opendata.quality.suite_files import read_suite
from include.opendata.quality.suites import floors, not_weaker

SUITE = "homicides_by_county__source"
PLACE = Place(dataset="homicides_by_county")


@pytest.fixture
def suites(tmp_path, monkeypatch) -> Path:
    """A copy of the committed suites."""
    shutil.copytree(places.expectations() / "expectations", tmp_path / "expectations")
    monkeypatch.setenv("OPENDATA_EXPECTATIONS", str(tmp_path))
    return tmp_path / "expectations"


def refusal(name: str = SUITE) -> DeclarationError:
    with pytest.raises(DeclarationError) as caught:
        read_suite(name, place=PLACE)
    assert caught.value.exit_code == 2
    return caught.value


@pytest.mark.parametrize("dataset", declared_ids())
def test_the_committed_suites_are_what_the_declarations_draft(dataset):
    for name, text in draft_suites(load(dataset)).items():
        committed = places.expectations() / "expectations" / name
        assert committed.read_text(encoding="utf-8") == text, f"run bin/opendata suites {dataset} --write"


@pytest.mark.parametrize("dataset", declared_ids())
def test_stewards_of_the_shipped_datasets_ask_for_more_than_the_floor(dataset):
    for name, (mandatory, place) in floors(load(dataset)).items():
        suite = read_suite(name, place=place)
        not_weaker(suite, mandatory, place=place)
        if name.endswith("__source"):
            assert len(suite.expectations) > len(mandatory)


def test_a_suite_that_does_not_exist_is_named_with_its_near_misses(suites):
    error = refusal("homicide_by_county__sources")
    assert error.slug == "suite-missing"
    assert f"did you mean '{SUITE}'" in error.what


@pytest.mark.parametrize("name", ["../great_expectations", "", "a/b", f"{SUITE}.json"])
def test_a_suites_name_is_not_a_path(name, suites):
    assert refusal(name).slug == "suite-missing"


def test_a_suite_that_is_not_json_is_refused_with_its_line(suites):
    (suites / f"{SUITE}.json").write_text('{\n "name": "x",\n}')
    error = refusal()
    assert error.slug == "suite-malformed"
    assert error.place.line == 3


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.pop("expectations"),
        lambda s: s.update(expectations={}),
        lambda s: s.update(name="another"),
        lambda s: s.update(expectatons=[]),
        lambda s: s["expectations"].append("expect_all"),
        lambda s: s["expectations"].append({"kwargs": {}}),
        lambda s: s["expectations"].append({"type": "expect_all"}),
        lambda s: s["expectations"].append({"type": "expect_all", "kwargs": [], "meta": {}}),
        lambda s: s["expectations"].append({"type": "expect_all", "kwargs": {}, "sverity": "info"}),
        lambda s: s["expectations"].append({"type": "expect_all", "kwargs": {}, "severity": "none"}),
        lambda s: s["expectations"].append(s["expectations"][0]),
    ],
)
def test_a_suite_of_another_form_is_refused(change, suites):
    path = suites / f"{SUITE}.json"
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))
    assert refusal().slug == "suite-malformed"
    assert "move it away and run" in refusal().remedy  # drafting drops no file it cannot read


def test_a_field_given_twice_is_refused(suites):
    text = (suites / f"{SUITE}.json").read_text()
    (suites / f"{SUITE}.json").write_text(text.replace('"expectations": [', '"expectations": [], "expectations": [', 1))
    assert refusal().slug == "suite-malformed"


def test_a_suite_that_is_not_utf8_is_refused(suites):
    (suites / f"{SUITE}.json").write_bytes(b'{"name": "\xff"}')
    assert refusal().slug == "suite-malformed"


def test_a_suite_that_expects_nothing_is_refused(suites):
    (suites / f"{SUITE}.json").write_text(json.dumps({"name": SUITE, "expectations": []}))
    assert refusal().slug == "suite-empty"


def weaker(suites: Path, change) -> tuple[str, ...]:
    path = suites / f"{SUITE}.json"
    data = json.loads(path.read_text())
    change(data["expectations"])
    path.write_text(json.dumps(data))
    mandatory, place = floors(load("homicides_by_county"))[SUITE]
    with pytest.raises(DeclarationError) as caught:
        not_weaker(read_suite(SUITE, place=place), mandatory, place=place)
    assert caught.value.slug == "suite-weaker-than-declaration"
    return caught.value.details


def test_every_single_expectation_of_the_floor_is_missed_when_it_goes(suites):
    mandatory, place = floors(load("homicides_by_county"))[SUITE]
    suite = read_suite(SUITE, place=place)
    for gone in range(len(mandatory)):
        left = type(suite)(SUITE, suite.expectations[:gone] + suite.expectations[gone + 1 :])
        with pytest.raises(DeclarationError) as caught:
            not_weaker(left, mandatory, place=place)
        assert len(caught.value.details) == 1
        assert mandatory[gone]["type"] in caught.value.details[0]


@pytest.mark.parametrize(
    "change",
    [
        lambda e: e["kwargs"].update(mostly=0.99),
        lambda e: e["kwargs"].update(min_value=-1),
        lambda e: e["kwargs"].update(row_condition="year > 1990", condition_parser="great_expectations"),
        lambda e: e.update(severity="warning"),
    ],
)
def test_an_expectation_of_the_floor_that_is_changed_counts_as_missing(change, suites):
    def spoil(expectations):
        change(next(e for e in expectations if e["kwargs"] == {"column": "murders", "min_value": 0}))

    assert weaker(suites, spoil) == (
        "missing or changed: expect_column_values_to_be_between (murders: every value is 0 or more)",
    )


def test_drafting_keeps_what_the_steward_added_and_mends_what_was_weakened(suites):
    dataset = load("homicides_by_county")
    path = suites / f"{SUITE}.json"
    data = json.loads(path.read_text())
    own = {
        "type": "expect_column_max_to_be_between",
        "kwargs": {"column": "year", "max_value": 1996},
        "severity": "info",
    }
    data["expectations"] = [own, *data["expectations"][3:]]
    path.write_text(json.dumps(data))
    assert write_suites(dataset) == [path]
    suite = read_suite(SUITE, place=PLACE)
    assert own in suite.expectations
    not_weaker(suite, floors(dataset)[SUITE][0], place=PLACE)
    assert write_suites(dataset) == []


def test_drafting_forgets_what_the_declaration_no_longer_demands(suites):
    dataset = load("homicides_by_county")
    columns = [c.model_copy(update={"required": c.name != "murders"}) for c in dataset.source.columns]
    changed = dataset.model_copy(update={"source": dataset.source.model_copy(update={"columns": columns})})
    write_suites(changed)
    demanded = [e["kwargs"] for e in read_suite(SUITE, place=PLACE).expectations if e["type"].endswith("not_be_null")]
    assert {"column": "murders"} not in demanded
    assert {"column": "popul"} in demanded


def test_drafting_makes_a_suite_that_is_missing_or_empty(suites):
    committed = {path.name: path.read_text() for path in suites.iterdir()}
    (suites / f"{SUITE}.json").unlink()
    empty = "homicides_by_county__homicides_by_county_and_year__publishable"
    (suites / f"{empty}.json").write_text(json.dumps({"name": empty, "expectations": []}))
    assert sorted(path.stem for path in write_suites(load("homicides_by_county"))) == [empty, SUITE]
    assert read_suite(SUITE, place=PLACE).types == [e["type"] for e in floors(load("homicides_by_county"))[SUITE][0]]
    assert (suites / f"{SUITE}.json").read_text() != committed[f"{SUITE}.json"]


def test_drafting_never_overwrites_a_file_it_cannot_read(suites):
    (suites / f"{SUITE}.json").write_text("{ half a suite")
    with pytest.raises(DeclarationError) as caught:
        write_suites(load("homicides_by_county"))
    assert caught.value.slug == "suite-malformed"
    assert (suites / f"{SUITE}.json").read_text() == "{ half a suite"
