"""The cells of all linked tables of a dataset, as one system of equations.

Decides what a cell system is and that it is sound: the equations hold on the true counts, arrays agree in length,
identities are unique. How tables become cells is left to the caller, and what to hide to the other modules of this room.

A cell is one count (measure, population, period, category tuple). The same cell in two tables is **one** variable:
working table by table leaves counts that can be computed from the other table (DDG 2.0 §4.4.1, complementary cells).
True counts live here, so an instance never leaves the work area and its ``repr`` shows no count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from include.opendata.disclosure.cell_states import UNBOUNDED
from include.opendata.errors import InputError, Refused
from include.opendata.rules.small_cells import SmallCellRule


@dataclass(frozen=True)
class Equation:
    """``parent`` = sum of ``children``; all are cell indices."""

    parent: int
    children: tuple[int, ...]


@dataclass(frozen=True, repr=False, eq=False)
class CellSystem:
    """One count measure over all linked tables of a dataset.

    - ``values`` int64[n]: true counts, 0 or more.
    - ``published`` bool[n]: False for a cell that is in no table and exists only as a variable of an equation.
    - ``equations``: over all cells, published or not.
    - ``interest`` float[n]: preference for staying visible; lower is hidden first ("other", "unknown").
    - ``level`` int[n]: in how many dimensions the cell is a total; totals are hidden last.
    - ``keys``: one hashable identity per cell, unique; equal choices are ordered by it.
    - ``neighbours``: per cell the indices of cells in a neighbouring category, or None.
    - ``persons`` int64[n] or None: distinct persons behind an event count.
    - ``known_low``, ``known_high`` int64[n] or None: what the public knows of a cell even when it is blank
      (a numerator is at most its published denominator). ``UNBOUNDED`` for no upper bound.
    - ``counts_no_one`` bool[n] or None: unpublished cells that count no one (what one measure is more than another); nothing is
      asked of them.

    Raises :class:`InputError` when a declared total is not the sum of its parts, or a known bound excludes the count.
    """

    values: np.ndarray
    published: np.ndarray
    equations: tuple[Equation, ...]
    keys: tuple[tuple[Any, ...], ...]
    interest: np.ndarray | None = None
    level: np.ndarray | None = None
    neighbours: Sequence[Sequence[int]] | None = None
    persons: np.ndarray | None = None
    known_low: np.ndarray | None = None
    known_high: np.ndarray | None = None
    counts_no_one: np.ndarray | None = None
    size: int = field(init=False)

    def __post_init__(self) -> None:
        values = np.asarray(self.values, dtype=np.int64).copy()
        n = len(values)
        # the arrays are copied, so that no one can change the system through one that was handed in
        arrays = {
            "values": values,
            "published": np.asarray(self.published, dtype=bool).copy(),
            "interest": _or_zeros(self.interest, n, np.float64),
            "level": _or_zeros(self.level, n, np.int64),
            "persons": None if self.persons is None else np.asarray(self.persons, dtype=np.int64).copy(),
            "counts_no_one": _or_zeros(self.counts_no_one, n, bool),
            "known_low": _or_zeros(self.known_low, n, np.int64),
            "known_high": _or_unbounded(self.known_high, n),
        }
        for name, converted in {
            "size": n,
            "equations": tuple(self.equations),
            "keys": tuple(self.keys),
            **arrays,
        }.items():
            object.__setattr__(self, name, converted)
        for name, per_cell in {"keys": self.keys, "neighbours": self.neighbours, **arrays}.items():
            if per_cell is not None and len(per_cell) != n:
                raise ValueError(f"{name} has {len(per_cell)} entries for {n} cells")
        self._check_cells()
        self._check_counts()

    def _check_cells(self) -> None:
        if len(set(self.keys)) != self.size:
            raise ValueError("two cells share one key: the same cell of two tables must be one variable")
        if (self.counts_no_one & self.published).any():
            raise ValueError("a published cell counts someone")
        for equation in self.equations:
            members = {equation.parent, *equation.children}
            distinct = len(members) == 1 + len(equation.children)
            if not equation.children or not distinct or not members.issubset(range(self.size)):
                raise ValueError("an equation needs distinct, existing cells and at least one child")

    def _check_counts(self) -> None:
        if (self.values < 0).any():
            raise InputError(
                f"{int((self.values < 0).sum())} counts are negative.",
                remedy="Count records or distinct persons; correct the source or the measure.",
                slug="negative-count",
            )
        wrong = int((self.balance @ self.values != 0).sum())
        if wrong:
            raise InputError(
                f"{wrong} of {len(self.equations)} totals are not the sum of their parts.",
                remedy="Check that the tables share one filter and that every category of a total is among the cells.",
                slug="totals-do-not-add-up",
            )
        low, high = self.bounds_known()
        outside = int(((self.values < low) | (self.values > high)).sum())
        if outside:
            raise InputError(
                f"{outside} counts lie outside what published figures say of them.",
                remedy="Check the denominators and rates that belong to these counts.",
                slug="count-outside-known-bounds",
            )

    def __repr__(self) -> str:
        return f"CellSystem({self.size} cells, {len(self.equations)} equations)"

    def bounds_known(self) -> tuple[np.ndarray, np.ndarray]:
        """What the public knows of every cell, blank or not, as (low, high) int64[n]."""
        assert self.known_low is not None
        assert self.known_high is not None
        return np.maximum(self.known_low, 0), self.known_high

    def part(self, cells: np.ndarray) -> CellSystem:
        """The system of ``cells`` (int64, ascending) alone, which no equation ties to the others."""
        new = {int(cell): number for number, cell in enumerate(cells)}
        return CellSystem(
            values=self.values[cells],
            published=self.published[cells],
            equations=tuple(
                Equation(new[e.parent], tuple(new[child] for child in e.children))
                for e in self.equations
                if e.parent in new
            ),
            keys=tuple(self.keys[cell] for cell in cells),
            interest=_part(self.interest, cells),
            level=_part(self.level, cells),
            neighbours=self._neighbours_within(cells, new),
            persons=_part(self.persons, cells),
            known_low=_part(self.known_low, cells),
            known_high=_part(self.known_high, cells),
            counts_no_one=_part(self.counts_no_one, cells),
        )

    def _neighbours_within(self, cells: np.ndarray, new: dict[int, int]) -> tuple[tuple[int, ...], ...] | None:
        if self.neighbours is None:
            return None
        return tuple(tuple(new[other] for other in self.neighbours[cell] if other in new) for cell in cells)

    @cached_property
    def parents(self) -> np.ndarray:
        """int64[e]: the parent cell of each equation."""
        return np.array([e.parent for e in self.equations], dtype=np.int64)

    @cached_property
    def children(self) -> sparse.csr_array:
        """int64[e, n]: 1 where a cell is a child of an equation."""
        rows = [r for r, e in enumerate(self.equations) for _ in e.children]
        cols = [c for e in self.equations for c in e.children]
        ones = np.ones(len(rows), dtype=np.int64)
        return sparse.csr_array((ones, (rows, cols)), shape=(len(self.equations), self.size))

    @cached_property
    def members(self) -> sparse.csr_array:
        """int64[e, n]: 1 where a cell is parent or child of an equation."""
        return sparse.csr_array(self.children + self._parent_matrix)

    @cached_property
    def balance(self) -> sparse.csr_array:
        """int64[e, n]: children +1, parent -1; times any table that adds up it is zero."""
        return sparse.csr_array(self.children - self._parent_matrix)

    @property
    def _parent_matrix(self) -> sparse.csr_array:
        e = len(self.equations)
        return sparse.csr_array((np.ones(e, dtype=np.int64), (np.arange(e), self.parents)), shape=(e, self.size))

    @cached_property
    def member_lists(self) -> tuple[tuple[int, ...], ...]:
        """Per equation its cells, the parent first."""
        return tuple((e.parent, *e.children) for e in self.equations)

    @cached_property
    def equations_of(self) -> tuple[tuple[int, ...], ...]:
        """Per cell, the equations it takes part in."""
        found: list[list[int]] = [[] for _ in range(self.size)]
        for r, members in enumerate(self.member_lists):
            for cell in members:
                found[cell].append(r)
        return tuple(tuple(rows) for rows in found)


def attacker_bounds(
    system: CellSystem, hidden: np.ndarray, primary: np.ndarray, annotation: str, rule: SmallCellRule
) -> tuple[np.ndarray, np.ndarray]:
    """What the public can say of each cell alone when ``hidden`` is blank: (low, high), int64[n].

    Zeros are shown, so a blank is at least 1. With separate codes, 1 says that the count is small (only "at least 1" where
    persons are counted too: many events of few persons also get code 1) and 2 that it is not.
    A shown cell has one value; a cell in no table is 0 or more (DDG 2.0 §4.4.1 (2), §4.4.3).
    """
    low, high = (bound.copy() for bound in system.bounds_known())
    blank = hidden & system.published
    low[blank] = np.maximum(low[blank], 1)
    if annotation == "separate":
        small, other = blank & primary, blank & ~primary
        low[other] = np.maximum(low[other], rule.below)
        if system.persons is None:
            high[small] = np.minimum(high[small], rule.largest)
    shown = system.published & ~blank
    low[shown] = high[shown] = system.values[shown]
    return low, high


def refuse_if_public(primary: np.ndarray, frozen: np.ndarray) -> None:
    """Raise :class:`Refused` when a small cell is among those already public: an incident, not a choice."""
    exposed = int((primary & frozen).sum())
    if exposed:
        raise Refused(
            f"{exposed} small cells of this table have already been published.",
            remedy="Treat it as a disclosure incident: withdraw the earlier release and tell the privacy officer.",
            slug="small-cell-already-public",
        )


def _part(per_cell: np.ndarray | None, cells: np.ndarray) -> np.ndarray | None:
    return None if per_cell is None else per_cell[cells]


def _or_zeros(part: Any, n: int, kind: Any) -> np.ndarray:
    return np.zeros(n, dtype=kind) if part is None else np.asarray(part, dtype=kind).copy()


def _or_unbounded(part: np.ndarray | None, n: int) -> np.ndarray:
    return np.full(n, UNBOUNDED) if part is None else np.asarray(part, dtype=np.int64).copy()
