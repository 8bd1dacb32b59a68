"""The text of a table: column names, rows, and the line each row begins on."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from include.opendata.errors import DeclarationError, InputError, Place


@dataclass(frozen=True, repr=False)
class Records:
    """``header``, ``rows``: text, as it stands in the file · ``lines``: the line each row begins on."""

    file: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]

    def __repr__(self) -> str:
        return f"Records({self.file}, {len(self.rows)} rows)"

    def column(self, name: str) -> list[str]:
        """The text of a column, stripped. Raises DeclarationError (``no-such-column``) when there is none of that name."""
        if name not in self.header:
            raise no_such_column(name, self.file, self.header)
        at = self.header.index(name)
        return [row[at].strip() for row in self.rows]


def no_such_column(name: str, file: str, header: Iterable[str]) -> DeclarationError:
    """The error for a column that is not in the file; it lists those that are."""
    return DeclarationError(
        f"the file has no column {name}",
        remedy=f"Name a column of the file, in its spelling: {', '.join(header)}.",
        slug="no-such-column",
        place=Place(file=file, column=name),
    )


def records_of_file(path: Path) -> Records:
    """A CSV file in UTF-8. Raises InputError (``file-unreadable``, ``table-malformed``)."""
    try:
        return records_of_text(path.read_text(encoding="utf-8-sig"), str(path))
    except (OSError, UnicodeDecodeError) as broken:
        raise InputError(
            "the file cannot be read as UTF-8 text",
            remedy="Check the path; save the table as CSV in UTF-8.",
            slug="file-unreadable",
            place=Place(file=str(path)),
        ) from broken


def records_of_text(text: str, file: str) -> Records:
    """As :func:`records_of_lines`, of CSV text in memory."""
    return records_of_lines(io.StringIO(text, newline=""), file)


def records_of_lines(lines: TextIO, file: str, delimiter: str = ",") -> Records:
    """Delimited text. Raises InputError (``table-malformed``) with the line where it is not well-formed."""
    return records_of_rows(_numbered_rows(lines, file, delimiter), file)


def records_of_rows(numbered: Iterable[tuple[int, Iterable[str]]], file: str) -> Records:
    """Rows with their lines, the header first. Raises InputError (``table-malformed``)."""
    lines: list[int] = []
    rows: list[tuple[str, ...]] = []
    for line, values in numbered:
        row = tuple(values)
        if rows and len(row) != len(rows[0]):
            raise malformed(f"{len(row)} values for {len(rows[0])} columns", file, line)
        lines.append(line)
        rows.append(row)
    if len(rows) < 2:
        raise malformed("no rows", file, 1)
    header = tuple(name.strip() for name in rows[0])
    if len(set(header)) < len(header):
        raise malformed("two columns of the same name", file, lines[0])
    return Records(file, header, tuple(rows[1:]), tuple(lines[1:]))


def _numbered_rows(text: TextIO, file: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(the line a row begins on, its values), without empty lines."""
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as broken:
            raise malformed("a line that is not CSV", file, line) from broken
        if row is None:
            return
        if row:
            yield line, row


def malformed(what: str, file: str, line: int) -> InputError:
    """The error for a file that is no table."""
    return InputError(
        f"the file has {what}",
        remedy="Give a file with a line of column names and a row per cell, without title lines above or notes below.",
        slug="table-malformed",
        place=Place(file=file, line=line),
    )
