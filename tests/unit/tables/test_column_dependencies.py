"""Tables made of columns that determine one another: linked where that is certain, refused where it is nearly so."""

from __future__ import annotations

import datetime as dt
import itertools

import numpy as np
import pandas as pd
import pytest

from include.opendata.errors import Refused
from include.opendata.tables.column_atoms import axes_found
from include.opendata.tables.column_dependencies import refuse_dependent_columns
from include.opendata.tables.column_ties import CountingTable
from tests.lib.small_tables import dataset, dimension, measure, table, warehouse_of

COLUMNS = {"id": "integer", "county": "text", "region": "text", "sex": "text", "day": "date", "year": "integer"}
COUNTY, REGION = dimension("County", total="All"), dimension("Region", total="All")
SEX, YEAR = dimension("Sex", total="All"), dimension("Year", scores_as="time")
QUARTER = dimension("Quarter", "day", period="quarter", scores_as="time")
PERSONS_TWICE = {"measures": [measure(kind="count_distinct", column="id")]}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    lines = [
        (county, region, sex, dt.date(year, month, 3), year)
        for county, region in (("a", "n"), ("b", "n"), ("c", "s"), ("d", "s"))
        for sex in "fm"
        for year in (2023, 2024)
        for month in range(1, 13)
    ]
    records = pd.DataFrame(lines, columns=["county", "region", "sex", "day", "year"])
    with warehouse_of(records.assign(id=range(len(records))), tmp_path_factory.mktemp("told")) as opened:
        yield opened


def declared(*tables, columns=COLUMNS):
    """A dataset of ``tables``, each given as its dimensions and further facts."""
    made = [table(dimensions, name=f"table_{n}", **facts) for n, (dimensions, facts) in enumerate(tables)]
    return dataset(columns, *made)


def tied(warehouse, *tables, columns=COLUMNS):
    """The columns that are numbered together."""
    return [set(axis) for axis in axes_found(declared(*tables, columns=columns), warehouse) if len(axis) > 1]


def refused(warehouse, *tables, before=(), masked=True, linked=(), columns=COLUMNS):
    """Why a dataset of ``tables`` is refused, None if it is not; ``before``: published earlier."""
    earlier = [CountingTable.of(t) for t in declared(*before, columns=columns).tables] if before else []
    axes = [frozenset(axis) for axis in tied(warehouse, *tables, columns=columns)]
    try:
        refuse_dependent_columns(
            declared(*tables, columns=columns), warehouse, linked=[*axes, *linked], earlier=[earlier], masked=masked
        )
    except Refused as error:
        assert error.slug == "columns-tell-one-another"
        assert error.place.dataset and error.place.column is None
        return str(error)
    return None


NORTH = {"filter": [{"column": "region", "in": ["n"]}]}


@pytest.mark.parametrize(
    ("tables", "columns"),
    [
        ([([COUNTY], {}), ([REGION], {})], {"county", "region"}),
        ([([COUNTY, SEX], {}), ([REGION, SEX], {})], {"county", "region"}),
        ([([COUNTY], {}), ([SEX], NORTH)], {"county", "region"}),
        ([([QUARTER], {}), ([YEAR], {})], {"day", "year"}),
        (
            [([dimension("Part", "county", recode={"x": ["a", "b", "c"], "y": ["d"]})], {}), ([REGION], {})],
            {"county", "region"},
        ),
        (
            [([COUNTY], {}), ([REGION], {}), ([COUNTY, REGION], {"filter": [{"column": "sex", "in": ["f"]}]})],
            {"county", "region"},
        ),
        ([([COUNTY], {}), ([REGION], {}), ([COUNTY, REGION], PERSONS_TWICE)], {"county", "region"}),
    ],
)
def test_one_column_that_determines_another_is_linked_with_it(warehouse, tables, columns):
    for order in (tables, tables[::-1]):
        assert tied(warehouse, *order) == [columns]
        assert refused(warehouse, *order) is None


@pytest.mark.parametrize(
    "tables",
    [
        [([COUNTY], {}), ([SEX], {})],
        [([COUNTY], {}), ([REGION], {}), ([COUNTY, REGION], {})],
        [([COUNTY, REGION], {}), ([COUNTY], {})],
        [([COUNTY], {}), ([dimension("Region", "county", recode={"n": ["a", "b"], "s": ["c", "d"]})], {})],
        [([COUNTY], {}), ([REGION], PERSONS_TWICE)],
    ],
)
def test_columns_that_stand_apart_or_side_by_side_are_not(warehouse, tables):
    assert tied(warehouse, *tables) == []
    assert refused(warehouse, *tables) is None


def test_the_columns_of_one_filter_go_together(warehouse):
    some = ([SEX], {"filter": [{"column": "county", "in": ["a", "c"]}, {"column": "year", "in": ["2023"]}]})
    assert tied(warehouse, ([SEX], {}), some) == [{"county", "year"}]
    assert tied(warehouse, some) == []


def test_an_earlier_release_is_made_of_columns_too(warehouse):
    assert refused(warehouse, ([REGION], {}), before=[([COUNTY], {})])
    assert refused(warehouse, ([COUNTY], {}), before=[([REGION], {})])
    assert refused(warehouse, ([YEAR], {}), before=[([QUARTER], {})])
    assert refused(warehouse, ([REGION], {}), before=[([COUNTY], {}), ([SEX], NORTH)])
    assert not refused(warehouse, ([SEX], {}), before=[([COUNTY], {})])


def test_what_a_release_has_linked_is_no_reason_to_refuse(warehouse):
    linked = [frozenset({"county", "region"})]
    assert not refused(warehouse, ([REGION], {}), before=[([COUNTY], {}), ([REGION], {})], linked=linked)


def test_side_by_side_in_one_release_says_nothing_of_two_others(warehouse):
    both, county, region = ([COUNTY, REGION], {}), ([COUNTY], {}), ([REGION], {})
    assert not refused(warehouse, region, before=[both, county])
    assert not refused(warehouse, both, region, before=[county])
    of_one_release = [CountingTable.of(t) for t in declared(both).tables]
    of_another = [CountingTable.of(t) for t in declared(county).tables]
    with pytest.raises(Refused, match="county and region"):
        refuse_dependent_columns(
            declared(region), warehouse, linked=(), earlier=[of_one_release, of_another], masked=True
        )


def test_what_is_shown_in_full_tells_what_was_hidden_before_and_nothing_of_itself(warehouse):
    county, region = ([COUNTY], {}), ([REGION], {})
    assert refused(warehouse, county, before=[region], masked=False)
    assert not refused(warehouse, county, region, masked=False)


# -- ties of parts, and strays ------------------------------------------------------------------------------------------


@pytest.fixture
def records(tmp_path):
    """Opens a warehouse over lines of text columns."""
    opened = []

    def open_(lines, *names):
        frame = pd.DataFrame(lines, columns=list(names))
        folder = tmp_path / str(len(opened))
        folder.mkdir()
        opened.append(warehouse_of(frame.assign(id=range(len(frame))), folder))
        return opened[-1].__enter__()

    yield open_
    for one in opened:
        one.__exit__(None, None, None)


def text(*names):
    """Source columns of these names, and a dimension of each."""
    columns = {"id": "integer", **dict.fromkeys(names, "text")}
    return columns, [([dimension(name.capitalize(), name, total="All")], {}) for name in names]


def times(count, *pairs):
    return [pair for pair in pairs for _ in range(count)]


def test_a_category_that_is_several_of_another_column_is_linked(records):
    pairs = [("child", "0-5"), ("child", "6-17"), *itertools.product(["x", "y"], ["18-44", "45-64"])]
    columns, tables = text("program", "age")
    assert tied(records(times(9, *pairs), "program", "age"), *tables, columns=columns) == [{"program", "age"}]


def test_a_category_inside_another_is_linked_and_one_that_is_there_by_chance_is_not_told(records):
    pairs = [*itertools.product(["x", "y"], ["f", "m"]), ("prostate", "m")]
    columns, tables = text("code", "sex")
    assert tied(records(times(60, *pairs), "code", "sex"), *tables, columns=columns) == [{"code", "sex"}]
    rare = [*times(40, *pairs[:-1]), ("rare", "m")]
    assert tied(records(rare, "code", "sex"), *tables, columns=columns) == []


def test_two_columns_that_say_a_third_are_linked_with_it(records):
    lines = [
        (str(year), f"{month:02}", str(year + (month > 6)))
        for year in (2020, 2021, 2022)
        for month in range(1, 13)
        for _ in range(4)
    ]
    columns, (year, month, fiscal) = text("year", "month", "fiscal")
    both = ([*year[0], *month[0]], {})
    warehouse = records(lines, "year", "month", "fiscal")
    assert tied(warehouse, both, fiscal, columns=columns) == [{"year", "month", "fiscal"}]
    assert tied(warehouse, ([*both[0], *fiscal[0]], {}), both, fiscal, columns=columns) == []


@pytest.mark.parametrize(
    ("strays", "by"),
    [([("a", "s")], "1 record,"), ([("a", "s"), ("c", "n"), ("e", "n")], "3 records,")],
)
def test_stray_records_do_not_undo_a_tie_and_are_counted(records, strays, by):
    pairs = [("a", "n"), ("b", "n"), ("c", "s"), ("d", "s"), ("e", "s")]
    columns, tables = text("county", "region")
    warehouse = records([*times(40, *pairs), *strays], "county", "region")
    assert tied(warehouse, *tables, columns=columns) == []
    assert by in refused(warehouse, *tables, columns=columns)
    side_by_side = ([*tables[0][0], *tables[1][0]], {})
    assert refused(warehouse, *tables, side_by_side, columns=columns) is None


def test_a_stray_beside_a_small_category_counts(records):
    """Of six records in a county one is wrong: that county is no longer sure, the others are."""
    lines = [*times(40, ("a", "n"), ("b", "n"), ("c", "s"), ("d", "s")), *times(5, ("e", "s")), ("e", "n")]
    columns, tables = text("county", "region")
    assert "1 record," in refused(records(lines, "county", "region"), *tables, columns=columns)


def test_strays_between_categories_that_are_several_count(records):
    pairs = [("child", "0-5"), ("child", "6-17"), *itertools.product(["x", "y"], ["18-44", "45-64"])]
    columns, tables = text("program", "age")
    warehouse = records([*times(60, *pairs), ("x", "6-17")], "program", "age")
    assert "1 record," in refused(warehouse, *tables, columns=columns)


def test_columns_without_a_tie_are_no_stray_of_one(records):
    random = np.random.default_rng(7)
    for categories in ((2, 3), (5, 2), (40, 30), (300, 4)):
        lines = [tuple(str(random.integers(size)) for size in categories) for _ in range(3_000)]
        columns, tables = text("one", "other")
        assert refused(records(lines, "one", "other"), *tables, columns=columns) is None
    nearly_all = [
        *times(990, ("a", "yes"), ("b", "yes"), ("c", "yes")),
        *times(10, ("a", "no"), ("b", "no"), ("c", "no")),
    ]
    columns, tables = text("one", "other")
    assert refused(records(nearly_all, "one", "other"), *tables, columns=columns) is None
