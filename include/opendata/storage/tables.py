"""Keeps tables in the work area: the frame as Parquet, its structure as JSON beside it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd

from include.opendata.storage.atomic import replacing
from include.opendata.storage.run_area import RunArea
from include.opendata.storage.structures import structure_from_json, structure_to_json
from include.opendata.storage.system_errors import storage_errors
from include.opendata.vocabulary import DataTable, ProtectedTable


def write_table(area: RunArea, folder: str, table: DataTable | ProtectedTable) -> Path:
    """Write ``table`` to ``<area>/<folder>/<name>.parquet`` and ``.json``; the Parquet file's path."""
    name = table.structure.table
    path = area.path(folder, f"{name}.parquet")
    with storage_errors(area.dataset, "the work area"), replacing(path) as partial:
        table.frame.to_parquet(partial, index=False)
    facts: dict[str, object] = {"structure": structure_to_json(table.structure)}
    if isinstance(table, ProtectedTable):
        facts |= {f.name: getattr(table, f.name) for f in fields(table) if f.name not in ("structure", "frame")}
    area.write_json(f"{folder}/{name}.json", facts)
    return path


def read_table(area: RunArea, folder: str, name: str) -> Any:
    """The DataTable, or ProtectedTable, that :func:`write_table` kept under ``folder``."""

    facts = area.read_json(f"{folder}/{name}.json")
    structure = structure_from_json(facts.pop("structure"))
    frame = pd.read_parquet(area.folder / folder / f"{name}.parquet", dtype_backend="numpy_nullable")
    if facts:
        return ProtectedTable(structure=structure, frame=frame, **facts)
    return DataTable(structure=structure, frame=frame)
