"""What the walk left open, cell by cell.

Looks first for another whole-number table near one at hand, by an integer program over a few slices: found, the cell is
safe. Then for proof of the opposite: the least and the most the equations of its slice allow, or all equations. Bounds from
fewer equations are wider, so too narrow there is proof. A cell that is wide for real numbers but for which no second
whole-number table was found stays undecided, unless an integer program over everything settles it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from include.opendata.attack.large.programs import solve
from include.opendata.attack.large.unknowns import Clock, LargeBudget, Unknowns
from include.opendata.attack.search import RECOVERABLE, SAFE_LP, SAFE_WITNESS, UNDECIDED

NEAR = 8
FAR = 1_000_000
INTERIOR_FROM = 4_000
"""With more columns the interior-point method is quicker than the simplex method."""
ROOM = 1e-4
"""A linear optimum this close below a whole number counts as that number."""


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

    def narrow(self) -> bool:
        return self.high - self.low < self.width and not (self.zero_is_safe and self.low <= 0)


def settle(
    need: Need, others: list[Need], unknown: Unknowns, rng: random.Random, budget: LargeBudget, clock: Clock
) -> str:
    """The verdict on one cell; may add tables, which tell ``others`` apart as well."""
    everything = np.arange(len(unknown.cells))
    for together in (2, 8, 24):
        verdict = need.met(unknown)
        if verdict is not None:
            return verdict
        if clock.over:
            return UNDECIDED
        if unknown.tables:
            pull(need, others, unknown, together, rng, budget, clock)
    for cells in (unknown.slices[unknown.label[need.cell]], everything):
        verdict = need.met(unknown)
        if verdict is not None:
            return verdict
        if clock.over:
            return UNDECIDED
        _bound(need, unknown, cells, len(cells) == len(everything), clock)
        if need.narrow():
            return RECOVERABLE
    verdict = need.met(unknown)
    if verdict is None and len(everything) <= budget.whole and not clock.over:
        _bound(need, unknown, everything, True, clock, nodes=budget.nodes)
        verdict = RECOVERABLE if need.narrow() else need.met(unknown)
    return verdict or UNDECIDED


def pull(
    need: Need,
    others: list[Need],
    unknown: Unknowns,
    together: int,
    rng: random.Random,
    budget: LargeBudget,
    clock: Clock,
) -> None:
    """Look for a table that differs in the cell, and in the ``others`` by the way, by changes within its slice and some
    more: those that share most sums with it, and some drawn."""
    base = unknown.tables[-1]
    cells = _around(int(unknown.label[need.cell]), unknown, together, rng)
    matrix, _ = _rows_of(unknown, cells)
    low = np.maximum(unknown.low[cells] - base[cells], -NEAR)
    high = np.minimum(unknown.high[cells] - base[cells], NEAR)
    wanted = {one.cell: one for one in [*others, need]}
    inside = [one for one in wanted.values() if cells[np.searchsorted(cells, one.cell) % len(cells)] == one.cell]
    for first in (1, -1):
        cost = np.zeros(len(cells))
        ends = (low.copy(), high.copy())
        possible = False
        for one in inside:
            at = int(np.searchsorted(cells, one.cell))
            sign = first if one.cell == need.cell else rng.choice((1, -1))
            if sign > 0:
                goal = one.width - int(base[one.cell] - unknown.least[one.cell])
                ends[1][at] = min(high[at], max(goal, 0))
            else:
                goal = one.width - int(unknown.most[one.cell] - base[one.cell])
                ends[0][at] = max(low[at], -max(goal, 0))
            if one.cell == need.cell:
                ends[0][at], ends[1][at] = (goal, high[at]) if sign > 0 else (low[at], -goal)
                possible = ends[0][at] <= ends[1][at]
            else:
                cost[at] = -sign
        if not possible:
            continue
        found = solve(
            matrix, np.zeros(matrix.shape[0]), *ends, cost, whole=len(cells), nodes=1 + budget.nodes // 40, solutions=1,
            seconds=clock.left,
        )  # fmt: skip
        if found.point is not None:
            table = base.copy()
            table[cells] += np.rint(found.point).astype(np.int64)
            unknown.keep(table)
            if need.met(unknown):
                return


def _around(own: int, unknown: Unknowns, together: int, rng: random.Random) -> np.ndarray:
    """The cells of a slice and of ``together`` - 1 more."""
    if together >= len(unknown.slices):
        return np.arange(len(unknown.cells))
    ties = unknown.matrix[unknown.across]
    own_cells = unknown.slices[own]
    shared = np.diff(sparse.csr_array(ties[:, own_cells]).indptr) > 0
    weight = np.bincount(unknown.label[ties[shared].indices], minlength=len(unknown.slices)).astype(float)
    weight[own] = 0
    chosen = [own]
    while len(chosen) < together and weight.any():
        drawn = rng.choices(range(len(weight)), weights=(weight**2).tolist())[0]
        chosen.append(drawn)
        weight[drawn] = 0
    return np.sort(np.concatenate([unknown.slices[i] for i in chosen]))


def _bound(need: Need, unknown: Unknowns, cells: np.ndarray, everything: bool, clock: Clock, nodes: int = 0) -> None:
    """Narrow ``need.low`` and ``need.high`` by the least and the most that the equations among ``cells`` allow."""
    matrix, rows = _rows_of(unknown, cells, closed=not everything)
    at = int(np.searchsorted(cells, need.cell))
    low, high = unknown.low[cells], np.minimum(unknown.high[cells], unknown.low[cells] + FAR)
    for largest in (False, True):
        ends = (low.copy(), high.copy())
        # no further out than the verdict needs; an optimum at the cut says nothing
        if not largest and unknown.tables and need.safe_from is None and not need.zero_is_safe:
            ends[0][at] = max(low[at], int(unknown.most[need.cell]) - need.width)
        if largest and unknown.tables:
            ends[1][at] = min(high[at], int(unknown.least[need.cell]) + need.width)
        cost = np.zeros(len(cells))
        cost[at] = -1 if largest else 1
        found = solve(
            matrix, unknown.rhs[rows], *ends, cost, whole=len(cells) if nodes else 0, nodes=nodes,
            interior=not nodes and len(cells) > INTERIOR_FROM, seconds=clock.left,
        )  # fmt: skip
        if everything and found.point is not None:
            unknown.keep(np.rint(found.point).astype(np.int64))
        if found.bound is None:
            return
        if largest:
            end = int(np.floor(-found.bound + ROOM))
            if end < ends[1][at]:
                need.high = min(need.high, end)
        else:
            end = int(np.ceil(found.bound - ROOM))
            if end > ends[0][at]:
                need.low = max(need.low, end)


def _rows_of(unknown: Unknowns, cells: np.ndarray, closed: bool = False) -> tuple[sparse.csr_array, np.ndarray]:
    """The equations that ``cells`` are in, as columns of those alone, and which they are; ``closed``: only equations
    without other unknowns."""
    part = sparse.csr_array(unknown.matrix[:, cells])
    inside = np.diff(part.indptr)
    rows = np.flatnonzero(inside if not closed else (inside > 0) & (inside == np.diff(unknown.matrix.indptr)))
    return part[rows], rows
