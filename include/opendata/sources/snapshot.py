"""Takes the snapshot of a source: its bytes as they came, and its declared columns as typed Parquet.

Decides whether the source can be read as declared: that it is there, is text of the declared encoding (or Parquet), has
the declared columns, and every value is of its column's type. Whether the values make sense (blanks, ranges, duplicate
keys) is the quality suite's to say. Nothing is corrected on the way.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import duckdb

from include.opendata.declaration.source import Source
from include.opendata.errors import InputError, Place
from include.opendata.sources.fetch import fetch, shown
from include.opendata.sources.readers.delimited import read_delimited
from include.opendata.sources.readers.header import check_columns
from include.opendata.sources.readers.plain_text import plain_text
from include.opendata.sources.readers.typed import write_typed
from include.opendata.sources.sql import literal
from include.opendata.storage.run_area import storage_errors
from include.opendata.vocabulary import Snapshot
from include.opendata.warehouse.duckdb_dialect import settings


def extract(source: Source, *, dataset: str, location: str | None, into: Path) -> Snapshot:
    """The snapshot of ``source``, in the folder ``into`` of the work area; the same bytes give the same rows in the same order.

    ``location`` replaces the declared one (a path from the project's root or absolute, or an address). A snapshot already
    in ``into`` is replaced. Raises InputError when the source cannot be read as declared (SourceUnreachable, which has
    ``retryable``, when it did not answer), StorageError when the work area cannot take it.
    """
    location = location or source.location
    place = Place(dataset=dataset, file=shown(location))
    with storage_errors(dataset, "the work area"):
        into.mkdir(mode=0o700, parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".extract-", dir=into))
    raw, parquet = into / f"source.{source.format}", into / "records.parquet"
    try:
        fetched = fetch(location, dataset=dataset, to=raw)
        with duckdb.connect(config=settings(scratch / "spill")) as connection:
            line_feeds = None
            as_read = raw
            if source.format == "csv":
                text = plain_text(raw, encoding=source.encoding, copy=scratch / "text.csv", place=place)
                as_read, line_feeds = scratch / "text.parquet", text.line_feeds
                read_delimited(text.path, source, into=as_read, connection=connection, place=place)
            else:
                _check_parquet(raw, source, connection, place)
            typed = scratch / "records.parquet"
            rows = write_typed(as_read, source, into=typed, connection=connection, place=place, line_feeds=line_feeds)
        with storage_errors(dataset, "the work area"):
            typed.chmod(0o400)
            typed.replace(parquet)
    except duckdb.Error as error:  # its message may quote the data
        raise _damaged(place, f"the file cannot be read to its end ({type(error).__name__})") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return Snapshot(
        dataset=dataset,
        sha256=fetched.sha256,
        bytes=fetched.bytes,
        rows=rows,
        schema=tuple((column.name, column.type) for column in source.columns),
        raw=raw,
        parquet=parquet,
    )


def _check_parquet(raw: Path, source: Source, connection: duckdb.DuckDBPyConnection, place: Place) -> None:
    if raw.stat().st_size == 0:
        raise InputError(
            "the file is empty", remedy="Ask the source's owner for the file again.", slug="source-empty", place=place
        )
    try:
        records = f"read_parquet({literal(str(raw))})"
        found = [row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {records}").fetchall()]  # noqa: S608
        rows = connection.execute(f"SELECT count(*) FROM {records}").fetchall()[0][0]  # noqa: S608
    except duckdb.Error:
        raise _damaged(place, "the file cannot be read as Parquet") from None
    check_columns(found, source, place)
    if rows == 0:
        raise InputError(
            "the file has no rows",
            remedy="Ask the source's owner for the file again; nothing is published from an empty source.",
            slug="source-no-rows",
            place=place,
        )


def _damaged(place: Place, what: str) -> InputError:
    return InputError(
        what,
        remedy="Check `source.format`, or ask the source's owner for the file again.",
        slug="source-damaged",
        place=place,
    )
