"""Further amounts to hide, where one that is hidden with its count could be computed from others.

Decides which: the same amount in another table, and one more in a sum that gives it away (finest first, then the one with
the fewest behind it; totals last; DDG 2.0 §4.4.1 (4), (5)). The counts stay as they are. Which amounts can be computed is
for the attack to find; this room only answers, round by round, and says when it has no answer.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from include.opendata.disclosure.cells import DescribedTable, LinkedCells, described, link
from include.opendata.errors import Place as Where
from include.opendata.errors import Refused
from include.opendata.vocabulary import ANNOTATION_SUFFIX, DataTable, ProtectedTable, TableMeasure

Place = tuple[str, str, int]
"""Table, measure, row."""


def refuse_two_roles(tables: Sequence[DataTable], dataset: str) -> None:
    """Raise Refused (``column-in-two-roles``) where a column is added up as a count that is protected, and elsewhere as an
    amount, a mean or a public population, which would tell that count."""
    counts = {m.identity for t in tables for m in t.structure.measures if m.role == "count"}
    for t in tables:
        for m in t.structure.measures:
            column = m.identity.removeprefix("sum:") if m.role == "population" else _column(m)
            if column is not None and f"sum:{column}" in counts:
                raise Refused(
                    f"{m.name} adds up a column that is also added up as a count of persons or events",
                    remedy="Declare the column alike in all tables of the dataset: `of: persons` or `of: events` where small "
                    "figures describe people; leave the mean out and publish the count with what it is counted from.",
                    slug="column-in-two-roles",
                    place=Where(dataset=dataset, table=t.structure.table, column=column),
                )


def hide_amounts(tables: Sequence[ProtectedTable], computable: Collection[Place]) -> tuple[ProtectedTable, ...] | None:
    """``tables`` with further amounts and means blank, one for each that is ``computable``; None where nothing is left to
    hide."""
    more: set[Place] = set()
    for column in dict.fromkeys(c for t in tables for m in t.structure.measures if (c := _column(m)) is not None):
        chosen = _chosen(column, tables, computable)
        if chosen is None:
            return None
        more |= chosen
    return tuple(_without(table, more) for table in tables) if more else None


def _column(measure: TableMeasure) -> str | None:
    if measure.role == "amount":
        return measure.identity.removeprefix("sum:")
    if measure.role == "mean":
        return measure.identity.removeprefix("mean:").split("/count")[0].split("/sum:")[0]
    return None


class _Amounts:
    """The amounts and means of one column over all tables.

    ``shown``: cell → the places that show it · ``behind`` float[n]: the largest count a shown one comes from · ``computable``:
    cells that are hidden and can be computed, in the order of the tables.
    """

    def __init__(self, cells: LinkedCells):
        self.cells = cells
        self.shown: dict[int, list[Place]] = {}
        self.behind = np.zeros(len(cells.keys))
        self.computable: list[int] = []

    def read(self, table: ProtectedTable, measure: TableMeasure, computable: Collection[Place]) -> None:
        """Add what one column of a table shows."""
        name = table.structure.table
        cells = self.cells.rows[name, measure.name].tolist()
        shown = table.frame[measure.name].notna().tolist()
        base = np.zeros(len(cells)) if measure.numerator is None else table.frame[measure.numerator].astype(float)
        for row, (cell, shows, count) in enumerate(zip(cells, shown, base.tolist(), strict=True)):
            place = (name, measure.name, row)
            if shows:
                self.shown.setdefault(cell, []).append(place)
                self.behind[cell] = max(self.behind[cell], count)
            if place in computable:
                self.computable.append(cell)

    def cheapest(self, sums: Sequence[tuple[int, ...]]) -> int | None:
        """Of the cells shown in ``sums``: the finest, then the one with the fewest behind it; None where there is none."""
        members = {cell for members in sums for cell in members}
        candidates = [cell for cell in members if cell in self.shown and self.behind[cell] > 0]
        if not candidates:
            return None
        return min(candidates, key=lambda c: (int(self.cells.level[c]), self.behind[c], repr(self.cells.keys[c])))


def _amounts_of(column: str, tables: Sequence[ProtectedTable], computable: Collection[Place]) -> _Amounts:
    measures = [(t, [m for m in t.structure.measures if _column(m) == column]) for t in tables]
    (cells,) = link([_as_counts(table, columns) for table, columns in measures if columns])
    amounts = _Amounts(cells)
    for table, columns in measures:
        for measure in columns:
            amounts.read(table, measure, computable)
    return amounts


def _as_counts(table: ProtectedTable, measures: Sequence[TableMeasure]) -> DescribedTable:
    """A table described as if its amounts were counts, so that their cells are linked like theirs."""
    counts = tuple(TableMeasure(measure.name, "count", "amount", True) for measure in measures)
    return described(replace(table.structure, measures=counts), table.frame)


def _chosen(column: str, tables: Sequence[ProtectedTable], computable: Collection[Place]) -> set[Place] | None:
    """Places to hide in one round, so that what can be computed of a column no longer can; None where there are none."""
    amounts = _amounts_of(column, tables, computable)
    sums = [(parent, *children) for parent, children in amounts.cells.equations]
    hidden: set[int] = set()
    for cell in dict.fromkeys(amounts.computable):
        if cell in amounts.shown:  # in another table, or beside its mean
            hidden.add(cell)
            continue
        of_cell = [members for members in sums if cell in members]
        if not hidden.isdisjoint(itertools.chain.from_iterable(of_cell)):
            continue  # looked at again in the next round
        cheapest = amounts.cheapest(of_cell)
        if cheapest is None:
            return None
        hidden.add(cheapest)
    return {place for cell in hidden for place in amounts.shown[cell]}


def _without(table: ProtectedTable, places: set[Place]) -> ProtectedTable:
    """``table`` with those of ``places`` that are its own left blank."""
    rows: dict[str, list[int]] = {}
    for name, measure, row in places:
        if name == table.structure.table:
            rows.setdefault(measure, []).append(row)
    if not rows:
        return table
    frame = table.frame.copy()
    code = "1" if table.annotation == "combined" else "2"
    for measure, chosen in rows.items():
        blank = np.isin(np.arange(len(frame)), chosen)
        frame[measure] = frame[measure].mask(blank)
        frame[measure + ANNOTATION_SUFFIX] = frame[measure + ANNOTATION_SUFFIX].mask(blank, code)
    return replace(table, frame=frame)
