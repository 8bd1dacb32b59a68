"""The step ``finish``: the run's outcome to the ledger, its records out of the work area."""

from __future__ import annotations

import shutil

from include.opendata.ledger import open_ledger
from include.opendata.pipeline.records import ReleaseRecord, UnchangedRecord
from include.opendata.pipeline.results import Finished
from include.opendata.pipeline.run import Run
from include.opendata.pipeline.run_context import open_run
from include.opendata.storage import RunArea, sweep
from include.opendata.storage.run_area import KEEP_UNTIL


def perform(run: Run) -> Finished:
    """Close the run. Of a preview the release's folder stays in the work area, for people to look at."""
    if run.preview:
        return _close_preview(run)
    area, ledger = RunArea(run.dataset, run.run_id), open_ledger()
    entry = ledger.run(run.dataset, run.run_id)
    if entry is not None and entry.outcome in ("staged", "unchanged"):  # closed before; this is a retry
        finished = Finished.model_validate({"outcome": entry.outcome})
    else:
        finished = Finished(outcome="unchanged" if UnchangedRecord.is_in(area) else "staged")
    ledger.finish_run(run.dataset, run.run_id, outcome=finished.outcome)
    area.remove()
    sweep()
    return finished


def _close_preview(run: Run) -> Finished:
    opened = open_run(run)
    area = opened.area
    for part in ("snapshot", "tables", "standing", "proof"):
        shutil.rmtree(area.folder / part, ignore_errors=True)
    (area.folder / KEEP_UNTIL).unlink(missing_ok=True)  # it waits for no one
    opened.ledger.finish_run(run.dataset, run.run_id, outcome="previewed")
    return Finished(outcome="previewed", folder=str(area.folder / ReleaseRecord.read(area).folder))
