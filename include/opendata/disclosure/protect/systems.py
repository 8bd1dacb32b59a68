"""The true counts of linked tables as systems of cells: one per measure, or several measures in one.

Decides what is reasoned with while hiding. Every day: the cells the tables have, each measure by itself; that is quick, and
nearly always enough. Where an attack on the result found more, hiding is done once more with what the attack reasons with
(``Reasoning``): the finest cells the tables are made of, and the measures together, in which records are the persons behind
them and some more, and a count is at most what it is counted from (``true_counts``, ``measures_together``).
Whether the result is safe is shown by the attack, never here (DDG 2.0 §4.4.1 (2)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from include.opendata.disclosure.cells import LinkedCells, described, link
from include.opendata.disclosure.protect.counts import PERSONS, Counts
from include.opendata.disclosure.protect.engine import GENERAL_UP_TO
from include.opendata.disclosure.protect.measures_together import side_by_side
from include.opendata.disclosure.protect.policy import Policy
from include.opendata.disclosure.protect.system import CellSystem, Equation
from include.opendata.disclosure.protect.true_counts import counted_from, true_counts
from include.opendata.errors import InputError, Place, Refused
from include.opendata.vocabulary import DataTable


@dataclass(frozen=True)
class Reasoning:
    """``finest``: with the finest cells the tables are made of, in no table though they are · ``measures``: with records and
    distinct persons in one system, and with what a count is counted from as its bound."""

    finest: bool = False
    measures: bool = False


EVERYDAY = Reasoning()


def linked(tables: Sequence[DataTable], *, finest: bool = False) -> list[LinkedCells]:
    """The cells of ``tables``, one :class:`LinkedCells` per measure identity."""
    return link([described(table.structure, table.frame) for table in tables], joint=finest)


def systems_of(tables: Sequence[DataTable], reasoning: Reasoning, *, policy: Policy, dataset: str) -> list[Counts]:
    """The systems that are suppressed one by one.

    Raises Refused: ``distinct-persons-overlap``; where more is reasoned with than every day, also
    ``too-many-linked-cells`` and ``too-many-cells-to-attack``.
    """
    single = [_counts(cells, tables, reasoning, dataset) for cells in linked(tables, finest=reasoning.finest)]
    if not reasoning.measures:
        return single
    together = _no_more_than_others(single)
    if not together:
        return single
    return [side_by_side(together, policy), *(counts for counts in single if counts not in together)]


def _no_more_than_others(single: Sequence[Counts]) -> list[Counts]:
    """Those that are no more than others, and these others."""
    pairs = [(more, fewer) for fewer in single for more in single if fewer.no_more_than(more)]
    return [counts for counts in single if any(counts in pair for pair in pairs)]


def _counts(cells: LinkedCells, tables: Sequence[DataTable], reasoning: Reasoning, dataset: str) -> Counts:
    if reasoning != EVERYDAY and len(cells.keys) > GENERAL_UP_TO:
        raise Refused(
            f"the tables are made of {len(cells.keys):,} cells, more than the {GENERAL_UP_TO:,} that can be protected with "
            "all that an attacker reasons with",
            remedy="Publish fewer or coarser tables of one dataset.",
            slug="too-many-linked-cells",
            place=Place(dataset=dataset or None),
        )
    try:
        system = _system(cells, tables, reasoning)
    except InputError:
        if not cells.identity.startswith(PERSONS):
            raise
        raise Refused(
            "distinct persons are counted in more than one category, so the published totals are not sums",
            remedy="Publish no totals for this measure, or count events and name the person's column under `persons`.",
            slug="distinct-persons-overlap",
            place=Place(dataset=dataset, table=", ".join(table for table, _ in cells.rows)),
        ) from None
    return Counts(system, cells.rows, {cells.identity: slice(0, system.size)}, cells)


def _system(cells: LinkedCells, tables: Sequence[DataTable], reasoning: Reasoning) -> CellSystem:
    values, persons = true_counts(cells, tables)
    return CellSystem(
        values=values,
        published=cells.published,
        equations=tuple(Equation(parent, children) for parent, children in cells.equations),
        keys=cells.keys,
        interest=np.where(cells.least_interesting, -1.0, 0.0),
        level=cells.level,
        neighbours=cells.neighbours,
        persons=persons,
        known_high=counted_from(cells, tables) if reasoning.measures else None,
        counts_no_one=cells.counts_no_one,
    )
