"""Further amounts to hide, where one that is hidden with its count could be computed from others.

Decides which: the same amount in another table, and one more in a sum that gives it away (finest first, then the one with
the fewest behind it; totals last; DDG 2.0 §4.4.1 (4), (5)). The counts stay as they are. Which amounts can be computed is
for the attack to find; this room only answers, round by round, and says when it has no answer.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from include.opendata.disclosure.cells import LinkedCells, link
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


def hide_amounts(tables: Sequence[ProtectedTable], found: Collection[Place]) -> tuple[ProtectedTable, ...] | None:
    """``tables`` with further amounts and means blank, one for each of ``found``; None where there is nothing left to hide."""
    more: set[Place] = set()
    for column in dict.fromkeys(c for t in tables for m in t.structure.measures if (c := _column(m)) is not None):
        chosen = _chosen(column, tables, found)
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


def _chosen(column: str, tables: Sequence[ProtectedTable], found: Collection[Place]) -> set[Place] | None:
    own = [(t, tuple(m for m in t.structure.measures if _column(m) == column)) for t in tables]
    made = [
        (replace(t.structure, measures=tuple(TableMeasure(m.name, "count", "amount", True) for m in measures)), t)
        for t, measures in own
        if measures
    ]
    (cells,) = link([(s, {d.name: t.frame[d.name].tolist() for d in s.dimensions}) for s, t in made])
    shown: dict[int, list[Place]] = {}
    behind = np.zeros(len(cells.keys))
    wanted: list[int] = []
    for t, measures in own:
        for m in measures:
            rows = cells.rows[t.structure.table, m.name].tolist()
            values = t.frame[m.name].notna().tolist()
            base = [0.0] * len(rows) if m.numerator is None else t.frame[m.numerator].astype(float).tolist()
            for row, cell in enumerate(rows):
                place = (t.structure.table, m.name, row)
                if values[row]:
                    shown.setdefault(cell, []).append(place)
                    behind[cell] = max(behind[cell], base[row])
                if place in found:
                    wanted.append(cell)
    more: set[Place] = set()
    hidden_now: set[int] = set()
    for cell in dict.fromkeys(wanted):
        if cell in shown:  # in another table, or beside its mean
            hidden_now.add(cell)
            more.update(shown[cell])
            continue
        if any(cell in members and hidden_now & set(members) for members in _sums(cells)):
            continue  # looked at anew in the next round
        candidates = {
            other
            for members in _sums(cells)
            if cell in members
            for other in members
            if other in shown and behind[other] > 0
        }
        if not candidates:
            return None
        best = min(candidates, key=lambda c: (int(cells.level[c]), behind[c], repr(cells.keys[c])))
        hidden_now.add(best)
        more.update(shown[best])
    return more


def _sums(cells: LinkedCells) -> list[tuple[int, ...]]:
    return [(parent, *children) for parent, children in cells.equations]


def _without(table: ProtectedTable, more: set[Place]) -> ProtectedTable:
    rows = {
        m.name: [r for t, n, r in more if t == table.structure.table and n == m.name] for m in table.structure.measures
    }
    if not any(rows.values()):
        return table
    frame = table.frame.copy()
    code = "1" if table.annotation == "combined" else "2"
    for name, chosen in rows.items():
        if chosen:
            blank = np.isin(np.arange(len(frame)), chosen)
            frame[name] = frame[name].mask(blank)
            frame[name + ANNOTATION_SUFFIX] = frame[name + ANNOTATION_SUFFIX].mask(blank, code)
    return replace(table, frame=frame)
