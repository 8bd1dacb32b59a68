"""Begins a run: the declaration must be sound and answered, the options known, the ledger and staging within reach."""

from __future__ import annotations

from include.opendata import places
from include.opendata.declaration.load import load
from include.opendata.declaration.questions import require_answered
from include.opendata.ledger import open_ledger
from include.opendata.pipeline.options import checked_options
from include.opendata.pipeline.provenance import code_version, declaration_digest
from include.opendata.pipeline.records import RunRecord
from include.opendata.pipeline.run import Run
from include.opendata.pipeline.run_context import now, open_run
from include.opendata.staging import open_staging
from include.opendata.storage import RunArea


def start(dataset: str, run_id: str, source: str | None = None, staging: str | None = None, **options: object) -> Run:
    """Begin a run, and fix which release is the current one. Again for the same run, it keeps its first starting time.

    ``options``: those of ``pipeline.options``, fixed here for the whole run. Raises DeclarationError, also for a question
    left open in the declaration.
    """
    declared = load(dataset)
    require_answered(declared)
    asked = checked_options(options, dataset=dataset, tables=[table.table for table in declared.tables])
    place = open_staging(staging or places.staging())
    area, ledger = RunArea(dataset, run_id), open_ledger()
    record = RunRecord(
        dataset=dataset,
        run_id=run_id,
        started_at=RunRecord.read(area).started_at if RunRecord.is_in(area) else now(),
        declaration_sha256=declaration_digest(declared),
        code_version=code_version(),
        previous=place.current(dataset),
        options=asked,
    )
    record.write(area)
    ledger.start_run(dataset, run_id, declaration_sha256=record.declaration_sha256, code_version=record.code_version)
    run = Run(
        dataset=dataset,
        run_id=run_id,
        staging=place.address,  # one spelling: the ledger tells places apart by it
        source=source,
        preview=asked.dry_run,
        whole=asked.whole,
        accept_changes=asked.accept_changes,
        by=asked.by,
    )
    if asked.note:
        open_run(run).decide("start", "note", asked.note)
    return run
