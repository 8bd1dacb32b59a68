"""Tables made of columns that tell one another are refused: nothing else sees that the counties add up to the region."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from include.opendata.disclosure.history.published import without_atoms
from include.opendata.errors import Refused
from include.opendata.tables import tabulate
from include.opendata.tables.column_dependencies import refuse_dependent_columns
from tests.lib.small_tables import dataset, dimension, measure, table, warehouse_of

COLUMNS = {"id": "integer", "county": "text", "region": "text", "sex": "text", "day": "date", "year": "integer"}
COUNTY, REGION = dimension("County", total="All"), dimension("Region", total="All")
SEX, YEAR = dimension("Sex", total="All"), dimension("Year", scores_as="time")
QUARTER = dimension("Quarter", "day", period="quarter", scores_as="time")


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


def refused(warehouse, *tables, before=(), masked=True):
    """Whether a dataset of ``tables`` is, each given as its dimensions and further facts; ``before``: published earlier."""
    made = [table(dimensions, name=f"table_{n}", **facts) for n, (dimensions, facts) in enumerate([*tables, *before])]
    everything = dataset(COLUMNS, *made)
    structures = [without_atoms(tabulate(everything, t.table, warehouse).structure) for t in everything.tables]
    now = everything.model_copy(update={"tables": everything.tables[: len(tables)]})
    try:
        refuse_dependent_columns(
            now, structures[: len(tables)], warehouse, published=structures[len(tables) :], masked=masked
        )
    except Refused as error:
        assert error.slug == "columns-tell-one-another"
        assert error.place.dataset and error.place.column is None
        return True
    return False


@pytest.mark.parametrize(
    "tables",
    [
        [([COUNTY], {}), ([REGION], {})],
        [([COUNTY, SEX], {}), ([REGION, SEX], {})],
        [([COUNTY], {}), ([SEX], {"filter": [{"column": "region", "in": ["n"]}]})],
        [([QUARTER], {}), ([YEAR], {})],
        [([dimension("Part", "county", recode={"x": ["a", "b", "c"], "y": ["d"]})], {}), ([REGION], {})],
        [([COUNTY], {}), ([REGION], {}), ([COUNTY, REGION], {"filter": [{"column": "sex", "in": ["f"]}]})],
        [
            ([COUNTY], {}),
            ([REGION], {}),
            ([COUNTY, REGION], {"measures": [measure(kind="count_distinct", column="id")]}),
        ],
    ],
)
def test_one_column_that_tells_another_is_refused(warehouse, tables):
    assert refused(warehouse, *tables)
    assert refused(warehouse, *tables[::-1])


@pytest.mark.parametrize(
    "tables",
    [
        [([COUNTY], {}), ([SEX], {})],
        [([COUNTY], {}), ([REGION], {}), ([COUNTY, REGION], {})],
        [([COUNTY, REGION], {}), ([COUNTY], {})],
        [([COUNTY], {}), ([dimension("Region", "county", recode={"n": ["a", "b"], "s": ["c", "d"]})], {})],
        [([COUNTY], {}), ([REGION], {"measures": [measure(kind="count_distinct", column="id")]})],
    ],
)
def test_columns_that_stand_apart_or_side_by_side_are_not(warehouse, tables):
    assert not refused(warehouse, *tables)


def test_an_earlier_release_is_made_of_columns_too(warehouse):
    assert refused(warehouse, ([REGION], {}), before=[([COUNTY], {})])
    assert refused(warehouse, ([COUNTY], {}), before=[([REGION], {})])
    assert refused(warehouse, ([YEAR], {}), before=[([QUARTER], {})])
    assert not refused(warehouse, ([SEX], {}), before=[([COUNTY], {})])


def test_what_is_shown_in_full_tells_what_was_hidden_before_and_nothing_of_itself(warehouse):
    county, region = ([COUNTY], {}), ([REGION], {})
    assert refused(warehouse, county, before=[region], masked=False)
    assert not refused(warehouse, county, region, masked=False)
