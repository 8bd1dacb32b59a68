"""The part of the work area that sweeping leaves alone: the true figures of tables that a later extract is merged into.

A table that is appended to needs what was counted for its current release, small cells among it, long after the run that
counted it is gone. It lies here, one folder per dataset and release, readable by its owner alone, written whole or not at
all, with a digest of every file. Keyed by release, so that a retry finds the figures it began with and a rollback those of
the release it went back to. What belongs to no release any more is removed by :meth:`StandingStore.prune`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

from include.opendata import places
from include.opendata.errors import Place, StorageError
from include.opendata.storage.run_area import storage_errors

FOLDER = ".standing"
_DIGESTS = "digests.json"
_WRITING, _OLD = ".writing-", ".old-"


class StandingStore:
    """Figures below ``root`` (default: ``.standing`` in the work area)."""

    def __init__(self, root: Path | None = None):
        self.root = root or places.work() / FOLDER

    def write(self, dataset: str, release: str, files: Mapping[str, bytes]) -> None:
        """Keep ``files`` (name → contents) for a release; what was kept for it before is replaced as a whole."""
        with storage_errors(dataset, "the work area"):
            folder = self._private(self.root / dataset)
            writing, final, old = folder / (_WRITING + release), folder / release, folder / (_OLD + release)
            shutil.rmtree(writing, ignore_errors=True)
            writing.mkdir(mode=0o700)
            digests = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
            for name, content in {**files, _DIGESTS: json.dumps(digests, indent=1).encode()}.items():
                with os.fdopen(os.open(writing / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
                    stream.write(content)
                    stream.flush()
                    os.fsync(stream.fileno())
            self._mend(dataset, release)
            if final.exists():
                final.rename(old)
            writing.rename(final)
            shutil.rmtree(old, ignore_errors=True)

    def read(self, dataset: str, release: str) -> dict[str, bytes] | None:
        """What was kept for a release; None when nothing was. Raises StorageError when a file is not as it was written."""
        self._mend(dataset, release)
        folder = self.root / dataset / release
        with storage_errors(dataset, "the work area"):
            if not folder.is_dir():
                return None
            try:
                digests = json.loads((folder / _DIGESTS).read_bytes())
                files = {name: (folder / name).read_bytes() for name in digests}
            except (FileNotFoundError, ValueError):
                raise _damaged(dataset) from None
        if any(hashlib.sha256(content).hexdigest() != digests[name] for name, content in files.items()):
            raise _damaged(dataset)
        return files

    def prune(self, dataset: str, keep: Collection[str]) -> int:
        """Remove what is kept for releases other than ``keep``, and what a killed writer left; the number removed."""
        removed = 0
        for folder in sorted((self.root / dataset).glob("*")) if (self.root / dataset).is_dir() else []:
            name = folder.name.removeprefix(_WRITING).removeprefix(_OLD)
            if name not in keep:
                shutil.rmtree(folder, ignore_errors=True)
                removed += 1
        return removed

    def _mend(self, dataset: str, release: str) -> None:
        """A writer killed between its two renames left the old figures aside: put them back."""
        final, old = self.root / dataset / release, self.root / dataset / (_OLD + release)
        if old.is_dir():
            if final.is_dir():
                shutil.rmtree(old, ignore_errors=True)
            else:
                old.rename(final)

    def _private(self, folder: Path) -> Path:
        """The folder and those above it, up to the work area, readable by their owner alone."""
        if not folder.is_dir():
            if folder != self.root.parent:
                self._private(folder.parent)
            else:
                folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
        return folder


def _damaged(dataset: str) -> StorageError:
    return StorageError(
        "the figures kept of the current release are not as they were written",
        remedy="Restore the folder `.standing` of the work area from a backup, or refresh once with the full source: "
        f"`bin/opendata refresh {dataset} --whole --source FULL`.",
        slug="standing-unreadable",
        place=Place(dataset=dataset),
    )
