"""What brings a source's bytes from one kind of place, and the errors all places share.

A place hands over bytes and interprets nothing. A source that could not be reached may be there in a minute: that is
:class:`SourceUnreachable`, the one error here that is worth a retry.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import ClassVar, Protocol

from include.opendata.errors import InputError, Place

CHUNK = 1 << 20
CONNECT_SECONDS, READ_SECONDS = 10, 60

Chunks = Generator[bytes, None, None]
"""The source's bytes, a piece at a time. Closing it closes what it reads from."""


class SourcePlace(Protocol):
    """A kind of place."""

    @property
    def schemes(self) -> tuple[str, ...]:
        """What stands before ``://`` in its addresses, in small letters; the empty text is a path."""

    def chunks(self, location: str, place: Place) -> Chunks:
        """The bytes of the source at ``location``, of which ``place`` names as much as may be shown.

        Raises InputError when there is no such source or it may not be read, SourceUnreachable when it did not answer to the
        end.
        """


class SourceUnreachable(InputError):
    """The source did not answer. Trying again later can help; nothing is wrong with the declaration so far as we know."""

    retryable: ClassVar[bool] = True


@contextmanager
def network_errors(place: Place, kinds: tuple[type[Exception], ...]) -> Iterator[None]:
    """Turn these exceptions of a library into SourceUnreachable."""
    try:
        yield
    except kinds as error:
        raise unreachable(place, f"did not answer to the end ({type(error).__name__})") from None


def check_status(status: int, place: Place) -> None:
    """Raise the error that an HTTP status other than 200 stands for."""
    if status in (404, 410):
        raise missing(place)
    if status in (401, 403):
        raise denied(place)
    if status in (408, 425, 429) or status >= 500:
        raise unreachable(place, f"answered with status {status}")
    if status != 200:
        raise InputError(
            f"the source answered with status {status}", remedy="Check the address.", slug="source-missing", place=place
        )


def unreachable(place: Place, why: str) -> SourceUnreachable:
    """The error for a source that did not answer as it should."""
    return SourceUnreachable(
        f"the source {why}",
        remedy="Run the refresh again; if it stays like this, ask the source's owner.",
        slug="source-unreachable",
        place=place,
    )


def missing(place: Place) -> InputError:
    """The error for a source that is not there."""
    return InputError(
        "there is no such source",
        remedy="Check `source.location` in the declaration, or give another with --source.",
        slug="source-missing",
        place=place,
    )


def denied(place: Place) -> InputError:
    """The error for a source that is there and may not be read."""
    return InputError(
        "the source may not be read",
        remedy="Give the user that runs the pipeline the right to read it.",
        slug="source-denied",
        place=place,
    )
