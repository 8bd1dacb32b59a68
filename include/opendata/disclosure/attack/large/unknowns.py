"""What is unknown after the pencil work: the blanks as one system of equations, and the tables found so far.

Holds the cells whose value does not follow from single equations, the equations between them, and how they fall into
*slices* along the longest column (per county, say). Every table is checked here, exactly, before it counts for anything.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from include.opendata.disclosure.attack.large.moves import Moves, Node, moves_of
from include.opendata.disclosure.attack.search import SAFE_LP, SAFE_WITNESS
from include.opendata.disclosure.attack.view import PublishedView
from include.opendata.disclosure.cell_states import UNBOUNDED

Places = tuple[tuple[Node, ...], ...]
"""Per cell of a view its atoms in every column."""


@dataclass(frozen=True)
class WalkEffort:
    """How hard to walk for a blank, and how far to look for proof that it is narrow: ``moves`` for one try, with at most
    ``worst`` cells wrong at a time · ``tries`` · ``equations`` around it in a linear program after that (0: none)."""

    moves: int
    worst: int
    tries: int
    equations: int


@dataclass(frozen=True)
class LargeBudget:
    """Limits in steps, so that two runs agree; ``seconds`` is the one exception and ends in undecided.

    ``patience``: looks for one move · ``repair``: moves, per unknown, to bring the first table within its bounds ·
    ``efforts``: one after the other, until nothing is left · ``programs``: cells that may be decided by programs over all
    equations · ``whole``: with at most so many unknowns integer programs take all at once · ``nodes`` of an integer program.
    """

    patience: int = 20_000
    repair: int = 50
    efforts: tuple[WalkEffort, ...] = (
        WalkEffort(4, 4, 8, 0),
        WalkEffort(16, 8, 12, 100),
        WalkEffort(64, 16, 16, 600),
        WalkEffort(400, 40, 4, 2_000),
    )
    programs: int = 2_000
    whole: int = 6_000
    nodes: int = 400
    seconds: float | None = None


class Clock:
    """The declared time limit, if there is one."""

    def __init__(self, seconds: float | None):
        self._end = None if seconds is None else time.monotonic() + seconds

    @property
    def over(self) -> bool:
        """Whether the limit is reached."""
        return self._end is not None and time.monotonic() > self._end

    @property
    def left(self) -> float | None:
        """Seconds a program may still take, one at least; None without a limit."""
        return None if self._end is None else max(1.0, self._end - time.monotonic())


class Unknowns:
    """``cells`` int64[m]: indices of the view · ``low``, ``high`` int64[m] · ``matrix`` @ x = ``rhs`` (``columns``: the
    same by columns) · ``slices``: per slice the positions of its cells · ``across``: bool per equation, whether it ties
    slices together · ``least``, ``most`` int64[m] over ``tables``."""

    def __init__(self, view: PublishedView, low: np.ndarray, high: np.ndarray):
        self.view, self.all_low, self.all_high = view, low, high
        self.cells = np.flatnonzero(low < high)
        self.low, self.high = low[self.cells], high[self.cells]
        inside = sparse.csr_array(view.balance[:, self.cells])
        rows = np.flatnonzero(np.diff(inside.indptr))
        known = np.where(low == high, low, 0)
        self.matrix = sparse.csr_array(inside[rows])
        self.columns = sparse.csc_array(self.matrix)
        self.rhs = -(view.balance @ known)[rows]
        self.base = known
        self.place = np.full(view.size, -1, dtype=np.int64)
        self.place[self.cells] = np.arange(len(self.cells))
        places = view.places or ()
        self.moves: Moves | None = moves_of(places) if places else None
        self.tables: list[np.ndarray] = []
        self.least = np.full(len(self.cells), UNBOUNDED)
        self.most = np.full(len(self.cells), -1)
        self._slice(places)

    @property
    def loose(self) -> np.ndarray:
        """int64: positions of the cells that are in no equation; what they are depends on nothing else."""
        return np.flatnonzero(np.diff(self.columns.indptr) == 0)

    def _slice(self, places: Places) -> None:
        label = _labels(places, self.cells) if places else np.zeros(len(self.cells), dtype=np.int64)
        self.slices = [np.flatnonzero(label == i) for i in range(int(label.max(initial=0)) + 1)]
        ends = self.matrix.indptr
        of_entry = label[self.matrix.indices]
        first = of_entry[ends[:-1]]
        self.across = np.add.reduceat((of_entry != np.repeat(first, np.diff(ends))).astype(np.int64), ends[:-1]) > 0
        self.label = label

    def keep(self, table: np.ndarray | None) -> bool:
        """Keep a table (int64[m]) that agrees with everything published and widens what is known of some cell."""
        if table is None or not self.agrees(table) or not ((table < self.least) | (table > self.most)).any():
            return False
        self.tables.append(table.astype(np.int64))
        np.minimum(self.least, table, out=self.least)
        np.maximum(self.most, table, out=self.most)
        return True

    def agrees(self, table: np.ndarray) -> bool:
        """Exactly: whole numbers, within every bound, every equation."""
        return bool(
            (table >= self.low).all() and (table <= self.high).all() and (self.matrix @ table == self.rhs).all()
        )


def _labels(places: Places, cells: np.ndarray) -> np.ndarray:
    """int64[m]: the number of the slice each of ``cells`` is in, along the column with most different sets of atoms."""
    columns = [[places[c][k] for c in cells.tolist()] for k in range(len(places[0]))]
    longest = max(columns, key=lambda nodes: len(set(nodes)))
    size = Counter(longest)
    # sums before their parts; the slice with most blanks last, for it can make good for the others
    ranked = sorted(size, key=lambda node: (-len(node), size[node], node))
    number = {node: i for i, node in enumerate(ranked)}
    return np.array([number[node] for node in longest], dtype=np.int64)


@dataclass
class Need:
    """A cell (position among the unknowns) whose values must be able to differ by ``width``; safe as well if it is always
    ``safe_from`` or more, or with ``zero_is_safe`` if it may be 0. ``low``, ``high`` grow together as proof comes in."""

    cell: int
    width: int
    safe_from: int | None
    zero_is_safe: bool
    low: int
    high: int

    def met(self, unknown: Unknowns) -> str | None:
        """The verdict if it is safe by what is known now."""
        if unknown.tables and unknown.most[self.cell] - unknown.least[self.cell] >= self.width:
            return SAFE_WITNESS
        if self.zero_is_safe and unknown.least[self.cell] == 0:
            return SAFE_WITNESS
        if self.safe_from is not None and self.low >= self.safe_from:
            return SAFE_LP
        return None

    def lacking(self, unknown: Unknowns, table: np.ndarray, direction: int) -> int:
        """By how much the cell of ``table`` must still go up (``direction`` 1) or down to be told apart."""
        seen = (
            table[self.cell] - unknown.least[self.cell] if direction > 0 else unknown.most[self.cell] - table[self.cell]
        )
        return self.width - int(seen)

    @property
    def narrow(self) -> bool:
        """Whether it is proven not to be safe."""
        return self.high - self.low < self.width and not (self.zero_is_safe and self.low <= 0)

    def open(self, unknown: Unknowns) -> bool:
        """Neither proven safe nor proven otherwise."""
        return self.met(unknown) is None and not self.narrow
