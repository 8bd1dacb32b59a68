"""The part of the work area that sweeping leaves alone: the true figures of tables that a later extract is merged into.

A table that is appended to needs what was counted for its current release, small cells among it, long after the run that
counted it is gone. The figures lie in a private store, with a digest of every file. They are kept by release, so that a retry
finds the figures it began with, and a rollback those of the release it went back to. What belongs to no release any more is
removed by :meth:`BaseFigureStore.prune`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path

from include.opendata import places
from include.opendata.errors import Place, StorageError
from include.opendata.storage.digests import sha256_of
from include.opendata.storage.private_store import PrivateStore
from include.opendata.storage.system_errors import storage_errors

FOLDER = ".standing"
_DIGESTS = "digests.json"


class BaseFigureStore:
    """Figures below ``root`` (default: ``.standing`` in the work area)."""

    def __init__(self, root: Path | None = None):
        self.root = root or places.work() / FOLDER
        self._store = PrivateStore(self.root, private_from=self.root.parent)

    def write(self, dataset: str, release: str, files: Mapping[str, bytes]) -> None:
        """Keep ``files`` (name → contents) for a release; what was kept for it before is replaced as a whole."""
        digests = {name: sha256_of(content) for name, content in sorted(files.items())}
        with storage_errors(dataset, "the work area"):
            self._store.put(dataset, release, {**files, _DIGESTS: json.dumps(digests, indent=1).encode()})

    def read(self, dataset: str, release: str) -> dict[str, bytes] | None:
        """What was kept for a release; None when nothing was. Raises StorageError when a file is not as it was written."""
        folder = self._store.folder_of(dataset, release)
        with storage_errors(dataset, "the work area"):
            self._store.restore(dataset, release)
            if not folder.is_dir():
                return None
            try:
                digests = json.loads((folder / _DIGESTS).read_bytes())
                files = {name: (folder / name).read_bytes() for name in digests}
            except (FileNotFoundError, ValueError):
                raise _damaged(dataset) from None
        if any(sha256_of(content) != digests[name] for name, content in files.items()):
            raise _damaged(dataset)
        return files

    def prune(self, dataset: str, keep: Collection[str]) -> int:
        """Remove what is kept for releases other than ``keep``, and what a killed writer left; the number removed."""
        return self._store.prune(dataset, keep)


def _damaged(dataset: str) -> StorageError:
    return StorageError(
        "the figures kept of the current release are not as they were written",
        remedy="Restore the folder `.standing` of the work area from a backup, or refresh once with the full source: "
        f"`bin/opendata refresh {dataset} --whole --source FULL`.",
        slug="standing-unreadable",
        place=Place(dataset=dataset),
    )
