"""The step ``tabulate``: one data table from the snapshot, with its true figures, which stay in the work area."""

from __future__ import annotations

from include.opendata.pipeline.merging import merges, tabulate_merged
from include.opendata.pipeline.results import Tabulated
from include.opendata.pipeline.run import Run
from include.opendata.pipeline.run_context import open_run
from include.opendata.release.formats.registry import require_fits
from include.opendata.storage.tables import write_table
from include.opendata.tables import tabulate as aggregate
from include.opendata.warehouse import open_snapshot


def perform(run: Run, table: str) -> Tabulated:
    """Count the snapshot, totals included, and merge it into what stood where the declaration says so.

    Raises Refused, also (``too-many-rows``) where a declared format cannot hold the table.
    """
    opened = open_run(run)
    declared, area = opened.declared, opened.area
    with open_snapshot(opened.snapshot.parquet, dataset=run.dataset) as warehouse:
        merging = merges(declared)
        tabulated = tabulate_merged(opened, table, warehouse) if merging else aggregate(declared, table, warehouse)
    require_fits(declared.table(table), len(tabulated.frame), dataset=run.dataset)
    path = write_table(area, "tables", tabulated)
    return Tabulated(table=table, rows=len(tabulated.frame), path=path.relative_to(area.folder).as_posix())
