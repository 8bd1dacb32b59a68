"""Where a snapshot's records can be asked questions: a SQLAlchemy engine plus a table.

Everything above speaks SQLAlchemy Core to a :class:`Warehouse` and does not know which engine answers. The default one
is DuckDB, embedded, over the snapshot's Parquet file; a source that lives in a database of its own is a Warehouse as well.
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

import sqlalchemy as sa

from include.opendata.errors import InputError, Place
from include.opendata.work.area import storage_errors

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


@contextmanager
def open_snapshot(parquet: Path, *, dataset: str, database: Path | None = None) -> Iterator[Warehouse]:
    """The embedded warehouse over a snapshot's Parquet file, as table ``records``; nothing is copied.

    ``database`` is the DuckDB file to make; left out, it is a private folder beside the Parquet file, so that the
    tables of a dataset can be made side by side. It is gone afterwards. Raises InputError when the file is not there or is not
    Parquet, StorageError when the work area cannot be written to.
    """
    from include.opendata.warehouse import duckdb_dialect

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
    import duckdb

    file.unlink(missing_ok=True)
    path = str(parquet.resolve()).replace("'", "''")
    try:
        with duckdb.connect(str(file)) as connection:
            connection.execute(f"CREATE VIEW {TABLE} AS SELECT * FROM read_parquet('{path}')")  # noqa: S608
    except duckdb.IOException as error:
        if "No space left" in str(error):
            with storage_errors(dataset, "the work area"):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from None
        raise _not_parquet(dataset) from None
    except duckdb.Error:
        raise _not_parquet(dataset) from None


def _not_parquet(dataset: str) -> InputError:
    return InputError(
        "the snapshot's file cannot be read as Parquet",
        remedy="Start the refresh again from its first step.",
        slug="snapshot-unreadable",
        place=Place(dataset=dataset),
    )
