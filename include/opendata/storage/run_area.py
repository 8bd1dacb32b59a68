"""One folder per run, readable by its owner alone, swept after success or by age.

A step writes its result whole or not at all (a partial file beside, then a rename), so that a step killed in the middle
can be run again. Records never leave this area; what is handed on are paths and digests.
"""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from include.opendata import places
from include.opendata.errors import Place, StorageError
from include.opendata.storage.atomic import make_private, write_text
from include.opendata.storage.digests import sha256_of
from include.opendata.storage.system_errors import storage_errors


@dataclass(frozen=True)
class RunArea:
    """The folder of one run of one dataset."""

    dataset: str
    run_id: str

    @property
    def folder(self) -> Path:
        """``<work>/<dataset>/<run>``; the run's name is digested, for Airflow's hold characters a file system may not."""
        return places.work() / self.dataset / sha256_of(self.run_id.encode())[:16]

    def path(self, *parts: str) -> Path:
        """A path inside the area; folders on the way are made, mode 0700."""
        target = self.folder.joinpath(*parts)
        with storage_errors(self.dataset, "the work area"):
            make_private(target.parent, root=places.work())
        return target

    def write_json(self, name: str, value: Any) -> Path:
        """Write ``value`` as JSON, whole or not at all."""
        path = self.path(name)
        with storage_errors(self.dataset, "the work area"):
            write_text(path, json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True))
        return path

    def read_json(self, name: str) -> Any:
        """What an earlier step wrote. Raises StorageError when the run's folder was swept or never got that far."""
        path = self.folder / name
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise StorageError(
                f"this run's work area has no {name}",
                remedy="Start the refresh again from its first step; the work area is swept after success and by age.",
                slug="work-area-swept",
                place=Place(dataset=self.dataset),
            ) from None

    def has(self, name: str) -> bool:
        """Whether an earlier step wrote ``name``."""
        return (self.folder / name).exists()

    def remove(self) -> None:
        """Delete the run's folder with everything in it."""
        shutil.rmtree(self.folder, ignore_errors=True)


KEEP_UNTIL = "keep_until.json"
"""Written by a run that waits for people: its folder is not swept before that time (seconds since 1970)."""


def sweep(older_than_days: float = 7.0, *, now: float | None = None) -> int:
    """Delete runs' folders untouched for so many days, but none that waits for its approvers; the number deleted."""
    clock = now if now is not None else time.time()
    limit = clock - older_than_days * 86_400
    swept = 0
    root = places.work()
    for run in sorted(root.glob("[!.]*/*")) if root.is_dir() else []:  # not what stands for the next extract
        newest = _last_written(run)
        if run.is_dir() and newest is not None and newest < limit and not _waits(run, clock):
            shutil.rmtree(run, ignore_errors=True)
            swept += 1
    return swept


def _last_written(run: Path) -> float | None:
    """When anything of a run's folder was last written; None when files vanish while we look: another run is at work in it."""
    try:
        return max(path.stat().st_mtime for path in [run, *run.rglob("*")])
    except FileNotFoundError:
        return None


def _waits(run: Path, clock: float) -> bool:
    try:
        return float(json.loads((run / KEEP_UNTIL).read_text(encoding="utf-8"))) > clock
    except FileNotFoundError:
        return False
