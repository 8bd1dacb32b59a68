"""Keeps tables in the work area: the frame as Parquet, its structure as JSON beside it."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pandas as pd

from include.opendata.storage.run_area import RunArea, storage_errors
from include.opendata.vocabulary import (
    DataTable,
    ProtectedTable,
    Structure,
    TableAttribute,
    TableDimension,
    TableMeasure,
)


def write_table(area: RunArea, folder: str, table: DataTable | ProtectedTable) -> Path:
    """Write ``table`` to ``<area>/<folder>/<name>.parquet`` and ``.json``; the Parquet file's path."""
    name = table.structure.table
    path = area.path(folder, f"{name}.parquet")
    with storage_errors(area.dataset, "the work area"):
        partial = path.with_name(path.name + ".partial")
        table.frame.to_parquet(partial, index=False)
        partial.replace(path)
    facts: dict[str, Any] = {"structure": asdict(table.structure)}
    if isinstance(table, ProtectedTable):
        facts |= {f.name: getattr(table, f.name) for f in fields(table) if f.name not in ("structure", "frame")}
    area.write_json(f"{folder}/{name}.json", facts)
    return path


def read_table(area: RunArea, folder: str, name: str) -> Any:
    """The DataTable, or ProtectedTable, that :func:`write_table` kept under ``folder``."""

    facts = area.read_json(f"{folder}/{name}.json")
    structure = read_structure(facts.pop("structure"))
    frame = pd.read_parquet(area.folder / folder / f"{name}.parquet", dtype_backend="numpy_nullable")
    if facts:
        return ProtectedTable(structure=structure, frame=frame, **facts)
    return DataTable(structure=structure, frame=frame)


def read_structure(data: dict[str, Any]) -> Structure:
    """The structure from its JSON form."""
    return Structure(
        table=data["table"],
        dimensions=tuple(
            TableDimension(
                **{
                    **d,
                    "labels": tuple(d["labels"]),
                    "codes": None if d["codes"] is None else tuple(d["codes"]),
                    "atoms": {label: tuple(atoms) for label, atoms in d["atoms"].items()},
                    "least_interesting": tuple(d["least_interesting"]),
                    "attributes": tuple(TableAttribute(**a) for a in d["attributes"]),
                }
            )
            for d in data["dimensions"]
        ),
        measures=tuple(TableMeasure(**{**m, "within": tuple(m["within"])}) for m in data["measures"]),
        filter_atoms={column: tuple(atoms) for column, atoms in data["filter_atoms"].items()},
    )
