"""What the walk left open, cell by cell.

First looks for proof that a cell is narrow: the least and the most it can be by the equations around it, more of them and
in the end all. Bounds from fewer equations are wider, so too narrow there is proof. Then for another whole-number table
near one at hand, by an integer program over some slices: found, the cell is safe. A cell that is wide for real numbers but
for which no second whole-number table was found stays undecided, unless an integer program over everything decides it.
"""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from include.opendata.disclosure.attack.large.programs import Answer, Method, solve
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


@dataclass(frozen=True, eq=False)
class _Equations:
    """``matrix`` @ x = ``rhs`` over the unknowns at ``cells`` (ascending positions): all equations, or those around a cell."""

    cells: np.ndarray
    matrix: sparse.csr_array
    rhs: np.ndarray
    all: bool


def narrow_around(need: Need, unknown: Unknowns, equations: int, clock: Clock) -> None:
    """Narrow ``need.low`` and ``need.high`` by what so many ``equations`` around the cell allow."""
    rows = _around(need.cell, unknown, equations)
    if not len(rows):
        return  # a cell in no equation: its own bounds are all there is to know, and the need starts with them
    part = sparse.csr_array(unknown.matrix[rows])
    cells = np.unique(part.indices)
    _narrow(need, unknown, _Equations(cells, sparse.csr_array(part[:, cells]), unknown.rhs[rows], all=False), clock)


def decide_rest(
    need: Need, others: list[Need], unknown: Unknowns, rng: random.Random, budget: LargeBudget, clock: Clock
) -> None:
    """Decide one cell, by all equations; may add tables, which tell ``others`` apart as well."""
    everything = _Equations(np.arange(len(unknown.cells)), unknown.matrix, unknown.rhs, all=True)
    _narrow(need, unknown, everything, clock)
    for together in TOGETHER:
        if need.open(unknown) and unknown.tables and not clock.over:
            pull(need, others, unknown, together, rng, budget, clock)
    if need.open(unknown) and len(unknown.cells) <= budget.whole and not clock.over:
        _narrow(need, unknown, everything, clock, nodes=budget.nodes)


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
    wanted = {other.cell: other for other in [*others, need]}
    inside = [
        other for other in wanted.values() if cells[np.searchsorted(cells, other.cell) % len(cells)] == other.cell
    ]
    for sign in (1, -1):
        low, high, cost = _pulled(need, sign, inside, unknown, cells, rng)
        if (low > high).any():
            continue
        answer = solve(
            matrix, np.zeros(matrix.shape[0]), low, high, cost,
            Method(nodes=1 + budget.nodes // 40, solutions=1, seconds=clock.left),
        )  # fmt: skip
        if answer.point is not None:
            table = base.copy()
            table[cells] += np.rint(answer.point).astype(np.int64)
            unknown.keep(table)
            if need.met(unknown):
                return


def _pulled(
    need: Need, sign: int, inside: list[Need], unknown: Unknowns, cells: np.ndarray, rng: random.Random
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bounds and cost of changes of ``cells`` from the table found last: ``need`` must move up (``sign`` 1) or down by as
    much as it lacks; the others ``inside`` are pulled one way or the other, no further than they lack."""
    base = unknown.tables[-1]
    low = np.maximum(unknown.low[cells] - base[cells], -NEAR)
    high = np.minimum(unknown.high[cells] - base[cells], NEAR)
    cost = np.zeros(len(cells))
    for other in inside:
        at = int(np.searchsorted(cells, other.cell))
        direction = sign if other is need else rng.choice((1, -1))
        lacking = other.lacking(unknown, base, direction)
        if other is need:
            low[at], high[at] = (lacking, high[at]) if sign > 0 else (low[at], -lacking)
            continue
        cost[at] = -direction
        if direction > 0:
            high[at] = min(high[at], max(lacking, 0))
        else:
            low[at] = max(low[at], -max(lacking, 0))
    return low, high, cost


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


def _narrow(need: Need, unknown: Unknowns, equations: _Equations, clock: Clock, nodes: int = 0) -> None:
    """Narrow ``need.low`` and ``need.high`` by the least and the most that ``equations`` allow; in whole numbers with
    ``nodes``, else in real ones."""
    for largest in (False, True):
        low, high = _ends(need, unknown, equations, largest)
        answer = _extreme(need, equations, low, high, largest, nodes, clock)
        if equations.all and answer.point is not None:
            unknown.keep(np.rint(answer.point).astype(np.int64))
        if answer.bound is None:
            return
        at = int(np.searchsorted(equations.cells, need.cell))
        # an optimum at the cut says nothing
        if largest:
            end = int(np.floor(-answer.bound + ROOM))
            need.high = min(need.high, end) if end < high[at] else need.high
        else:
            end = int(np.ceil(answer.bound - ROOM))
            need.low = max(need.low, end) if end > low[at] else need.low
        if not need.open(unknown):
            return


def _ends(need: Need, unknown: Unknowns, equations: _Equations, largest: bool) -> tuple[np.ndarray, np.ndarray]:
    """The bounds of a program's columns, those of the cell no further out than its verdict needs."""
    cells = equations.cells
    low, high = unknown.low[cells], np.minimum(unknown.high[cells], unknown.low[cells] + FAR)
    at = int(np.searchsorted(cells, need.cell))
    if unknown.tables and largest:
        high[at] = min(high[at], int(unknown.least[need.cell]) + need.width)
    elif unknown.tables and need.safe_from is None and not need.zero_is_safe:
        low[at] = max(low[at], int(unknown.most[need.cell]) - need.width)
    return low, high


def _extreme(
    need: Need, equations: _Equations, low: np.ndarray, high: np.ndarray, largest: bool, nodes: int, clock: Clock
) -> Answer:
    """The least (or largest) the cell can be; of the largest the bound is negative."""
    count = len(equations.cells)
    cost = np.zeros(count)
    cost[np.searchsorted(equations.cells, need.cell)] = -1 if largest else 1
    return solve(
        equations.matrix, equations.rhs, low, high, cost,
        Method(nodes=nodes, interior=not nodes and count > INTERIOR_FROM, seconds=clock.left),
    )  # fmt: skip
