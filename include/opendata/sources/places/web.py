"""Reads a source from the web: an ``http://`` or ``https://`` address."""

from __future__ import annotations

from contextlib import closing

import requests

from include.opendata.errors import InputError, Place
from include.opendata.sources.places.protocol import (
    CHUNK,
    CONNECT_SECONDS,
    READ_SECONDS,
    Chunks,
    check_status,
    network_errors,
)

_MAY_PASS = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


class WebPlace:
    """Web servers. A secure address that leads on to an insecure one is refused."""

    schemes = ("https", "http")

    def chunks(self, location: str, place: Place) -> Chunks:
        """The body of the answer; raises as the protocol says."""
        with network_errors(place, _MAY_PASS), closing(_answer(location, place)) as answer:
            _require_secure_to_the_end(location, answer, place)
            check_status(answer.status_code, place)
            yield from answer.iter_content(CHUNK)


def _answer(location: str, place: Place) -> requests.Response:
    try:
        return requests.get(location, stream=True, timeout=(CONNECT_SECONDS, READ_SECONDS))
    except (requests.exceptions.InvalidURL, requests.exceptions.TooManyRedirects):
        raise InputError(
            "the address does not lead to a file", remedy="Check it.", slug="source-missing", place=place
        ) from None


def _require_secure_to_the_end(location: str, answer: requests.Response, place: Place) -> None:
    hops = [hop.url for hop in (*answer.history, answer)]
    if location.startswith("https:") and not all(hop.startswith("https:") for hop in hops):
        raise InputError(
            "the secure address leads on to an insecure one",
            remedy="Ask the source's owner for an address that stays with https.",
            slug="source-insecure",
            place=place,
        )
