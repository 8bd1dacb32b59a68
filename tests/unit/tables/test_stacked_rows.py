"""A source already added up may hold its totals, subtotals and strata as rows; tables never count rows that hold each other."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from include.opendata.errors import Refused
from include.opendata.tables import refuse_stacked_rows
from tests.lib.small_tables import dataset, dimension, measure, table, warehouse_of

DEATHS = measure("Deaths", "sum", column="n", of="persons")
COLUMNS = {"county": "text", "year": "integer", "strata": "text", "name": "text", "n": "integer"}
COUNTY, YEAR = dimension("County"), dimension("Year", scores_as="time")
STRATA, NAME = dimension("Strata"), dimension("Name")
RACES = ("AIAN", "Asian", "Black", "White")

Rows = list[dict[str, Any]]


def stacked(seed: int, counties: int = 6, most: int = 90, deep: bool = False) -> Rows:
    """Totals, two partitions of each and, ``deep``, a subtotal of two races, one row each."""
    draw = random.Random(seed)
    rows: Rows = []
    for county in range(counties):
        for year in (2021, 2022):
            races = {race: draw.randint(0, most) for race in RACES}
            total = sum(races.values())
            women = draw.randint(0, total)
            strata = {"Total": {"Everybody": total}, "Sex": {"Female": women, "Male": total - women}, "Race": races}
            if deep:
                strata["Group"] = {"Asian or Black": races["Asian"] + races["Black"]}
            rows += [
                {"county": f"c{county}", "year": year, "strata": stratum, "name": name, "n": n}
                for stratum, figures in strata.items()
                for name, n in figures.items()
            ]
    return rows


@pytest.fixture
def check(tmp_path) -> Callable[..., None]:
    def checked(rows: Rows, *tables: dict[str, Any], record: str = "aggregate") -> None:
        with warehouse_of(pd.DataFrame(rows).astype({"n": "Int64"}), tmp_path) as warehouse:
            refuse_stacked_rows(dataset(COLUMNS, *tables, record=record), warehouse)

    return checked


def counting(*dimensions: Any, called: str = "one_table", **kept: list[str]) -> dict[str, Any]:
    conditions = [{"column": column, "in": values} for column, values in kept.items()]
    return table(list(dimensions), [DEATHS], called, filter=conditions)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("deep", [False, True])
def test_a_table_that_shows_totals_and_their_parts_as_categories_is_refused(check, seed, deep):
    with pytest.raises(Refused) as refused:
        check(stacked(seed, deep=deep), counting(COUNTY, YEAR, STRATA, NAME))
    error = refused.value
    assert error.slug == "rows-hold-one-another"
    assert error.place is not None
    assert error.place.table == "one_table"
    told = "\n".join(error.details)
    assert "“Everybody” (12 rows) is the sum of" in told
    assert not deep or "“Asian or Black” (12 rows) is the sum of “Asian”, “Black”" in told


@pytest.mark.parametrize("seed", range(8))
def test_a_table_that_drops_the_strata_counts_everybody_three_times_and_is_refused(check, seed):
    with pytest.raises(Refused) as refused:
        check(stacked(seed), counting(COUNTY, YEAR))
    assert "Everybody" not in str(refused.value)  # neither published nor listed
    assert "a label with 12 row(s) is the sum of" in "\n".join(refused.value.details)


@pytest.mark.parametrize(
    "kept", [{"strata": ["Sex"]}, {"strata": ["Race"]}, {"strata": ["Total"]}, {"name": ["Female", "Male"]}]
)
def test_the_rows_of_one_partition_are_what_a_table_is_made_of(check, kept):
    for seed in range(4):
        check(
            stacked(seed, deep=True), counting(COUNTY, YEAR, NAME, **kept), counting(COUNTY, called="another", **kept)
        )


@pytest.mark.parametrize("kept", [["Total", "Sex"], ["Sex", "Race"], ["Total", "Race"]])
def test_two_accounts_of_one_total_are_refused_in_one_table_and_in_two(check, kept):
    with pytest.raises(Refused):
        check(stacked(1), counting(COUNTY, YEAR, NAME, strata=kept))
    first, second = kept
    with pytest.raises(Refused) as refused:
        check(
            stacked(1),
            counting(COUNTY, YEAR, NAME, strata=[first]),
            counting(COUNTY, YEAR, NAME, called="another", strata=[second]),
        )
    assert "used by one_table, another" in "\n".join(refused.value.details)


def test_a_total_beside_a_part_of_its_parts_is_refused(check):
    with pytest.raises(Refused):
        check(stacked(2), counting(COUNTY, YEAR, NAME, name=["Everybody", "Female"]))


def test_one_wrong_figure_does_not_hide_a_total(check):
    rows = stacked(3)
    rows[0]["n"] += 1
    with pytest.raises(Refused):
        check(rows, counting(COUNTY, YEAR, STRATA, NAME))


def test_a_state_beside_its_counties_is_refused_and_left_out_is_not(check):
    rows = [row for row in stacked(4) if row["strata"] == "Race"]
    state = pd.DataFrame(rows).groupby(["year", "strata", "name"], as_index=False)["n"].sum()
    rows += [{"county": "State", **row} for row in state.to_dict("records")]
    with pytest.raises(Refused) as refused:
        check(rows, counting(COUNTY, YEAR, NAME))
    assert "“State” (8 rows)" in refused.value.details[0]
    check(rows, counting(COUNTY, YEAR, NAME, county=[f"c{county}" for county in range(6)]))


def test_where_there_are_too_many_rows_their_sums_are_compared(check, monkeypatch):
    monkeypatch.setattr("include.opendata.tables.stacked_rows.MOST_ROWS", 40)
    with pytest.raises(Refused):
        check(stacked(5, counties=12), counting(COUNTY, YEAR, NAME))
    check(stacked(5, counties=12), counting(COUNTY, YEAR, NAME, strata=["Race"]))


def test_records_of_persons_are_not_looked_at(check):
    check(stacked(1), table([COUNTY, YEAR, NAME]), record="person")


@pytest.mark.parametrize("most", [2, 6, 30, 2_000])
def test_figures_that_add_up_by_chance_are_hardly_refused(check, most):
    refusals = 0
    for seed in range(12):
        rows = [row for row in stacked(seed, most=most) if row["strata"] == "Race"]
        try:
            check(rows, counting(COUNTY, YEAR, NAME))
        except Refused:
            refusals += 1
    assert refusals == 0
