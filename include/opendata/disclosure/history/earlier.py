"""What the public already knows of the cells a new release is about to publish.

For every row of every protected count: which values were ever shown of that very cell, and whether the last release left
it blank. Used to choose what to hide, so that nothing is relied on that is public already; what follows from the figures
together is for the attack to find out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from include.opendata.disclosure.history import UPCOMING
from include.opendata.disclosure.history.extents import TableExtents
from include.opendata.disclosure.history.joint import JointCells, joint_cells
from include.opendata.disclosure.history.published import (
    PublishedLimits,
    PublishedRelease,
    PublishedTable,
    without_atoms,
)
from include.opendata.vocabulary import DataTable


@dataclass(frozen=True, repr=False)
class Earlier:
    """By (table, measure), one entry per row of the new table: ``shown``: every value ever shown · ``hidden`` bool[rows]:
    blank in the last release."""

    shown: dict[tuple[str, str], tuple[frozenset[int], ...]]
    hidden: dict[tuple[str, str], np.ndarray]


def earlier_figures(
    releases: Sequence[PublishedRelease], tables: Sequence[DataTable], extents: dict[str, TableExtents], *, dataset: str
) -> Earlier:
    """What ``releases`` (the oldest first) told of the cells of ``tables``; figures of ``tables`` are looked at only to see
    whether a period declared anew is the one it was.

    Raises what ``joint_cells`` raises.
    """
    upcoming = PublishedRelease(UPCOMING, tuple(_to_compare(t, extents[t.structure.table]) for t in tables))
    shown: dict[tuple[str, str], tuple[frozenset[int], ...]] = {}
    hidden: dict[tuple[str, str], np.ndarray] = {}
    for joint in joint_cells([*releases, upcoming], dataset=dataset):
        values, blank = _published_values(joint)
        for (table, measure), rows in joint.cells.rows.items():
            name, _, release = table.rpartition("@")
            if release == UPCOMING:
                shown[name, measure] = tuple(frozenset(values.get(c, ())) for c in rows.tolist())
                hidden[name, measure] = blank[rows]
    return Earlier(shown, hidden)


def _to_compare(table: DataTable, extents: TableExtents) -> PublishedTable:
    """Labels and true counts, without codes: by the counts alone one sees whether a period is the one it was."""
    names = [d.name for d in table.structure.dimensions] + [
        m.name for m in table.structure.measures if m.role == "count"
    ]
    # without a code, no number it was chosen by is asked for
    limits = PublishedLimits(0, 0, 0)
    return PublishedTable.about_to_be(
        without_atoms(table.structure), extents, "combined", table.frame[names].copy(), limits
    )


def _published_values(joint: JointCells) -> tuple[dict[int, set[int]], np.ndarray]:
    """Cell → values ever shown; bool[n] blank in the last release that was published."""
    values: dict[int, set[int]] = {}
    blank = np.zeros(len(joint.cells.keys), dtype=bool)
    for position, tables in enumerate(joint.tables[:-1]):
        blank[:] = False
        rowless = set(joint.grids[position].tolist())
        for table in tables:
            for measure in table.structure.measures:
                rows = joint.cells.rows.get((table.structure.table, measure.name))
                if rows is None:
                    continue
                rowless.difference_update(rows.tolist())
                figures = table.frame[measure.name]
                missing = figures.isna().to_numpy()
                blank[rows[missing]] = True
                for cell, value in zip(rows[~missing].tolist(), figures[~missing].tolist(), strict=True):
                    values.setdefault(cell, set()).add(int(value))
        for cell in rowless:  # a combination that was left out is a zero
            values.setdefault(cell, set()).add(0)
    return values, blank
