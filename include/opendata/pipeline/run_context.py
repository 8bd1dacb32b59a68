"""What every step of a run shares: opening it, telling the ledger what was decided, how it failed, what was staged.

A run's declaration must be the one it began with. Imports are inside the functions, as in ``refresh``.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.load import load
from include.opendata.errors import Place, Refused
from include.opendata.ledger import Decision, Ledger, ReleaseEntry, open_ledger
from include.opendata.pipeline.provenance import declaration_digest
from include.opendata.pipeline.published_history import remember
from include.opendata.pipeline.releases import record_publication
from include.opendata.staging import open_staging
from include.opendata.storage import RunArea
from include.opendata.storage.digests import sha256_of
from include.opendata.vocabulary import Snapshot

Run = dict[str, Any]
"""``dataset``, ``run_id``, ``staging`` (an address), ``source`` (an override, or None), ``preview``."""


def open_run(run: Run) -> tuple[Dataset, RunArea, Ledger]:
    """The declaration (unchanged since the run began), the work area and the ledger of a run."""

    declared, area = load(run["dataset"]), RunArea(run["dataset"], run["run_id"])
    if area.read_json("run.json")["declaration_sha256"] != declaration_digest(declared):
        raise Refused(
            "the declaration, a suite or the rule book changed while the run was under way",
            remedy="Start the refresh again; what was approved and what is built must be the same.",
            slug="declaration-moved",
            place=Place(dataset=run["dataset"]),
        )
    return declared, area, run_ledger()


def snapshot_of(run: Run) -> Snapshot:
    """The snapshot a run took."""

    area = RunArea(run["dataset"], run["run_id"])
    facts = area.read_json("snapshot.json")
    return Snapshot(
        dataset=run["dataset"],
        sha256=facts["sha256"],
        bytes=facts["bytes"],
        rows=facts["rows"],
        schema=tuple((name, kind) for name, kind in facts["schema"]),
        raw=area.folder / facts["raw"],
        parquet=area.folder / facts["parquet"],
    )


def decide(run: Run, step: str, slug: str, sentence: str, **more: Any) -> None:
    """Record one decision of a step; ``more``: section, table, figures."""

    run_ledger().decide(run["dataset"], run["run_id"], [Decision(step=step, slug=slug, sentence=sentence, **more)])


def run_ledger() -> Ledger:
    """The ledger this installation tells its runs to."""

    return open_ledger()


def record_failure(run: Run, step: str, message: str, outcome: str = "failed") -> None:
    """Tell the ledger that a run ended in ``step``; ``message`` is for people and holds no value of a record.

    ``outcome`` is failed, or refused where a rule said no.
    """
    ledger = run_ledger()
    if ledger.run(run["dataset"], run["run_id"]) is not None:
        ledger.finish_run(run["dataset"], run["run_id"], outcome=outcome, message=f"{step}: {message}")
        decide(run, step, "stopped", message.split("\n", 1)[0])


def record_release(run: Run) -> None:
    """Tell the ledger of the current release in staging and of what it published; what it knows already stays as it is."""

    manifest, ledger = open_staging(run["staging"]).read_manifest(run["dataset"]), run_ledger()
    remember(run["dataset"], manifest, address=run["staging"], ledger=ledger)
    record_publication(manifest, run["staging"], ledger)
    ledger.record_release(
        ReleaseEntry(
            dataset=manifest.dataset,
            release=manifest.release,
            staged_at=now(),
            staging=run["staging"],
            manifest_sha256=sha256_of(manifest.to_bytes()),
            source_sha256=manifest.source.sha256,
            declaration_sha256=manifest.declaration_sha256,
            code_version=manifest.code_version,
            previous=manifest.previous_release,
            figures={"tables": [table.model_dump(mode="json") for table in manifest.tables]},
        )
    )


def now() -> str:
    """UTC to the second, as the ledger writes it."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
