"""The kinds of places a source can lie in. To add one: a module that keeps to ``protocol``, and a line here."""

from __future__ import annotations

from include.opendata.errors import InputError, Place
from include.opendata.sources.places.file import FileAddressPlace, PathPlace
from include.opendata.sources.places.protocol import SourcePlace
from include.opendata.sources.places.s3 import S3Place
from include.opendata.sources.places.web import WebPlace

_ALL: tuple[SourcePlace, ...] = (PathPlace(), WebPlace(), FileAddressPlace(), S3Place())

PLACES: dict[str, SourcePlace] = {scheme: kind for kind in _ALL for scheme in kind.schemes}
"""What stands before ``://`` → the kind of place; the empty text is a path."""


def place_of(location: str, place: Place) -> SourcePlace:
    """The kind of place ``location`` is in. Raises InputError ``source-scheme`` for one we do not read from."""
    scheme = location.partition("://")[0].lower() if "://" in location else ""
    if scheme not in PLACES:
        *others, last = [f"{known}://" for known in PLACES if known]
        raise InputError(
            f"sources are not read from {scheme}://",
            remedy=f"Give a path, or an {', '.join(others)} or {last} address.",
            slug="source-scheme",
            place=place,
        )
    return PLACES[scheme]
