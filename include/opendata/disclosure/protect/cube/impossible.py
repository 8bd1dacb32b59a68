"""Small counts that separate codes give away whatever else is hidden.

Hiding every non-zero cell is the most that can be done. A count that even then can be narrowed cannot be protected while
the codes are told apart: ten counts under a total with code 1 are all 1. Three steps, each cheaper than the next: bounds
pushed through all equations; walks, which prove most counts possible; a linear program over a two-way slice of the cube
(fewer equations than there are, so what it excludes is excluded for certain).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from include.opendata.disclosure.protect.cube.bounds import BEYOND_ANY_COUNT, narrowed
from include.opendata.disclosure.protect.cube.table import Axis
from include.opendata.disclosure.protect.programs import ROUNDING, Program

LARGEST_SLICE = 4_000
"""Cells of the largest slice a linear program is asked about."""


@dataclass(frozen=True)
class Limits:
    """``impossible`` int64: cells shown to be narrow in every pattern. ``open`` int64: neither that nor proven possible."""

    impossible: np.ndarray = field(repr=False)
    open: np.ndarray = field(repr=False)


def narrow_by_bounds(
    low: np.ndarray, high: np.ndarray, axes: tuple[Axis, ...], width: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(cells too narrow for ``width``, low, high) after all bounds have been pushed through; shapes of the cube."""
    low, high = narrowed(low, high, axes)
    return np.flatnonzero((high - low < width).reshape(-1)), low, high


def narrow_by_slices(
    cells: np.ndarray, values: np.ndarray, low: np.ndarray, high: np.ndarray, axes: tuple[Axis, ...], width: int
) -> np.ndarray:
    """Those of ``cells`` that some two-way (or three-way, if small) slice shows to be narrower than ``width``."""
    found = []
    ways = [w for size in (2, 3) for w in itertools.combinations(range(len(axes)), min(size, len(axes)))]
    for cell in cells:
        place = np.unravel_index(int(cell), values.shape)
        for way in dict.fromkeys(ways):
            if np.prod([axes[a].nodes for a in way]) > LARGEST_SLICE:
                continue
            if _narrow(place, way, values, low, high, axes, width):
                found.append(cell)
                break
    return np.array(found, dtype=np.int64)


def _narrow(place, way, values, low, high, axes, width) -> bool:
    cut = tuple(slice(None) if a in way else int(place[a]) for a in range(len(axes)))
    least, most, true = low[cut], high[cut], values[cut]
    own = int(np.ravel_multi_index([place[a] for a in way], true.shape))
    used = [axes[a] for a in way]
    matrix = _equations(true.shape, used)
    floor, ceiling = least.reshape(-1).copy(), most.reshape(-1).copy()
    floor[own], ceiling[own] = max(floor[own], true.flat[own] - width), min(ceiling[own], true.flat[own] + width)
    free = np.flatnonzero(floor < ceiling)
    if own not in free:
        return True
    fixed = np.where(floor < ceiling, 0, true.reshape(-1))
    of_free = sparse.csr_array(sparse.csc_array(matrix)[:, free])
    rows = np.flatnonzero(np.diff(of_free.indptr))
    program = Program(
        sparse.csr_array(of_free[rows]),
        floor[free],
        np.minimum(ceiling[free], BEYOND_ANY_COUNT),
        rhs=-(matrix @ fixed)[rows],
    )
    program.set_cost(np.array([int(np.searchsorted(free, own))]), np.ones(1))
    ends = []
    for maximise in (False, True):
        solution = program.solve(maximise=maximise)
        if solution.status != "optimal":
            return False
        ends.append(solution.objective)
    return bool(np.floor(ends[1] + ROUNDING) - np.ceil(ends[0] - ROUNDING) < width)


def _equations(shape: tuple[int, ...], axes: list[Axis]) -> sparse.csr_array:
    """One row per group of the slice: parts +1, total -1."""
    places = np.arange(int(np.prod(shape))).reshape(shape)
    rows, columns, entries, count = [], [], [], 0
    for a, axis in enumerate(axes):
        front = np.moveaxis(places, a, 0)
        for node, parts in axis.children:
            across = front[node].reshape(-1)
            number = count + np.arange(len(across))
            count += len(across)
            for member, entry in [(node, -1), *((int(part), 1) for part in parts)]:
                rows.append(number)
                columns.append(front[member].reshape(-1))
                entries.append(np.full(len(across), entry))
    size = (count, int(np.prod(shape)))
    return sparse.csr_array((np.concatenate(entries), (np.concatenate(rows), np.concatenate(columns))), shape=size)
