"""A cell system with the places its counts have in the tables."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from include.opendata.disclosure.protect.system import CellSystem

RECORDS, PERSONS = "count:records", "count_distinct:"
"""The measure identity of records, and how those of distinct persons begin."""


@dataclass(frozen=True, repr=False, eq=False)
class Counts:
    """A cell system over tables. ``rows``: (table, measure) → the cell of every row · ``parts``: measure identity → its
    cells · ``keys``: the atoms of every cell; None where several measures stand side by side."""

    system: CellSystem
    rows: dict[tuple[str, str], np.ndarray]
    parts: dict[str, slice]
    keys: tuple[tuple[tuple[int, ...], ...], ...] | None = field(default=None)

    @property
    def identity(self) -> str:
        """The measure, of a system of one."""
        (identity,) = self.parts
        return identity

    @property
    def read_with_others(self) -> bool:
        """Whether an attacker reads the measure together with others: records and the distinct persons behind them."""
        return self.identity == RECORDS or self.identity.startswith(PERSONS)
