"""What was read of declarations before, kept under the digest of their bytes, so that a thousand are not parsed again.

One JSON file in the cache folder; it can be deleted at any time. An edited declaration has another digest, whatever its date
says; ``key`` names what else the kept facts follow from (code, Airflow's version), and another key makes them strangers. Where
the file cannot be read or written, every declaration is parsed as before.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

from include.opendata import places
from include.opendata.storage.atomic import write_text
from include.opendata.storage.digests import sha256_of

Kept = dict[str, Mapping[str, Any]]
"""Digest of a declaration → the fields of what was read of it, as JSON has them."""


def digest_of(dataset: str) -> str | None:
    """Of a declaration's name and bytes; None when it cannot be read."""
    try:
        content = places.declaration(dataset).read_bytes()
    except OSError:
        return None
    return sha256_of(dataset.encode() + b"\0" + content)


def read_kept(file: str, key: str) -> Kept:
    """Digest → facts, as kept under this very key; empty otherwise."""
    try:
        content = json.loads((places.cache() / file).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    kept = content.get("kept") if isinstance(content, dict) and content.get("key") == key else None
    return kept if isinstance(kept, dict) else {}


def write_kept(file: str, key: str, kept: Kept) -> None:
    """Replace what is kept, whole or not at all."""
    path = places.cache() / file
    with contextlib.suppress(OSError):  # the next process reads the declarations again
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, json.dumps({"key": key, "kept": kept}), concurrent=True)
