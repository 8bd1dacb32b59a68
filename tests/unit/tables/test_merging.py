"""What is merged is what counting all the records together gives: figures, totals, categories, and which cells are the same."""

from __future__ import annotations

import pandas as pd
import pytest

from include.opendata.errors import Refused
from include.opendata.tables.increments.base_figures import shape_of
from include.opendata.tables.increments.merging import MergedRows
from tests.lib.merged_tables import counted_together, merged, same, stood
from tests.lib.small_tables import dataset, dimension, measure, table

COLUMNS = {"county": "text", "month": "integer", "sex": "text", "cost": "number", "client": "integer"}
MONTH = dimension("Month", total="All months")
SEX = dimension("Sex", labels={"f": "Female", "m": "Male"}, total="Both")
COUNTY = dimension("County", total="State")
MEASURES = [
    measure(),
    measure("Cost", "sum", column="cost", of="amount", base="Persons", decimals=2),
    measure("Mean_Cost", "mean", column="cost", base="Persons", decimals=2),
    measure("Percent", "percent", numerator="Persons", within=["Sex"], decimals=1),
]


def records(*rows):
    """Rows of (county, month, sex, cost), a client each."""
    made = [(*row, number) for number, row in enumerate(rows)]
    return pd.DataFrame(made, columns=["county", "month", "sex", "cost", "client"])


JANUARY = records(("A", 1, "f", 1.25), ("A", 1, "f", 2.0), ("A", 1, "m", 0.5), ("B", 1, "m", 3.0))
FEBRUARY = records(("A", 2, "f", 4.0), ("C", 2, "m", 1.75), ("C", 2, "m", 0.1))


@pytest.mark.parametrize("absent", ["zero", "omit"])
def test_an_append_gives_what_counting_all_records_gives(absent):
    declared = dataset(COLUMNS, table([COUNTY, MONTH, SEX], MEASURES, refresh="append", absent_combinations=absent))
    made, moved = merged(declared, stood(declared, JANUARY), FEBRUARY)
    same(made, counted_together(declared, pd.concat([JANUARY, FEBRUARY])))
    assert moved == MergedRows(2, 0, 0)


def test_three_appends_give_what_counting_all_records_gives():
    declared = dataset(COLUMNS, table([COUNTY, MONTH, SEX], MEASURES, refresh="append"))
    march = records(("B", 3, "f", 9.99), ("D", 3, "m", 1.01))
    first_two = pd.concat([JANUARY, FEBRUARY])
    made, _ = merged(declared, stood(declared, first_two), march)
    same(made, counted_together(declared, pd.concat([first_two, march])))


@pytest.mark.parametrize("absent", ["zero", "omit"])
def test_an_append_of_a_row_that_is_published_is_refused(absent):
    declared = dataset(COLUMNS, table([COUNTY, MONTH], refresh="append", absent_combinations=absent))
    with pytest.raises(Refused) as refused:
        merged(declared, stood(declared, JANUARY), records(("A", 1, "f", 1.0), ("A", 2, "f", 1.0)))
    assert refused.value.slug == "key-already-published"
    assert "1 key is" in refused.value.what


def test_a_row_published_as_zero_is_published():
    late = records(("B", 1, "f", 1.0))
    whole_grid = dataset(COLUMNS, table([COUNTY, MONTH, SEX], refresh="append"))
    with pytest.raises(Refused) as refused:
        merged(whole_grid, stood(whole_grid, JANUARY), late)
    assert refused.value.slug == "key-already-published"
    left_out = dataset(COLUMNS, table([COUNTY, MONTH, SEX], refresh="append", absent_combinations="omit"))
    made, _ = merged(left_out, stood(left_out, JANUARY), late)
    same(made, counted_together(left_out, pd.concat([JANUARY, late])))


def test_a_key_of_some_dimensions_makes_a_late_row_of_a_published_month_an_error():
    declared = dataset(
        COLUMNS,
        table([COUNTY, MONTH], refresh={"mechanism": "append", "key": ["Month"]}, absent_combinations="omit"),
    )
    with pytest.raises(Refused) as refused:
        merged(declared, stood(declared, JANUARY), records(("C", 1, "f", 1.0)))
    assert refused.value.slug == "key-already-published"


@pytest.mark.parametrize("key", [None, ["Month"]])
def test_an_update_puts_rows_in_place_of_those_with_the_same_key(key):
    declared = dataset(COLUMNS, table([COUNTY, MONTH, SEX], MEASURES, refresh={"mechanism": "update", "key": key}))
    corrected = records(("A", 1, "f", 7.0), ("C", 2, "f", 1.0))
    made, moved = merged(declared, stood(declared, JANUARY), corrected)
    stays = JANUARY if key is None else JANUARY[JANUARY.month != 1]
    if key is None:
        stays = JANUARY[~((JANUARY.county == "A") & (JANUARY.sex == "f"))]
    same(made, counted_together(declared, pd.concat([stays, corrected])))
    assert moved == (MergedRows(1, 1, 0) if key is None else MergedRows(1, 1, 2))


def test_a_delete_takes_away_the_rows_whose_keys_are_named():
    refresh = {"mechanism": "delete", "key": ["County"]}
    declared = dataset(COLUMNS, table([COUNTY, MONTH, SEX], MEASURES, refresh=refresh, absent_combinations="omit"))
    together = pd.concat([JANUARY, FEBRUARY])
    made, moved = merged(declared, stood(declared, together), records(("A", 9, "f", 0.0)))
    same(made, counted_together(declared, together[together.county != "A"]))
    assert moved == MergedRows(0, 0, 3)


def test_a_delete_of_a_key_that_is_not_there_is_refused():
    declared = dataset(COLUMNS, table([COUNTY, MONTH], refresh="delete", absent_combinations="omit"))
    with pytest.raises(Refused) as refused:
        merged(declared, stood(declared, JANUARY), records(("A", 1, "f", 0.0), ("Z", 1, "f", 0.0)))
    assert refused.value.slug == "key-not-published"


def test_a_delete_of_everything_is_refused():
    declared = dataset(COLUMNS, table([COUNTY, MONTH], refresh="delete", absent_combinations="omit"))
    with pytest.raises(Refused) as refused:
        merged(declared, stood(declared, JANUARY), JANUARY)
    assert refused.value.slug == "no-rows"


@pytest.mark.parametrize(
    ("rule", "first"),
    [({"before": "2002"}, 2002), ({"older_than": "2 years"}, 2003), ({"older_than": "9 years"}, 1996)],
)
def test_a_rule_takes_the_oldest_periods_away(rule, first):
    refresh = {"mechanism": "append", "remove": {"dimension": "Month", **rule}}
    declared = dataset(COLUMNS, table([COUNTY, MONTH, SEX], MEASURES, refresh=refresh))
    old = records(("A", 2000, "f", 1.0), ("E", 2001, "m", 2.0), ("A", 2002, "m", 2.5), ("B", 2003, "f", 0.5))
    new = records(("A", 2004, "f", 1.0), ("D", 1999, "m", 8.0))
    made, _ = merged(declared, stood(declared, old), new)
    together = pd.concat([old, new])
    same(made, counted_together(declared, together[together.month >= first]))


def test_persons_counted_once_stay_right_within_a_month():
    people = [measure("Clients", "count_distinct", column="client")]
    refresh = {"mechanism": "append", "key": ["Month"]}
    month = dimension("Month")
    declared = dataset(COLUMNS, table([month, SEX], people, refresh=refresh))
    january = JANUARY.assign(client=1)
    made, _ = merged(declared, stood(declared, january), FEBRUARY.assign(client=1))
    same(made, counted_together(declared, pd.concat([january, FEBRUARY.assign(client=1)])))


def test_tables_that_are_merged_know_which_of_their_cells_are_the_same():
    by_sex = table([SEX, dimension("Month", total="All months")], name="by_sex", refresh="append")
    by_county = table([COUNTY, dimension("Month", total="All months")], name="by_county", refresh="append")
    declared = dataset(COLUMNS, by_sex, by_county)
    together = pd.concat([JANUARY, FEBRUARY])
    for name in ("by_sex", "by_county"):
        made, _ = merged(declared, stood(declared, JANUARY), FEBRUARY, name)
        same(made, counted_together(declared, together, name))


def test_a_table_that_is_replaced_stands_beside_one_that_is_appended_to():
    running = table([SEX, MONTH], name="running", refresh="append")
    latest = table([SEX, COUNTY], name="latest")
    declared = dataset(COLUMNS, running, latest)
    standing = stood(declared, JANUARY)
    made, _ = merged(declared, standing, FEBRUARY, "latest")
    pd.testing.assert_frame_equal(made.frame, counted_together(declared, FEBRUARY, "latest").frame)
    whole, _ = merged(declared, standing, FEBRUARY, "running")
    month = whole.structure.dimensions[1]
    assert made.structure.filter_atoms["month"] == month.atoms["2"], "its figures are those of February, no others"
    assert set(month.atoms[""]) == set(month.atoms["1"]) | set(month.atoms["2"])


def test_a_replaced_table_is_refused_where_no_column_tells_its_records_apart():
    declared = dataset(
        COLUMNS,
        table([COUNTY, MONTH], name="running", refresh="append", absent_combinations="omit"),
        table([SEX], name="latest"),
    )
    late = records(("C", 1, "f", 1.0), ("A", 2, "m", 1.0))
    with pytest.raises(Refused) as refused:
        merged(declared, stood(declared, JANUARY), late, "latest")
    assert refused.value.slug == "extract-not-apart"


def test_the_shape_of_what_is_kept_does_not_hang_on_words():
    one = dataset(COLUMNS, table([COUNTY, MONTH], refresh="append"))
    reworded = dataset(COLUMNS, table([{**COUNTY, "total": "California"}, MONTH], refresh="update", description="d2"))
    other = dataset(
        COLUMNS, table([COUNTY, {**MONTH, "bins": [{"from": 1, "to": 6, "label": "h1"}]}], refresh="append")
    )
    assert shape_of(one) == shape_of(reworded) != shape_of(other)
