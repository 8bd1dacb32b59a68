"""The table as an Excel workbook, for people: the data, the data dictionary, and notes, on a sheet each.

Numbers are numbers and codes are text; a suppressed value shows its mark, S or C, and a footnote under the table says what
the marks mean (Handbook, Guidelines §3). Every text is written as text: nothing in a workbook of ours is ever a formula or a
link. The workbook is the same, byte for byte, for the same table (its date is a constant), and is written a row at a time.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from include.opendata.release.formats.release_format import ReleaseFormat
from include.opendata.release.formats.rows import PublishedColumn
from include.opendata.release.formats.tabular import TabularFile
from include.opendata.release.metadata.dictionary import HEADER
from include.opendata.rules.formats import XLSX
from include.opendata.storage.published_csv import Value

SHEET_ROWS = 1_048_576
FOOTNOTES = 8
"""Rows kept free for an empty row, the footnotes' heading and one footnote per annotation code."""
MOST_ROWS = SHEET_ROWS - 1 - FOOTNOTES
EXACT_DIGITS = 15
"""Excel keeps numbers as doubles: beyond fifteen digits it would show another number."""
CREATED = dt.datetime(2000, 1, 1)
"""The workbook's own date, which says nothing: when a release was made is in its manifest."""

DATA, DICTIONARY, NOTES = "Data", "Data dictionary", "Notes"
_WIDEST = 48
_LINE, _TALLEST = 15, 409
_DICTIONARY_WIDTHS = (24, 24, 10, 36, 36, 30, 18, 28, 40)


def write(path: Path, source: TabularFile) -> None:
    """Write the table to ``path``. Raises Refused (``text-too-long``, ``number-too-long``)."""
    with tempfile.TemporaryDirectory(prefix=".xlsx-", dir=path.parent) as scratch:
        options = {
            "constant_memory": True,
            "tmpdir": scratch,
            "strings_to_numbers": False,
            "strings_to_formulas": False,
            "strings_to_urls": False,
        }
        book = Workbook(str(path), options)
        book.set_properties({"title": source.table.title, "comments": source.table.description, "created": CREATED})
        formats = _Formats(book)
        _data_sheet(book, source, formats)
        _text_sheet(
            book, DICTIONARY, (HEADER, *(field.row() for field in source.fields)), _DICTIONARY_WIDTHS, source, formats
        )
        _text_sheet(book, NOTES, (("about", "text"), *source.notes), (28, 110), source, formats)
        book.close()


class _Formats:
    """The few formats a workbook uses."""

    def __init__(self, book: Workbook) -> None:
        head = {"bold": True, "bg_color": "#E7EDF3", "bottom": 1, "valign": "top"}
        self.head = book.add_format(head)
        self.number_head = book.add_format({**head, "align": "right"})
        self.mark = book.add_format({"align": "right", "italic": True, "font_color": "#555555"})
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self.note = book.add_format({"italic": True})
        self._book = book
        self._numbers: dict[str, Format] = {}

    def number(self, column: PublishedColumn) -> Format:
        """How the numbers of a column look: grouped where they are figures, with the declared decimals."""
        shape = ("#,##0" if column.measure else "0") + ("." + "0" * column.decimals if column.decimals else "")
        if shape not in self._numbers:
            self._numbers[shape] = self._book.add_format({"num_format": shape})
        return self._numbers[shape]


def _data_sheet(book: Workbook, source: TabularFile, formats: _Formats) -> None:
    sheet: Worksheet = book.add_worksheet(DATA)
    for position, column in enumerate(source.columns):
        sheet.set_column(position, position, _width(column, source), None)
    sheet.freeze_panes(1, 1)
    _paper(sheet)
    for position, column in enumerate(source.columns):
        _text(sheet, 0, position, column.name, source, formats.head if column.kind == "text" else formats.number_head)
    last_row, codes = _data_rows(sheet, source, formats)
    sheet.autofilter(0, 0, last_row, len(source.columns) - 1)
    sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{last_row + 1}"})
    if codes:
        _footnotes(sheet, last_row + 2, codes, source, formats)


def _data_rows(sheet: Worksheet, source: TabularFile, formats: _Formats) -> tuple[int, set[str]]:
    """Write the rows below the header. The last row's number, and the annotation codes whose marks were written."""
    columns = source.columns
    number_formats = [formats.number(column) for column in columns]
    too_large = [10.0 ** (EXACT_DIGITS - (column.decimals or 0)) for column in columns]
    codes: set[str] = set()
    # One loop on purpose: it runs for every cell of up to a million rows, and a call for each would double its time.
    number = 0
    for number, row in enumerate((row for piece in source.rows() for row in piece), start=1):
        for position, (value, column) in enumerate(zip(row, columns, strict=True)):
            if isinstance(value, str):
                _text(sheet, number, position, value, source)
            elif value is not None:
                if abs(value) >= too_large[position]:
                    raise _too_long(source, "number-too-long", f"a number of {EXACT_DIGITS} digits or more", column)
                sheet.write_number(number, position, value, number_formats[position])
            elif (code := _code(row, column)) is not None:
                codes.add(code)
                _text(sheet, number, position, source.marks[code][0], source, formats.mark)
    return number, codes


def _code(row: tuple[Value, ...], column: PublishedColumn) -> str | None:
    """The annotation that calls a value blank; None where there is none."""
    code = row[column.annotation] if column.annotation is not None else None
    return None if code is None else str(code)


def _footnotes(sheet: Worksheet, first_row: int, codes: set[str], source: TabularFile, formats: _Formats) -> None:
    _text(sheet, first_row, 0, "Why values are not shown:", source, formats.note)
    for row, code in enumerate(sorted(codes), start=first_row + 1):
        mark, meaning = source.marks[code]
        _text(sheet, row, 0, f"{mark} = {meaning}", source, formats.note)


def _text_sheet(
    book: Workbook,
    name: str,
    rows: Sequence[Sequence[str]],
    widths: Sequence[int],
    source: TabularFile,
    formats: _Formats,
) -> None:
    sheet: Worksheet = book.add_worksheet(name)
    for position, width in enumerate(widths):
        sheet.set_column(position, position, width, formats.wrapped)
    sheet.freeze_panes(1, 1)
    _paper(sheet)
    for number, row in enumerate(rows):
        sheet.set_row(number, _height(row, widths))
        for position, text in enumerate(row):
            _text(sheet, number, position, text, source, formats.wrapped if number else formats.head)


def _height(row: Sequence[str], widths: Sequence[int]) -> int:
    """Points a row needs for its wrapped texts; not every program finds that out by itself."""
    lines = max(
        sum(-(-max(1, len(line)) // (width - 2)) for line in text.split("\n"))
        for text, width in zip(row, widths, strict=True)
    )
    return min(_TALLEST, _LINE * lines)


def _paper(sheet: Worksheet) -> None:
    """On paper: sideways, as wide as one page, the header on every page."""
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def _text(sheet: Any, row: int, column: int, text: str, source: TabularFile, style: Any = None) -> None:
    """A text, as text. The library drops what does not fit and says so by its answer, which is not passed over."""
    if text and sheet.write_string(row, column, text, style) != 0:
        raise _too_long(source, "text-too-long", "a text of more than 32,767 characters", None)


def _width(column: PublishedColumn, source: TabularFile) -> int:
    """Wide enough for the header with its filter's arrow, and for the labels a column is known to have."""
    known = [column.name + "  "]
    for dimension in source.structure.dimensions:
        if dimension.name == column.name:
            known += [*dimension.labels, dimension.total or ""]
        if any(attribute.name == column.name and attribute.kind == "text" for attribute in dimension.attributes):
            known.append("x" * 28)
    return min(_WIDEST, max(10, *(len(text) + 2 for text in known)))


def _too_long(source: TabularFile, slug: str, what: str, column: PublishedColumn | None) -> Exception:
    remedy = (
        "Take xlsx out of the table's `formats`, or shorten the text; numbers so long are codes, and codes are text."
    )
    return source.refused(
        f"{what} does not fit into a cell of a workbook",
        slug=slug,
        remedy=remedy,
        column=column.name if column else None,
    )


FORMAT = ReleaseFormat(XLSX, write, most_rows=MOST_ROWS)
