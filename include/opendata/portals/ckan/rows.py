"""Which rows of a table in the DataStore are not those of its file: found on disk, whatever the table's size.

Both sides are text, as CSV has it: CKAN keeps the decimals of a number as they were sent. A blank is a missing value. What
is done about the difference is decided in ``datastore``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from include.opendata.storage.published_csv import open_rows

MEMORY = "256MB"

Record = dict[str, str | None]


@dataclass(frozen=True)
class RowDifference:
    """Row counts by what must be done, and where the rows are. ``added`` and ``changed`` are in the file's order."""

    database: Path
    columns: tuple[str, ...]
    added: int
    changed: int
    removed: int

    @property
    def is_empty(self) -> bool:
        """Whether the DataStore's rows are those of the file."""
        return not (self.added or self.changed or self.removed)

    def added_rows(self) -> Iterator[Record]:
        """The rows the DataStore does not have."""
        return self._rows("added")

    def changed_rows(self) -> Iterator[Record]:
        """The rows the DataStore has with other values."""
        return self._rows("changed")

    def removed_ids(self) -> Iterator[int]:
        """CKAN's own numbers (``_id``) of the rows that are not in the file, or exist twice."""
        with duckdb.connect(str(self.database), read_only=True) as database:
            answer = database.execute("SELECT _id FROM removed ORDER BY _id")
            while rows := answer.fetchmany(10_000):
                yield from (row[0] for row in rows)

    def _rows(self, kept: str) -> Iterator[Record]:
        listed = ", ".join(quoted(name) for name in self.columns)
        with duckdb.connect(str(self.database), read_only=True) as database:
            answer = database.execute(f"SELECT {listed} FROM {kept} ORDER BY line")  # noqa: S608 - a table of ours
            while rows := answer.fetchmany(10_000):
                yield from (record(self.columns, row) for row in rows)


def quoted(name: str) -> str:
    """A column's name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def record(columns: Sequence[str], values: Iterable[str | None]) -> Record:
    """A row as the DataStore takes it: a blank is sent as null, so that a number's column takes it."""
    return {name: value if value else None for name, value in zip(columns, values, strict=True)}


def file_rows(path: Path) -> Iterator[Record]:
    """The rows of a CSV file of a release, in its order."""
    with open_rows(path) as (columns, rows):
        for row in rows:
            yield record(columns, row)


def row_difference(wanted: Path, held: Path, columns: Sequence[str], key: Sequence[str], folder: Path) -> RowDifference:
    """Compare a release's CSV with a DataStore's rows.

    ``held``: a CSV with a header, ``_id`` first, then ``columns`` in any order · ``folder``: empty, for the comparison.
    """
    file = folder / "rows.duckdb"
    with duckdb.connect(
        str(file),
        config={"memory_limit": MEMORY, "threads": 1, "temp_directory": str(folder), "preserve_insertion_order": True},
    ) as database:
        database.execute("SET enable_progress_bar = false")
        _read_csv(database, "wanted", wanted, list(columns))
        _read_csv(database, "all_held", held, ["_id", *_header(held)[1:]])
        _compare(database, columns, key)
        counted = "SELECT (SELECT count(*) FROM added), (SELECT count(*) FROM changed), (SELECT count(*) FROM removed)"
        sizes = database.execute(counted).fetchone()
    added, changed, removed = sizes or (0, 0, 0)
    return RowDifference(file, tuple(columns), added, changed, removed)


def _read_csv(database: duckdb.DuckDBPyConnection, name: str, path: Path, header: Sequence[str]) -> None:
    """Make a table of a CSV file, every cell a text, with the number of its line."""
    shape = "{" + ", ".join(f"{_text(column)}: 'VARCHAR'" for column in header) + "}"
    database.execute(
        f"CREATE TABLE {name} AS SELECT row_number() OVER () AS line, * FROM read_csv({_text(str(path))}, "  # noqa: S608 - a table of ours
        f"header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"', columns = {shape}, "
        "parallel = false, strict_mode = true)"
    )


def _compare(database: duckdb.DuckDBPyConnection, columns: Sequence[str], key: Sequence[str]) -> None:
    """Make the tables ``added``, ``changed`` and ``removed`` of ``wanted`` and ``all_held``."""
    names = [quoted(name) for name in columns]
    keys = [quoted(name) for name in key] or names
    joined = " AND ".join(f"coalesce(wanted.{name}, '') = coalesce(held.{name}, '')" for name in keys)
    differs = " OR ".join(f"coalesce(wanted.{name}, '') <> coalesce(held.{name}, '')" for name in names)
    # A key that the DataStore has twice counts once; the other rows of it go with those that are not in the file.
    database.execute(
        "CREATE TABLE held AS SELECT * REPLACE (CAST(_id AS BIGINT) AS _id) FROM all_held "  # noqa: S608 - a table of ours
        f"QUALIFY row_number() OVER (PARTITION BY {', '.join(keys)} ORDER BY CAST(_id AS BIGINT)) = 1"
    )
    listed = ", ".join(["wanted.line", *(f"wanted.{name}" for name in names)])
    for name, condition in (("added", "held._id IS NULL"), ("changed", f"held._id IS NOT NULL AND ({differs})")):
        database.execute(
            f"CREATE TABLE {name} AS SELECT {listed} FROM wanted LEFT JOIN held ON {joined} WHERE {condition}"  # noqa: S608 - a table of ours
        )
    database.execute(
        "CREATE TABLE removed AS SELECT CAST(_id AS BIGINT) AS _id FROM all_held WHERE CAST(_id AS BIGINT) NOT IN "  # noqa: S608 - a table of ours
        f"(SELECT held._id FROM held JOIN wanted ON {joined})"
    )


def chunks(rows: Iterable[Record], size: int) -> Iterator[list[Record]]:
    """The rows in lists of at most ``size``."""
    iterator = iter(rows)
    while piece := list(itertools.islice(iterator, size)):
        yield piece


def _header(path: Path) -> list[str]:
    with open_rows(path) as (columns, _):
        return list(columns)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
