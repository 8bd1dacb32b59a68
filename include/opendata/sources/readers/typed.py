"""Turns columns as they stand in a source into the declared types, exactly or not at all (``column_types`` says which texts).

The texts declared as ``missing`` become blanks first. All rows are looked at, in one pass; an error says how many rows and
which is the first, never what stands there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb

from include.opendata.declaration.choices import ColumnType
from include.opendata.errors import InputError, Place
from include.opendata.sources.readers.column_types import (
    FORMS,
    KEPT_AS,
    LIKENESSES,
    WORDS,
    Likeness,
    can_be,
)
from include.opendata.sources.readers.protocol import RecordsAsRead
from include.opendata.sources.sql import literal, quoted
from include.opendata.warehouse import duckdb_storage_errors


class NamedType(Protocol):
    """A column's name and the type it shall have: a declared column, or one a profile found."""

    @property
    def name(self) -> str:
        """The column's name in the source."""

    @property
    def type(self) -> ColumnType:
        """The type its values must have."""


def write_typed(
    records: RecordsAsRead,
    columns: Sequence[NamedType],
    *,
    missing: Sequence[str],
    into: Path,
    connection: duckdb.DuckDBPyConnection,
    place: Place,
) -> int:
    """Write ``columns`` of the records to the Parquet file ``into``, typed; the number of rows.

    ``missing``: the texts that mean “no value”. Raises InputError when a value is not of its column's type; StorageError when
    the disk is full.
    """
    read = f"read_parquet({literal(str(records.path))})"
    with duckdb_storage_errors(place.dataset or ""):
        stored = {
            name: kind
            for name, kind, *_ in connection.execute(f"DESCRIBE SELECT * FROM {read}").fetchall()  # noqa: S608 - quoted
        }
    as_typed = [
        _TypedColumn(column.name, column.type, stored[column.name].partition("(")[0], missing) for column in columns
    ]
    _require_types_fit(as_typed, place)
    _require_values_fit(as_typed, records, _numbered(read, stored), connection, place)
    chosen = ", ".join(f"{column.value} AS {quoted(column.name)}" for column in as_typed)
    with duckdb_storage_errors(place.dataset or ""):
        (written,) = connection.execute(
            f"COPY (SELECT {chosen} FROM {read}) TO {literal(str(into))} (FORMAT parquet, COMPRESSION zstd)"  # noqa: S608 - quoted
        ).fetchall()[0]
    return int(written)


class _TypedColumn:
    """One column: what SQL makes of it. ``value``: typed; ``is_wrong``: a filter for rows whose value is not of the type."""

    def __init__(self, name: str, kind: ColumnType, stored: str, missing: Sequence[str]) -> None:
        self.name, self.kind, self.stored = name, kind, stored
        self.is_text = stored == "VARCHAR"
        self._given = self._without_missing(missing)
        self.value = self._typed()
        self.is_wrong = f"WHERE ({self._given}) IS NOT NULL AND ({' OR '.join(self._breaches())})"

    @property
    def fits(self) -> bool:
        """Whether a column stored so can hold values of the type: a text always may."""
        return self.is_text or can_be(self.stored, self.kind)

    def count_alike(self, likeness: Likeness) -> str:
        """SQL: how many wrong values are written like this."""
        return f"count(*) FILTER ({self.is_wrong} AND regexp_full_match({self._given}, {literal(likeness.form)}))"

    def _without_missing(self, missing: Sequence[str]) -> str:
        name = quoted(self.name)
        if not self.is_text or not missing:
            return name
        return f"CASE WHEN {name} IN ({', '.join(map(literal, missing))}) THEN NULL ELSE {name} END"

    def _typed(self) -> str:
        if self.is_text and self.kind == "boolean":  # DuckDB's own cast takes more words than we do
            return (
                f"CASE WHEN {self._given} IS NULL THEN NULL ELSE lower({self._given}) IN ('true', 'yes', 't', '1') END"
            )
        return f"TRY_CAST({self._given} AS {KEPT_AS[self.kind]})"

    def _breaches(self) -> list[str]:
        """Conditions of which each makes a value wrong."""
        breaches = ["false" if self.is_text and self.kind == "boolean" else f"({self.value}) IS NULL"]
        if self.kind == "number":
            breaches.append(f"NOT isfinite({self.value})")
        if self.is_text and self.kind in FORMS:  # DuckDB casts more than we accept, such as “1_000” or “ 7 ”
            breaches.append(f"NOT regexp_full_match({self._given}, {literal(FORMS[self.kind])})")
        return breaches


@dataclass(frozen=True)
class _NumberedRecords:
    """The records with the number of each row in one more column, for errors."""

    sql: str
    number: str


def _numbered(read: str, stored: dict[str, str]) -> _NumberedRecords:
    number = "row_number"
    while number in map(str.casefold, stored):  # no name is kept from the source's columns
        number += "_"
    return _NumberedRecords(f"(SELECT *, row_number() OVER () AS {number} FROM {read})", number)  # noqa: S608 - quoted


def _require_types_fit(columns: Sequence[_TypedColumn], place: Place) -> None:
    for column in columns:
        if not column.fits:
            raise InputError(
                f"the column is declared as {column.kind} and stored as {column.stored}",
                remedy="Declare the type it is stored as, or ask the source's owner to store it otherwise.",
                slug="wrong-type",
                place=Place(place.dataset, column=column.name, file=place.file),
            )


def _require_values_fit(
    columns: Sequence[_TypedColumn],
    records: RecordsAsRead,
    numbered: _NumberedRecords,
    connection: duckdb.DuckDBPyConnection,
    place: Place,
) -> None:
    checks = ", ".join(f"count(*) FILTER ({column.is_wrong})" for column in columns)
    with duckdb_storage_errors(place.dataset or ""):
        counts = connection.execute(f"SELECT {checks} FROM read_parquet({literal(str(records.path))})").fetchall()[0]  # noqa: S608 - quoted
    wrong = [
        _wrong_values(column, int(count), numbered, connection)
        for column, count in zip(columns, counts, strict=True)
        if count
    ]
    if wrong:
        raise _wrong_type(wrong, records, place)


@dataclass(frozen=True)
class _WrongValues:
    """The values of a column that are not of its type: how many, in which row the first is, what many of them look like."""

    column: _TypedColumn
    count: int
    first_row: int
    alike: tuple[tuple[Likeness, int], ...]

    def sentence(self, rows: int) -> str:
        """How many there are and how they are written."""
        parts = [f"{self.column.name}: {self.count:,} of {rows:,} rows, the first is row {self.first_row:,}"]
        return "; ".join([*parts, *(f"{count:,} written {likeness.what}" for likeness, count in self.alike)])

    def wishes(self) -> list[str]:
        """What the source's owner could do about it."""
        return [f"write {self.column.name} {likeness.remedy}" for likeness, _ in self.alike]


def _wrong_values(
    column: _TypedColumn, count: int, numbered: _NumberedRecords, connection: duckdb.DuckDBPyConnection
) -> _WrongValues:
    likenesses = LIKENESSES[column.kind] if column.is_text else ()
    wanted = ", ".join(
        [f"min({numbered.number}) FILTER ({column.is_wrong})", *(column.count_alike(like) for like in likenesses)]
    )
    first_row, *alike = connection.execute(f"SELECT {wanted} FROM {numbered.sql}").fetchall()[0]  # noqa: S608 - quoted
    return _WrongValues(
        column,
        count,
        int(first_row),
        tuple((likeness, int(rows)) for likeness, rows in zip(likenesses, alike, strict=True) if rows),
    )


def _wrong_type(wrong: Sequence[_WrongValues], records: RecordsAsRead, place: Place) -> InputError:
    first = wrong[0]
    wishes = list(dict.fromkeys(wish for column in wrong for wish in column.wishes()))
    # Rows and lines are one apart unless a value holds a line break or a line is blank; then only the row is certain.
    lines_are_rows = records.line_feeds is not None and records.line_feeds - records.rows in (0, 1)
    kind = first.column.kind
    return InputError(
        f"the column is declared as {kind}, and row {first.first_row:,} (the header not counted) is not {WORDS[kind]}",
        remedy=f"Have the source {'; '.join(wishes) or 'corrected'}. "
        "If it is right as it is, change the column's type, or add the text that stands for “no value” to `missing`.",
        slug="wrong-type",
        place=Place(
            place.dataset,
            column=first.column.name,
            file=place.file,
            line=first.first_row + 1 if lines_are_rows else None,
        ),
        details=tuple(column.sentence(records.rows) for column in wrong),
    )
