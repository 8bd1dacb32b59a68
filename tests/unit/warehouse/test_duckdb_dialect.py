"""What the replacements for DuckDB promise, each shown with the real engine."""

from __future__ import annotations

from decimal import Decimal
from importlib.metadata import version

import duckdb
import pytest
import sqlalchemy as sa

from include.opendata.warehouse import duckdb_dialect, open_snapshot


@pytest.fixture
def people(tmp_path):
    path = tmp_path / "people.parquet"
    duckdb.execute(
        "COPY (SELECT i AS number, 'name ' || i AS name, i / 2 AS share, DATE '2020-01-01' AS day, i > 2 AS old "
        f"FROM range(1::BIGINT, 6::BIGINT) AS t(i)) TO '{path}' (FORMAT parquet)"
    )
    with open_snapshot(path, dataset="people") as warehouse:
        yield warehouse


@pytest.mark.parametrize("package", sorted(duckdb_dialect.WRITTEN_FOR))
def test_the_replacements_run_with_the_versions_they_were_written_for(package):
    assert version(package) == duckdb_dialect.WRITTEN_FOR[package]


def test_a_second_statement_does_not_take_away_the_rows_of_the_first(people):
    with people.engine.connect() as connection:
        first = connection.execute(sa.select(people.sql_table.c.number).order_by("number"))
        connection.execute(sa.select(sa.func.count()).select_from(people.sql_table)).scalar()
        assert first.fetchone() == (1,)
        assert first.fetchmany(2) == [(2,), (3,)]
        assert first.fetchall() == [(4,), (5,)]
        assert first.fetchall() == []


def test_columns_come_with_their_types(people):
    kinds = {column.name: type(column.type).__name__ for column in people.sql_table.columns}
    assert kinds == {"number": "BigInteger", "name": "String", "share": "Double", "day": "Date", "old": "Boolean"}


def test_a_large_sum_of_decimals_keeps_every_digit(people):
    exact = sa.cast(sa.literal_column("1234567890123.123456789"), sa.Numeric(38, 9))
    total = people.rows(sa.select(sa.func.sum(exact)).select_from(people.sql_table), dataset="people")[0][0]
    assert total == Decimal("6172839450615.617283945")


def test_a_view_has_no_key(people):
    assert sa.inspect(people.engine).get_pk_constraint("records")["constrained_columns"] == []


def test_memory_is_bounded_and_what_does_not_fit_stays_in_the_work_area(people, tmp_path):
    with people.engine.connect() as connection:
        rows = connection.execute(
            sa.text("SELECT name, value FROM duckdb_settings() WHERE name IN ('memory_limit', 'temp_directory')")
        )
        found = dict(rows.fetchall())
    assert found["memory_limit"] == "1.8 GiB"
    assert found["temp_directory"].startswith(str(tmp_path))


def test_records_cannot_be_changed_through_the_warehouse(people):
    with people.engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="read-only"):
        connection.execute(sa.text("CREATE TABLE other AS SELECT 1 AS a"))


def test_installing_twice_changes_nothing_more():
    from great_expectations.expectations.metrics import util

    duckdb_dialect.install()
    once = util.get_dialect_regex_expression
    duckdb_dialect.install()
    assert util.get_dialect_regex_expression is once


def test_great_expectations_evaluates_expectations_through_the_warehouse(people):
    import great_expectations as gx
    import great_expectations.expectations as e

    duckdb_dialect.install()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_sql("warehouse", connection_string=people.url)
    batch = (
        source.add_table_asset("people", table_name=people.table).add_batch_definition_whole_table("all").get_batch()
    )

    def holds(expectation) -> bool:
        result = batch.validate(expectation)
        assert not result.exception_info.get("raised_exception"), result.exception_info
        assert all(
            not info.get("raised_exception") for info in result.exception_info.values() if isinstance(info, dict)
        )
        return result.success

    assert holds(e.ExpectColumnValuesToMatchRegex(column="name", regex="^name"))
    assert holds(e.ExpectColumnValuesToMatchRegex(column="name", regex="[0-9]"))
    assert not holds(e.ExpectColumnValuesToMatchRegex(column="name", regex="[12]$"))
    assert holds(e.ExpectColumnValuesToNotMatchRegex(column="name", regex="x"))
    assert not holds(e.ExpectColumnValuesToNotMatchRegex(column="name", regex="3"))
    assert holds(e.ExpectColumnValuesToNotBeNull(column="day"))
    assert holds(e.ExpectCompoundColumnsToBeUnique(column_list=["number", "name"]))
    assert holds(e.ExpectColumnValuesToBeOfType(column="number", type_="BigInteger"))
    assert not holds(e.ExpectColumnValuesToBeBetween(column="number", max_value=4))
