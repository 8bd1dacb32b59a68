"""The private store of proofs: what was found when a release was attacked, kept so that it can be re-checked later.

It lies beside the ledger. A proof is written, whole, before its release becomes visible (*pending*), and takes its final name
once it is; a run killed in between leaves it pending, and whoever records the release next puts it in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from include.opendata import places
from include.opendata.errors import InputError, Place
from include.opendata.storage.private_store import PrivateStore


class EvidenceStore:
    """Proofs below ``root`` (default: where ``places.evidence_store()`` says)."""

    def __init__(self, root: Path | None = None):
        self.root = root or places.evidence_store()
        self._store = PrivateStore(self.root, private_from=self.root.parent)

    def write(self, dataset: str, release: str, files: Mapping[str, bytes]) -> None:
        """Keep ``files`` (relative path → contents) as the pending proof of a release, in place of one that is pending."""
        self._store.put_pending(dataset, release, files)

    def finalise(self, dataset: str, release: str) -> None:
        """Give a pending proof its final name, now that its release is visible; without one nothing happens."""
        self._store.finalise(dataset, release)

    def has(self, dataset: str, release: str) -> bool:
        """Whether the release's proof is there and final."""
        return (self._store.folder_of(dataset, release) / "proof.json").is_file()

    def folder(self, dataset: str, release: str) -> Path:
        """Where a final proof lies. Raises InputError when there is none."""
        if not self.has(dataset, release):
            raise InputError(
                f"the evidence store has no proof of release {release}",
                remedy="Restore the evidence store from a backup; a proof cannot be made again without the source.",
                slug="proof-missing",
                place=Place(dataset=dataset),
            )
        return self._store.folder_of(dataset, release)
