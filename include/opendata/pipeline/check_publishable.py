"""The step ``check_publishable``: the publishable suite and the scan for identifiers, on exactly what would be published."""

from __future__ import annotations

from include.opendata.identifiers import scan_output
from include.opendata.pipeline.identifiers import require_no_identifiers
from include.opendata.pipeline.ledger_notes import quality_recorder
from include.opendata.pipeline.results import TableChecked
from include.opendata.pipeline.run import Run
from include.opendata.pipeline.run_context import open_run
from include.opendata.quality import check_publishable
from include.opendata.storage.tables import read_table


def perform(run: Run, table: str) -> TableChecked:
    """Check one protected table. Raises Refused where the suite or the scan says no."""
    opened = open_run(run)
    declared, area = opened.declared, opened.area
    protected, folder = read_table(area, "protected", table), area.path("publishable", table, "x").parent
    scan = scan_output(declared, protected, folder)
    require_no_identifiers(scan, area, opened.ledger, step="check_publishable")
    report = check_publishable(declared, protected, folder, record=quality_recorder(opened, table))
    area.write_json(f"quality/{table}.json", report.to_json())
    opened.decide(
        "check_publishable",
        "publishable",
        f"What is to be published passed its suite: {report.successful} of {report.declared} expectations hold.",
        table=table,
        figures={"declared": report.declared, "evaluated": report.evaluated, "successful": report.successful},
    )
    return TableChecked(table=table, declared=report.declared, successful=report.successful)
