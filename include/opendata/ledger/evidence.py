"""The private store of proofs: what was found when a release was attacked, kept so that it can be re-checked later.

Beside the ledger, readable by its owner alone, one folder per dataset and release. A proof is written, whole, before its
release becomes visible (*pending*), and takes its final name once it is; a run killed in between leaves it pending, and
whoever records the release next puts it in its place.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from include.opendata import places
from include.opendata.errors import InputError, Place

_PENDING, _WRITING, _OLD = ".pending-", ".writing-", ".old-"


class EvidenceStore:
    """Proofs below ``root`` (default: where ``places.evidence_store()`` says)."""

    def __init__(self, root: Path | None = None):
        self.root = root or places.evidence_store()

    def write(self, dataset: str, release: str, files: Mapping[str, bytes]) -> None:
        """Keep ``files`` (name → contents) as the pending proof of a release; one that is pending already is replaced."""
        folder = self._private(self.root / dataset)
        writing, pending = folder / (_WRITING + release), folder / (_PENDING + release)
        shutil.rmtree(writing, ignore_errors=True)
        for name, content in files.items():
            path = writing / name
            self._private(path.parent)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
        shutil.rmtree(pending, ignore_errors=True)
        writing.rename(pending)

    def settle(self, dataset: str, release: str) -> None:
        """Give a pending proof its final name, now that its release is visible; without one nothing happens."""
        folder = self.root / dataset
        pending, final, old = folder / (_PENDING + release), folder / release, folder / (_OLD + release)
        if not pending.is_dir():
            return
        shutil.rmtree(old, ignore_errors=True)
        if final.exists():
            final.rename(old)
        pending.rename(final)
        shutil.rmtree(old, ignore_errors=True)

    def has(self, dataset: str, release: str) -> bool:
        """Whether the release's proof is there, settled."""
        return (self.root / dataset / release / "proof.json").is_file()

    def folder(self, dataset: str, release: str) -> Path:
        """Where a settled proof lies. Raises InputError when there is none."""
        if not self.has(dataset, release):
            raise InputError(
                f"the evidence store has no proof of release {release}",
                remedy="Restore the evidence store from a backup; a proof cannot be made again without the source.",
                slug="proof-missing",
                place=Place(dataset=dataset),
            )
        return self.root / dataset / release

    def _private(self, folder: Path) -> Path:
        """The folder and those above it up to the store's root, readable by their owner alone."""
        if not folder.is_dir():
            if folder != self.root:
                self._private(folder.parent)
            else:
                folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
        return folder
