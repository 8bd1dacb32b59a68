"""Small linked tables for tests: from counts over atoms to structures and frames, the way ``tabulate`` makes them."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd

from include.opendata.vocabulary import DataTable, Structure, TableDimension, TableMeasure

COUNT = TableMeasure("Persons", "count", "count:records", True)


def table(
    name: str,
    cube: np.ndarray,
    columns: tuple[str, ...],
    dimensions: dict[str, dict[str, tuple[int, ...]]],
    totals: dict[str, str | None] | None = None,
    measures: tuple[TableMeasure, ...] = (COUNT,),
) -> DataTable:
    """A table of ``cube`` (one axis of atoms per column) with the named partitions; ``totals``: label per column."""
    totals = totals if totals is not None else dict.fromkeys(dimensions, "Total")
    parts: list[TableDimension] = []
    for column, categories in dimensions.items():
        whole = tuple(sorted(a for atoms in categories.values() for a in atoms))
        atoms = {**categories, "": whole}
        if totals.get(column):
            atoms[totals[column] or ""] = whole
        parts.append(TableDimension(column.title(), column, tuple(categories), totals.get(column), atoms=atoms))
    rest = {c: tuple(range(cube.shape[i])) for i, c in enumerate(columns) if c not in dimensions}
    structure = Structure(name, tuple(parts), measures, rest)
    labels = [[*d.labels, *([d.total] if d.total else [])] for d in parts]
    rows = []
    for combination in itertools.product(*labels):
        index = [list(range(n)) for n in cube.shape]
        for dimension, label in zip(parts, combination, strict=True):
            index[columns.index(dimension.column)] = list(dimension.atoms[label])
        rows.append((*combination, int(cube[np.ix_(*index)].sum())))
    frame = pd.DataFrame(rows, columns=[*(d.name for d in parts), "Persons"])
    return DataTable(structure, frame.astype({"Persons": "Int64"}))


def described(tables):
    """What ``cells.link`` reads of tables."""
    return [(t.structure, {d.name: t.frame[d.name].tolist() for d in t.structure.dimensions}) for t in tables]
