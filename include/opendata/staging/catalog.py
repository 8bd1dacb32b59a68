"""The catalog at staging's root: DCAT-US 1.1 ``data.json``, made of the current releases and nothing else.

A release's own entry leaves out what only staging knows. Here ``modified`` becomes the day of the release, and the
addresses of its files name the release, as the files lie below the public address. Rules: DCAT-US 1.1, catalog.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from include.opendata.staging import refusals
from include.opendata.storage.manifest import Manifest

DCAT_ENTRY = "metadata/dcat_us.json"
SCHEMA = "https://project-open-data.cio.gov/v1.1/schema"

DcatEntry = Mapping[str, Any]
"""A dataset's entry, as the release's file has it: only what is changed in it is looked at, the rest is passed on."""


def catalog(entries: Iterable[tuple[Manifest, DcatEntry]]) -> bytes:
    """``data.json`` of (manifest, the release's entry) for every current release; sorted by dataset."""
    ordered = sorted(entries, key=lambda entry: entry[0].dataset)
    document = {
        "@context": f"{SCHEMA}/catalog.jsonld",
        "@type": "dcat:Catalog",
        "conformsTo": SCHEMA,
        "describedBy": f"{SCHEMA}/catalog.json",
        "dataset": [staged_entry(manifest, entry) for manifest, entry in ordered],
    }
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def read_entry(dataset: str, content: bytes | None) -> DcatEntry:
    """A release's own entry from its file, None when there is no file. Raises StorageError (``catalog-entry-unreadable``)."""
    try:
        entry = json.loads(content or b"")
    except ValueError:
        entry = None
    if not isinstance(entry, dict):
        raise refusals.entry_unreadable(dataset, DCAT_ENTRY)
    return entry


def staged_entry(manifest: Manifest, entry: DcatEntry) -> DcatEntry:
    """The entry as the catalog shows it: the day of the release, the addresses of this release's files."""
    paths = [file.path for file in manifest.files]
    distributions = [
        {
            key: _in_release(value, paths, manifest.release) if key in _ADDRESSES else value
            for key, value in item.items()
        }
        for item in entry.get("distribution", [])
    ]
    return {**entry, "modified": manifest.run.started_at[:10], "distribution": distributions}


_ADDRESSES = ("downloadURL", "describedBy")


def _in_release(address: str, paths: list[str], release: str) -> str:
    """``…/<dataset>/data/x.csv`` → ``…/<dataset>/releases/<release>/data/x.csv``; other addresses stay as they are."""
    for path in paths:
        if address.endswith(f"/{path}"):
            return f"{address.removesuffix(path)}releases/{release}/{path}"
    return address
