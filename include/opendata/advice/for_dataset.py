"""Advice for the tables of a dataset: by itself, from the source on, or in the course of a refresh.

Decides how much of it is worked out when. By itself everything is; a refresh, which people wait for, looks at small tables
only and names the command for the others.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from include.opendata.advice.advisor import Advice, Progress, advise_table, in_silence, left_out
from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.load import load
from include.opendata.errors import DeclarationError, OpendataError, Place
from include.opendata.gate.assessment import assess
from include.opendata.gate.table_facts import table_facts
from include.opendata.sources import extract
from include.opendata.storage import RunArea
from include.opendata.storage.clock import compact_stamp
from include.opendata.storage.tables import read_table
from include.opendata.tables import tabulate
from include.opendata.vocabulary import DataTable
from include.opendata.warehouse import Warehouse, open_snapshot

MOST_ROWS_IN_REFRESH = 2_000
MOST_RECORDS_IN_REFRESH = 1_000_000


def advise_dataset(
    dataset: str, *, table: str | None = None, source: str | None = None, progress: Progress = in_silence
) -> tuple[Advice, ...]:
    """Advice for the tables of ``dataset``, or for one of them, from its source on.

    The records lie in a work area of their own and are deleted before this returns. Raises DeclarationError (no such dataset
    or table), InputError (the source), Refused (the tables cannot be made).
    """
    declared = load(dataset)
    wanted = _wanted(declared, table)
    stamp = compact_stamp()
    area = RunArea(dataset, f"advice__{stamp}__{os.getpid()}")
    try:
        progress("extract")
        snapshot = extract(declared.source, dataset=dataset, location=source, into=area.path("snapshot", "raw").parent)
        with open_snapshot(snapshot.parquet, dataset=dataset) as warehouse:
            tables: dict[str, DataTable] = {}
            for declared_table in declared.tables:
                progress(f"tabulate {declared_table.table}")
                tables[declared_table.table] = tabulate(declared, declared_table.table, warehouse)
            assessed = {
                name: assess(table_facts(declared, tabulated)).masking_required for name, tabulated in tables.items()
            }
            return tuple(_advice(declared, name, tables[name], warehouse, assessed, progress) for name in wanted)
    finally:
        area.remove()


def advise_in_refresh(
    declared: Dataset, area: RunArea, parquet: Path, *, masked: Mapping[str, bool], records: int
) -> dict[str, Advice]:
    """Advice for every table of a run that must be masked. ``masked``: table → whether; ``records``: how many the snapshot has.

    A table too large to try designs of while people wait is left out, and says so.
    """
    advised: dict[str, Advice] = {}
    if not any(masked.values()):
        return advised
    with open_snapshot(parquet, dataset=declared.dataset) as warehouse:
        for name in (name for name, must_be in masked.items() if must_be):
            tabulated = read_table(area, "tables", name)
            if records > MOST_RECORDS_IN_REFRESH or len(tabulated.frame) > MOST_ROWS_IN_REFRESH:
                advised[name] = _too_large(declared.dataset, name)
            else:
                advised[name] = _advice(declared, name, tabulated, warehouse, masked, in_silence)
    return advised


def _too_large(dataset: str, table: str) -> Advice:
    return left_out(
        table,
        "This table is too large to try coarser designs of during a refresh; "
        f"bin/opendata advise {dataset} --table {table} does.",
    )


def _advice(
    declared: Dataset,
    name: str,
    tabulated: DataTable,
    warehouse: Warehouse,
    assessed: Mapping[str, bool],
    progress: Progress,
) -> Advice:
    if declared.table(name).masking == "whole_percentages":
        return left_out(name, "It publishes whole percentages and no count, so no coarser design was looked for.")
    others = any(masked for other, masked in assessed.items() if other != name)
    try:
        return advise_table(declared, name, tabulated, warehouse, others_masked=others, progress=progress)
    except OpendataError as error:
        # What keeps the table itself back is said, with its remedy, by the step it keeps back.
        return left_out(name, f"No coarser design was looked for: {': '.join((error.what, *error.details))}.")


def _wanted(declared: Dataset, table: str | None) -> list[str]:
    names = [declared_table.table for declared_table in declared.tables]
    if table is None:
        return names
    if table not in names:
        raise DeclarationError(
            f"there is no table called {table!r}",
            remedy=f"Declared tables: {', '.join(names)}.",
            slug="table-unknown",
            place=Place(dataset=declared.dataset),
        )
    return [table]
