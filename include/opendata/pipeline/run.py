"""The steps of a refresh one after the other, without Airflow: what the command line runs.

The order is the DAG's. A preview runs everything but the approvals and staging, and leaves its release in the work area for
people to look at.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from include.opendata.errors import EXIT_AUDIT, EXIT_REFUSED, OpendataError
from include.opendata.pipeline import approvals, steps
from include.opendata.pipeline.run_context import record_failure
from include.opendata.progress import heard

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """How a run ended: staged, unchanged or previewed; ``folder`` is a preview's release, in the work area."""

    dataset: str
    run_id: str
    outcome: str
    staging: str
    folder: Path | None = None


def run_refresh(
    dataset: str,
    *,
    source: str | None = None,
    staging: str | None = None,
    preview: bool = False,
    whole: bool = False,
    accept_changes: str | None = None,
    by: str = "",
    force: bool = False,
    only: str | None = None,
    note: str | None = None,
    progress: Progress = lambda step: None,
) -> Outcome:
    """Refresh one dataset. Raises the OpendataError that stopped it, after telling the ledger.

    ``whole``: the source is the whole of every table, whatever the declared mechanism · ``accept_changes``: why ``by``
    accepts the changes for which an earlier run was refused · ``force``, ``only``, ``note``: see ``pipeline.options``, where a
    preview is called a dry run.
    """
    stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    run_id = f"{'preview' if preview else 'by-hand'}__{stamp}__{os.getpid()}"
    run = steps.start(
        dataset, run_id, source=source, staging=staging, force=force, dry_run=preview, only=only, note=note, whole=whole,
        accept_changes=accept_changes, by=by,
    )  # fmt: skip
    step = "start"

    def perform(name: str, *arguments: str) -> Any:
        nonlocal step
        step = name
        progress(f"{name} {arguments[0]}" if arguments else name)
        if name == "request_approvals":
            return approvals.request_approvals(run, bind=not preview)
        if name == "check_approvals":
            return approvals.check_approvals(run)
        with heard(lambda line: progress(f"  {line}")):
            return getattr(steps, name)(run, *arguments)

    try:
        perform("extract")
        if not preview and not perform("has_changed"):
            perform("finish")
            return Outcome(dataset, run_id, "unchanged", run["staging"])
        perform("check_quality")
        tables = steps.table_names(run)
        for name in ("tabulate", "assess"):
            for table in tables:
                perform(name, table)
        perform("protect")
        for table in tables:
            perform("check_publishable", table)
        perform("build_release")
        perform("request_approvals")
        if preview:
            return Outcome(dataset, run_id, "previewed", run["staging"], steps.close_preview(run))
        perform("check_approvals")
        perform("stage")
        return Outcome(dataset, run_id, perform("finish")["outcome"], run["staging"])
    except OpendataError as error:
        refused = error.exit_code in (EXIT_REFUSED, EXIT_AUDIT)
        record_failure(run, step, str(error), outcome="refused" if refused else "failed")
        raise
    except Exception:
        record_failure(run, step, "an unforeseen error; its message is withheld because it may quote a record")
        raise
