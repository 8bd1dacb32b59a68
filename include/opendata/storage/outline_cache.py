"""Outlines of declarations that were read and found usable before, so that a thousand of them are not parsed every minute."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from include.opendata import yaml_reader
from include.opendata.declaration import light
from include.opendata.declaration.light import Outline, read_outline
from include.opendata.storage.declaration_cache import Kept, digest_of, read_kept, write_kept
from include.opendata.storage.digests import sha256_of

FILE = "outlines.json"
_READ_BY = (light.__file__, yaml_reader.__file__)


class OutlineCache:
    """The outlines known to be usable; ``keep`` writes down what was added, and drops what was not asked for."""

    def __init__(self, key: str):
        code = sha256_of(b"".join(Path(file).read_bytes() for file in _READ_BY))
        self._key = json.dumps([key, code])
        self._known = read_kept(FILE, self._key)
        self._used: Kept = {}
        self._grew = False

    def find(self, dataset: str) -> Outline | None:
        """The outline of a declaration that is, byte for byte, one that was usable before; None otherwise."""
        digest = digest_of(dataset)
        entry = self._known.get(digest) if digest else None
        if digest is None or entry is None:
            return None
        self._used[digest] = entry
        return Outline(**{**entry, "tags": tuple(entry["tags"]), "tables": tuple(entry["tables"])})

    def add(self, outline: Outline) -> None:
        """Remember an outline that was read and found usable."""
        digest = digest_of(outline.dataset)
        if digest is not None:
            self._used[digest] = dataclasses.asdict(outline)
            self._grew = True

    def keep(self) -> None:
        """Write down what was used, if it is not what is there already."""
        if self._grew or len(self._used) != len(self._known):
            write_kept(FILE, self._key, self._used)


def outline_of(dataset: str, cache: OutlineCache | None) -> tuple[Outline, bool]:
    """(outline, whether it was found usable before). Raises DeclarationError as :func:`read_outline` does."""
    known = cache.find(dataset) if cache is not None else None
    return (known, True) if known is not None else (read_outline(dataset), False)
