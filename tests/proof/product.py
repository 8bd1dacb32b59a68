"""What the product makes of a world: every act is refreshed as the command line does it, in an installation of its own.

The quality suites are left out (they hold nothing back that protection hides), and so are approvals' people.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.opendata import places
from include.opendata.errors import OpendataError
from include.opendata.identifiers import IdentifierScan
from include.opendata.ledger import open_ledger
from include.opendata.pipeline import build_release as building
from include.opendata.pipeline import door
from include.opendata.pipeline.run_context import open_run
from include.opendata.pipeline.start import start
from include.opendata.pipeline.steps import step_named
from include.opendata.release.evidence import page
from include.opendata.release.formats.csv_files import write_table_csv
from include.opendata.storage.tables import read_table
from tests.lib.small_release import report
from tests.proof.outsider import Published
from tests.proof.worlds import Act, World

PROTECT = ("extract", "tabulate", "assess", "protect")
STAGE = ("build_release", "request_approvals", "check_approvals", "stage", "finish")

CRASH = "crash "


class _WithoutAliases(yaml.SafeDumper):
    """Writes what occurs twice twice: a declaration has no anchors."""

    def ignore_aliases(self, data: object) -> bool:
        return True


@dataclass(frozen=True)
class Outcome:
    """What was published of each act, or the slug of what it was refused for."""

    published: tuple[Published, ...]
    refused: tuple[str, ...]


@contextmanager
def installation() -> Iterator[Path]:
    """An empty installation in a scratch folder."""
    memory = Path("/dev/shm")  # a ledger on disk waits for the disk a hundred times in a world
    with tempfile.TemporaryDirectory(prefix="worlds-", dir=memory if os.access(memory, os.W_OK) else None) as name:
        folder = Path(name)
        moved = {
            "OPENDATA_DATASETS": str(folder / "datasets"),
            "OPENDATA_EXPECTATIONS": str(folder / "great_expectations"),
            "OPENDATA_WORK": str(folder / "work"),
            "OPENDATA_STAGING": str(folder / "staging"),
            "OPENDATA_LEDGER": f"sqlite:///{folder / 'ledger.sqlite'}",
            "OPENDATA_EVIDENCE": str(folder / "evidence"),
        }
        (folder / "ledger.sqlite").write_bytes(_empty_ledger())
        with pytest.MonkeyPatch.context() as patch:
            for variable, value in moved.items():
                patch.setenv(variable, value)
            patch.setattr(building, "advise_in_refresh", lambda *_, **__: {})  # publishes nothing, and takes long
            patch.setattr(page, "charts", lambda *_, **__: ())  # drawn of what the files show
            yield folder


@cache
def _empty_ledger() -> bytes:
    """A ledger without entries, made by the migrations once in a process."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "ledger.sqlite"
        open_ledger(f"sqlite:///{path}")
        return path.read_bytes()


def publish(world: World) -> Outcome:
    """Refresh every act of a world in turn; one that is refused publishes nothing, and the next is tried all the same."""
    published, refused = [], []
    with installation() as folder:
        staged = len(world.acts) > 1
        stopped: set[str] = set()
        for number, act in enumerate(world.acts):
            if act.dataset in stopped:
                continue
            try:
                files = refresh(act, folder, number, staged=staged)
            except OpendataError as refusal:
                refused.append(refusal.slug)
                if any("refresh" in table for table in act.declaration["tables"]):
                    stopped.add(act.dataset)  # what the refused extract brought is missing from all that would follow
                continue
            except Exception as crash:  # noqa: BLE001  whatever it is, it is told with the world's seed
                refused.append(f"{CRASH}{type(crash).__name__}: {crash}")
                continue
            published.append(Published(f"r{number}", act.declaration, files, act.names, act.meaning, act.covered))
    return Outcome(tuple(published), tuple(refused))


def refresh(act: Act, folder: Path, number: int, *, staged: bool) -> dict[str, str]:
    """The files one refresh publishes, by table. Raises the OpendataError it was refused with."""
    source = folder / f"{act.dataset}.csv"
    act.records.to_csv(source, index=False)
    path = places.declaration(act.dataset)
    path.parent.mkdir(parents=True, exist_ok=True)
    forms = [f | {"reference": f"F{n}"} for n in range(number + 1) for f in act.declaration["approvals"]]
    declaration = act.declaration | {
        "approvals": forms,
        "source": act.declaration["source"] | {"location": str(source)},
    }
    text = yaml.dump(declaration, Dumper=_WithoutAliases, sort_keys=False, allow_unicode=True)
    path.write_text(text, encoding="utf-8")
    run = start(act.dataset, f"r{number}")
    _perform(run, PROTECT)
    if staged:
        _without_suites(run)
        _perform(run, STAGE)
    files = {}
    for name in open_run(run).tables if not staged else [t["table"] for t in act.declaration["tables"]]:
        files[name] = _staged_file(act.dataset, name, folder) if staged else _file(run, name, folder)
    return files


def _perform(run: Any, names: tuple[str, ...]) -> None:
    for name in names:
        step = step_named(name)
        for table in open_run(run).tables if step.per_table else (None,):
            door.perform(step, run, table)


def _without_suites(run: Any) -> None:
    """What the steps that check quality would have left."""
    opened = open_run(run)
    for name in ("source", *opened.tables):
        opened.area.write_json(f"quality/{name}.json", report("source" if name == "source" else "publishable"))
        scan = IdentifierScan(run.dataset, None if name == "source" else name, 1, 1, findings=(), reasons={})
        opened.area.write_json(f"identifiers/{name}.json", scan.to_json())


def _file(run: Any, name: str, folder: Path) -> str:
    path = folder / f"{name}.csv"
    write_table_csv(path, read_table(open_run(run).area, "protected", name), dataset=run.dataset)
    return path.read_text(encoding="utf-8")


def _staged_file(dataset: str, table: str, folder: Path) -> str:
    current = json.loads((folder / "staging" / dataset / "current.json").read_text())["release"]
    return (folder / "staging" / dataset / "releases" / current / "data" / f"{table}.csv").read_text(encoding="utf-8")
