"""Reads a sheet of an Excel workbook (XLSX) as text, row by row.

A cell is read as it is stored: text, numbers in their shortest form, TRUE and FALSE. A date is stored as the number of its day
and stays one, so a workbook is read where labels and counts are wanted and is no format of a declared source.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from include.opendata.errors import InputError, Place
from include.opendata.sources.readers.plain_text import EXPANSION_ALWAYS_ALLOWED, MAX_EXPANSION

MAGIC = b"PK\x03\x04"

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_REMEDY = "Check the file; save it again as an Excel workbook (XLSX), or as CSV in UTF-8."

NumberedRow = tuple[int, tuple[str, ...]]


def is_workbook(path: Path) -> bool:
    """Whether a file is a workbook by what is in it."""
    try:
        with zipfile.ZipFile(path) as packed:
            return "xl/workbook.xml" in packed.namelist()
    except (zipfile.BadZipFile, OSError):
        return False


def rows_of_sheet(path: Path, sheet: str | None, place: Place) -> list[NumberedRow]:
    """(row number, values) of a sheet's rows that are not empty, all of the header's length or longer.

    ``sheet``: its name; None where the workbook has one. Raises InputError (``sheet-not-named``, ``source-damaged``,
    ``source-too-large``).
    """
    try:
        with zipfile.ZipFile(path) as packed:
            _refuse_bomb(packed, path, place)
            sheets = _sheets(packed)
            if sheet not in sheets and (sheet is not None or len(sheets) != 1):
                raise InputError(
                    f"the workbook has {len(sheets)} sheets" if sheet is None else f"the workbook has no sheet {sheet}",
                    remedy=f'Name one of them with --sheet: {", ".join(f"“{name}”" for name in sheets)}.',
                    slug="sheet-not-named", place=place,
                )  # fmt: skip
            part = sheets[sheet] if sheet is not None else next(iter(sheets.values()))
            return _even(list(_rows(packed, part, _shared_texts(packed))))
    except (zipfile.BadZipFile, ElementTree.ParseError, KeyError, ValueError, IndexError, NotImplementedError, OSError):
        raise InputError(
            "the file cannot be read as an Excel workbook", remedy=_REMEDY, slug="source-damaged", place=place
        ) from None


def _refuse_bomb(packed: zipfile.ZipFile, path: Path, place: Place) -> None:
    allowed = max(EXPANSION_ALWAYS_ALLOWED, MAX_EXPANSION * path.stat().st_size)
    if sum(part.file_size for part in packed.infolist()) > allowed:
        raise InputError(
            f"the workbook grows beyond {allowed:,} bytes", remedy="Check what the file is; save the sheet as CSV.",
            slug="source-too-large", place=place,
        )  # fmt: skip


def _sheets(packed: zipfile.ZipFile) -> dict[str, str]:
    """Name of each sheet → its part of the package, in the workbook's order."""
    links = ElementTree.fromstring(packed.read("xl/_rels/workbook.xml.rels"))  # noqa: S314 - expat limits expansion
    target = {link.get("Id"): link.get("Target", "") for link in links}
    book = ElementTree.fromstring(packed.read("xl/workbook.xml"))  # noqa: S314 - expat limits expansion
    return {
        entry.get("name", ""): posixpath.normpath(posixpath.join("/xl", target[entry.get(_ID)])).lstrip("/")
        for entry in book.iter(f"{_MAIN}sheet")
        if "worksheets/" in target[entry.get(_ID)]
    }


def _shared_texts(packed: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in packed.namelist():
        return []
    table = ElementTree.fromstring(packed.read("xl/sharedStrings.xml"))  # noqa: S314 - expat limits expansion
    return [_text(entry) for entry in table.iter(f"{_MAIN}si")]


def _text(entry: ElementTree.Element) -> str:
    return "".join(text.text or "" for text in entry.iter(f"{_MAIN}t"))


def _rows(packed: zipfile.ZipFile, part: str, shared: list[str]) -> Iterator[NumberedRow]:
    number = 0
    with packed.open(part) as sheet:
        for _, row in ElementTree.iterparse(sheet):  # noqa: S314 - expat limits expansion
            if row.tag != f"{_MAIN}row":
                continue
            number = int(row.get("r") or number + 1)
            values: list[str] = []
            for cell in row.iter(f"{_MAIN}c"):
                at = _column(cell.get("r")) if cell.get("r") else len(values)
                values += [""] * (at - len(values)) + [_value(cell, shared)]
            row.clear()
            if any(value.strip() for value in values):
                yield number, tuple(values)


def _column(reference: str | None) -> int:
    """The number of a cell's column, from 0: A1 is 0, AA1 is 26."""
    number = 0
    for letter in re.sub(r"\d", "", reference or ""):
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _value(cell: ElementTree.Element, shared: list[str]) -> str:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return _text(cell)
    stored = cell.findtext(f"{_MAIN}v") or ""
    if kind == "s":
        return shared[int(stored)]
    if kind == "b":
        return "TRUE" if stored == "1" else "FALSE"
    if kind == "n" and stored:
        number = float(stored)
        return str(int(number)) if number.is_integer() else repr(number)
    return stored


def _even(rows: list[NumberedRow]) -> list[NumberedRow]:
    """Rows filled up to the header's length: empty cells at the end are not stored."""
    width = len(rows[0][1]) if rows else 0
    while width and not rows[0][1][width - 1].strip() and all(not any(row[width - 1 :]) for _, row in rows):
        width -= 1
    filled = [(number, (*row, *[""] * (width - len(row)))) for number, row in rows]
    return [(number, row[:width] if not any(row[width:]) else row) for number, row in filled]
