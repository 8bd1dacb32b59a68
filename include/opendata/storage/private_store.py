"""A private store: one folder per dataset and release that outlives the run which wrote it, readable by its owner alone.

A set of files is written beside its place, flushed to the disk and renamed: a reader finds all of it or none. Two stores are
kept so: the base figures a later extract is merged into (``storage.base_figures``), and the proofs of what was found when a
release was attacked (``ledger.evidence``). A writer that was killed leaves folders whose names begin with a dot; the next
writer, or :meth:`PrivateStore.prune`, removes them.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

from include.opendata.storage.atomic import flush, make_private, move_folder, new_file, replace_folder, restore_folder

_WRITING, _PENDING, _OLD = ".writing-", ".pending-", ".old-"


class PrivateStore:
    """Sets of files below ``root``, by dataset and release. ``private_from``: the highest folder that is made private when
    it does not exist yet (``root``, or one above it)."""

    def __init__(self, root: Path, *, private_from: Path):
        self.root = root
        self._private_from = private_from

    def folder_of(self, dataset: str, release: str) -> Path:
        """Where the files of a release lie; it need not exist."""
        return self.root / dataset / release

    def put(self, dataset: str, release: str, files: Mapping[str, bytes]) -> None:
        """Keep ``files`` (relative path → contents) for a release; what was kept for it before is replaced as a whole."""
        written = self._write(dataset, release, files)
        self.restore(dataset, release)
        self._replace(written, dataset, release)

    def put_pending(self, dataset: str, release: str, files: Mapping[str, bytes]) -> None:
        """Keep ``files`` where no reader looks until :meth:`finalise`; what was pending for the release is replaced."""
        written, pending = self._write(dataset, release, files), self._beside(_PENDING, dataset, release)
        shutil.rmtree(pending, ignore_errors=True)
        move_folder(written, pending, durable=True)

    def finalise(self, dataset: str, release: str) -> None:
        """Give what is pending its final name; when nothing is, nothing happens."""
        pending = self._beside(_PENDING, dataset, release)
        if pending.is_dir():
            self._replace(pending, dataset, release)

    def restore(self, dataset: str, release: str) -> None:
        """Put back the old files when a writer was killed before the new ones had their name."""
        restore_folder(self.folder_of(dataset, release), aside=self._beside(_OLD, dataset, release))

    def prune(self, dataset: str, keep: Collection[str]) -> int:
        """Remove what is kept for releases other than ``keep``, and what killed writers left of them; the number removed."""
        folder = self.root / dataset
        stale = [path for path in folder.glob("*") if _release_of(path) not in keep] if folder.is_dir() else []
        for path in stale:
            shutil.rmtree(path, ignore_errors=True)
        return len(stale)

    def _write(self, dataset: str, release: str, files: Mapping[str, bytes]) -> Path:
        writing = self._beside(_WRITING, dataset, release)
        shutil.rmtree(writing, ignore_errors=True)
        make_private(writing, root=self._private_from)
        for name, content in files.items():
            path = writing / name
            make_private(path.parent, root=self._private_from)
            with new_file(path, 0o600) as stream:
                stream.write(content)
                flush(stream)
        return writing

    def _replace(self, source: Path, dataset: str, release: str) -> None:
        aside = self._beside(_OLD, dataset, release)
        replace_folder(source, self.folder_of(dataset, release), aside=aside, durable=True)

    def _beside(self, prefix: str, dataset: str, release: str) -> Path:
        return self.root / dataset / f"{prefix}{release}"


def _release_of(path: Path) -> str:
    return path.name.removeprefix(_WRITING).removeprefix(_PENDING).removeprefix(_OLD)
