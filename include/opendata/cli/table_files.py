"""Files that ``audit`` is given, read by the same readers as sources are."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb

from include.opendata.disclosure.long_tables import Records, records_of_lines, records_of_rows
from include.opendata.errors import InputError, Place
from include.opendata.sources.readers.delimited import OpenText
from include.opendata.sources.readers.protocol import OpenSource, RawFile
from include.opendata.sources.readers.registry import explore
from include.opendata.sources.readers.workbook import is_workbook, rows_of_sheet
from include.opendata.sources.sql import literal, quoted
from include.opendata.warehouse.duckdb_dialect import settings

FIRST_RECORD = 2
"""The line of the first record, below the header."""


def read_records(path: Path, sheet: str | None = None) -> Records:
    """The table in a file of any format a source can have, or in a workbook's ``sheet``. Raises InputError for what is none."""
    place = Place(file=str(path))
    if not path.is_file():
        raise InputError("there is no such file", remedy="Check the path.", slug="file-unreadable", place=place)
    if is_workbook(path):
        return records_of_rows(rows_of_sheet(path, sheet, place), str(path))
    with tempfile.TemporaryDirectory(prefix="audit-") as scratch:
        folder = Path(scratch)
        try:
            with duckdb.connect(config=settings(folder / "spill")) as connection:
                _, opened = explore(RawFile(path, folder, connection, place))
                return _records(opened, connection, str(path))
        except duckdb.Error as error:  # its message may quote the data
            raise InputError(
                f"the file cannot be read to its end ({type(error).__name__})",
                remedy="Check the file; save it again.", slug="source-damaged", place=place,
            ) from None  # fmt: skip
        except OSError as error:
            raise InputError(
                f"the file cannot be read ({error.strerror})", remedy="Check the path and its permissions.",
                slug="file-unreadable", place=place,
            ) from None  # fmt: skip


def _records(opened: OpenSource, connection: duckdb.DuckDBPyConnection, file: str) -> Records:
    if isinstance(opened, OpenText):  # text keeps its lines, which the errors name
        with opened.text.path.open(encoding="utf-8-sig", newline="") as lines:
            return records_of_lines(lines, file, opened.writing.delimiter)
    return records_of_rows(_rows(opened, connection), file)


def _rows(opened: OpenSource, connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[int, tuple[str, ...]]]:
    """(line, values as text), the header first."""
    yield 1, opened.columns
    as_read = opened.read(opened.columns)
    chosen = ", ".join(f"coalesce(CAST({quoted(name)} AS VARCHAR), '')" for name in opened.columns)
    answer = connection.execute(f"SELECT {chosen} FROM read_parquet({literal(str(as_read.path))})")  # noqa: S608 - quoted
    line = FIRST_RECORD
    while rows := answer.fetchmany(10_000):
        for values in rows:
            yield line, values
            line += 1
