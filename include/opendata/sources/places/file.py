"""Reads a source from this machine's file system: a path, or a ``file://`` address."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from include.opendata import places
from include.opendata.errors import InputError, Place
from include.opendata.sources.places.protocol import CHUNK, Chunks, SourceUnreachable, denied, missing


class PathPlace:
    """Paths, absolute or from the project's root."""

    schemes = ("",)

    def chunks(self, location: str, place: Place) -> Chunks:
        """The bytes of the file; raises as the protocol says."""
        yield from _bytes_of(places.ROOT / location, place)


class FileAddressPlace:
    """``file://`` addresses of this machine."""

    schemes = ("file",)

    def chunks(self, location: str, place: Place) -> Chunks:
        """The bytes of the file; raises as the protocol says, and InputError for a file of another machine."""
        parts = urlsplit(location)
        if parts.netloc not in ("", "localhost"):
            raise InputError(
                "a file:// address names a file of this machine",
                remedy="Write three slashes, as in file:///data/source.csv.",
                slug="source-scheme",
                place=place,
            )
        yield from _bytes_of(Path(unquote(parts.path)), place)


def _bytes_of(path: Path, place: Place) -> Chunks:
    try:
        with path.open("rb") as source:
            while chunk := source.read(CHUNK):
                yield chunk
    except FileNotFoundError:
        raise missing(place) from None
    except IsADirectoryError:
        raise InputError(
            "the source is a folder", remedy="Give the file inside it.", slug="source-missing", place=place
        ) from None
    except PermissionError:
        raise denied(place) from None
    except OSError as error:
        # A share that fell away may come back.
        raise SourceUnreachable(
            f"the source could not be read to its end ({error.strerror or type(error).__name__})",
            remedy="Look at the disk or the share it lies on, then run the refresh again.",
            slug="source-unreachable",
            place=place,
        ) from None
