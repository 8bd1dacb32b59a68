"""Linked cells seen as one cube: every combination of the categories and totals of all their columns.

Decides whether the cells of a measure can be handed to the engine for large cubes (``cube``), and where each of them is
in it. They can where, in every column, the sets of atoms are a tree: one total, every sum made up of its parts (county →
region → state, years within periods); equations between cells are then sums along the tree, and there are no others. One
table with its totals is the whole cube. Tables that share only some columns leave combinations in no table: those stay in
the cube as cells no one publishes, with counts that fit the published totals. Which ones does not matter: the engine needs
*a* table that agrees with everything, as the start of its search, and proves what it hides for all of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from include.opendata.disclosure.protect.programs import whole_numbers

Node = tuple[int, ...]
"""Atoms of one column, ascending (see ``cells``)."""

LARGEST_GRID = 200_000
"""Combinations, those in no table included, up to which linked cells are taken as one cube."""


@dataclass(frozen=True, repr=False, eq=False)
class Grid:
    """``parents``: per column that tells cells apart, each node's parent, -1 for the root · ``spot`` int64[n]: each cell's
    place in the flattened grid."""

    parents: tuple[np.ndarray, ...]
    spot: np.ndarray
    shape: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", tuple(len(parent) for parent in self.parents))

    @property
    def size(self) -> int:
        """Combinations, in a table or not."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def full(self) -> bool:
        """Whether every combination is a cell."""
        return len(self.spot) == self.size

    def spread(self, per_cell: np.ndarray, elsewhere: int) -> np.ndarray:
        """The grid with ``per_cell`` (one entry per cell) in its places and ``elsewhere`` in all others."""
        grid = np.full(self.size, elsewhere, dtype=per_cell.dtype)
        grid[self.spot] = per_cell
        return grid.reshape(self.shape)


def grid_of(keys: Sequence[tuple[Node, ...]], limit: int = LARGEST_GRID) -> Grid | None:
    """The grid of cells with ``keys`` (per column its atoms); None where some column is no tree, or beyond ``limit``."""
    columns = [_nodes(keys, column) for column in range(len(keys[0]))]
    if math.prod(map(len, columns)) > limit:
        return None
    parents: list[np.ndarray] = []
    positions: list[np.ndarray] = []
    for c, nodes in enumerate(columns):
        if len(nodes) == 1:
            continue  # tells no cells apart
        parent = _tree(nodes)
        if parent is None:
            return None
        number = {node: position for position, node in enumerate(nodes)}
        parents.append(parent)
        positions.append(np.array([number[key[c]] for key in keys]))
    if not parents:
        return None
    return Grid(tuple(parents), np.ravel_multi_index(positions, [len(parent) for parent in parents]).astype(np.int64))


def _nodes(keys: Sequence[tuple[Node, ...]], column: int) -> list[Node]:
    """The sets on a column, by ascending size."""
    return sorted({key[column] for key in keys}, key=lambda node: (len(node), node))


def _tree(nodes: Sequence[Node]) -> np.ndarray | None:
    """int64[nodes]: the parent of each of ``nodes`` (by ascending size); None unless each sum is exactly its parts."""
    sets = [frozenset(node) for node in nodes]
    parts: list[list[frozenset[int]]] = [[] for _ in sets]
    parent = np.full(len(nodes), -1, dtype=np.int64)
    for i, part in enumerate(sets[:-1]):
        above = next((j for j in range(i + 1, len(sets)) if part < sets[j]), None)
        if above is None:
            return None  # a second total
        parent[i] = above
        parts[above].append(part)
    sound = all(_is_union(whole, inside) for whole, inside in zip(sets, parts, strict=True) if inside)
    return parent if sound else None


def _is_union(whole: frozenset[int], parts: Sequence[frozenset[int]]) -> bool:
    """Whether ``parts`` are disjoint and make up ``whole``."""
    return sum(map(len, parts)) == len(whole) and frozenset().union(*parts) == whole


def leaf_nodes(parent: np.ndarray) -> np.ndarray:
    """int64: the nodes that are no sum, ascending."""
    return np.setdiff1d(np.arange(len(parent)), parent)


def add_up(leaves: np.ndarray, grid: Grid) -> np.ndarray:
    """int64, shape of the grid: ``leaves`` (one dimension per column, its leaf nodes) and every sum of them."""
    for axis, parent in enumerate(grid.parents):
        front = np.moveaxis(leaves, axis, 0)
        wider = np.zeros((len(parent), *front.shape[1:]), dtype=np.int64)
        wider[leaf_nodes(parent)] = front
        for node in range(len(parent)):  # by ascending size, so parts come before their sums
            if parent[node] >= 0:
                wider[parent[node]] += wider[node]
        leaves = np.moveaxis(wider, 0, axis)
    return np.ascontiguousarray(leaves)


def filled(grid: Grid, values: np.ndarray, equations: Sequence[tuple[int, tuple[int, ...]]]) -> np.ndarray | None:
    """int64, shape of the grid: a table of whole numbers with ``values`` (int64[n]) in the cells' places.

    ``equations``: (parent, children) between cells. None where there is none, or none was found.
    """
    if grid.full:
        table = grid.spread(values, 0)
        for axis, parent in enumerate(grid.parents):
            table = np.take(table, leaf_nodes(parent), axis=axis)
    else:
        fitting = _fitting_leaves(grid, values, equations)
        if fitting is None:
            return None
        table = fitting
    closed = add_up(table, grid)
    return closed if np.array_equal(closed.reshape(-1)[grid.spot], values) else None


def _fitting_leaves(
    grid: Grid, values: np.ndarray, equations: Sequence[tuple[int, tuple[int, ...]]]
) -> np.ndarray | None:
    """Counts of the finest combinations that add up to ``values``; None where none were found."""
    finest = np.setdiff1d(np.arange(len(values)), [parent for parent, _ in equations])
    shape = tuple(len(leaf_nodes(parent)) for parent in grid.parents)
    member, column = _finest_parts(grid, finest, shape)
    # a combination under a zero is zero
    open_ = np.ones(int(np.prod(shape)), dtype=bool)
    open_[column[values[finest][member] == 0]] = False
    used, kept = np.flatnonzero(open_), np.flatnonzero(values[finest])
    ones = np.ones(len(member), dtype=np.int64)
    matrix = sparse.csc_array(sparse.csr_array((ones, (member, column)), shape=(len(finest), len(open_))))
    most = np.full(len(used), int(values.max(initial=0)))
    counts = whole_numbers(sparse.csr_array(sparse.csr_array(matrix[:, used])[kept]), most, values[finest][kept])
    if counts is None:
        return None
    table = np.zeros(len(open_), dtype=np.int64)
    table[used] = counts
    return table.reshape(shape)


def _finest_parts(grid: Grid, cells: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Of which of ``cells`` (by position) which finest combination (by place in ``shape``) is a part, as two int64 arrays."""
    places = np.unravel_index(grid.spot[cells], grid.shape)
    below = [_leaves_below(parent) for parent in grid.parents]
    columns = []
    for row in range(len(cells)):
        parts = [below[axis][int(place[row])] for axis, place in enumerate(places)]
        columns.append(np.ravel_multi_index(np.ix_(*parts), shape).reshape(-1))
    return np.repeat(np.arange(len(cells)), [len(column) for column in columns]), np.concatenate(columns)


def _leaves_below(parent: np.ndarray) -> list[np.ndarray]:
    """Per node the positions, among the leaves, of those it is the sum of."""
    number = {int(node): position for position, node in enumerate(leaf_nodes(parent))}
    below: list[list[int]] = [[number[node]] if node in number else [] for node in range(len(parent))]
    for node in range(len(parent)):
        if parent[node] >= 0:
            below[parent[node]] += below[node]
    return [np.array(sorted(leaves), dtype=np.int64) for leaves in below]
