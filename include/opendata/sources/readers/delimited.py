"""Reads delimited text (RFC 4180) into columns of text; what is not well-formed is refused with its line.

DuckDB reads; when it stumbles, the file is gone through once more line by line to say exactly where and why, for DuckDB's
own messages quote the data. Nothing is repaired: a row with too few or too many fields means that values may have slipped
into the wrong column.
"""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb

from include.opendata.declaration.source import Source
from include.opendata.errors import InputError, Place
from include.opendata.sources.readers.header import check_columns
from include.opendata.sources.sql import literal, quoted
from include.opendata.warehouse import duckdb_storage_errors

LONGEST_LINE = 2_000_000
"""Bytes; a longer line is nearly always a quotation mark that was never closed."""


def read_delimited(
    text: Path, source: Source, *, into: Path, connection: duckdb.DuckDBPyConnection, place: Place
) -> None:
    """Write the declared columns of ``text`` to the Parquet file ``into``, all of them as text, rows in the file's order.

    An empty field is empty text here. Raises InputError for a header that is not the declared one, for rows of the wrong
    length, for quotation marks that do not close, and when no row follows the header.
    """
    header = _header(text, source, place)
    check_columns(header, source, Place(place.dataset, file=place.file, line=1))
    chosen = ", ".join(f"c{header.index(column.name)} AS {quoted(column.name)}" for column in source.columns)
    columns = ", ".join(f"c{position}: 'VARCHAR'" for position in range(len(header)))
    statement = f"""
        COPY (SELECT {chosen} FROM read_csv({literal(str(text))}, auto_detect = false, header = true,
            columns = {{{columns}}}, delim = {literal(source.delimiter)}, quote = '"', escape = '"', new_line = '\\n',
            nullstr = chr(0), strict_mode = true, null_padding = false, max_line_size = {LONGEST_LINE}))
        TO {literal(str(into))} (FORMAT parquet)"""  # noqa: S608
    try:
        with duckdb_storage_errors(place.dataset or ""):
            rows = connection.execute(statement).fetchall()[0][0]
    except duckdb.Error:
        raise _diagnosis(text, source, len(header), place) from None
    if rows == 0:
        raise InputError(
            "the file has a header and no rows",
            remedy="Ask the source's owner for the file again; nothing is published from an empty source.",
            slug="source-no-rows",
            place=place,
        )


def _header(text: Path, source: Source, place: Place) -> list[str]:
    with text.open(encoding="utf-8-sig", newline="") as lines:
        try:
            return next(csv.reader(lines, delimiter=source.delimiter, strict=True))
        except (csv.Error, StopIteration):
            raise _malformed(place, 1, "the header cannot be read") from None


def _diagnosis(text: Path, source: Source, fields: int, place: Place) -> InputError:
    """Where the text stops being well-formed."""
    with text.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.reader(lines, delimiter=source.delimiter, strict=True)
        start = 1
        try:
            for row in reader:
                if row and len(row) != fields:
                    return InputError(
                        f"the row has {len(row)} fields; the header has {fields}",
                        remedy=(
                            "Ask the source's owner to export the file again: a delimiter, a line break or a quotation mark "
                            "inside a value must stand in quotes."
                        ),
                        slug="row-ragged",
                        place=_at(place, start),
                    )
                start = reader.line_num + 1
        except csv.Error:
            return _malformed(place, start, "a quotation mark is not closed, or something follows after it")
    return _malformed(place, None, "it is not well-formed delimited text")


def _malformed(place: Place, line: int | None, what: str) -> InputError:
    return InputError(
        what,
        remedy="Ask the source's owner to export the file again, as RFC 4180 has it: quotes around a value, doubled inside it.",
        slug="row-malformed",
        place=_at(place, line),
    )


def _at(place: Place, line: int | None) -> Place:
    return Place(place.dataset, file=place.file, line=line)
