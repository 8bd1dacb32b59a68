"""What the walk left open, cell by cell.

First looks for proof that a cell is narrow: the least and the most it can be by the equations around it, more of them and
in the end all. Bounds from fewer equations are wider, so too narrow there is proof. Then for another whole-number table
near one at hand, by an integer program over some slices: found, the cell is safe. A cell that is wide for real numbers but
for which no second whole-number table was found stays undecided, unless an integer program over everything settles it.
"""

from __future__ import annotations

import heapq
import random

import numpy as np
from scipy import sparse

from include.opendata.disclosure.attack.large.programs import solve
from include.opendata.disclosure.attack.large.unknowns import Clock, LargeBudget, Need, Unknowns

NEAR = 8
"""How far an integer program goes from the table at hand."""
TOGETHER = (8, 24)
"""So many slices an integer program takes together."""
FAR = 1_000_000
INTERIOR_FROM = 4_000
"""With more columns the interior-point method is quicker than the simplex method."""
ROOM = 1e-4
"""A linear optimum this close below a whole number counts as that number."""


def narrow_around(need: Need, unknown: Unknowns, equations: int, clock: Clock) -> None:
    """Narrow ``need.low`` and ``need.high`` by what so many ``equations`` around the cell allow."""
    rows = _around(need.cell, unknown, equations)
    part = sparse.csr_array(unknown.matrix[rows])
    cells = np.unique(part.indices)
    _bound(need, unknown, cells, sparse.csr_array(part[:, cells]), unknown.rhs[rows], clock)


def settle(
    need: Need, others: list[Need], unknown: Unknowns, rng: random.Random, budget: LargeBudget, clock: Clock
) -> None:
    """Decide one cell, by all equations; may add tables, which tell ``others`` apart as well."""
    everything = np.arange(len(unknown.cells))
    _bound(need, unknown, everything, unknown.matrix, unknown.rhs, clock)
    for together in TOGETHER:
        if need.open(unknown) and unknown.tables and not clock.over:
            pull(need, others, unknown, together, rng, budget, clock)
    if need.open(unknown) and len(everything) <= budget.whole and not clock.over:
        _bound(need, unknown, everything, unknown.matrix, unknown.rhs, clock, nodes=budget.nodes)


def _around(cell: int, unknown: Unknowns, many: int) -> np.ndarray:
    """``many`` equations around a cell, ascending: near ones first, and those with few unknowns."""
    by_cell, by_row = unknown.columns, unknown.matrix
    waiting: list[tuple[int, int]] = []
    reached: set[int] = {cell}
    taken: set[int] = set()

    def reach(other: int, distance: int) -> None:
        for row in by_cell.indices[by_cell.indptr[other] : by_cell.indptr[other + 1]].tolist():
            if row not in taken:
                length = int(by_row.indptr[row + 1] - by_row.indptr[row])
                heapq.heappush(waiting, (distance + length, row))

    reach(cell, 0)
    while waiting and len(taken) < many:
        distance, row = heapq.heappop(waiting)
        if row in taken:
            continue
        taken.add(row)
        for other in by_row.indices[by_row.indptr[row] : by_row.indptr[row + 1]].tolist():
            if other not in reached:
                reached.add(other)
                reach(other, distance)
    return np.array(sorted(taken), dtype=np.int64)


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
    cells = _slices_around(int(unknown.label[need.cell]), unknown, together, rng)
    matrix = sparse.csr_array(unknown.matrix[:, cells])
    matrix = sparse.csr_array(matrix[np.flatnonzero(np.diff(matrix.indptr))])
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


def _slices_around(own: int, unknown: Unknowns, together: int, rng: random.Random) -> np.ndarray:
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


def _bound(
    need: Need, unknown: Unknowns, cells: np.ndarray, matrix: sparse.csr_array, rhs: np.ndarray, clock: Clock,
    nodes: int = 0,
) -> None:  # fmt: skip
    """Narrow ``need.low`` and ``need.high`` by the least and the most that ``matrix`` (columns ``cells``) allows."""
    everything = len(cells) == len(unknown.cells) and matrix is unknown.matrix
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
            matrix, rhs, *ends, cost, whole=len(cells) if nodes else 0, nodes=nodes,
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
        if not need.open(unknown):
            return
