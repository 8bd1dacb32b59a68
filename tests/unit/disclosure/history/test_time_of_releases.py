"""A release speaks of a time whether its tables show it, a filter says it, or only the coverage does: the month by which two
releases differ is a cell all the same."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from include.opendata.disclosure.history.extents import COVERED, table_extents
from include.opendata.disclosure.history.published import PublishedRelease
from include.opendata.disclosure.protection import protect_and_attack
from include.opendata.disclosure.release_attack import upcoming_release
from include.opendata.errors import AuditFailed
from include.opendata.tables import atoms, tabulate
from tests.lib.small_tables import dataset, dimension, table, warehouse_of

COLUMNS = {"county": "text", "day": "date", "year": "integer", "born": "date"}
COUNTY = dimension("County", total="All")
MONTH = dimension("Month", "day", period="month", scores_as="time")
QUARTER = dimension("Quarter", "day", period="quarter", scores_as="time", total="All quarters")
PERSONS = {"a": [20, 25, 25, 20, 3], "b": [20, 15, 15, 20, 30], "c": [20, 15, 15, 20, 23]}
"""From January 2024 on, and after April the first months of 2025: three persons more in county a."""
DAYS = [*(dt.date(2024, month, 3) for month in range(1, 5)), dt.date(2025, 1, 3)]
ENDS = "2024-12-31", "2025-12-31"


def declared(number, dimensions, column=None):
    kept = {
        "day": ("2024-01-01", ENDS[number]),
        "year": ("2024", ENDS[number][:4]),
        "born": ("1990-01-01", "1999-12-31"),
    }
    conditions = [] if column is None else [{"column": column, "from": kept[column][0], "to": kept[column][1]}]
    made = dataset(COLUMNS, table(dimensions, annotation="combined", filter=conditions))
    covered = made.coverage.model_copy(
        update={"start": dt.date(2024, 1, 1), "end": dt.date.fromisoformat(ENDS[number])}
    )
    return made.model_copy(update={"coverage": covered, "survey": False})


def release(folder, number, dimensions, column=None, *, earlier=(), persons=PERSONS):
    everything = declared(number, dimensions, column)
    until = dt.date.fromisoformat(ENDS[number])
    records = pd.DataFrame(
        [
            (county, day, day.year, dt.date(1995, 5, 5))
            for county, months in persons.items()
            for day, count in zip(DAYS, months, strict=True)
            for _ in range(count)
            if day <= until
        ],
        columns=["county", "day", "year", "born"],
    )
    with warehouse_of(records, folder) as warehouse:
        numbered = atoms(everything, warehouse)
        tables = [tabulate(everything, t.table, warehouse, atoms=numbered) for t in everything.tables]
    made = protect_and_attack(everything, tables, masked=True, earlier=earlier)
    return PublishedRelease(f"r{number}", upcoming_release(made.tables, made.extents).tables)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (([COUNTY],), ([COUNTY],)),
        (([COUNTY], "day"), ([COUNTY], "day")),
        (([COUNTY], "year"), ([COUNTY], "year")),
        (([COUNTY], "born"), ([COUNTY], "born")),
        (([COUNTY], "day"), ([COUNTY],)),
        (([COUNTY],), ([COUNTY], "day")),
        (([COUNTY, MONTH],), ([COUNTY],)),
        (([COUNTY, MONTH],), ([COUNTY], "day")),
        (([COUNTY],), ([COUNTY, QUARTER],)),
    ],
)
def test_three_persons_more_are_found_however_the_time_is_told(tmp_path, first, second):
    before = release(tmp_path, 0, *first)
    with pytest.raises(AuditFailed) as caught:
        release(tmp_path, 1, *second, earlier=[before])
    assert caught.value.slug == "recoverable-with-earlier-releases"


@pytest.mark.parametrize("second", [([COUNTY],), ([COUNTY], "day"), ([COUNTY, MONTH],)])
def test_many_persons_more_are_no_secret(tmp_path, second):
    persons = {**PERSONS, "a": [20, 25, 25, 20, 33]}
    before = release(tmp_path, 0, [COUNTY, MONTH], persons=persons)
    assert release(tmp_path, 1, *second, earlier=[before], persons=persons)


FIRST = {"column": "county", "not_in": ["z"]}
OLD = {"column": "born", "from": "1950-01-01"}


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("condition", [FIRST, OLD])
def test_a_filter_that_comes_or_goes_leaves_those_it_kept_out(tmp_path, condition, before):
    """Three persons of county a were born before 1950, or are in a county that was left out."""

    def made(kept, earlier=()):
        sex = dimension("Sex", "year", labels={"2024": "f"}, total="All")
        everything = dataset(COLUMNS, table([sex], annotation="combined", filter=[condition] if kept else []))
        everything = everything.model_copy(update={"coverage": declared(0, [COUNTY]).coverage, "survey": False})
        lines = [("a", DAYS[0], 2024, dt.date(1995, 5, 5))] * 50 + [("z", DAYS[0], 2024, dt.date(1940, 5, 5))] * 3
        with warehouse_of(pd.DataFrame(lines, columns=list(COLUMNS)), tmp_path) as warehouse:
            tables = [tabulate(everything, t.table, warehouse) for t in everything.tables]
        done = protect_and_attack(everything, tables, masked=True, earlier=earlier)
        return PublishedRelease("r0", upcoming_release(done.tables, done.extents).tables)

    with pytest.raises(AuditFailed) as caught:
        made(not before, [made(before)])
    assert caught.value.slug == "recoverable-with-earlier-releases"


def test_what_says_when_is_a_dimension_or_a_filter_near_the_coverage_or_the_coverage(tmp_path):
    def time(*asked):
        (found,) = {t.extents.time for t in release(tmp_path, 0, *asked).tables}
        return found

    assert time([COUNTY, MONTH]) == time([COUNTY], "day") == "day"
    assert time([COUNTY], "year") == "year"
    assert time([COUNTY], "born") == time([COUNTY]) == COVERED


def test_a_table_without_a_time_ends_with_the_coverage_beside_one_that_filters_its_own(tmp_path):
    whole = declared(0, [COUNTY])
    both = whole.model_copy(
        update={
            "tables": [
                *whole.tables,
                declared(0, [COUNTY, MONTH], "day").tables[0].model_copy(update={"table": "by_month"}),
            ]
        }
    )
    records = pd.DataFrame([("a", DAYS[0], 2024, DAYS[0])], columns=list(COLUMNS))
    with warehouse_of(records, tmp_path) as warehouse:
        structures = [tabulate(both, t.table, warehouse).structure for t in both.tables]
    ends = (dt.date(2024, 1, 1).toordinal(), dt.date(2024, 12, 31).toordinal() + 1)
    assert table_extents(both, structures)["one_table"].whole["day"].ranges == (ends,)
