"""Turns columns of text into the declared types, exactly or not at all.

========  =====================================================================  ===================
type      texts accepted                                                         stored as
========  =====================================================================  ===================
text      anything                                                               string
integer   digits with an optional sign: ``12``, ``-3``, ``007``                  int64
number    digits, an optional fraction and exponent: ``1.5``, ``.5``, ``1e3``    double, finite
date      ``YYYY-MM-DD``, a day that exists                                      date
boolean   true, false, yes, no, t, f, 1, 0, in capitals or not                   boolean
========  =====================================================================  ===================

``12.0`` is no integer and ``1,234`` no number: what a source means by them is its owner's to say. The texts declared as
``missing`` become blanks first. All rows are looked at, in one pass; an error says how many rows and which is the first,
never what stands there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from include.opendata.declaration.source import Source, SourceColumn
from include.opendata.errors import InputError, Place
from include.opendata.sources.sql import literal, quoted
from include.opendata.warehouse import duckdb_storage_errors

_FORMS = {
    "integer": "[+-]?[0-9]+",
    "number": r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?",
    "date": "[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "boolean": "(?i)(true|false|yes|no|t|f|1|0)",
}
_STORED = {"text": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "date": "DATE", "boolean": "BOOLEAN"}
_ALSO_FITS = {
    "text": ("VARCHAR",),
    "integer": ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"),
    "date": ("DATE",),
    "boolean": ("BOOLEAN",),
}
_ALSO_FITS["number"] = ("FLOAT", "DOUBLE", "DECIMAL", *_ALSO_FITS["integer"])

_WORDS = {"integer": "a whole number", "number": "a number", "date": "a date (YYYY-MM-DD)", "boolean": "yes or no"}


@dataclass(frozen=True)
class _Likeness:
    """A way of writing a value that people use and we do not guess at."""

    form: str
    what: str
    remedy: str


_LIKENESSES = {
    "integer": (
        _Likeness(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", "with a separator of thousands", "without it"),
        _Likeness(r"[+-]?[0-9]+\.[0-9]*", "with a decimal point", "without it, or declare the column as `number`"),
        _Likeness(r"\s+.*|.*\s+", "with spaces around", "without them"),
        _Likeness("[+-]?[0-9]+", "too large for 64 bits", "as text (`type: text`), if it is a code"),
    ),
    "number": (
        _Likeness(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", "with a separator of thousands", "without it"),
        _Likeness(r"[+-]?[0-9]+,[0-9]+", "with a decimal comma", "with a decimal point"),
        _Likeness(r"\s+.*|.*\s+", "with spaces around", "without them"),
        _Likeness(r"(?i)[+-]?(nan|inf|infinity)", "that is not a finite number", "as a blank"),
    ),
    "date": (
        _Likeness(
            r"[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2,4}", "with day, month and year in another order", "as YYYY-MM-DD"
        ),
        _Likeness(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ].*", "with a time of day", "as YYYY-MM-DD"),
        _Likeness("[0-9]{4}-[0-9]{2}-[0-9]{2}", "that do not exist", "as a day of the calendar"),
    ),
    "boolean": (_Likeness(r"\s+.*|.*\s+", "with spaces around", "without them"),),
}


def write_typed(
    columns_as_read: Path,
    source: Source,
    *,
    into: Path,
    connection: duckdb.DuckDBPyConnection,
    place: Place,
    line_feeds: int | None = None,
) -> int:
    """Write the declared columns of the Parquet file ``columns_as_read`` to ``into``, typed; the number of rows.

    ``line_feeds`` of the text it was read from, where there was one, lets an error name the line as well as the row.
    Raises InputError when a value is not of the declared type; StorageError when the disk is full.
    """
    records = f"read_parquet({literal(str(columns_as_read))})"
    with duckdb_storage_errors(place.dataset or ""):
        stored = {
            name: kind
            for name, kind, *_ in connection.execute(f"DESCRIBE SELECT * FROM {records}").fetchall()  # noqa: S608
        }
    columns = [_Reading(column, stored[column.name].partition("(")[0], source.missing) for column in source.columns]
    for column in columns:
        if not column.fits:
            raise _stored_otherwise(column, place)
    checks = ", ".join(f"count(*) FILTER ({column.bad})" for column in columns)
    with duckdb_storage_errors(place.dataset or ""):
        rows, *bad = connection.execute(f"SELECT count(*), {checks} FROM {records}").fetchall()[0]  # noqa: S608
    wrong = [(column, count) for column, count in zip(columns, bad, strict=True) if count]
    if wrong:
        number = "row_number"
        while number in map(str.casefold, stored):  # no name is kept from the source's columns
            number += "_"
        numbered = f"(SELECT *, row_number() OVER () AS {number} FROM {records})"  # noqa: S608
        raise _wrong_type(wrong, rows, numbered, number, connection, place, line_feeds)
    chosen = ", ".join(f"{column.value} AS {quoted(column.declared.name)}" for column in columns)
    with duckdb_storage_errors(place.dataset or ""):
        connection.execute(
            f"COPY (SELECT {chosen} FROM {records}) TO {literal(str(into))} (FORMAT parquet, COMPRESSION zstd)"  # noqa: S608
        )
    return int(rows)


class _Reading:
    """One column: what SQL makes of it."""

    def __init__(self, declared: SourceColumn, stored: str, missing: list[str]) -> None:
        self.declared, self.stored = declared, stored
        name, kind = quoted(declared.name), declared.type
        self.is_text = stored == "VARCHAR"
        self.fits = self.is_text or stored in _ALSO_FITS[kind]
        blanks = ", ".join(literal(token) for token in missing)
        self.given = f"CASE WHEN {name} IN ({blanks}) THEN NULL ELSE {name} END" if self.is_text and blanks else name
        if self.is_text and kind == "boolean":
            self.value = (
                f"CASE WHEN {self.given} IS NULL THEN NULL ELSE lower({self.given}) IN ('true', 'yes', 't', '1') END"
            )
            cast_fails = "false"
        else:
            self.value = f"TRY_CAST({self.given} AS {_STORED[kind]})"
            cast_fails = f"({self.value}) IS NULL"
        tests = [cast_fails]
        if kind == "number":
            tests.append(f"NOT isfinite({self.value})")
        if self.is_text and kind in _FORMS:
            tests.append(f"NOT regexp_full_match({self.given}, {literal(_FORMS[kind])})")
        self.bad = f"WHERE ({self.given}) IS NOT NULL AND ({' OR '.join(tests)})"

    def like(self, likeness: _Likeness) -> str:
        return f"count(*) FILTER ({self.bad} AND regexp_full_match({self.given}, {literal(likeness.form)}))"


def _wrong_type(
    wrong: list[tuple[_Reading, int]],
    rows: int,
    records: str,
    number: str,
    connection: duckdb.DuckDBPyConnection,
    place: Place,
    line_feeds: int | None,
) -> InputError:
    details, advice, first_row = [], [], 0
    for column, count in wrong:
        likenesses = _LIKENESSES[column.declared.type] if column.is_text else ()
        asked = ", ".join([f"min({number}) FILTER ({column.bad})", *(column.like(one) for one in likenesses)])
        row, *alike = connection.execute(f"SELECT {asked} FROM {records}").fetchall()[0]  # noqa: S608
        first_row = first_row or int(row)
        text = f"{column.declared.name}: {count:,} of {rows:,} rows, the first is row {int(row):,}"
        for likeness, found in zip(likenesses, alike, strict=True):
            if found:
                text += f"; {found:,} written {likeness.what}"
                advice.append(f"write {column.declared.name} {likeness.remedy}")
        details.append(text)
    first = wrong[0][0].declared
    return InputError(
        f"the column is declared as {first.type}, and row {first_row:,} (the header not counted) is not {_WORDS[first.type]}",
        remedy=(f"Have the source {'; '.join(dict.fromkeys(advice))}." if advice else "Have the source corrected.")
        + " If it is right as it is, change the column's type, or add the text that stands for “no value” to `missing`.",
        slug="wrong-type",
        # Rows and lines are one apart unless a value holds a line break or a line is blank; then only the row is certain.
        place=Place(
            place.dataset,
            column=first.name,
            file=place.file,
            line=first_row + 1 if line_feeds is not None and line_feeds - rows in (0, 1) else None,
        ),
        details=tuple(details),
    )


def _stored_otherwise(column: _Reading, place: Place) -> InputError:
    return InputError(
        f"the column is declared as {column.declared.type} and stored as {column.stored}",
        remedy="Declare the type it is stored as, or ask the source's owner to store it otherwise.",
        slug="wrong-type",
        place=Place(place.dataset, column=column.declared.name, file=place.file),
    )
