"""Brings the source's bytes into the work area, whole and unchanged, and digests them on the way.

Where the bytes come from is the matter of ``places``. Addresses are shown without user, password and query, which often carry
a key.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from include.opendata.errors import InputError, Place
from include.opendata.sources.places.protocol import Chunks
from include.opendata.sources.places.registry import place_of
from include.opendata.storage.atomic import move_file
from include.opendata.storage.digests import FileDigest, RunningDigest
from include.opendata.storage.system_errors import storage_errors

MAX_BYTES = 20 * 2**30
"""A source larger than this is refused, so that a wrong address cannot fill the work area."""


@dataclass(frozen=True)
class Fetched:
    """The source's bytes in the work area."""

    path: Path
    sha256: str
    bytes: int


def fetch(location: str, *, dataset: str, to: Path, max_bytes: int = MAX_BYTES) -> Fetched:
    """Copy the source at ``location`` to ``to``, mode 0400, whole or not at all.

    Raises InputError when there is no such source or it may not be read, SourceUnreachable when it did not answer,
    StorageError when the work area cannot take it.
    """
    place = Place(dataset=dataset, file=shown(location))
    partial = to.with_name(to.name + ".partial")
    with closing(place_of(location, place).chunks(location, place)) as chunks:
        first_chunk = next(chunks, b"")  # a source that is not there leaves nothing in the work area
        with storage_errors(dataset, "the work area"):
            partial.unlink(missing_ok=True)
        try:
            digest = _copy(first_chunk, chunks, partial, place, max_bytes)
            with storage_errors(dataset, "the work area"):
                move_file(partial, to, mode=0o400)
        finally:
            partial.unlink(missing_ok=True)
    return Fetched(to, digest.sha256, digest.bytes)


def shown(location: str) -> str:
    """The location as it may be shown: without user, password, query and fragment."""
    if "://" not in location:
        return location
    parts = urlsplit(location)
    host = parts.hostname or ""
    return urlunsplit((parts.scheme, f"{host}:{parts.port}" if parts.port else host, parts.path, "", ""))


def _copy(first_chunk: bytes, chunks: Chunks, to: Path, place: Place, max_bytes: int) -> FileDigest:
    """Write the chunks to the new file ``to``; their digest and number of bytes."""
    dataset = place.dataset or ""
    digest = RunningDigest()
    with storage_errors(dataset, "the work area"):
        target = to.open("xb")
    with target:
        chunk: bytes | None = first_chunk
        while chunk is not None:
            digest.update(chunk)
            if digest.bytes > max_bytes:
                raise _too_large(place, max_bytes)
            # Only the writing: what fails while the source is read is the source's error, not the work area's.
            with storage_errors(dataset, "the work area"):
                target.write(chunk)
            chunk = next(chunks, None)
        with storage_errors(dataset, "the work area"):
            target.flush()
    return digest.result


def _too_large(place: Place, max_bytes: int) -> InputError:
    return InputError(
        f"the source is larger than {max_bytes:,} bytes",
        remedy="Check the location. If it is right, ask the source's owner for a smaller extract: only the columns and the "
        "years the tables need.",
        slug="source-too-large",
        place=place,
    )
