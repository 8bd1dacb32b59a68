"""A cube of counts: what the fast path protects.

A cell is one node on every axis. An axis is a tree: its leaves are the categories, its inner nodes their sums (county →
region → state; age groups within groups), its root the total. ``values`` holds every cell of the closed grid, totals
included. Cells that no table publishes are left out of ``published``: they are free, the attacker does not see them.
Decides what is a well-formed cube; what must be hidden is decided by the other modules.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from include.opendata.errors import InputError
from include.opendata.rules.small_cells import SmallCellRule

LARGEST_COUNT = 1 << 38
"""Counts above this would leave no room for sums in 64 bits."""


def _malformed(what: str) -> InputError:
    return InputError(
        what,
        remedy="Give every axis as a tree with one total, and every total as the sum of its parts.",
        slug="cube-malformed",
    )


@dataclass(frozen=True)
class Axis:
    """``parent`` int64[nodes]: the node each node is summed into, -1 for the one root (the total)."""

    parent: np.ndarray = field(repr=False)

    def __post_init__(self) -> None:
        parent = np.asarray(self.parent, dtype=np.int64)
        object.__setattr__(self, "parent", parent)
        nodes = len(parent)
        if parent.ndim != 1 or (parent == -1).sum() != 1 or (parent < -1).any() or (parent >= nodes).any():
            raise _malformed("an axis is not a tree with exactly one root")
        above = parent.copy()
        for _ in range(nodes):
            if (above == -1).all():
                return
            above = np.where(above >= 0, parent[above], -1)
        raise _malformed("an axis has a circle among its parents")

    @classmethod
    def flat(cls, leaves: int) -> Axis:
        """``leaves`` categories and their total, which comes last."""
        return cls(np.array([leaves] * leaves + [-1], dtype=np.int64))

    @property
    def nodes(self) -> int:
        """Categories and sums together."""
        return len(self.parent)

    @cached_property
    def root(self) -> int:
        """The total's node."""
        return int(np.flatnonzero(self.parent == -1)[0])

    @cached_property
    def leaves(self) -> np.ndarray:
        """int64[leaves], ascending."""
        return np.setdiff1d(np.arange(self.nodes), self.parent)

    @cached_property
    def children(self) -> tuple[tuple[int, np.ndarray], ...]:
        """(inner node, its children), parts before the sums they go into."""
        inner = np.setdiff1d(np.arange(self.nodes), self.leaves)
        ordered = sorted(inner.tolist(), key=lambda node: (-len(self.path(node)), node))
        return tuple((node, np.flatnonzero(self.parent == node)) for node in ordered)

    @cached_property
    def height(self) -> np.ndarray:
        """int64[nodes]: 0 for a leaf, else one more than the highest child."""
        height = np.zeros(self.nodes, dtype=np.int64)
        for node, parts in self.children:
            height[node] = height[parts].max() + 1
        return height

    def path(self, node: int) -> list[int]:
        """``node`` and everything it is summed into, up to the root."""
        found = [node]
        while self.parent[found[-1]] >= 0:
            found.append(int(self.parent[found[-1]]))
        return found


PARTS = {"published": bool, "persons": np.int64, "frozen": bool, "given": bool, "interest": np.int64}
"""What a cube may have beside its counts, of the same shape, and of which kind."""


@dataclass(frozen=True)
class CubeTable:
    """Counts over the closed grid of ``axes``.

    - ``values`` int64, one dimension per axis, of its number of nodes: every total the sum of its parts.
    - ``published`` bool, same shape (None: all): cells that are in a published table.
    - ``persons`` int64, same shape (None: events are persons): distinct persons behind each count.
    - ``frozen`` bool, same shape (None: none): cells already public, which cannot be hidden any more.
    - ``given`` bool, same shape (None: none): complements of an earlier pattern, blank from the start and kept.
    - ``interest`` int64, same shape (None: alike): lower means less interesting, so hidden sooner (DDG 2.0 §4.4.1 (5)).

    Raises :class:`InputError` with slug "cube-malformed".
    """

    values: np.ndarray = field(repr=False)
    axes: tuple[Axis, ...] = field(repr=False)
    published: np.ndarray | None = field(default=None, repr=False)
    persons: np.ndarray | None = field(default=None, repr=False)
    frozen: np.ndarray | None = field(default=None, repr=False)
    given: np.ndarray | None = field(default=None, repr=False)
    interest: np.ndarray | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        values = np.ascontiguousarray(self.values)
        if values.dtype.kind not in "iu" or values.shape != tuple(axis.nodes for axis in self.axes):
            raise _malformed("the counts are not whole numbers with one dimension per axis")
        values = values.astype(np.int64)
        object.__setattr__(self, "values", values)
        if (values < 0).any() or (values > LARGEST_COUNT).any():
            raise _malformed("a count is negative, or too large to add up")
        if not (close(leaves_of(values, self.axes), self.axes) == values).all():
            raise _malformed("a total is not the sum of its parts")
        for name, kind in PARTS.items():
            self._convert(name, kind)
        if self.persons is not None and ((self.persons > values) | ((self.persons == 0) != (values == 0))).any():
            raise _malformed("a count of persons exceeds its count of events, or is zero beside events")

    def _convert(self, name: str, kind: type) -> None:
        part = getattr(self, name)
        if part is None:
            return
        part = np.ascontiguousarray(part).astype(kind)
        if part.shape != self.values.shape:
            raise _malformed(f"`{name}` does not have the shape of the counts")
        object.__setattr__(self, name, part)

    @property
    def size(self) -> int:
        """Cells, totals included."""
        return int(self.values.size)

    @cached_property
    def height(self) -> np.ndarray:
        """int64, shape of the cube: the sum of a cell's heights on its axes; 0 for what is no total."""
        total = np.zeros(self.values.shape, dtype=np.int64)
        for a, axis in enumerate(self.axes):
            shape = [1] * len(self.axes)
            shape[a] = axis.nodes
            total += axis.height.reshape(shape)
        return total

    def is_published(self) -> np.ndarray:
        """bool, shape of the cube."""
        return np.ones(self.values.shape, dtype=bool) if self.published is None else self.published

    def small(self, rule: SmallCellRule) -> np.ndarray:
        """bool, shape of the cube: published counts that are small by ``rule``, by events or by persons."""
        counted = self.values if self.persons is None else np.minimum(self.values, self.persons)
        small: np.ndarray = (counted >= 1) & (counted < rule.below) & self.is_published()
        return small


def leaves_of(values: np.ndarray, axes: tuple[Axis, ...]) -> np.ndarray:
    """The categories' part of a closed grid, without any total."""
    for a, axis in enumerate(axes):
        values = values.take(axis.leaves, axis=a)
    return values


def close(leaves: np.ndarray, axes: tuple[Axis, ...]) -> np.ndarray:
    """The closed grid: ``leaves`` (in the order of each axis's leaves) and every total added up."""
    grid = leaves
    for a, axis in enumerate(axes):
        shape = list(grid.shape)
        shape[a] = axis.nodes
        wider = np.zeros(shape, dtype=np.int64)
        front = np.moveaxis(wider, a, 0)
        front[axis.leaves] = np.moveaxis(grid, a, 0)
        for node, parts in axis.children:
            front[node] = front[parts].sum(axis=0)
        grid = wider
    return np.ascontiguousarray(grid)
