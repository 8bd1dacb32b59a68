"""Makes sure that a delimited file is text: unpacked, in the declared encoding, with one kind of line end.

The raw bytes stay as they came. Where they are not yet UTF-8 with plain line ends, a copy that is goes beside them. A line
break inside a quoted field becomes a plain one with the rest.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from include.opendata.errors import InputError, Place
from include.opendata.storage.run_area import storage_errors

CHUNK = 1 << 22
GZIP_MAGIC = b"\x1f\x8b"
EXPANSION_ALWAYS_ALLOWED = 2**30
MAX_EXPANSION = 200
"""A packed file may grow to a gibibyte, and beyond it to so many times its size; no honest table packs better."""


@dataclass(frozen=True)
class PlainText:
    """A file of UTF-8 text whose lines end with a line feed."""

    path: Path
    line_feeds: int


def plain_text(raw: Path, *, encoding: str, copy: Path, place: Place) -> PlainText:
    """``raw`` itself when it is plain UTF-8 already, else ``copy``, written from it.

    ``place`` names dataset and file. Raises InputError when the file is empty, packed and damaged, grows beyond bounds,
    is not in the declared encoding (with byte offset and line) or holds NUL bytes; StorageError when the disk is full.
    """
    packed = _starts_with(raw, GZIP_MAGIC)
    line_feeds, returns, anything = 0, False, False
    in_place = not packed and encoding == "utf-8"
    dataset = place.dataset or ""
    if in_place:
        for piece in _decoded(_bytes(raw, packed, place), encoding, place):
            returns = returns or b"\r" in piece
            anything = anything or bool(piece.strip(b"\xef\xbb\xbf \t\r\n"))
            line_feeds += piece.count(b"\n")
    if not in_place or returns:
        line_feeds, anything = 0, False
        with storage_errors(dataset, "the work area"):
            target = copy.open("wb")
        with target:
            for piece in _plain_ends(_decoded(_bytes(raw, packed, place), encoding, place)):
                anything = anything or bool(piece.strip(b"\xef\xbb\xbf \t\n"))
                line_feeds += piece.count(b"\n")
                with storage_errors(dataset, "the work area"):
                    target.write(piece)
            with storage_errors(dataset, "the work area"):
                target.flush()
        raw = copy
    if not anything:
        raise InputError(
            "the file is empty", remedy="Ask the source's owner for the file again.", slug="source-empty", place=place
        )
    return PlainText(raw, line_feeds)


def _starts_with(path: Path, magic: bytes) -> bool:
    with path.open("rb") as source:
        return source.read(len(magic)) == magic


def _bytes(raw: Path, packed: bool, place: Place) -> Iterator[bytes]:
    if not packed:
        with raw.open("rb") as source:
            while chunk := source.read(CHUNK):
                yield chunk
        return
    allowed = max(EXPANSION_ALWAYS_ALLOWED, MAX_EXPANSION * raw.stat().st_size)
    size = 0
    try:
        with gzip.open(raw, "rb") as source:
            while chunk := source.read(CHUNK):
                size += len(chunk)
                if size > allowed:
                    raise InputError(
                        f"the packed file grows beyond {allowed:,} bytes",
                        remedy="Check what the file is; if it is right, give it unpacked.",
                        slug="source-too-large",
                        place=place,
                    )
                yield chunk
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise InputError(
            "the packed file is damaged or cut short",
            remedy="Ask the source's owner for the file again.",
            slug="source-damaged",
            place=place,
        ) from None


def _decoded(chunks: Iterator[bytes], encoding: str, place: Place) -> Iterator[bytes]:
    """The same text as UTF-8, piece by piece; a character is never cut in two."""
    offset, line, carry = 0, 1, b""
    looks_like_utf8 = encoding != "utf-8"
    beyond_ascii = False
    utf8_carry = b""
    for chunk in chunks:
        data = carry + chunk
        if (at := data.find(b"\0")) >= 0:
            if offset == 0 and data[:2] in (b"\xff\xfe", b"\xfe\xff"):
                raise _wrong_encoding(place, encoding, 0, 1, "it begins like UTF-16")
            raise InputError(
                f"the file holds a NUL byte (byte {offset + at:,})",
                remedy="A delimited text file has none: ask the source's owner to export it again.",
                slug="source-nul",
                place=_at(place, line + data.count(b"\n", 0, at)),
            )
        text, carry, bad = _decode(data, encoding)
        if bad is not None:
            hint = "it begins like UTF-16" if offset == 0 and data[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
            raise _wrong_encoding(place, encoding, offset + bad, line + data.count(b"\n", 0, bad), hint)
        if looks_like_utf8:
            beyond_ascii = beyond_ascii or not data.isascii()
            _, utf8_carry, not_utf8 = _decode(utf8_carry + chunk, "utf-8")
            looks_like_utf8 = not_utf8 is None
        used = len(data) - len(carry)
        line += data.count(b"\n", 0, used)
        offset += used
        yield text
    if carry:
        raise _wrong_encoding(place, encoding, offset, line, "the file ends in the middle of a character")
    if looks_like_utf8 and beyond_ascii and not utf8_carry:
        raise InputError(
            f"the file is declared as {encoding}, and everything in it is UTF-8",
            remedy="Write `encoding: utf-8` in the declaration, or letters with accents would come out garbled.",
            slug="source-encoding",
            place=place,
        )


def _decode(data: bytes, encoding: str) -> tuple[bytes, bytes, int | None]:
    """(the text as UTF-8, bytes left for the next piece, where it went wrong)."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if (
            encoding == "utf-8"
            and error.end == len(data)
            and len(data) - error.start < 4
            and "end of data" in error.reason
        ):
            return data[: error.start], data[error.start :], None
        return b"", b"", error.start
    return (data if encoding == "utf-8" else text.encode("utf-8")), b"", None


def _plain_ends(pieces: Iterator[bytes]) -> Iterator[bytes]:
    held = b""
    for piece in pieces:
        piece = held + piece
        held = b"\r" if piece.endswith(b"\r") else b""
        piece = piece[: len(piece) - len(held)]
        yield piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if held:
        yield b"\n"


def _wrong_encoding(place: Place, encoding: str, offset: int, line: int, hint: str) -> InputError:
    return InputError(
        f"the file is not {encoding} (byte {offset:,}" + (f"; {hint}" if hint else "") + ")",
        remedy="Declare the encoding it is in (`encoding: utf-8`, `cp1252` or `latin-1`), or have it saved as UTF-8.",
        slug="source-encoding",
        place=_at(place, line),
    )


def _at(place: Place, line: int) -> Place:
    return Place(dataset=place.dataset, table=place.table, column=place.column, file=place.file, line=line)
