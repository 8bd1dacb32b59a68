"""What a reader of a source format is. Each format's module keeps to this, and nothing else knows the format.

A refresh opens a source as it is declared; onboarding lets the reader find out how an undeclared source is written.
From there on both are the same: the columns' names are known, and asked for by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb

from include.opendata.declaration.choices import Encoding, SourceFormat
from include.opendata.declaration.source import Source
from include.opendata.errors import InputError, Place

HEAD = 1 << 16
"""Bytes a reader may look at to recognise its format."""


@dataclass(frozen=True)
class RawFile:
    """A source's bytes in the work area, and what is needed to read them.

    ``scratch`` is a private folder that is deleted afterwards, ``place`` names the dataset and the file in errors.
    """

    path: Path
    scratch: Path
    connection: duckdb.DuckDBPyConnection
    place: Place

    def head(self) -> bytes:
        """The first bytes, by which a format is recognised."""
        with self.path.open("rb") as source:
            return source.read(HEAD)


@dataclass(frozen=True)
class Writing:
    """How a text is written, in a declaration's words. A format that is no text leaves both as a declaration does."""

    encoding: Encoding = "utf-8"
    delimiter: str = ","


@dataclass(frozen=True)
class RecordsAsRead:
    """The columns asked for in a Parquet file, values as they stand in the source, rows in its order.

    The file may be the source itself. ``line_feeds`` of the text it was read from lets an error name a line; None where there
    was no text.
    """

    path: Path
    rows: int
    line_feeds: int | None = None


class OpenSource(Protocol):
    """A source whose header is known."""

    @property
    def writing(self) -> Writing:
        """How it is written."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The header's names in order, a name that stands there twice included."""

    @property
    def stored(self) -> tuple[str, ...]:
        """DuckDB's type of each column, ``VARCHAR`` for every column of a text."""

    @property
    def header_place(self) -> Place:
        """Where the header is, for errors."""

    def read(self, columns: Sequence[str]) -> RecordsAsRead:
        """The columns of these names, each of which stands in the header once.

        Raises InputError for what is damaged or has no rows; StorageError when the disk is full.
        """


class SourceReader(Protocol):
    """A source format. ``label``: as a remedy names a file of it; ``endings``: of files' names, without the dot."""

    @property
    def format(self) -> SourceFormat:
        """What a declaration calls it."""

    @property
    def label(self) -> str:
        """A file of this format in words, such as “a Parquet file”."""

    @property
    def endings(self) -> tuple[str, ...]:
        """The endings of such files' names, without the dot."""

    def recognises(self, head: bytes) -> bool:
        """Whether a file that begins like this is of this format."""

    def open(self, raw: RawFile, source: Source) -> OpenSource:
        """The source, read as it is declared. Raises InputError when it cannot be."""

    def explore(self, raw: RawFile) -> OpenSource:
        """An undeclared source, as it is found to be written. Raises InputError, or NotATable."""


class NotATable(Exception):
    """Said by a reader of a file that is no table; the registry adds which files are."""


def no_rows(what: str, place: Place) -> InputError:
    """The error for a source without a record."""
    return InputError(
        what,
        remedy="Ask the source's owner for the file again; nothing is published from an empty source.",
        slug="source-no-rows",
        place=place,
    )


def empty_file(place: Place) -> InputError:
    """The error for a file with nothing in it."""
    return InputError(
        "the file is empty", remedy="Ask the source's owner for the file again.", slug="source-empty", place=place
    )
