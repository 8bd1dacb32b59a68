"""Outlines of declarations that were read and found usable before, so that a thousand of them are not parsed every minute.

An entry is found by the digest of the file's bytes (and of whatever ``key`` the caller adds, such as Airflow's version):
an edited declaration is read anew, whatever its date says. One JSON file in the cache folder; it can be deleted at any
time. Where it cannot be read or written, every declaration is parsed as before.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from include.opendata import places
from include.opendata.spec.light import Outline, read_outline

FILE = "outlines.json"
_FIELDS = tuple(field.name for field in dataclasses.fields(Outline))


class OutlineCache:
    """The outlines known to be usable; ``keep`` writes down what was added, and drops what was not asked for."""

    def __init__(self, key: str, folder: Path | None = None):
        self._path = (folder or places.cache()) / FILE
        self._key = json.dumps([key, _FIELDS])
        self._known = self._read()
        self._used: dict[str, dict[str, Any]] = {}
        self._grew = False

    def find(self, dataset: str) -> Outline | None:
        """The outline of a declaration that is, byte for byte, one that was usable before; None otherwise."""
        digest = self._digest(dataset)
        entry = self._known.get(digest) if digest else None
        if digest is None or entry is None:
            return None
        self._used[digest] = entry
        return Outline(**{**entry, "tags": tuple(entry["tags"]), "tables": tuple(entry["tables"])})

    def add(self, outline: Outline) -> None:
        """Remember an outline that was read and found usable."""
        digest = self._digest(outline.dataset)
        if digest is not None:
            self._used[digest] = dataclasses.asdict(outline)
            self._grew = True

    def keep(self) -> None:
        """Write down what was used, if it is not what is there already."""
        if not self._grew and len(self._used) == len(self._known):
            return
        content = json.dumps({"key": self._key, "outlines": self._used})
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, beside = tempfile.mkstemp(dir=self._path.parent, prefix=f".{FILE}.")
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(content)
            Path(beside).replace(self._path)
        except OSError:
            return  # a cache that cannot be written is no reason to run no DAG; the next parse reads the files again

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        known = content.get("outlines") if isinstance(content, dict) and content.get("key") == self._key else None
        return known if isinstance(known, dict) else {}

    @staticmethod
    def _digest(dataset: str) -> str | None:
        try:
            content = places.declaration(dataset).read_bytes()
        except OSError:
            return None
        return hashlib.sha256(dataset.encode() + b"\0" + content).hexdigest()


def outline_of(dataset: str, cache: OutlineCache | None) -> tuple[Outline, bool]:
    """(outline, whether it was found usable before). Raises DeclarationError as :func:`read_outline` does."""
    known = cache.find(dataset) if cache is not None else None
    return (known, True) if known is not None else (read_outline(dataset), False)
