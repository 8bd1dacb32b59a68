"""The SQL engine a snapshot lives in: DuckDB embedded by default, any engine SQLAlchemy speaks to otherwise."""

from include.opendata.warehouse.snapshot import TABLE, Warehouse, duckdb_storage_errors, open_snapshot

__all__ = ["TABLE", "Warehouse", "duckdb_storage_errors", "open_snapshot"]
