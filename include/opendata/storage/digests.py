"""SHA-256 of what is kept and published, always as 64 hexadecimal digits."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

PIECE = 1 << 20
"""Bytes of a file that are in memory at once."""


class FileDigest(NamedTuple):
    """What a manifest says of a file's contents."""

    sha256: str
    bytes: int


class RunningDigest:
    """A digest of what comes in pieces; ``bytes`` counts them."""

    def __init__(self) -> None:
        self._sha = hashlib.sha256()
        self.bytes = 0

    def update(self, piece: bytes) -> None:
        """Add the next piece."""
        self._sha.update(piece)
        self.bytes += len(piece)

    @property
    def sha256(self) -> str:
        """The digest of what came so far."""
        return self._sha.hexdigest()

    @property
    def result(self) -> FileDigest:
        """Digest and size together."""
        return FileDigest(self.sha256, self.bytes)


def sha256_of(content: bytes) -> str:
    """The digest of bytes."""
    return hashlib.sha256(content).hexdigest()


def sha256_of_file(path: Path) -> FileDigest:
    """Digest and size of a file, read in pieces."""
    running = RunningDigest()
    with path.open("rb") as stream:
        while piece := stream.read(PIECE):
            running.update(piece)
    return running.result


def sha256_of_json(value: Any, *, ensure_ascii: bool = True) -> str:
    """The digest of plain values, whatever the order of their keys.

    ``ensure_ascii``: approvals and kept figures are bound to digests that were made in one way or the other, and stay so.
    """
    return sha256_of(json.dumps(value, sort_keys=True, ensure_ascii=ensure_ascii).encode())
