"""The manifest of a release: every file with its digest, and the facts a reviewer asks for first.

It is the one file of a release that tells when and by which run it was made, so that everything else is the same, byte
for byte, whenever the same declaration meets the same source. Two manifests with the same :meth:`Manifest.contents`
describe the same release.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from include.opendata.errors import Place, StorageError

MANIFEST_NAME = "manifest.json"

Role = Literal["data", "dictionary", "metadata", "changes", "internal"]
"""``changes``: what a table's rows were changed by since the release before, for who keeps a copy of it in step ·
``internal`` files are reviewed in staging and never pushed to the portal."""

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
ReleaseId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
DatasetId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,98}[a-z0-9]$")]

_SAFE_PART = re.compile(r"^[A-Za-z0-9_-][A-Za-z0-9._-]*$")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ManifestFile(_Part):
    """One file of the release; ``path`` is relative to the release's folder, with ``/``."""

    path: str
    sha256: Digest
    bytes: Annotated[int, Field(ge=0)]
    media_type: str
    role: Role

    @field_validator("path")
    @classmethod
    def _stays_inside(cls, path: str) -> str:
        if not all(_SAFE_PART.match(part) for part in path.split("/")):
            raise ValueError("a path in a manifest is relative and stays inside the release")
        return path


class ManifestSource(_Part):
    """The source's bytes this release was made of."""

    sha256: Digest
    bytes: int
    rows: int


class ManifestTable(_Part):
    """One data table: its size, its score and what was hidden in it (cells of protected counts)."""

    table: str
    rows: int
    cells: int
    masked: bool
    score: int | None
    annotation: Literal["separate", "combined"]
    small: int
    complementary: int
    unstable: int
    seed: int | None


class ManifestRun(_Part):
    """When, and by which run, the release was made: the only such facts in a release."""

    run_id: str
    started_at: str


class Manifest(_Part):
    """What a release holds and what it was made of."""

    dataset: DatasetId
    release: ReleaseId
    previous_release: ReleaseId | None
    source: ManifestSource
    declaration_sha256: Digest
    code_version: str
    tables: tuple[ManifestTable, ...]
    files: tuple[ManifestFile, ...]
    run: ManifestRun

    def contents(self) -> tuple[ManifestFile, ...]:
        """What makes a release the same release: its files and their digests, without when and by whom it was made."""
        return tuple(sorted(self.files, key=lambda file: file.path))

    def to_bytes(self) -> bytes:
        """The manifest as it is written: JSON, UTF-8, two spaces, a line feed at the end."""
        return (self.model_dump_json(indent=2) + "\n").encode()


def read_manifest(path: Path, *, dataset: str | None = None) -> Manifest:
    """The manifest in ``path``. Raises StorageError when it is missing or is not a manifest."""
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        what = "the release has no manifest"
    except (OSError, ValidationError):
        what = "the release's manifest cannot be read"
    raise StorageError(
        what,
        remedy="Build the release again; a release without a manifest that can be read is not used.",
        slug="manifest-unreadable",
        place=Place(dataset=dataset, file=path.name),
    )
