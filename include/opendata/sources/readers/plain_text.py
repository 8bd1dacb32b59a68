"""Makes sure that a delimited file is text: unpacked, in the declared encoding, with one kind of line end.

The raw bytes stay as they came. Where they are not yet UTF-8 with plain line ends, a copy that is goes beside them. A line
break inside a quoted field becomes a plain one with the rest.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from include.opendata.errors import InputError, Place
from include.opendata.sources.readers.protocol import empty_file
from include.opendata.storage.system_errors import storage_errors

CHUNK = 1 << 22
GZIP_MAGIC = b"\x1f\x8b"
EXPANSION_ALWAYS_ALLOWED = 2**30
MAX_EXPANSION = 200
"""A packed file may grow to a gibibyte, and beyond it to so many times its size; no honest table packs better."""

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_BLANKS = b"\xef\xbb\xbf \t\r\n"


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
    if not packed and encoding == "utf-8":
        text = _Tally()
        for piece in _decoded(_bytes_of(raw), encoding, place):
            text.take(piece)
        if not text.returns:
            return PlainText(raw, text.line_feeds_of_something(place))
    text = _Tally()
    dataset = place.dataset or ""
    with storage_errors(dataset, "the work area"):
        target = copy.open("wb")
    with target:
        pieces = _unpacked(raw, place) if packed else _bytes_of(raw)
        for piece in _plain_ends(_decoded(pieces, encoding, place)):
            text.take(piece)
            with storage_errors(dataset, "the work area"):
                target.write(piece)
        with storage_errors(dataset, "the work area"):
            target.flush()
    return PlainText(copy, text.line_feeds_of_something(place))


class _Tally:
    """What was seen of a text so far."""

    def __init__(self) -> None:
        self.line_feeds = 0
        self.returns = False
        self.has_something = False

    def take(self, piece: bytes) -> None:
        self.line_feeds += piece.count(b"\n")
        self.returns = self.returns or b"\r" in piece
        self.has_something = self.has_something or bool(piece.strip(_BLANKS))

    def line_feeds_of_something(self, place: Place) -> int:
        """The number of line feeds. Raises InputError where there was nothing but blanks."""
        if not self.has_something:
            raise empty_file(place)
        return self.line_feeds


def _starts_with(path: Path, magic: bytes) -> bool:
    with path.open("rb") as source:
        return source.read(len(magic)) == magic


def _bytes_of(raw: Path) -> Iterator[bytes]:
    with raw.open("rb") as source:
        while chunk := source.read(CHUNK):
            yield chunk


def _unpacked(raw: Path, place: Place) -> Iterator[bytes]:
    # A few kilobytes can be packed so that they fill any disk.
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
    decoder = _Decoder(encoding, place)
    suspicion = _Utf8Suspicion()
    for chunk in chunks:
        if encoding != "utf-8":
            suspicion.take(chunk)
        yield decoder.take(chunk)
    decoder.end()
    if suspicion.is_utf8:
        raise InputError(
            f"the file is declared as {encoding}, and everything in it is UTF-8",
            remedy="Write `encoding: utf-8` in the declaration, or letters with accents would come out garbled.",
            slug="source-encoding",
            place=place,
        )


class _Decoder:
    """Decodes a text piece by piece and knows at which byte and line it is."""

    def __init__(self, encoding: str, place: Place) -> None:
        self.encoding, self.place = encoding, place
        self.offset, self.line = 0, 1
        self.carry = b""
        """The beginning of a character whose other bytes are in the next piece."""

    def take(self, chunk: bytes) -> bytes:
        """The text of the next bytes as UTF-8. Raises InputError ``source-nul``, ``source-encoding``."""
        data = self.carry + chunk
        self._refuse_nul(data)
        text, carry, wrong_at = _decode(data, self.encoding)
        if wrong_at is not None:
            raise self._wrong_encoding(
                self.offset + wrong_at,
                self._line_at(data, wrong_at),
                "it begins like UTF-16" if self._utf16(data) else "",
            )
        used = len(data) - len(carry)
        self.line = self._line_at(data, used)
        self.offset += used
        self.carry = carry
        return text

    def end(self) -> None:
        """Raise InputError where the text ends within a character."""
        if self.carry:
            raise self._wrong_encoding(self.offset, self.line, "the file ends in the middle of a character")

    def _line_at(self, data: bytes, position: int) -> int:
        return self.line + data.count(b"\n", 0, position)

    def _utf16(self, data: bytes) -> bool:
        return self.offset == 0 and data.startswith(_UTF16_MARKS)

    def _refuse_nul(self, data: bytes) -> None:
        nul_at = data.find(b"\0")
        if nul_at < 0:
            return
        if self._utf16(data):
            raise self._wrong_encoding(0, 1, "it begins like UTF-16")
        raise InputError(
            f"the file holds a NUL byte (byte {self.offset + nul_at:,})",
            remedy="A delimited text file has none: ask the source's owner to export it again.",
            slug="source-nul",
            place=replace(self.place, line=self._line_at(data, nul_at)),
        )

    def _wrong_encoding(self, offset: int, line: int, hint: str) -> InputError:
        return InputError(
            f"the file is not {self.encoding} (byte {offset:,}" + (f"; {hint}" if hint else "") + ")",
            remedy="Declare the encoding it is in (`encoding: utf-8`, `cp1252` or `latin-1`), or have it saved as UTF-8.",
            slug="source-encoding",
            place=replace(self.place, line=line),
        )


class _Utf8Suspicion:
    """Whether a text declared otherwise is UTF-8 throughout, with letters beyond ASCII in it."""

    def __init__(self) -> None:
        self._possible, self._beyond_ascii, self._carry = True, False, b""

    def take(self, chunk: bytes) -> None:
        if self._possible:
            self._beyond_ascii = self._beyond_ascii or not chunk.isascii()
            _, self._carry, wrong_at = _decode(self._carry + chunk, "utf-8")
            self._possible = wrong_at is None

    @property
    def is_utf8(self) -> bool:
        return self._possible and self._beyond_ascii and not self._carry


def _decode(data: bytes, encoding: str) -> tuple[bytes, bytes, int | None]:
    """(the text as UTF-8, bytes left for the next piece, where it went wrong)."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding == "utf-8" and _is_cut_short(data, error):
            return data[: error.start], data[error.start :], None
        return b"", b"", error.start
    return (data if encoding == "utf-8" else text.encode("utf-8")), b"", None


def _is_cut_short(data: bytes, error: UnicodeDecodeError) -> bool:
    """Whether the bytes at fault are the beginning of a character that may go on in the next piece."""
    return error.end == len(data) and len(data) - error.start < 4 and "end of data" in error.reason


def _plain_ends(pieces: Iterator[bytes]) -> Iterator[bytes]:
    held = b""
    for piece in pieces:
        piece = held + piece
        # A carriage return at the end of a piece may be half of a Windows line end.
        held = b"\r" if piece.endswith(b"\r") else b""
        piece = piece[: len(piece) - len(held)]
        yield piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if held:
        yield b"\n"
