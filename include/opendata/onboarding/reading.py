"""Finds out how a source nobody has declared is written, and brings it into the work area as columns of text.

Decides whether it is delimited text or Parquet, the encoding and the delimiter, and that its header can be one. What a column
holds is the profile's matter. Nothing is repaired: what the pipeline could not read in a refresh is refused here as well.
"""

from __future__ import annotations

import csv
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb

from include.opendata.declaration.source import Source, SourceColumn
from include.opendata.errors import InputError, Place
from include.opendata.sources.fetch import fetch, shown
from include.opendata.sources.readers.delimited import read_delimited
from include.opendata.sources.readers.header import refuse_spaced
from include.opendata.sources.readers.plain_text import plain_text
from include.opendata.sources.sql import literal, quoted
from include.opendata.storage.run_area import storage_errors
from include.opendata.warehouse import duckdb_storage_errors
from include.opendata.warehouse.duckdb_dialect import settings

MAX_BYTES = 10 * 2**30
"""The largest source that is profiled; a larger one belongs in a database."""
SNIFFED_LINES = 200
DELIMITERS = (",", "\t", ";", "|")
MOST_COLUMNS = 500

Encoding = Literal["utf-8", "cp1252", "latin-1"]

_NOT_TABLES = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"%PDF", "a PDF document"),
    (b"SQLite format 3", "a database file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
    (b"<?xml", "an XML document"),
    (b"{", "a JSON document"),
)


@dataclass(frozen=True)
class Reading:
    """How the source is written, and where its records lie in the work area.

    ``stored``: for each column in order, how it is kept in ``records`` (a Parquet file): ``VARCHAR`` where it was read from
    text.
    """

    format: Literal["csv", "parquet"]
    encoding: Encoding
    delimiter: str
    columns: tuple[str, ...]
    stored: tuple[str, ...]
    rows: int
    bytes: int
    sha256: str
    records: Path


def read_source(location: str, *, dataset: str, into: Path) -> Reading:
    """Fetch the source to ``into`` (a folder of the work area) and read it.

    Raises InputError for what cannot be fetched or is no table, StorageError when the work area cannot take it.
    """
    place = Place(dataset=dataset, file=shown(location))
    with storage_errors(dataset, "the work area"):
        into.mkdir(mode=0o700, parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".onboard-", dir=into))
    try:
        raw = scratch / "source"
        fetched = fetch(location, dataset=dataset, to=raw, max_bytes=MAX_BYTES)
        with raw.open("rb") as source:
            head = source.read(1 << 16)
        _refuse_what_is_no_table(head, place)
        records = into / "as_read.parquet"
        with duckdb.connect(config=settings(scratch / "spill")) as connection:
            if head.startswith(b"PAR1"):
                columns, stored, rows = _parquet(raw, scratch / "as_read.parquet", connection, place)
                written: tuple[Encoding, str] = ("utf-8", ",")
            else:
                written, columns, rows = _delimited(raw, scratch, connection, place)
                stored = ("VARCHAR",) * len(columns)
        with storage_errors(dataset, "the work area"):
            (scratch / "as_read.parquet").replace(records)
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
        "parquet" if head.startswith(b"PAR1") else "csv",
        *written,
        columns,
        stored,
        rows,
        fetched.bytes,
        fetched.sha256,
        records,
    )


def _refuse_what_is_no_table(head: bytes, place: Place) -> None:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    for magic, what in _NOT_TABLES:
        if head.startswith(magic) or start.lower().startswith(magic.lower()):
            raise _no_table(f"this looks like {what}", place)
    if head.startswith((b"PAR1", b"\x1f\x8b")):
        return
    odd = sum(
        byte < 32 and byte not in (0, 9, 10, 11, 12, 13) for byte in head
    )  # what a NUL means is told when it is read
    if odd > len(head) // 200 and head[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        raise _no_table("this is not text", place)


def _no_table(what: str, place: Place) -> InputError:
    return InputError(
        f"{what}, not a table this pipeline reads",
        remedy="Give a CSV or TSV file (UTF-8, with a header) or a Parquet file.",
        slug="source-not-a-table",
        place=place,
    )


def _parquet(
    raw: Path, into: Path, connection: duckdb.DuckDBPyConnection, place: Place
) -> tuple[tuple[str, ...], tuple[str, ...], int]:
    source = f"read_parquet({literal(str(raw))})"
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()  # noqa: S608
        rows = connection.execute(f"SELECT count(*) FROM {source}").fetchall()[0][0]  # noqa: S608
    except duckdb.Error:
        raise InputError(
            "the file cannot be read as Parquet",
            remedy="Ask the source's owner for the file again.",
            slug="source-damaged",
            place=place,
        ) from None
    columns = tuple(row[0] for row in described)
    _check_header(list(columns), place)
    if rows == 0:
        raise _no_rows("the file has no rows", place)
    with storage_errors(place.dataset or "", "the work area"):
        raw.replace(into)
    return columns, tuple(row[1].partition("(")[0] for row in described), int(rows)


def _delimited(
    raw: Path, scratch: Path, connection: duckdb.DuckDBPyConnection, place: Place
) -> tuple[tuple[Encoding, str], tuple[str, ...], int]:
    text, encoding = _as_text(raw, scratch / "text.csv", place)
    with text.open(encoding="utf-8-sig", newline="") as lines:
        sample = [line for _, line in zip(range(SNIFFED_LINES), lines, strict=False)]
    delimiter = _delimiter(sample, place)
    try:
        header = next(csv.reader(sample, delimiter=delimiter, strict=True))
    except csv.Error:
        raise _no_table("the header cannot be read", place) from None
    _check_header(header, place)
    source = Source(
        location=place.file or "source",
        encoding=encoding,
        delimiter=delimiter,
        record="event",
        columns=[
            SourceColumn(name=name, type="text", label=name, definition=name, privacy="sensitive") for name in header
        ],
    )
    into = scratch / "as_read.parquet"
    read_delimited(text, source, into=into, connection=connection, place=place)
    with duckdb_storage_errors(place.dataset or ""):
        rows = connection.execute(f"SELECT count(*) FROM read_parquet({literal(str(into))})").fetchall()[0][0]  # noqa: S608
    return (encoding, delimiter), tuple(header), int(rows)


def _as_text(raw: Path, copy: Path, place: Place) -> tuple[Path, Encoding]:
    """The text and its encoding: UTF-8 where it is, else what Windows writes, else Latin-1."""
    encodings: tuple[Encoding, ...] = ("utf-8", "cp1252", "latin-1")
    first: InputError | None = None
    for encoding in encodings:
        try:
            return plain_text(raw, encoding=encoding, copy=copy, place=place).path, encoding
        except InputError as error:
            if error.slug != "source-encoding" or "UTF-16" in error.what:
                raise
            first = first or error
    assert first is not None
    raise first


def _delimiter(sample: list[str], place: Place) -> str:
    """The character that cuts most lines into the header's number of fields, and into most fields."""
    best: tuple[int, int, str] = (0, 1, "")
    for delimiter in DELIMITERS:
        try:
            rows = [row for row in csv.reader(sample, delimiter=delimiter) if row]
        except csv.Error:
            continue
        fields = len(rows[0]) if rows else 0
        alike = sum(len(row) == fields for row in rows)
        if fields > 1 and (alike * 10 >= len(rows) * 8, fields) > (best[0] > 0, best[1]):
            best = (int(alike * 10 >= len(rows) * 8), fields, delimiter)
    if not best[2]:
        raise _no_table("its lines are not cut into columns by a comma, a tab, a semicolon or a bar", place)
    return best[2]


def _check_header(header: list[str], place: Place) -> None:
    at = Place(place.dataset, file=place.file, line=1)
    blank = sum(not name.strip() for name in header)
    if blank:
        raise InputError(
            f"{blank} column(s) of the header have no name",
            remedy="Ask the source's owner to name every column.",
            slug="header-blank",
            place=at,
        )
    alike: dict[str, list[str]] = {}
    for name in header:
        alike.setdefault(name.strip().casefold(), []).append(name)
    if twice := [names[0][:60] for names in alike.values() if len(names) > 1]:
        raise InputError(
            f"{len(twice)} name(s) are in the header more than once: {', '.join(map(repr, twice[:10]))}",
            remedy="Ask the source's owner to give each column a name of its own; which one is meant cannot be guessed.",
            slug="header-duplicate",
            place=at,
        )
    if all(re.fullmatch(r"[\s\d.,:/%$+-]+", name) for name in header):
        raise InputError(
            "the first line holds numbers, not names of columns",
            remedy="Ask the source's owner for the file with a header.",
            slug="header-missing",
            place=at,
        )
    refuse_spaced(header, at)
    if len(header) > MOST_COLUMNS:
        raise InputError(
            f"the file has {len(header):,} columns",
            remedy=f"Give a file with at most {MOST_COLUMNS} columns: one row per record, one column per thing said of it.",
            slug="source-too-wide",
            place=at,
        )


def _no_rows(what: str, place: Place) -> InputError:
    return InputError(
        what,
        remedy="Ask the source's owner for the file again; nothing can be told of an empty source.",
        slug="source-no-rows",
        place=place,
    )


def column_sql(name: str, missing: tuple[str, ...], stored: str) -> str:
    """The SQL of a column as text, blanks and the texts that stand for them as NULL."""
    text = quoted(name) if stored == "VARCHAR" else f"CAST({quoted(name)} AS VARCHAR)"
    return f"CASE WHEN {text} IN ({', '.join(literal(one) for one in missing)}) THEN NULL ELSE {text} END"
