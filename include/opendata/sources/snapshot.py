"""Takes the snapshot of a source: its bytes as they came, and its declared columns as typed Parquet.

Decides whether the source can be read as declared: that it is there, is of the declared format, has the declared columns, and
every value is of its column's type. How a format is read is its reader's matter. Whether the values make sense (blanks,
ranges, duplicate keys) is the quality suite's to say. Nothing is corrected on the way.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import duckdb

from include.opendata.declaration.source import Source
from include.opendata.errors import InputError, Place
from include.opendata.sources.fetch import fetch, shown
from include.opendata.sources.readers.header import check_columns
from include.opendata.sources.readers.protocol import RawFile
from include.opendata.sources.readers.registry import READERS
from include.opendata.sources.readers.typed import write_typed
from include.opendata.storage.atomic import move_file
from include.opendata.storage.system_errors import storage_errors
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
            typed = scratch / "records.parquet"
            rows = _write_declared(RawFile(raw, scratch, connection, place), source, into=typed)
        with storage_errors(dataset, "the work area"):
            move_file(typed, parquet, mode=0o400)
    except duckdb.Error as error:  # its message may quote the data
        raise InputError(
            f"the file cannot be read to its end ({type(error).__name__})",
            remedy="Check `source.format`, or ask the source's owner for the file again.",
            slug="source-damaged",
            place=place,
        ) from None
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


def _write_declared(raw: RawFile, source: Source, *, into: Path) -> int:
    """Write the declared columns, typed, to ``into``; the number of rows."""
    opened = READERS[source.format].open(raw, source)
    check_columns(opened.columns, source, opened.header_place)
    return write_typed(
        opened.read([column.name for column in source.columns]),
        source.columns,
        missing=source.missing,
        into=into,
        connection=raw.connection,
        place=raw.place,
    )
