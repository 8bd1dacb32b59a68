"""The steps of a refresh one after the other, without Airflow: what the command line runs.

The order is the list's, which the DAGs follow too. A preview performs everything but the comparison with the current release,
the check of approvals and staging, and leaves its release in the work area for people to look at.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from include.opendata.errors import EXIT_AUDIT, EXIT_REFUSED, OpendataError
from include.opendata.pipeline import door
from include.opendata.pipeline.results import Comparison, Finished, Result
from include.opendata.pipeline.run import Run
from include.opendata.pipeline.run_context import open_run, record_failure
from include.opendata.pipeline.start import start
from include.opendata.pipeline.steps import STEPS, Step
from include.opendata.progress import progress_to
from include.opendata.storage.clock import compact_stamp

Progress = Callable[[str], None]

NOT_IN_A_PREVIEW = ("has_changed", "check_approvals", "stage")


@dataclass(frozen=True)
class Outcome:
    """How a run ended: staged, unchanged or previewed; ``folder`` is a preview's release, in the work area."""

    dataset: str
    run_id: str
    outcome: str
    staging: str
    folder: Path | None = None


@dataclass(frozen=True)
class RefreshRequest:
    """What is asked of one refresh by hand.

    ``source``: read from here instead of the declared place · ``staging``: an address · ``whole``: the source is the whole of
    every table, whatever the declared mechanism · ``accept_changes``: why ``by`` accepts the changes for which an earlier run
    was refused · ``force``, ``only``, ``note``: see ``pipeline.options``, where a preview is called a dry run.
    """

    dataset: str
    source: str | None = None
    staging: str | None = None
    preview: bool = False
    whole: bool = False
    accept_changes: str | None = None
    by: str = ""
    force: bool = False
    only: str | None = None
    note: str | None = None

    def begin(self) -> Run:
        """Begin the run, under a name of its own. Raises DeclarationError for what cannot be done."""
        options = {
            "force": self.force,
            "dry_run": self.preview,
            "only": self.only,
            "note": self.note,
            "whole": self.whole,
            "accept_changes": self.accept_changes,
            "by": self.by,
        }
        run_id = f"{'preview' if self.preview else 'by-hand'}__{compact_stamp()}__{os.getpid()}"
        return start(self.dataset, run_id, source=self.source, staging=self.staging, **options)


def run_refresh(request: RefreshRequest, progress: Progress = lambda step: None) -> Outcome:
    """Refresh one dataset. Raises the OpendataError that stopped it, after recording it in the ledger.

    ``progress`` is given the name of each step, and what a long step is doing.
    """
    run = request.begin()
    finished = _perform_all(run, progress)
    folder = Path(finished.folder) if finished.folder is not None else None
    return Outcome(run.dataset, run.run_id, finished.outcome, run.staging, folder)


def _perform_all(run: Run, progress: Progress) -> Finished:
    """Perform the steps of the list; from an unchanged source it goes on with the last one."""
    with _failure_recorded(run, "start"):
        tables = open_run(run).tables
    left_out = NOT_IN_A_PREVIEW if run.preview else ()
    steps = [step for step in STEPS if step.module is not None and step.name not in left_out]
    result: Result | None = None
    for step in steps:
        if result == Comparison(changed=False) and step is not steps[-1]:
            continue
        for table in tables if step.per_table else (None,):
            result = _perform(step, run, table, progress)
    if not isinstance(result, Finished):
        raise TypeError(f"the last step of the list is not `finish`: {steps[-1].name}")
    return result


def _perform(step: Step, run: Run, table: str | None, progress: Progress) -> Result:
    progress(step.name if table is None else f"{step.name} {table}")
    with _failure_recorded(run, step.name), progress_to(lambda line: progress(f"  {line}")):
        return door.perform(step, run, table)


@contextmanager
def _failure_recorded(run: Run, step: str) -> Iterator[None]:
    """Record in the ledger what stops ``step``, and let it pass."""
    try:
        yield
    except OpendataError as error:
        refused = error.exit_code in (EXIT_REFUSED, EXIT_AUDIT)
        record_failure(run, step, str(error), outcome="refused" if refused else "failed")
        raise
    except Exception:
        record_failure(run, step, "an unexpected error; its message is withheld because it may quote a record")
        raise
