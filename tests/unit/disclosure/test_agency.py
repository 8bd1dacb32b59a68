"""Which datasets count the same records, told by their sources, their figures, or a person."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from include.opendata.declaration.other_datasets import OtherDataset
from include.opendata.disclosure.agency.equal_figures import compare, plain
from include.opendata.disclosure.agency.public import PublicDataset, one_spelling
from include.opendata.disclosure.agency.ties import columns_alike, relation
from include.opendata.disclosure.history.extents import COVERED, Extent, TableExtents
from include.opendata.disclosure.history.published import PublishedLimits, PublishedRelease, PublishedTable
from include.opendata.disclosure.history.years import years_as_days
from include.opendata.errors import Refused
from include.opendata.places import ROOT
from include.opendata.vocabulary import Structure, TableDimension, TableMeasure
from tests.lib.earlier_releases import declared

COVERAGE = Extent(((737425, 737791),))


def release(figures, *, column="county", years=None) -> PublishedRelease:
    """A table of ``figures`` by label, with a total; ``years``: what it keeps of a column of years."""
    labels = (*figures, "All")
    values = pd.array([*figures.values(), sum(v or 0 for v in figures.values())], dtype="Int64")
    dimension = TableDimension("Place", column, tuple(figures), "All")
    count = TableMeasure("Persons", "count", "count:records", True)
    extents = TableExtents(
        {"Place": tuple(Extent(names=frozenset({label})) for label in figures)},
        {column: Extent(names=frozenset(figures)), COVERED: COVERAGE} | ({"year": years} if years else {}),
    )
    frame = pd.DataFrame({"Place": pd.array(labels, dtype="string"), "Persons": values})
    frame["Persons_annotation"] = ""
    structure = Structure("t", (dimension,), (count,))
    return PublishedRelease(
        "r1", (PublishedTable.about_to_be(structure, extents, "combined", frame, PublishedLimits(11, 3, 1100)),)
    )


def public(name, figures, *, digest="a", declaration=None, column="county") -> PublicDataset:
    return PublicDataset(name, (release(figures, column=column),), {"r1": digest}, declaration)


TOWNS = {f"Town {n}": 211 + 37 * n for n in range(9)}


def spelled(figures):
    return {f"  {label.upper()}-": count for label, count in figures.items()}


def test_many_equal_figures_are_no_accident():
    assert compare(release(TOWNS), release(spelled(TOWNS)), from_=11).certain


def test_a_label_is_known_in_any_spelling():
    assert plain("Los Ángeles  County") == plain("LOS ANGELES")
    assert plain("<11") != plain("11")


def test_figures_of_other_places_are_not_compared():
    others = {label.replace("Town", "City"): count for label, count in TOWNS.items()}
    found = compare(release(TOWNS), release(others), from_=11)
    assert not found.certain
    assert found.compared == 1  # the total, which has the same label everywhere


def test_other_populations_of_the_same_size_have_few_equal_figures():
    near = {label: count + n % 3 for n, (label, count) in enumerate(TOWNS.items())}
    assert not compare(release(TOWNS), release(near), from_=11).certain


def test_small_counts_and_one_number_in_many_places_say_nothing():
    few = dict.fromkeys("abcdefgh", 4)
    assert compare(release(few), release(few), from_=11).compared == 1
    same = dict.fromkeys("abcdefgh", 14)
    assert not compare(release(same), release(same), from_=11).certain


def test_one_large_figure_that_is_equal_has_to_be_asked_about():
    found = compare(release({"North": 12_345}), release({"North": 12_345}), from_=11)
    assert found.possible
    assert not found.certain


def test_the_same_bytes_once_are_the_same_source():
    assert relation(public("a", TOWNS), public("b", {"x": 20})).verdict == "same"
    assert relation(public("a", TOWNS), public("b", {"x": 20}, digest="b")).verdict == "unrelated"


def test_one_place_is_one_source_however_it_is_written():
    assert one_spelling("data/../x.csv") == one_spelling(str(ROOT / "x.csv")) == one_spelling(f"file://{ROOT}/x.csv")
    assert one_spelling("HTTPS://Example.org/x.csv?token=1") == one_spelling("https://example.org/x.csv")
    assert one_spelling("s3://bucket/x.csv") != one_spelling("s3://bucket/y.csv")


def test_sources_of_the_same_columns_have_to_be_asked_about():
    this = declared()
    other = this.model_copy(
        update={"dataset": "other", "source": this.source.model_copy(update={"location": "elsewhere.csv"})}
    )
    one, another = (
        public("clinic_visits", TOWNS, declaration=this),
        public("b", {"x": 20}, digest="b", declaration=other),
    )
    assert columns_alike(one, another)
    assert relation(one, another).verdict == "undecided"


def answered(relation_):
    said = OtherDataset(relation=relation_, reason="Looked.", by="A coordinator", date=dt.date(2026, 2, 1))
    return declared().model_copy(update={"other_datasets": {"b": said}})


@pytest.mark.parametrize(("said", "verdict"), [("same_records", "same"), ("unrelated", "unrelated")])
def test_the_coordinators_answer_counts_in_either_declaration(said, verdict):
    one, other = public("clinic_visits", TOWNS, declaration=answered(said)), public("b", TOWNS, digest="b")
    for tie in (relation(one, other), relation(other, one)):
        assert tie.verdict == verdict
        assert "A coordinator said so on 2026-02-01: Looked." in tie.sentence


def test_of_one_source_no_one_can_say_it_is_unrelated():
    one = public("clinic_visits", TOWNS, declaration=answered("unrelated"))
    with pytest.raises(Refused) as caught:
        relation(one, public("b", TOWNS))
    assert caught.value.slug == "same-source-declared-unrelated"


def test_years_that_are_numbers_in_one_release_are_days_beside_one_that_has_them_as_time():
    (numbers,) = release(TOWNS, years=Extent(((2019, 2021),))).tables
    days = numbers.with_extents(TableExtents(numbers.extents.labels, {"year": COVERAGE}, "year"))
    read, left = years_as_days([numbers, days], "year")
    assert read.extents.whole["year"] == Extent(((dt.date(2019, 1, 1).toordinal(), dt.date(2021, 1, 1).toordinal()),))
    assert left is days
    assert years_as_days([numbers], "year") == [numbers]
