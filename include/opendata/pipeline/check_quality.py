"""The step ``check_quality``: the source's suite, the figures its owner states, and the scan for what looks personal."""

from __future__ import annotations

from include.opendata.identifiers import require_one_record_each, scan_source
from include.opendata.pipeline.identifiers import require_no_identifiers
from include.opendata.pipeline.ledger_notes import quality_recorder
from include.opendata.pipeline.results import SourceChecked
from include.opendata.pipeline.run import Run
from include.opendata.pipeline.run_context import open_run
from include.opendata.quality import check_source
from include.opendata.tables import control_totals, refuse_stacked_rows
from include.opendata.warehouse import open_snapshot


def perform(run: Run) -> SourceChecked:
    """Check the source where the snapshot lies. Raises Refused where the suite, a control total,
    a repeated person, rows that hold one another, or the scan says no."""
    opened = open_run(run)
    declared = opened.declared
    with open_snapshot(opened.snapshot.parquet, dataset=run.dataset) as warehouse:
        report = check_source(declared, warehouse, record=quality_recorder(opened))
        control_totals(declared, warehouse)
        require_one_record_each(declared, warehouse)
        refuse_stacked_rows(declared, warehouse)
        scan = scan_source(declared, warehouse)
    opened.area.write_json("quality/source.json", report.to_json())
    opened.decide(
        "check_quality",
        "quality-passed",
        f"The source passed its quality suite: {report.successful} of {report.declared} expectations hold.",
        figures={"declared": report.declared, "evaluated": report.evaluated, "successful": report.successful},
    )
    require_no_identifiers(scan, opened.area, opened.ledger, step="check_quality")
    return SourceChecked(suite=report.suite, declared=report.declared, successful=report.successful)
