"""Over which columns distinct persons add up.

A person can be counted in two clinics and is still one person, so figures of distinct persons need not be sums. Where no
person is in two categories they are, and anyone may try that: counties add up to regions in another table. Decides, from
the true figures, which columns tell persons apart: as many as can be without a sum that is wrong. Both the room that hides
and the one that attacks then reason with them (DDG 2.0 §4.4.1 (2)). Which figures are sums of others is left to ``cells``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from include.opendata.disclosure.cells import LinkedCells, described, link
from include.opendata.vocabulary import DataTable, columns_of


def persons_told_apart(tables: Sequence[DataTable]) -> list[DataTable]:
    """The same tables, every count of distinct persons with ``apart`` set."""
    measures = [measure for table in tables for measure in table.structure.measures]
    identities = dict.fromkeys(m.identity for m in measures if m.role == "count" and not m.additive)
    columns = _columns_of(tables)
    described_tables = list(tables)
    for identity in identities:
        telling = _columns_that_tell(tables, identity, columns)
        described_tables = _with(described_tables, identity, telling)
    return described_tables


def _columns_of(tables: Sequence[DataTable]) -> list[str]:
    """Every axis that some table shows or filters by."""
    columns: set[str] = set()
    for table in tables:
        columns.update(dimension.axis for dimension in table.structure.dimensions)
        columns.update(table.structure.filter_atoms)
    return sorted(columns)


def _columns_that_tell(tables: Sequence[DataTable], identity: str, columns: list[str]) -> list[str]:
    """As many of ``columns`` as can be without a sum that is wrong, in their order."""
    if _adds_up(_with(tables, identity, columns), identity):
        return columns
    telling: list[str] = []
    for column in columns:
        if _adds_up(_with(tables, identity, [*telling, column]), identity):
            telling.append(column)
    return telling


def _with(tables: Sequence[DataTable], identity: str, apart: Iterable[str]) -> list[DataTable]:
    # combinations of tied columns share no person: so the categories of each of the columns do not either
    columns = tuple(dict.fromkeys([*apart, *(column for axis in apart for column in columns_of(axis))]))
    return [
        replace(
            table,
            structure=replace(
                table.structure,
                measures=tuple(
                    replace(m, apart=columns) if m.identity == identity else m for m in table.structure.measures
                ),
            ),
        )
        for table in tables
    ]


def _adds_up(tables: Sequence[DataTable], identity: str) -> bool:
    """Whether no sum is wrong on the true figures; a cell in no table is what follows from the first sum that tells it."""
    linked = link([described(table.structure, table.frame) for table in tables])
    (cells,) = (cells for cells in linked if cells.identity == identity)
    values = np.zeros(len(cells.keys), dtype=np.int64)
    for table in tables:
        for measure in table.structure.measures:
            rows = cells.rows.get((table.structure.table, measure.name))
            if rows is not None and measure.identity == identity:
                values[rows] = table.frame[measure.name].to_numpy(dtype=np.int64)
    return _holds(cells, values)


def _holds(cells: LinkedCells, values: np.ndarray) -> bool:
    known = cells.published.copy()
    waiting = list(cells.equations)
    while waiting:
        left = []
        for parent, children in waiting:
            members = np.array([parent, *children])
            unknown = members[~known[members]]
            if len(unknown) > 1:
                left.append((parent, children))
                continue
            off = int(values[parent] - values[list(children)].sum())
            if len(unknown):
                missing = int(unknown[0])
                values[missing] = values[missing] - off if missing == parent else off
                known[missing] = True
                if values[missing] < 0:
                    return False
            elif off:
                return False
        if len(left) == len(waiting):
            return True
        waiting = left
    return True
