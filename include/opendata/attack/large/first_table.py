"""One whole-number table that agrees with everything published, found without knowing any true value.

A table of real numbers well inside all bounds comes from one linear program. It is made whole slice by slice (per county,
say): each slice is a small integer program that stays near the real numbers and makes good what the slices before it
rounded off. The few sums across slices that are then off by one are mended by integer programs over some slices at a time,
more of them when nothing helps. With few unknowns one integer program does it all.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
from scipy import sparse

from include.opendata.attack.large.programs import solve
from include.opendata.attack.large.unknowns import Clock, LargeBudget, Unknowns
from include.opendata.attack.propagate import contradiction
from include.opendata.attack.view import UNBOUNDED

FAR = 200_000
REACH = 2
PATIENT = 10
"""So many tries in a row that mend nothing, then more slices are taken together."""
ROUGH = 0.1
"""A slice need not be rounded in the very best way."""
WIDER = (0, 1, 3, 10)
"""How far from the real numbers a slice may be rounded, tried in this order."""


def find_first_table(
    unknown: Unknowns, rng: random.Random, budget: LargeBudget, clock: Clock, progress: Callable[[str], None]
) -> None:
    """Keep a first table, if one is found within the budget.

    Raises :class:`InputError` when it is proven that no table agrees with what is published.
    """
    m = len(unknown.cells)
    capped = np.minimum(unknown.high, unknown.low + FAR)
    inner = solve(
        unknown.matrix, unknown.rhs, unknown.low, capped, np.zeros(m), interior=True, seconds=clock.left
    )  # fmt: skip
    if not inner.feasible and not solve(unknown.matrix, unknown.rhs, unknown.low, unknown.high, np.zeros(m)).feasible:
        raise contradiction()
    if inner.point is not None:
        progress("making a first table whole, slice by slice")
        table = _slice_by_slice(unknown, inner.point, budget, clock)
        if table is not None and unknown.keep(_mend(unknown, table, rng, budget, clock)):
            return
    if m <= budget.whole and not clock.over:
        _all_at_once(unknown, budget, clock)


def _all_at_once(unknown: Unknowns, budget: LargeBudget, clock: Clock) -> None:
    m = len(unknown.cells)
    found = solve(
        unknown.matrix, unknown.rhs, unknown.low, unknown.high, np.zeros(m),
        whole=m, nodes=budget.nodes, solutions=1, seconds=clock.left,
    )  # fmt: skip
    if not found.feasible:
        raise contradiction()
    if found.point is not None:
        unknown.keep(np.rint(found.point).astype(np.int64))


def _slice_by_slice(unknown: Unknowns, inner: np.ndarray, budget: LargeBudget, clock: Clock) -> np.ndarray | None:
    """Whole numbers that satisfy every equation within a slice, and nearly those across; None if a slice has none."""
    table = np.zeros(len(unknown.cells), dtype=np.int64)
    across = sparse.csc_array(unknown.matrix[unknown.across])
    owed = np.zeros(across.shape[0])
    within = unknown.matrix[~unknown.across]
    within_rhs = unknown.rhs[~unknown.across]
    row_slice = unknown.label[within.indices[within.indptr[:-1]]]
    for number, cells in enumerate(unknown.slices):
        if clock.over:
            return None
        rows = np.flatnonzero(row_slice == number)
        ties = across[:, cells]
        # what earlier slices owe to the sums this cell is in, the largest first
        carried = -(ties.multiply(owed[:, None])).tocsc()
        want = inner[cells] + _by_column(carried)
        part = _round_slice(
            sparse.csr_array(within[rows][:, cells]), within_rhs[rows], unknown.low[cells], unknown.high[cells], want,
            budget, clock,
        )  # fmt: skip
        if part is None:
            return None
        table[cells] = part
        owed += ties @ (part - inner[cells])
    return table


def _by_column(matrix: sparse.csc_array) -> np.ndarray:
    return np.asarray(matrix.sum(axis=0)).ravel()


def _round_slice(
    matrix: sparse.csr_array, rhs: np.ndarray, low: np.ndarray, high: np.ndarray, want: np.ndarray,
    budget: LargeBudget, clock: Clock,
) -> np.ndarray | None:  # fmt: skip
    m = len(want)
    want = np.clip(want, low, np.where(high >= UNBOUNDED, np.inf, high))
    for reach in WIDER:
        least = np.maximum(low, np.floor(want) - reach)
        most = np.minimum(high, np.floor(want) + 1 + reach)
        if reach == 0:
            cost = 2 * (least - want) + 1
            found = solve(
                matrix, rhs, least, most, cost, whole=m, nodes=budget.nodes // 20, gap=ROUGH, seconds=clock.left
            )  # fmt: skip
        else:
            # |x - want| by two more columns per cell
            one = sparse.eye_array(m)
            wide = sparse.vstack(
                [sparse.hstack([matrix, sparse.csr_array((matrix.shape[0], 2 * m))]), sparse.hstack([one, -one, one])]
            )
            found = solve(
                wide, np.concatenate([rhs, want]), np.concatenate([least, np.zeros(2 * m)]),
                np.concatenate([most, np.full(2 * m, float(2 * reach + 2))]),
                np.concatenate([np.zeros(m), np.ones(2 * m)]),
                whole=m, nodes=budget.nodes // 2, gap=ROUGH, seconds=clock.left,
            )  # fmt: skip
        if found.point is not None:
            return np.rint(found.point[:m]).astype(np.int64)
    return None


def _mend(
    unknown: Unknowns, table: np.ndarray, rng: random.Random, budget: LargeBudget, clock: Clock
) -> np.ndarray | None:
    """Bring every sum across slices to its value, some slices at a time; None if that fails."""
    across = unknown.matrix[unknown.across]
    goal = unknown.rhs[unknown.across]
    together, idle = 4, 0
    for _ in range(budget.rounds):
        off = goal - across @ table
        if not off.any():
            return table
        if clock.over:
            return None
        cells = _chosen(unknown, across, off, together, rng)
        change = _change(unknown, table, across, off, cells, budget, clock)
        if change is not None:
            table = table.copy()
            table[cells] += change
        better = int(np.abs(goal - across @ table).sum()) < int(np.abs(off).sum())
        idle = 0 if better else idle + 1
        if idle >= PATIENT:
            if together >= len(unknown.slices):
                return None
            together, idle = min(together + together // 2, len(unknown.slices)), 0
    return None


def _chosen(
    unknown: Unknowns, across: sparse.csr_array, off: np.ndarray, together: int, rng: random.Random
) -> np.ndarray:
    """The cells of some slices, drawn by how many of their cells are in sums that are off."""
    wrong = np.repeat(off != 0, np.diff(across.indptr))
    weight = np.bincount(unknown.label[across.indices[wrong]], minlength=len(unknown.slices)).astype(float)
    chosen: list[int] = []
    while len(chosen) < together and weight.any():
        drawn = rng.choices(range(len(weight)), weights=weight.tolist())[0]
        chosen.append(drawn)
        weight[drawn] = 0
    return np.sort(np.concatenate([unknown.slices[i] for i in sorted(chosen)]))


def _change(
    unknown: Unknowns, table: np.ndarray, across: sparse.csr_array, off: np.ndarray, cells: np.ndarray,
    budget: LargeBudget, clock: Clock,
) -> np.ndarray | None:  # fmt: skip
    """The change of ``cells``, by at most REACH each, that leaves the least wrong in the sums across slices."""
    within = sparse.csr_array(unknown.matrix[~unknown.across][:, cells])
    within = within[np.flatnonzero(np.diff(within.indptr))]
    ties = sparse.csr_array(across[:, cells])
    rows = np.flatnonzero(np.diff(ties.indptr))
    ties, wrong = ties[rows], off[rows]
    m, r = len(cells), len(rows)
    one = sparse.eye_array(r)
    matrix = sparse.vstack(
        [sparse.hstack([within, sparse.csr_array((within.shape[0], 2 * r))]), sparse.hstack([ties, one, -one])]
    )
    low = np.concatenate([np.maximum(unknown.low[cells] - table[cells], -REACH), np.zeros(2 * r)])
    high = np.concatenate(
        [np.minimum(unknown.high[cells] - table[cells], REACH), np.full(2 * r, float(np.abs(wrong).max() + 2))]
    )
    start = np.concatenate([np.zeros(m), np.maximum(wrong, 0), np.maximum(-wrong, 0)])
    found = solve(
        matrix, np.concatenate([np.zeros(within.shape[0]), wrong]), low, high,
        np.concatenate([np.zeros(m), np.ones(2 * r)]),
        whole=m, nodes=1 + budget.nodes // 40, solutions=2, start=start, seconds=clock.left,
    )  # fmt: skip
    return None if found.point is None else np.rint(found.point[:m]).astype(np.int64)
