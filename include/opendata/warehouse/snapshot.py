"""Where a snapshot's records can be asked questions: a SQLAlchemy engine plus a table.

Everything above speaks SQLAlchemy Core to a :class:`Warehouse` and does not know which engine answers. The default one
is DuckDB, embedded, over the snapshot's Parquet file; a source that lives in a database of its own is a Warehouse too.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import sqlalchemy as sa

from include.opendata.errors import InputError, Place, StorageError
from include.opendata.storage.system_errors import storage_errors
from include.opendata.warehouse import duckdb_dialect

TABLE = "records"
"""The name the snapshot's records go by in the embedded warehouse."""


@dataclass(frozen=True)
class Warehouse:
    """A table of records and the engine that holds it. ``schema`` is the database's namespace, where it has any."""

    engine: sa.Engine
    table: str
    schema: str | None = None

    @property
    def url(self) -> str:
        """The engine's address, for a library that opens its own connection (Great Expectations)."""
        return self.engine.url.render_as_string(hide_password=False)

    @cached_property
    def sql_table(self) -> sa.TableClause:
        """The table with its columns as the database types them.

        Raises InputError when the database has no such table.
        """
        try:
            columns = sa.inspect(self.engine).get_columns(self.table, schema=self.schema)
        except sa.exc.NoSuchTableError:
            columns = []
        if not columns:
            raise InputError(
                f"the warehouse has no table {self.table!r}",
                remedy="Check the table's name and the rights of the user that reads it.",
                slug="warehouse-table-missing",
            )
        named = [sa.column(column["name"], column["type"]) for column in columns]
        return sa.table(self.table, *named, schema=self.schema)

    def rows(self, statement: sa.Select[Any], *, dataset: str, table: str | None = None) -> list[sa.Row[Any]]:
        """The answer to ``statement``, whole: ask for aggregates only.

        Raises StorageError when the engine fails; what it says is not handed on, for it may quote records.
        """
        try:
            with self.engine.connect() as connection:
                return list(connection.execute(statement).fetchall())
        except sa.exc.DBAPIError as error:
            raise StorageError(
                f"the warehouse could not answer ({type(error.orig).__name__})",
                remedy="Check whether the warehouse is up and its disk is not full, then run the refresh again.",
                slug="warehouse-failed",
                place=Place(dataset=dataset, table=table),
            ) from None


@contextmanager
def open_snapshot(parquet: Path, *, dataset: str, database: Path | None = None) -> Iterator[Warehouse]:
    """The embedded warehouse over a snapshot's Parquet file, as table ``records``; nothing is copied.

    ``database`` is the DuckDB file to make; left out, it is a private folder beside the Parquet file, so that the
    tables of a dataset can be made side by side. It is gone afterwards. Raises InputError when the file is not there or
    is not Parquet, StorageError when the work area cannot be written to.
    """

    if not parquet.is_file():
        raise InputError(
            "the snapshot's file is not in the work area",
            remedy="Start the refresh again from its first step; the work area is swept after success and by age.",
            slug="snapshot-missing",
            place=Place(dataset=dataset),
        )
    with storage_errors(dataset, "the work area"):
        folder = Path(tempfile.mkdtemp(prefix=".warehouse-", dir=parquet.parent))
    file = database or folder / "warehouse.duckdb"
    engine: sa.Engine | None = None
    try:
        _make_database(file, parquet, dataset)
        engine = sa.create_engine(duckdb_dialect.connection_url(file))
        yield Warehouse(engine, TABLE)
    finally:
        if engine is not None:
            engine.dispose()
        shutil.rmtree(folder, ignore_errors=True)
        if database is not None:
            database.unlink(missing_ok=True)
            shutil.rmtree(database.with_name(f"{database.name}.tmp"), ignore_errors=True)


def _make_database(file: Path, parquet: Path, dataset: str) -> None:

    path = str(parquet.resolve()).replace("'", "''")
    try:
        with duckdb_storage_errors(dataset):
            file.unlink(missing_ok=True)
            with duckdb.connect(str(file)) as connection:
                connection.execute(f"CREATE VIEW {TABLE} AS SELECT * FROM read_parquet('{path}')")  # noqa: S608
    except duckdb.Error:
        raise _not_parquet(dataset) from None


@contextmanager
def duckdb_storage_errors(dataset: str) -> Iterator[None]:
    """DuckDB's word of a full disk or of too little memory as a StorageError; its other errors pass through.

    Its messages can quote a line of the data, so none is handed on.
    """

    with storage_errors(dataset, "the work area"):
        try:
            yield
        except duckdb.IOException as error:
            if "No space left" in str(error):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from None
            raise
        except duckdb.OutOfMemoryException as error:
            if "temp_directory" in str(error) and "No space" in str(error):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from None
            raise StorageError(
                "the records need more memory than the embedded warehouse may use",
                remedy="Free some space in the work area, then run the refresh again; nothing was published.",
                slug="warehouse-memory",
                place=Place(dataset=dataset),
            ) from None


def _not_parquet(dataset: str) -> InputError:
    return InputError(
        "the snapshot's file cannot be read as Parquet",
        remedy="Start the refresh again from its first step.",
        slug="snapshot-unreadable",
        place=Place(dataset=dataset),
    )
