"""What files that are no table begin with, so that a refusal can say what it was given."""

from __future__ import annotations

_KINDS = (
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


def what_it_looks_like(head: bytes) -> str | None:
    """What a file that begins like this is, in words; None for what may be a table."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return next((kind for magic, kind in _KINDS if head.startswith(magic) or text.startswith(magic.lower())), None)
