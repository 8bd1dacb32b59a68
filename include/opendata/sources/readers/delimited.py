"""Reads delimited text (RFC 4180) into columns of text; what is not well-formed is refused with its line.

DuckDB reads; when it stumbles, the file is gone through once more line by line to say exactly where and why, for DuckDB's
own messages quote the data. Nothing is repaired: a row with too few or too many fields means that values may have slipped
into the wrong column. ``plain_text`` has seen to the encoding, the line ends and the packing before.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb

from include.opendata.declaration.choices import Encoding, SourceFormat
from include.opendata.declaration.source import Source
from include.opendata.errors import InputError, Place
from include.opendata.sources.readers.no_tables import what_it_looks_like
from include.opendata.sources.readers.plain_text import GZIP_MAGIC, PlainText, plain_text
from include.opendata.sources.readers.protocol import NotATable, RawFile, RecordsAsRead, Writing, no_rows
from include.opendata.sources.sql import literal, quoted
from include.opendata.warehouse import duckdb_storage_errors

LONGEST_LINE = 2_000_000
"""Bytes; a longer line is nearly always a quotation mark that was never closed."""
DELIMITERS = (",", "\t", ";", "|")
"""Tried on an undeclared source, the likeliest first."""
SAMPLED_LINES = 200

# Latin-1 comes last, for every byte is a letter in it.
_ENCODINGS: tuple[Encoding, ...] = ("utf-8", "cp1252", "latin-1")
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
# NUL and the white space are left out: what a NUL means is said, with its line, when the text is read.
_CONTROL_BYTES = bytes(byte for byte in range(32) if byte not in (0, 9, 10, 11, 12, 13))


@dataclass(frozen=True)
class OpenText:
    """A delimited text whose header has been read."""

    raw: RawFile
    text: PlainText
    writing: Writing
    columns: tuple[str, ...]

    @property
    def stored(self) -> tuple[str, ...]:
        """Everything is text."""
        return ("VARCHAR",) * len(self.columns)

    @property
    def header_place(self) -> Place:
        """The first line."""
        return replace(self.raw.place, line=1)

    def read(self, columns: Sequence[str]) -> RecordsAsRead:
        """The columns as text in a Parquet file beside the text; an empty field is empty text.

        Raises InputError for rows of the wrong length, for quotation marks that do not close, and when no row follows the
        header; StorageError when the disk is full.
        """
        into = self.raw.scratch / "as_read.parquet"
        chosen = ", ".join(f"c{self.columns.index(name)} AS {quoted(name)}" for name in columns)
        # The header's own names are not given to DuckDB, which would change those it does not like.
        fields = ", ".join(f"c{position}: 'VARCHAR'" for position in range(len(self.columns)))
        statement = f"""
            COPY (SELECT {chosen} FROM read_csv({literal(str(self.text.path))}, auto_detect = false, header = true,
                columns = {{{fields}}}, delim = {literal(self.writing.delimiter)}, quote = '"', escape = '"',
                new_line = '\\n', nullstr = chr(0), strict_mode = true, null_padding = false,
                max_line_size = {LONGEST_LINE}))
            TO {literal(str(into))} (FORMAT parquet)"""  # noqa: S608 - names and texts are quoted
        try:
            with duckdb_storage_errors(self.raw.place.dataset or ""):
                rows = self.raw.connection.execute(statement).fetchall()[0][0]
        except duckdb.Error:
            raise self._diagnosis() from None
        if rows == 0:
            raise no_rows("the file has a header and no rows", self.raw.place)
        return RecordsAsRead(into, int(rows), self.text.line_feeds)

    def _diagnosis(self) -> InputError:
        """Where the text stops being well-formed."""
        with self.text.path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.reader(lines, delimiter=self.writing.delimiter, strict=True)
            start = 1
            try:
                for row in reader:
                    if row and len(row) != len(self.columns):
                        return _ragged(len(row), len(self.columns), replace(self.raw.place, line=start))
                    start = reader.line_num + 1
            except csv.Error:
                return _malformed(
                    replace(self.raw.place, line=start), "a quotation mark is not closed, or something follows after it"
                )
        return _malformed(self.raw.place, "it is not well-formed delimited text")


class DelimitedReader:
    """Delimited text with a header: CSV, TSV and their kin, also packed with gzip."""

    format: SourceFormat = "csv"
    label = "a CSV or TSV file (UTF-8, with a header)"
    endings = ("csv", "tsv", "txt", "gz")

    def recognises(self, head: bytes) -> bool:
        """Every text that is not something else we know, and what is packed.

        UTF-16 is taken too, for reading it says what is wrong with it.
        """
        if head.startswith((GZIP_MAGIC, *_UTF16_MARKS)):
            return True
        control_bytes = len(head) - len(head.translate(None, delete=_CONTROL_BYTES))
        return what_it_looks_like(head) is None and control_bytes <= len(head) // 200

    def open(self, raw: RawFile, source: Source) -> OpenText:
        """The text in the declared encoding, cut by the declared delimiter.

        Raises InputError when it is empty, damaged, in another encoding, or its header cannot be read.
        """
        writing = Writing(source.encoding, source.delimiter)
        text = plain_text(raw.path, encoding=writing.encoding, copy=raw.scratch / "text.csv", place=raw.place)
        with text.path.open(encoding="utf-8-sig", newline="") as lines:
            try:
                header = next(csv.reader(lines, delimiter=writing.delimiter, strict=True))
            except (csv.Error, StopIteration):
                raise _malformed(replace(raw.place, line=1), "the header cannot be read") from None
        return OpenText(raw, text, writing, tuple(header))

    def explore(self, raw: RawFile) -> OpenText:
        """The text in the encoding and with the delimiter it turns out to have.

        Raises InputError when it is empty, damaged or in no encoding we know; NotATable when it has no columns.
        """
        text, encoding = _text_in_some_encoding(raw)
        with text.path.open(encoding="utf-8-sig", newline="") as lines:
            sample = [line for _, line in zip(range(SAMPLED_LINES), lines, strict=False)]
        delimiter = _delimiter_of(sample)
        try:
            header = next(csv.reader(sample, delimiter=delimiter, strict=True))
        except csv.Error:
            raise NotATable("the header cannot be read") from None
        return OpenText(raw, text, Writing(encoding, delimiter), tuple(header))


READER = DelimitedReader()


def _text_in_some_encoding(raw: RawFile) -> tuple[PlainText, Encoding]:
    """The text and its encoding: UTF-8 where it is, else what Windows writes, else Latin-1."""
    first_refusal: InputError | None = None
    for encoding in _ENCODINGS:
        try:
            return plain_text(raw.path, encoding=encoding, copy=raw.scratch / "text.csv", place=raw.place), encoding
        except InputError as error:
            if error.slug != "source-encoding" or "UTF-16" in error.what:
                raise
            first_refusal = first_refusal or error
    assert first_refusal is not None
    raise first_refusal


def _delimiter_of(sample: Sequence[str]) -> str:
    """The character that cuts most lines into the header's number of fields, and into most fields."""
    cuts = {delimiter: _cut(sample, delimiter) for delimiter in DELIMITERS}
    best = max(cuts, key=lambda delimiter: cuts[delimiter])  # of equally good ones the first
    if cuts[best] == _NO_COLUMNS:
        raise NotATable("its lines are not cut into columns by a comma, a tab, a semicolon or a bar")
    return best


_NO_COLUMNS = (False, 0)


def _cut(sample: Sequence[str], delimiter: str) -> tuple[bool, int]:
    """(whether four lines of five have as many fields as the first, how many fields that has)."""
    try:
        rows = [row for row in csv.reader(sample, delimiter=delimiter) if row]
    except csv.Error:
        return _NO_COLUMNS
    fields = len(rows[0]) if rows else 0
    even = sum(len(row) == fields for row in rows) * 10 >= len(rows) * 8
    return (even, fields) if fields > 1 else _NO_COLUMNS


def _ragged(fields: int, in_header: int, place: Place) -> InputError:
    return InputError(
        f"the row has {fields} fields; the header has {in_header}",
        remedy=(
            "Ask the source's owner to export the file again: a delimiter, a line break or a quotation mark "
            "inside a value must stand in quotes."
        ),
        slug="row-ragged",
        place=place,
    )


def _malformed(place: Place, what: str) -> InputError:
    return InputError(
        what,
        remedy="Ask the source's owner to export the file again, as RFC 4180 has it: quotes around a value, doubled inside it.",
        slug="row-malformed",
        place=place,
    )
