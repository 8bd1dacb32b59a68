"""Only what can be merged truly may be declared: each of these is refused, with a reason."""

from __future__ import annotations

import pytest

from include.opendata.declaration.consistency import inconsistencies
from tests.lib.small_tables import dataset, dimension, measure, table

COLUMNS = {"sex": "text", "year": "integer", "day": "date", "client": "integer"}
SEX = dimension("Sex", labels={"f": "Female", "m": "Male"}, total="Both")
YEAR = dimension("Year", total="All years")
MONTH = dimension("Month", "day", period="month")
CLIENTS = measure("Clients", "count_distinct", column="client")


def problems(*tables):
    return " | ".join(found.what for found in inconsistencies(dataset(COLUMNS, *tables)))


def by_year(refresh, name="by_year", **facts):
    return table([SEX, YEAR], name=name, refresh=refresh, **facts)


@pytest.mark.parametrize("refresh", ["replace", "append", "update", {"mechanism": "update", "key": ["Year"]}])
def test_these_are_sound(refresh):
    assert problems(by_year(refresh)) == ""


@pytest.mark.parametrize(
    ("refresh", "facts", "told"),
    [
        ({"mechanism": "append", "key": ["Yaer"]}, {}, "no dimension called 'Yaer'"),
        ({"mechanism": "replace", "key": ["Year"]}, {}, "a table that is replaced needs no `key`"),
        ("delete", {}, "would be published as zeros"),
        ("append", {"measures": [CLIENTS]}, "Clients cannot be added up over Sex, Year"),
        (
            {"mechanism": "append", "key": ["Year"]},
            {"measures": [CLIENTS]},
            "Clients cannot be added up over Year",
        ),
        (
            "append",
            {"measures": [measure("Visits", persons="client")]},
            "the persons behind Visits cannot be added up over Sex, Year",
        ),
        ({"mechanism": "append", "remove": {"dimension": "Sex", "before": "2021"}}, {}, "rows go by a period"),
        (
            {"mechanism": "append", "remove": {"dimension": "Year", "before": "2021-Q1"}},
            {},
            "is not a period as Year publishes it",
        ),
        (
            {"mechanism": "append", "remove": {"dimension": "Year", "older_than": "18 months"}},
            {},
            "is not a number of whole periods of Year",
        ),
    ],
)
def test_what_cannot_be_merged_is_refused(refresh, facts, told):
    assert told in problems(table([SEX, YEAR], facts.get("measures"), name="by_year", refresh=refresh))


def test_persons_counted_once_may_be_merged_by_whole_months():
    month = {**MONTH, "total": None}
    refresh = {"mechanism": "append", "key": ["Month"]}
    assert problems(table([SEX, month], [CLIENTS], refresh=refresh)) == ""


def test_persons_counted_once_over_the_whole_table_are_not_known():
    facts = {
        "refresh": {"mechanism": "append", "key": ["Month"]},
        "expected_totals": [{"measure": "Clients", "total": 9}],
    }
    assert "can have no expected total" in problems(table([SEX, MONTH], [CLIENTS], **facts))


def test_tables_of_one_dataset_are_merged_by_one_mechanism():
    assert "tables of one dataset share cells" in problems(by_year("append"), by_year("update", "other"))


def test_a_replaced_table_may_stand_beside_one_that_is_appended_to_and_not_beside_a_deleted_one():
    assert problems(by_year("append"), by_year("replace", "other")) == ""
    deleted = by_year("delete", absent_combinations="omit")
    assert "says what to remove, not what there is" in problems(deleted, by_year("replace", "other"))


def test_tables_updated_together_have_the_same_key_and_filter():
    other_key = table([SEX], name="other", refresh="update")
    assert "another key or filter" in problems(by_year("update"), other_key)
    key = {"mechanism": "update", "key": ["Year"]}
    assert problems(by_year(key), table([YEAR], name="other", refresh=key)) == ""
    filtered = table([YEAR], name="other", refresh=key, filter=[{"column": "sex", "in": ["f"]}])
    assert "another key or filter" in problems(by_year(key), filtered)


def test_tables_merged_together_let_the_same_rows_go():
    rule = {"mechanism": "append", "remove": {"dimension": "Year", "older_than": "5 years"}}
    assert "another rule for what is removed" in problems(by_year(rule), by_year("append", "other"))
    assert problems(by_year(rule), by_year(rule, "other")) == ""


@pytest.mark.parametrize(
    ("tolerance", "told"),
    [
        ({"measure": "Person", "moves_less_than": "30%"}, "no measure 'Person' is published"),
        ({"measure": "Persons", "by": "Yaer", "moves_less_than": "30%"}, "no dimension called 'Yaer'"),
    ],
)
def test_a_tolerance_speaks_of_what_is_published(tolerance, told):
    assert told in problems(by_year("replace", tolerances=[tolerance]))


def test_a_tolerance_names_every_dimension_without_a_total():
    facts = {"tolerances": [{"measure": "Persons", "by": "Sex", "moves_less_than": "30%"}]}
    assert "Month has no total, so name it in `by`" in problems(table([SEX, MONTH], **facts))
