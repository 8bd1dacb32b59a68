"""A cell system with the places its counts have in the tables."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from include.opendata.disclosure.cells import LinkedCells
from include.opendata.disclosure.protect.system import CellSystem

RECORDS, PERSONS = "count:records", "count_distinct:"
"""The measure identity of records, and how those of distinct persons begin."""


@dataclass(frozen=True, repr=False, eq=False)
class Counts:
    """A cell system over tables. ``rows``: (table, measure) → the cell of every row · ``parts``: measure identity, or the
    name of a family of measures → its cells · ``cells``: those it was made of; None where several systems stand side by
    side."""

    system: CellSystem
    rows: dict[tuple[str, str], np.ndarray]
    parts: dict[str, slice]
    cells: LinkedCells | None = field(default=None)

    @property
    def keys(self) -> tuple[tuple[tuple[int, ...], ...], ...] | None:
        """The atoms of every cell; None where several systems stand side by side."""
        return None if self.cells is None else self.cells.keys

    @property
    def identity(self) -> str:
        """The measure, of a system of one."""
        (identity,) = self.parts
        return identity

    @property
    def read_with_others(self) -> bool:
        """Whether an attacker reads the measure together with others that are no less: it counts distinct persons."""
        return self.identity.startswith(PERSONS)

    def no_more_than(self, other: Counts) -> list[tuple[int, int]]:
        """(cell of ``other``, the same cell of these persons) wherever the persons cannot be more."""
        if self.cells is None or other.cells is None or other is self or not self.read_with_others:
            return []
        shared: list[tuple[int, int]] = []
        columns, places = self.cells.cells_of(self.identity)
        for identity in dict.fromkeys((RECORDS, *self.cells.at_most)):
            if identity in other.cells.identities:
                of_other, at = other.cells.cells_of(identity)
                shared += [(at[key], cell) for key, cell in places.items() if columns == of_other and key in at]
        return shared
