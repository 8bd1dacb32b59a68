"""Reads Parquet: its columns come typed, and the file is used where it lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from include.opendata.declaration.choices import SourceFormat
from include.opendata.declaration.source import Source
from include.opendata.errors import InputError, Place
from include.opendata.sources.readers.protocol import RawFile, RecordsAsRead, Writing, empty_file, no_rows
from include.opendata.sources.sql import literal

MAGIC = b"PAR1"

ASK_AGAIN = "Ask the source's owner for the file again."
CHECK_THE_FORMAT = "Check `source.format`, or ask the source's owner for the file again."


@dataclass(frozen=True)
class OpenParquet:
    """A Parquet file whose footer has been read."""

    path: Path
    columns: tuple[str, ...]
    stored: tuple[str, ...]
    rows: int
    header_place: Place

    @property
    def writing(self) -> Writing:
        """As a declaration that says nothing of it: it is no text."""
        return Writing()

    def read(self, columns: Sequence[str]) -> RecordsAsRead:
        """The file itself, whatever columns are asked for. Raises InputError when it has no rows."""
        if self.rows == 0:
            raise no_rows("the file has no rows", self.header_place)
        return RecordsAsRead(self.path, self.rows)


class ParquetReader:
    """Parquet files."""

    format: SourceFormat = "parquet"
    label = "a Parquet file"
    endings = ("parquet",)

    def recognises(self, head: bytes) -> bool:
        """By the four letters every Parquet file begins with."""
        return head.startswith(MAGIC)

    def open(self, raw: RawFile, source: Source) -> OpenParquet:
        """The file with its own columns and types. Raises InputError when it is empty or damaged."""
        if raw.path.stat().st_size == 0:
            raise empty_file(raw.place)
        return _opened(raw, remedy=CHECK_THE_FORMAT)

    def explore(self, raw: RawFile) -> OpenParquet:
        """The same: a Parquet file says itself how it is written. Raises InputError when it is damaged."""
        return _opened(raw, remedy=ASK_AGAIN)


READER = ParquetReader()


def _opened(raw: RawFile, *, remedy: str) -> OpenParquet:
    records = f"read_parquet({literal(str(raw.path))})"
    try:
        described = raw.connection.execute(f"DESCRIBE SELECT * FROM {records}").fetchall()  # noqa: S608 - path is quoted
        rows = raw.connection.execute(f"SELECT count(*) FROM {records}").fetchall()[0][0]  # noqa: S608 - path is quoted
    except duckdb.Error:  # its message may quote the data
        raise InputError(
            "the file cannot be read as Parquet", remedy=remedy, slug="source-damaged", place=raw.place
        ) from None
    return OpenParquet(
        path=raw.path,
        columns=tuple(row[0] for row in described),
        stored=tuple(row[1].partition("(")[0] for row in described),
        rows=int(rows),
        header_place=raw.place,
    )
