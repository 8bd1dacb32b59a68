"""The embedded warehouse over a snapshot: there while it is used, gone afterwards."""

from __future__ import annotations

import duckdb
import pytest
import sqlalchemy as sa

from include.opendata.errors import InputError
from include.opendata.warehouse import Warehouse, open_snapshot


@pytest.fixture
def parquet(tmp_path):
    path = tmp_path / "it's records.parquet"
    quoted = str(path).replace("'", "''")
    duckdb.execute(f"COPY (SELECT 1 AS a UNION ALL SELECT 2) TO '{quoted}' (FORMAT parquet)")
    return path


def _count(warehouse: Warehouse) -> int:
    with warehouse.engine.connect() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(warehouse.sql_table)).scalar()


def test_the_records_can_be_counted(parquet):
    with open_snapshot(parquet, dataset="x") as warehouse:
        assert _count(warehouse) == 2


def test_two_tables_of_a_dataset_can_be_made_side_by_side(parquet):
    with open_snapshot(parquet, dataset="x") as one, open_snapshot(parquet, dataset="x") as other:
        assert _count(one) == _count(other) == 2


def test_nothing_but_the_snapshot_is_left_in_the_work_area(parquet, tmp_path):
    with pytest.raises(RuntimeError), open_snapshot(parquet, dataset="x") as warehouse:
        assert len(list(tmp_path.iterdir())) == 2
        _count(warehouse)
        raise RuntimeError
    assert list(tmp_path.iterdir()) == [parquet]


def test_a_named_database_is_gone_afterwards_too(parquet, tmp_path):
    with open_snapshot(parquet, dataset="x", database=tmp_path / "named.duckdb") as warehouse:
        assert "named.duckdb" in warehouse.url
        assert _count(warehouse) == 2
    assert list(tmp_path.iterdir()) == [parquet]


def test_a_swept_snapshot_says_so(tmp_path):
    with pytest.raises(InputError) as caught, open_snapshot(tmp_path / "gone.parquet", dataset="x"):
        pass
    assert caught.value.slug == "snapshot-missing"


def test_a_file_that_is_not_parquet_says_so_and_shows_nothing_of_it(tmp_path):
    path = tmp_path / "broken.parquet"
    path.write_bytes(b"Jane Doe, 1970-01-01\n" * 20)
    with pytest.raises(InputError) as caught, open_snapshot(path, dataset="x"):
        pass
    assert caught.value.slug == "snapshot-unreadable"
    assert "Jane" not in str(caught.value)


def test_a_table_the_warehouse_has_not_says_so(parquet):
    with open_snapshot(parquet, dataset="x") as warehouse, pytest.raises(InputError) as caught:
        _ = Warehouse(warehouse.engine, "other").sql_table
    assert caught.value.slug == "warehouse-table-missing"
