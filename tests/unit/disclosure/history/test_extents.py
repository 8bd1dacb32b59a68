"""What a category stands for outlasts its label."""

import datetime as dt
from dataclasses import replace

import pytest

from include.opendata.disclosure.history.extents import ALL, Extent, table_extents
from include.opendata.disclosure.history.joint import joint_cells
from include.opendata.errors import Refused
from tests.lib.earlier_releases import TABLE, declared, published, true_table


def days(start, end):
    return ((dt.date.fromisoformat(start).toordinal(), dt.date.fromisoformat(end).toordinal() + 1),)


def extents(dataset, *years):
    table = true_table(dataset, {("Alder", year): 1 for year in years})
    return table_extents(dataset, [table.structure])[TABLE]


def test_a_year_is_its_days():
    assert extents(declared(), "2020").labels["Year"][0].ranges == days("2020-01-01", "2020-12-31")


def test_a_bin_of_years_is_the_days_of_all_of_them():
    found = extents(declared(bins=[(2018, 2020)]), "2018–2020")
    assert found.labels["Year"][0].ranges == days("2018-01-01", "2020-12-31")


def test_a_year_the_coverage_cuts_off_ends_with_the_coverage():
    found = extents(declared(coverage=("2019-01-01", "2020-04-30")), "2019", "2020")
    assert found.labels["Year"][1].ranges == days("2020-01-01", "2020-04-30")
    assert found.labels["Year"][0].ranges == days("2019-01-01", "2019-12-31")


def test_a_total_stands_for_all_categories_there_are():
    found = extents(declared(bins=[(2018, 2019), (2020, 2020)]), "2018–2019", "2020–2020")
    assert found.whole["year"].ranges == days("2018-01-01", "2020-12-31")
    assert found.whole["clinic"] == Extent(names=frozenset({"Alder"}))


def test_sets_of_values_meet_and_join_as_sets_do():
    ten, five = Extent(((0, 10),), frozenset("ab")), Extent(((5, 15),), frozenset("bc"), others=True)
    assert ten.common(five) == Extent(((5, 10),), frozenset("a"))
    assert ten.joined(five) == Extent(((0, 15),), frozenset("c"), others=True)
    assert ALL.common(ten) == ten
    assert ALL.joined(ten) == ALL


def test_extents_survive_their_journey_through_json():
    for one in (ALL, Extent(((0, 10),), frozenset("ab"), blank=True)):
        assert Extent.from_json(one.to_json()) == one


def test_cells_of_two_releases_are_one_where_their_categories_mean_the_same():
    first = published("r1", declared(), {("Alder", "2020"): 20, ("Birch", "2020"): 30})
    second = published("r2", declared(), {("Alder", "2020"): 21, ("Birch", "2020"): 30, ("Cedar", "2020"): 40})
    (joint,) = joint_cells([first, second], dataset="clinic_visits")
    one, two = (joint.cells.rows[f"{TABLE}@{release}", "Persons"].tolist() for release in ("r1", "r2"))
    assert one[:2] == two[:2], "Alder and Birch"
    assert one[2] != two[3], "all clinics, of which there are more now"


def test_a_release_is_linked_once_however_often_it_was_published():
    figures = {("Alder", "2020"): 20, ("Birch", "2020"): 30}
    (alone,) = joint_cells([published("r1", declared(), figures)], dataset="clinic_visits")
    many = [published(f"r{n}", declared(), figures) for n in range(5)]
    (joint,) = joint_cells(many, dataset="clinic_visits")
    assert joint.cells.keys == alone.cells.keys
    assert joint.cells.equations == alone.cells.equations


def relabelled(release, labels):
    """The same release, its clinics under other labels."""
    (table,) = release.tables
    clinic, year = table.structure.dimensions
    clinic = replace(clinic, labels=tuple(labels.get(label, label) for label in clinic.labels))
    text = table.text
    for old, new in labels.items():
        text = text.replace(f"\n{old},", f"\n{new},")
    return replace(
        release, tables=(replace(table, structure=replace(table.structure, dimensions=(clinic, year)), text=text),)
    )


def test_numbers_that_became_texts_are_compared_and_words_refused():
    from include.opendata.disclosure.history.extents import TableExtents

    release = published("r2", declared(), {("Alder", "2020"): 20, ("Birch", "2020"): 30})
    (table,) = release.tables
    numbers = (Extent(((1, 2),)), Extent(((2, 3),)))
    labels = {**table.extents.labels, "Clinic": numbers}
    whole = {**table.extents.whole, "clinic": Extent(((1, 3),))}
    before = replace(release, release="r1", tables=(replace(table, extents=TableExtents(labels, whole)),))
    before = relabelled(before, {"Alder": "First", "Birch": "Second"})
    with pytest.raises(Refused) as refused:
        joint_cells([before, release], dataset="clinic_visits")
    assert refused.value.slug == "releases-not-comparable"
    written = {"Clinic": (Extent(names=frozenset({"1"})), Extent(names=frozenset({"2"})))}
    texts = TableExtents({**labels, **written}, {**whole, "clinic": Extent(names=frozenset({"1", "2"}))})
    now = replace(release, tables=(replace(table, extents=texts),))
    (joint,) = joint_cells([before, now], dataset="clinic_visits")
    rows = [joint.cells.rows[f"{TABLE}@{name}", "Persons"].tolist() for name in ("r1", "r2")]
    assert rows[0] == rows[1]
