"""What the engine says is not handed on, for it may quote a record; a slug is."""

from __future__ import annotations

import duckdb
import pytest
import sqlalchemy as sa

from include.opendata.errors import StorageError
from include.opendata.warehouse import duckdb_storage_errors, open_snapshot


@pytest.fixture
def parquet(tmp_path):
    path = tmp_path / "records.parquet"
    duckdb.execute(f"COPY (SELECT 'Quisling' AS surname) TO '{path}' (FORMAT parquet)")
    return path


def test_a_statement_the_engine_cannot_answer_quotes_no_record(parquet):
    with open_snapshot(parquet, dataset="visits") as warehouse:
        number = sa.cast(warehouse.sql_table.c.surname, sa.Integer)
        with pytest.raises(StorageError) as refused:
            warehouse.rows(sa.select(number), dataset="visits")
    assert refused.value.slug == "warehouse-failed"
    assert "Quisling" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_too_little_memory_is_said_as_such():
    with pytest.raises(StorageError) as refused, duckdb_storage_errors("visits"), duckdb.connect() as connection:
        connection.execute("SET memory_limit = '10MB'; SET temp_directory = ''")
        connection.execute("SELECT list(range::VARCHAR) FROM range(10000000)").fetchall()
    assert refused.value.slug == "warehouse-memory"
