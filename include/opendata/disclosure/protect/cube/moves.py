"""Changes of a cube that leave every total true.

Along one axis such a change adds 1 to a leaf and to everything it is summed into, and takes 1 from another leaf and what
that is summed into (what they share cancels), or lets the first path run up to the root. One change per axis, multiplied,
is a *move*: entries of -1 and +1 that satisfy every equation of the cube, hierarchies included. On flat axes it is a box
of 2^k corners. This module lists, for every node, the changes along its axis that add 1 to that node; the compiled
searches multiply them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from include.opendata.disclosure.protect.cube.table import Axis
from include.opendata.errors import InputError

MOST_CHANGES = 8_000_000
"""Entries along one axis; beyond it (some 2,500 categories in one line) the lists would not fit in memory."""


@dataclass(frozen=True)
class Moves:
    """The changes along every axis, laid out for the compiled searches.

    ``node_start``: where an axis's nodes begin in ``option``; ``option[i] .. option[i + 1]`` are the changes of node i;
    ``entry[o] .. entry[o + 1]`` the other nodes of change o as ``offset`` in cells from the node, with their ``sign``.
    ``order``: the axes, those with few choices first. ``most_cells``: entries of the largest move; ``most_options``:
    of one node.
    """

    strides: np.ndarray
    shape: np.ndarray
    node_start: np.ndarray
    option: np.ndarray
    entry: np.ndarray
    offset: np.ndarray
    sign: np.ndarray
    order: np.ndarray
    most_cells: int
    most_options: int

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """What the compiled searches take as ``geometry``."""
        return (
            self.strides, self.shape, self.node_start, self.option, self.entry, self.offset, self.sign, self.order,
        )  # fmt: skip

    def workspace(self) -> tuple[np.ndarray, ...]:
        """Scratch arrays of one search."""
        k = len(self.shape)
        return (
            np.zeros((k + 1, self.most_cells), dtype=np.int64),
            np.zeros((k + 1, self.most_cells), dtype=np.int8),
            np.zeros((k, self.most_options), dtype=np.int64),
            np.zeros((k, self.most_options), dtype=np.int64),
            np.zeros((4, k + 2), dtype=np.int64),
        )


def moves_of(axes: tuple[Axis, ...]) -> Moves:
    """Raises :class:`InputError` with slug "axis-too-long"."""
    shape = np.array([axis.nodes for axis in axes], dtype=np.int64)
    strides = np.ones(len(axes), dtype=np.int64)
    for a in range(len(axes) - 2, -1, -1):
        strides[a] = strides[a + 1] * shape[a + 1]
    option, entry, offset, sign, start = [0], [np.zeros(1, dtype=np.int64)], [], [], []
    widest, most_options, entries = 1, 1, 0
    for a, axis in enumerate(axes):
        counts, lengths, steps, signs = _changes(tuple(axis.parent.tolist()))
        start.append(len(option) - 1)
        option.extend((option[-1] + np.cumsum(counts)).tolist())
        entry.append(entries + np.cumsum(lengths))
        entries += len(steps)
        offset.append(steps * strides[a])
        sign.append(signs)
        widest *= int(lengths.max()) + 1
        most_options = max(most_options, int(counts.max()))
    return Moves(
        strides=strides,
        shape=shape,
        node_start=np.array(start, dtype=np.int64),
        option=np.array(option, dtype=np.int64),
        entry=np.concatenate(entry),
        offset=np.concatenate(offset),
        sign=np.concatenate(sign),
        order=np.argsort(shape, kind="stable").astype(np.int64),
        most_cells=widest,
        most_options=most_options,
    )


@lru_cache(maxsize=64)
def _changes(parent: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Per node how many changes, per change how many other nodes, and these as (distance in nodes, sign)."""
    axis = Axis(np.array(parent, dtype=np.int64))
    if len(axis.leaves) ** 2 * (int(axis.height.max()) * 2 - 1) > MOST_CHANGES:
        raise InputError(
            f"a dimension has {len(axis.leaves)} categories",
            remedy="Publish the dimension in coarser categories, or split the table.",
            slug="axis-too-long",
        )
    paths = [axis.path(leaf) for leaf in axis.leaves.tolist()]
    of_node = [_changes_of(node, paths) for node in range(len(parent))]
    changes = [change for of_this in of_node for change in of_this]
    entries = np.array([entry for change in changes for entry in change], dtype=np.int64).reshape(-1, 2)
    return (
        np.array([len(of_this) for of_this in of_node], dtype=np.int64),
        np.array([len(change) for change in changes], dtype=np.int64),
        entries[:, 0].copy(),
        entries[:, 1].astype(np.int8),
    )


def _changes_of(node: int, paths: list[list[int]]) -> list[list[tuple[int, int]]]:
    """Every change that adds 1 to ``node``: a path through it rises, and none or one beside it falls."""
    falling = [[], *(path for path in paths if node not in path)]
    return [_change(node, up, down) for up in paths if node in up for down in falling]


def _change(node: int, rising: list[int], falling: list[int]) -> list[tuple[int, int]]:
    """The other nodes that change when ``rising`` (a path through ``node``) gains one and ``falling`` (a path, or none)
    loses one, as (distance from ``node``, sign); what the paths share stays as it is."""
    up = [(i - node, 1) for i in rising if i != node and i not in falling]
    return up + [(i - node, -1) for i in falling if i not in rising]
