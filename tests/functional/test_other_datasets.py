"""Several datasets at one staging place: what one hides, no other gives away (DDG 2.0, Appendix F)."""

from __future__ import annotations

import shutil
import sqlite3

import pytest

from include.opendata.pipeline import protect, stage
from include.opendata.pipeline.other_datasets import Others
from tests.lib.agency import declaration, declare, dimension, published, records, table, write_source

COUNTIES = {("Alpine",): 3, ("Butte",): 13, ("Colusa",): 20, ("Fresno",): 60}


@pytest.fixture
def agency(installation):
    return Agency(installation)


class Agency:
    def __init__(self, installation):
        self.installation = installation
        self.folder = installation.folder

    def source(self, name: str, counts, columns=("county",)):
        return write_source(self.folder / name, records(counts, columns))

    def refresh(self, declared):
        declare(self.folder, declared)
        written = self.installation.opendata("suites", declared["dataset"], "--write")
        assert written.code == 0, written.err
        return self.installation.opendata("refresh", declared["dataset"], "--json")

    def refreshed(self, declared) -> None:
        answer = self.refresh(declared)
        assert answer.code == 0, answer.err

    def refused(self, declared) -> tuple[int, str]:
        answer = self.refresh(declared)
        return answer.code, answer.json()["slug"]

    def attack(self, *arguments: str):
        return self.installation.opendata("attack", "--all", *arguments)

    def blanks(self, dataset: str, name: str) -> set:
        return {
            labels for labels, count in published(self.installation.staging, dataset, name).items() if count is None
        }


def by_county(dataset, source, *, least, name="County", **facts):
    county = dimension("county", name, least_interesting=[least])
    return declaration(dataset, source, ["county"], table("by_county", county), **facts)


def test_a_second_dataset_of_the_same_source_hides_what_the_first_one_hides(agency):
    source = agency.source("persons.csv", COUNTIES)
    agency.refreshed(by_county("first", source, least="Butte"))
    agency.refreshed(by_county("second", source, least="Colusa"))
    assert agency.blanks("second", "by_county") == agency.blanks("first", "by_county") == {("Alpine",), ("Butte",)}
    assert agency.attack().code == 0


def test_a_copy_of_a_source_is_the_same_source(agency):
    agency.refreshed(by_county("first", agency.source("a.csv", COUNTIES), least="Butte"))
    agency.refreshed(by_county("second", agency.source("b.csv", COUNTIES), least="Colusa"))
    assert agency.blanks("second", "by_county") == {("Alpine",), ("Butte",)}


def test_categories_that_are_spelled_otherwise_are_the_same(agency):
    source = agency.source("persons.csv", COUNTIES)
    agency.refreshed(by_county("first", source, least="Butte"))
    labels = {value: value.upper() for (value,) in COUNTIES}
    county = dimension("county", "Place", labels=labels, least_interesting=["COLUSA"])
    agency.refreshed(declaration("second", source, ["county"], table("places", county)))
    assert agency.blanks("second", "places") == {("ALPINE",), ("BUTTE",)}


CASES = {
    ("Alpine", "f"): 4, ("Alpine", "m"): 9, ("Butte", "f"): 20, ("Butte", "m"): 31,
    ("Colusa", "f"): 15, ("Colusa", "m"): 18, ("Fresno", "f"): 60, ("Fresno", "m"): 55,
}  # fmt: skip


def two_columns(dataset, source, *tables, **facts):
    return declaration(dataset, source, ["county", "sex"], *tables, **facts)


def test_a_difference_between_datasets_of_other_dimensions_is_hidden(agency):
    """The first hides Alpine by sex; everybody by county beside women by county would say how many men there are."""
    source = agency.source("persons.csv", CASES, ("county", "sex"))
    women = [{"column": "sex", "in": ["f"]}]
    men = [{"column": "sex", "in": ["m"]}]
    agency.refreshed(two_columns("women", source, table("women", dimension("county"), filter=women)))
    agency.refreshed(two_columns("everybody", source, table("everybody", dimension("county"))))
    answer = agency.refresh(two_columns("men", source, table("men", dimension("county"), filter=men)))
    assert agency.attack().code == 0
    if answer.code == 0:
        shown = published(agency.installation.staging, "men", "men")
        others = published(agency.installation.staging, "everybody", "everybody")
        assert shown["Alpine",] is None or others["Alpine",] is None
    else:
        assert answer.json()["slug"] in REASONS


REASONS = {
    "recoverable-with-other-datasets",
    "earlier-releases-in-the-way",
    "small-cell-shown-by-other-dataset",
    "columns-tell-one-another",
    "releases-not-comparable",
}


def test_three_datasets_give_nothing_away_together(agency):
    source = agency.source("persons.csv", CASES, ("county", "sex"))
    regions = {"North": ["Alpine", "Butte"], "South": ["Colusa", "Fresno"]}
    region = dimension("county", "Region", recode=regions)
    agency.refreshed(two_columns("by_region", source, table("regions", region, dimension("sex"))))
    agency.refreshed(two_columns("by_county", source, table("counties", dimension("county"))))
    answer = agency.refresh(two_columns("by_both", source, table("both", dimension("county"), dimension("sex"))))
    assert answer.code == 0 or answer.json()["slug"] in REASONS
    assert agency.attack().code == 0


def test_a_dataset_that_is_no_longer_declared_is_still_public(agency):
    source = agency.source("persons.csv", COUNTIES)
    agency.refreshed(by_county("first", source, least="Butte"))
    (agency.folder / "datasets" / "first" / "dataset.yaml").unlink()
    agency.refreshed(by_county("second", source, least="Colusa"))
    assert agency.blanks("second", "by_county") == {("Alpine",), ("Butte",)}
    assert agency.attack().code == 0


def test_an_earlier_release_of_another_dataset_is_still_public(agency):
    """The first moved on to other persons; what it said of the records the second one still has is not forgotten."""
    old = agency.source("old.csv", COUNTIES)
    agency.refreshed(by_county("first", old, least="Butte"))
    new = agency.source("new.csv", {("Alpine",): 40, ("Butte",): 50, ("Colusa",): 70, ("Fresno",): 90})
    agency.refreshed(by_county("first", new, least="Butte"))
    agency.refreshed(by_county("second", old, least="Colusa"))
    assert agency.blanks("second", "by_county") == {("Alpine",), ("Butte",)}


def many(factor: float) -> dict:
    """Counts of twelve towns, of which one is small."""
    towns = {f"Town {n}": round((211 + 37 * n + n * n) * factor) for n in range(11)}
    return {(town,): count for town, count in towns.items()} | {("Alpine",): 4}


def test_equal_figures_tell_that_two_sources_hold_the_same_records(agency):
    """Another file, other columns, other words: the figures alone say so."""
    agency.refreshed(by_county("first", agency.source("a.csv", many(1)), least="Town 0"))
    upper = {(town.upper(),): count for (town,), count in many(1).items()}
    place = dimension("place", "Place", least_interesting=["TOWN 1"])
    source = agency.source("b.csv", upper, ("place",))
    agency.refreshed(declaration("second", source, ["place"], table("places", place)))
    hidden = {labels[0].casefold() for labels in agency.blanks("first", "by_county")}
    assert {labels[0].casefold() for labels in agency.blanks("second", "places")} == hidden == {"alpine", "town 0"}
    assert agency.attack().code == 0


def test_datasets_with_nothing_in_common_are_left_alone(agency):
    agency.refreshed(by_county("first", agency.source("a.csv", many(1)), least="Town 0"))
    source = agency.source("b.csv", many(1.37), ("place",))
    place = dimension("place", "Place", least_interesting=["Town 1"])
    agency.refreshed(declaration("second", source, ["place"], table("places", place)))
    assert agency.blanks("second", "places") == {("Alpine",), ("Town 1",)}
    attacked = agency.attack("--json")
    assert [group["datasets"] for group in attacked.json()["groups"]] == [["first"], ["second"]]


def answer(relation):
    said = {"relation": relation, "reason": "Looked at both.", "by": "A coordinator", "date": "2026-02-01"}
    return {"other_datasets": {"first": said}}


def test_a_tie_no_one_can_see_is_asked_once(agency):
    agency.refreshed(by_county("first", agency.source("a.csv", COUNTIES), least="Butte"))
    source = agency.source("b.csv", {("Alpine",): 5, ("Butte",): 14, ("Colusa",): 22, ("Fresno",): 61})
    assert agency.refused(by_county("second", source, least="Colusa")) == (3, "datasets-may-share-records")
    agency.refreshed(by_county("second", source, least="Colusa", **answer("unrelated")))
    assert agency.blanks("second", "by_county") == {("Alpine",), ("Colusa",)}
    shown = agency.installation.opendata("show", "second")
    assert "A coordinator said so on 2026-02-01: Looked at both" in shown.out
    assert agency.attack().code == 0


def test_the_same_records_by_the_coordinators_word_are_attacked_together(agency):
    agency.refreshed(by_county("first", agency.source("a.csv", COUNTIES), least="Butte"))
    source = agency.source("b.csv", {("Alpine",): 3, ("Butte",): 13, ("Colusa",): 20, ("Fresno",): 61})
    agency.refreshed(by_county("second", source, least="Colusa", **answer("same_records")))
    assert agency.blanks("second", "by_county") == {("Alpine",), ("Butte",)}


def test_one_source_cannot_be_declared_unrelated(agency):
    source = agency.source("a.csv", COUNTIES)
    agency.refreshed(by_county("first", source, least="Butte"))
    declared = by_county("second", source, least="Colusa", **answer("unrelated"))
    assert agency.refused(declared) == (3, "same-source-declared-unrelated")


def test_small_counts_that_another_dataset_shows_cannot_be_hidden(agency):
    source = agency.source("a.csv", COUNTIES)
    shown = table("by_county", dimension("county"), high_risk_populations=[])
    agency.refreshed(declaration("first", source, ["county"], shown))
    assert None not in published(agency.installation.staging, "first", "by_county").values()
    assert agency.refused(by_county("second", source, least="Colusa")) == (3, "small-cell-shown-by-other-dataset")


def test_a_table_that_needs_no_masking_is_masked_where_it_gives_another_away(agency):
    source = agency.source("a.csv", COUNTIES)
    agency.refreshed(by_county("first", source, least="Butte"))
    shown = table("by_county", dimension("county"), high_risk_populations=[])
    agency.refreshed(declaration("second", source, ["county"], shown))
    assert agency.blanks("second", "by_county") == {("Alpine",), ("Butte",)}


def staged_side_by_side(agency, monkeypatch) -> None:
    """Two datasets of one source that never saw each other, as pipelines before this one staged them."""
    source = agency.source("a.csv", COUNTIES)
    agency.refreshed(by_county("first", source, least="Butte"))
    with monkeypatch.context() as blind:
        blind.setattr(protect, "find_others", lambda opened, tables: Others())
        blind.setattr(stage, "require_others_seen", lambda opened, tables: None)
        agency.refreshed(by_county("second", source, least="Colusa"))


def test_the_attack_on_all_says_what_is_exposed_where_and_by_what(agency, monkeypatch):
    staged_side_by_side(agency, monkeypatch)
    attacked = agency.attack("--json")
    assert attacked.code == 4
    (group,) = attacked.json()["groups"]
    assert (group["datasets"], group["verdict"]) == (["first", "second"], "exposed")
    alpine = next(finding for finding in group["findings"] if finding["cell"] == "Alpine")
    assert alpine["hidden_in"] == ["first.by_county", "second.by_county"]
    assert alpine["computed_from"] == ["first.by_county", "second.by_county"]
    told = agency.attack()
    assert told.code == 4
    assert "The blank at (Alpine)" in told.out
    assert "What to do:" in told.out
    assert "group 1 of 1: first, second" in told.err
    assert " 3" not in told.out.replace("3 groups", "")


def test_the_attack_on_all_says_what_is_not_decided(agency):
    agency.refreshed(by_county("first", agency.source("a.csv", COUNTIES), least="Butte"))
    source = agency.source("b.csv", {("Alpine",): 5, ("Butte",): 14, ("Colusa",): 22, ("Fresno",): 61})
    declared = by_county("second", source, least="Colusa", **answer("unrelated"))
    agency.refreshed(declared)
    del declared["other_datasets"]
    declare(agency.folder, declared)
    told = agency.attack()
    assert told.code == 4
    assert "Whether first and second count the same records is not decided" in told.out


def test_of_two_datasets_refreshed_in_the_same_minute_the_second_starts_again(agency, monkeypatch):
    """The first is staged when the second has been attacked, and waits for its turn."""
    source = agency.source("a.csv", COUNTIES)
    stage_second = stage.perform

    def after_the_first(run):
        monkeypatch.setattr(stage, "perform", stage_second)
        agency.refreshed(by_county("first", source, least="Butte"))
        return stage_second(run)

    monkeypatch.setattr(stage, "perform", after_the_first)
    second = by_county("second", source, least="Colusa")
    assert agency.refused(second) == (3, "other-dataset-staged")
    agency.refreshed(second)
    assert agency.blanks("second", "by_county") == {("Alpine",), ("Butte",)}
    assert agency.attack().code == 0


def test_a_dataset_of_other_records_that_is_staged_meanwhile_is_in_no_ones_way(agency, monkeypatch):
    source = agency.source("a.csv", COUNTIES)
    place = dimension("place", "Place", least_interesting=["Town 1"])
    other = declaration("other", agency.source("b.csv", many(1.37), ("place",)), ["place"], table("places", place))
    stage_second = stage.perform

    def after_the_other(run):
        monkeypatch.setattr(stage, "perform", stage_second)
        agency.refreshed(other)
        return stage_second(run)

    monkeypatch.setattr(stage, "perform", after_the_other)
    agency.refreshed(by_county("second", source, least="Colusa"))


def test_nothing_is_published_beside_a_dataset_no_one_remembers(agency):
    source = agency.source("a.csv", COUNTIES)
    agency.refreshed(by_county("first", source, least="Butte"))
    with sqlite3.connect(agency.folder / "ledger.sqlite") as ledger:
        assert ledger.execute("delete from published_cells").rowcount
    shutil.rmtree(agency.folder / "evidence")
    assert agency.refused(by_county("second", source, least="Colusa")) == (3, "other-dataset-unknown")


def test_categories_without_a_counterpart_are_not_guessed(agency):
    agency.refreshed(by_county("first", agency.source("a.csv", many(1)), least="Town 0"))
    towns = {key: count for key, count in many(1).items() if key[0] not in ("Town 9", "Town 10")}
    split = {("East",): many(1)["Town 9",] - 30, ("West",): many(1)["Town 10",] + 30}
    place = dimension("place", "Place", least_interesting=["Town 1"])
    source = agency.source("b.csv", towns | split, ("place",))
    second = declaration("second", source, ["place"], table("places", place))
    assert agency.refused(second) == (3, "datasets-not-comparable")


def test_whole_percentages_are_not_published_beside_counts_of_the_same_records(agency):
    source = agency.source("a.csv", {("Alpine",): 5, ("Butte",): 900, ("Colusa",): 1400})
    agency.refreshed(by_county("first", source, least="Butte"))
    share = {"name": "Share", "label": "Share", "definition": "Share", "kind": "percent", "numerator": "Persons",
             "within": ["County"], "decimals": 0}  # fmt: skip
    shares = table("shares", dimension("county"), masking="whole_percentages")
    shares["measures"].append(share)
    assert agency.refused(declaration("second", source, ["county"], shares)) == (3, "counts-in-another-dataset")
