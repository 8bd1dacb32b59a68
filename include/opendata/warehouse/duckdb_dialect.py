"""Everything that makes DuckDB, SQLAlchemy 2.1 and Great Expectations work together, in one place.

duckdb-engine 0.17.0 was written for SQLAlchemy 2.0 and DuckDB 1.x. Four things of it are replaced here, by a dialect
of our own that takes its place under the name ``duckdb``:

- its cursors share one result, so that a second statement empties the first: ours keep their rows;
- it reads columns and keys from ``pg_catalog``, as PostgreSQL has it, and gets nothing: ours ask
  ``information_schema``;
- it passes decimals through floating point and loses digits of large sums: ours arrive as DuckDB sends them;
- Great Expectations knows no regular expression for DuckDB: it gets ``regexp_matches``, which searches anywhere in the
  text as ``~`` does in PostgreSQL (DuckDB's own ``~`` wants the whole text to match).

The maintained fork, duckdb-sqlalchemy, was tried in its version 1.5.6.5 with DuckDB 2.0.0. Cursors, columns, keys and decimals
are right in it: some 80 of these lines would go, those about Great Expectations would stay. But it declares ``duckdb<2``, so a
lock would have to overrule its author. Take it once a version of it allows DuckDB 2.

A test pins the versions this was written for; when one moves, look whether a part can go. Nothing but this module
knows of DuckDB's ways through SQLAlchemy; what makes tables of records speaks SQLAlchemy Core alone.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import duckdb_engine
from sqlalchemy import func, literal, not_, text
from sqlalchemy import types as sqltypes
from sqlalchemy.dialects import registry

WRITTEN_FOR = {"duckdb": "2.0.0", "duckdb-engine": "0.17.0", "sqlalchemy": "2.1.9", "great-expectations": "1.24.1"}
"""The versions these replacements were made for and tested with."""

MEMORY_LIMIT = "2GB"
"""What DuckDB may hold in memory before it goes on in its temporary folder."""

_REGEX = "get_dialect_regex_expression"
_USES_OF_REGEX = (
    "great_expectations.expectations.metrics.util",
    "great_expectations.expectations.metrics.column_map_metrics.column_values_match_regex",
    "great_expectations.expectations.metrics.column_map_metrics.column_values_match_regex_list",
    "great_expectations.expectations.metrics.column_map_metrics.column_values_not_match_regex",
    "great_expectations.expectations.metrics.column_map_metrics.column_values_not_match_regex_list",
)
"""The modules of Great Expectations that imported the function by name."""


Settings = dict[str, str | bool | int | float | list[str]]
"""A configuration as ``duckdb.connect`` takes it."""


def settings(temporary: Path) -> Settings:
    """DuckDB's configuration: bounded memory, and ``temporary`` (in the work area) for what does not fit."""
    return {
        "memory_limit": MEMORY_LIMIT,
        "temp_directory": str(temporary),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }


def connection_url(database: Path) -> str:
    """The SQLAlchemy address of a DuckDB file, opened for reading; whoever opens the file must use this same one.

    DuckDB refuses a second connection to a file with other settings, so they are part of the address.
    """
    install(expectations=False)
    query = settings(database.with_name(f"{database.name}.tmp")) | {"access_mode": "READ_ONLY"}
    return f"duckdb:///{database.resolve()}?{urlencode(query)}"


def install(*, expectations: bool = True) -> None:
    """Put the replacements in place; a second call does nothing.

    ``expectations=False`` leaves Great Expectations alone, which takes seconds to import. Raises KeyError when a
    version of it has moved the function, rather than letting its expectations go unevaluated.
    """
    registry.register("duckdb", __name__, "Dialect")
    registry.register("duckdb.duckdb_engine", __name__, "Dialect")
    if expectations:
        _teach_regular_expressions()


def _teach_regular_expressions() -> None:
    for name in _USES_OF_REGEX:
        module = importlib.import_module(name)
        known = vars(module)[_REGEX]
        if not getattr(known, "_knows_duckdb", False):
            setattr(module, _REGEX, _with_duckdb(known))


def _with_duckdb(known: Any) -> Any:
    def expression(column: Any, regex: str, dialect: Any, positive: bool = True) -> Any:
        if not isinstance(dialect, duckdb_engine.Dialect):
            return known(column, regex, dialect, positive)
        found = func.regexp_matches(column, literal(regex))
        return found if positive else not_(found)

    expression._knows_duckdb = True  # type: ignore[attr-defined]
    return expression


class _Cursor(duckdb_engine.CursorWrapper):
    """A cursor that keeps its rows, so that the connection's next statement cannot take them away.

    Only aggregates and expectations' results are read through SQLAlchemy, so there are few.
    """

    def __init__(self, connection: Any, wrapper: Any) -> None:
        super().__init__(connection, wrapper)
        self._connection = connection
        self._rows: Iterator[tuple[Any, ...]] = iter(())
        self.description: Any = None
        self.rowcount = -1

    def execute(self, statement: str, parameters: Any = None, context: Any = None) -> None:
        super().execute(statement, parameters, context)
        self.description = self._connection.description
        self._rows = iter(self._connection.fetchall() if self.description else ())

    def fetchone(self) -> tuple[Any, ...] | None:
        return next(self._rows, None)

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        return list(islice(self._rows, size or 1))

    def fetchall(self) -> list[tuple[Any, ...]]:
        return list(self._rows)


class _Connection(duckdb_engine.ConnectionWrapper):
    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        self._connection = connection

    def cursor(self) -> _Cursor:
        return _Cursor(self._connection, self)


_TYPES: dict[str, type[sqltypes.TypeEngine[Any]]] = {
    "BIGINT": sqltypes.BigInteger,
    "BOOLEAN": sqltypes.Boolean,
    "DATE": sqltypes.Date,
    "DOUBLE": sqltypes.Double,
    "HUGEINT": sqltypes.Numeric,
    "INTEGER": sqltypes.Integer,
    "SMALLINT": sqltypes.SmallInteger,
    "TIMESTAMP": sqltypes.DateTime,
    "VARCHAR": sqltypes.String,
}


class Dialect(duckdb_engine.Dialect):
    """duckdb-engine's dialect with the parts that lag behind replaced."""

    supports_statement_cache = False
    supports_native_decimal = True

    def connect(self, *cargs: Any, **cparams: Any) -> Any:
        """A connection whose cursors keep their rows."""
        wrapped = super().connect(*cargs, **cparams)
        return _Connection(wrapped._ConnectionWrapper__c)

    def get_columns(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        """A table's columns as ``information_schema`` has them."""
        rows = connection.execute(
            text(
                "SELECT column_name, data_type, is_nullable FROM information_schema.columns "
                "WHERE table_name = :name AND table_schema = :schema ORDER BY ordinal_position"
            ),
            {"name": str(table_name), "schema": schema or "main"},
        ).fetchall()
        return [
            {
                "name": name,
                "type": _TYPES.get(kind, sqltypes.Numeric if kind.startswith("DECIMAL") else sqltypes.NullType)(),
                "nullable": nullable == "YES",
                "default": None,
                "autoincrement": False,
                "comment": None,
            }
            for name, kind, nullable in rows
        ]

    def get_pk_constraint(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        """None: the tables asked here have no keys."""
        return {"constrained_columns": [], "name": None}
