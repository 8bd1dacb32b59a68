"""Small releases made by hand, so that staging is tested without the room that builds releases."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from include.opendata.storage.manifest import Manifest, ManifestFile, ManifestRun, ManifestSource, ManifestTable

BASE = "https://data.example.org"


def make_release(
    folder: Path,
    release: str,
    *,
    dataset: str = "visits",
    data: str = "Group,Visits\nA,12\n",
    started_at: str = "2026-02-14T06:00:00+00:00",
    run_id: str = "run-1",
    previous: str | None = None,
    source: str = "a" * 64,
) -> Manifest:
    """Write a release with a data file, a catalog entry and an internal page into ``folder``; its manifest."""
    entry = {
        "@type": "dcat:Dataset",
        "identifier": dataset,
        "title": f"The {dataset}",
        "modified": "2025-12-31",
        "distribution": [
            {
                "downloadURL": f"{BASE}/{dataset}/data/by_group.csv",
                "describedBy": f"{BASE}/{dataset}/dictionary/by_group.csv",
                "mediaType": "text/csv",
            }
        ],
    }
    contents = {
        "data/by_group.csv": data.encode(),
        "dictionary/by_group.csv": b"field_name\nGroup\n",
        "metadata/dcat_us.json": json.dumps(entry).encode(),
        "evidence/index.html": b"<!DOCTYPE html><title>x</title>",
    }
    files = []
    for path, content in contents.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
        files.append(
            ManifestFile(
                path=path,
                sha256=hashlib.sha256(content).hexdigest(),
                bytes=len(content),
                media_type="text/plain",
                role="data",
            )
        )
    manifest = Manifest(
        dataset=dataset,
        release=release,
        previous_release=previous,
        source=ManifestSource(sha256=source, bytes=10, rows=1),
        declaration_sha256="d" * 64,
        code_version="0.1.0",
        tables=(
            ManifestTable(
                table="by_group",
                rows=1,
                cells=1,
                masked=False,
                score=3,
                annotation="separate",
                small=0,
                complementary=0,
                unstable=0,
                seed=1,
            ),
        ),
        files=tuple(files),
        run=ManifestRun(run_id=run_id, started_at=started_at),
    )
    (folder / "manifest.json").write_bytes(manifest.to_bytes())
    return manifest


def tree(root: Path) -> dict[str, bytes]:
    """Every file of staging but its locks, with its bytes."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }
