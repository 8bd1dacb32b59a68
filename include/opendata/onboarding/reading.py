"""Brings an undeclared source into the work area, read by the same readers as a refresh reads with.

Decides that its header can be one: every column has a name of its own. What the source is written in is found out by its
reader, what a column holds by the profile. Nothing is repaired: what a refresh could not read is refused here as well.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from include.opendata.declaration.choices import SourceFormat
from include.opendata.errors import InputError, Place
from include.opendata.sources.fetch import fetch, shown
from include.opendata.sources.readers.header import refuse_spaced
from include.opendata.sources.readers.protocol import OpenSource, RawFile, RecordsAsRead, Writing
from include.opendata.sources.readers.registry import explore
from include.opendata.sources.sql import literal, quoted
from include.opendata.storage.atomic import move_file
from include.opendata.storage.system_errors import storage_errors
from include.opendata.warehouse.duckdb_dialect import settings

MAX_BYTES = 10 * 2**30
"""The largest source that is profiled."""
MOST_COLUMNS = 500


@dataclass(frozen=True)
class Reading:
    """How the source is written, and where its records lie in the work area.

    ``stored``: for each column in order, how it is kept in ``records`` (a Parquet file): ``VARCHAR`` where it was read from
    text.
    """

    format: SourceFormat
    writing: Writing
    columns: tuple[str, ...]
    stored: tuple[str, ...]
    rows: int
    bytes: int
    sha256: str
    records: Path

    def as_read(self) -> RecordsAsRead:
        """The records, for what turns them into types."""
        return RecordsAsRead(self.records, self.rows)


def read_source(location: str, *, dataset: str, into: Path) -> Reading:
    """Fetch the source to ``into`` (a folder of the work area) and read it.

    Raises InputError for what cannot be fetched or is no table, StorageError when the work area cannot take it.
    """
    place = Place(dataset=dataset, file=shown(location))
    with storage_errors(dataset, "the work area"):
        into.mkdir(mode=0o700, parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".onboard-", dir=into))
    records = into / "as_read.parquet"
    try:
        fetched = fetch(location, dataset=dataset, to=scratch / "source", max_bytes=MAX_BYTES)
        with duckdb.connect(config=settings(scratch / "spill")) as connection:
            file_format, opened = explore(RawFile(fetched.path, scratch, connection, place))
            as_read = _read_everything(opened, place)
        with storage_errors(dataset, "the work area"):
            move_file(as_read.path, records)
    except duckdb.Error as error:  # its message may quote the data
        raise InputError(
            f"the file cannot be read to its end ({type(error).__name__})",
            remedy="Ask the source's owner for the file again.",
            slug="source-damaged",
            place=place,
        ) from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return Reading(
        format=file_format,
        writing=opened.writing,
        columns=opened.columns,
        stored=opened.stored,
        rows=as_read.rows,
        bytes=fetched.bytes,
        sha256=fetched.sha256,
        records=records,
    )


def column_sql(name: str, missing: tuple[str, ...], stored: str) -> str:
    """The SQL of a column as text, blanks and the texts that stand for them as NULL."""
    text = quoted(name) if stored == "VARCHAR" else f"CAST({quoted(name)} AS VARCHAR)"
    return f"CASE WHEN {text} IN ({', '.join(map(literal, missing))}) THEN NULL ELSE {text} END"


def _read_everything(opened: OpenSource, place: Place) -> RecordsAsRead:
    _check_header(opened.columns, Place(place.dataset, file=place.file, line=1))
    return opened.read(opened.columns)


def _check_header(header: Sequence[str], place: Place) -> None:
    """Raise InputError when a name is blank, stands there twice (in capitals or not) or has spaces around it, when there are
    numbers instead of names, and when there are too many."""
    blank = sum(not name.strip() for name in header)
    if blank:
        raise InputError(
            f"{blank} column(s) of the header have no name",
            remedy="Ask the source's owner to name every column.",
            slug="header-blank",
            place=place,
        )
    if repeated := _repeated(header):
        raise InputError(
            f"{len(repeated)} name(s) are in the header more than once: {', '.join(map(repr, repeated[:10]))}",
            remedy="Ask the source's owner to give each column a name of its own; which one is meant cannot be guessed.",
            slug="header-duplicate",
            place=place,
        )
    if all(re.fullmatch(r"[\s\d.,:/%$+-]+", name) for name in header):
        raise InputError(
            "the first line holds numbers, not names of columns",
            remedy="Ask the source's owner for the file with a header.",
            slug="header-missing",
            place=place,
        )
    refuse_spaced(header, place)
    if len(header) > MOST_COLUMNS:
        raise InputError(
            f"the file has {len(header):,} columns",
            remedy=f"Give a file with at most {MOST_COLUMNS} columns: one row per record, one column per fact about it.",
            slug="source-too-wide",
            place=place,
        )


def _repeated(header: Sequence[str]) -> list[str]:
    """Names that stand there more than once, as first written; DuckDB tells capitals from small letters as little as we do."""
    alike: dict[str, list[str]] = {}
    for name in header:
        alike.setdefault(name.strip().casefold(), []).append(name)
    return [names[0][:60] for names in alike.values() if len(names) > 1]
