"""Changes of a table that no published figure shows.

A cell stands, in every column, for a set of atoms (see ``vocabulary``). Take a person out of atom d and put one into atom
u: in that column every set with u but not d rises by one, every set with d but not u falls by one, and every sum stays
true. So does a person put in without one taken out, if the other columns balance. The product of one such change per
column is a *move*: it satisfies every equation there can be between cells, hierarchies and linked tables included, and
combinations that are no cell simply drop out. Decides which changes there are; which moves stay inside the blanks is found
by ``repair``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Node = tuple[int, ...]
Change = tuple[tuple[int, int], ...]

MOST_GRID = 40_000_000
MOST_ENTRIES = 6_000_000
"""Beyond these the attack does without moves and says undecided sooner."""


@dataclass(frozen=True, repr=False, eq=False)
class Moves:
    """``grid`` int32: the cell at every combination of nodes, -1 for none · ``spot`` int64[n]: a cell's place in it ·
    ``shape``, ``strides`` int64[k] · ``node_at`` int64[k]: an axis's first node among all · ``option`` int64[nodes + 1]: a
    node's changes · ``entry`` int64[options + 1]: a change's entries · ``offset`` int64, ``sign`` int64: where in the grid
    they are, as seen from the node, and their direction · ``largest``: corners of the largest move."""

    grid: np.ndarray
    spot: np.ndarray
    shape: np.ndarray
    strides: np.ndarray
    node_at: np.ndarray
    option: np.ndarray
    entry: np.ndarray
    offset: np.ndarray
    sign: np.ndarray
    largest: int
    choices: int
    holds: tuple[np.ndarray, ...]

    @property
    def geometry(self) -> tuple[np.ndarray, ...]:
        """What the compiled loops take."""
        return (
            self.grid, self.spot, self.shape, self.strides, self.node_at, self.option, self.entry, self.offset, self.sign,
        )  # fmt: skip

    def scratch(self) -> tuple[np.ndarray, ...]:
        """Arrays the compiled loops work in."""
        k = len(self.shape)
        return (
            np.zeros((k + 2, self.largest), dtype=np.int64),
            np.zeros((k + 2, self.largest), dtype=np.int64),
            np.zeros((k, self.choices), dtype=np.int64),
            np.zeros((k, self.choices), dtype=np.int64),
            np.zeros((4, k + 1), dtype=np.int64),
            np.zeros(k + 1, dtype=np.int64),
        )


def moves_of(places: Sequence[Sequence[Node]]) -> Moves | None:
    """The moves among cells at ``places`` (per cell the atoms in every column); None if there are too many to list."""
    columns = range(len(places[0]))
    nodes = [sorted({place[c] for place in places}) for c in columns]
    shape = np.array([len(of_column) for of_column in nodes], dtype=np.int64)
    if np.prod(shape.astype(float)) > MOST_GRID:
        return None
    strides = np.ones(len(columns), dtype=np.int64)
    strides[:-1] = np.cumprod(shape[:0:-1])[::-1]
    spot = np.zeros(len(places), dtype=np.int64)
    for c in columns:
        spot += strides[c] * _numbers([place[c] for place in places], nodes[c])
    grid = np.full(int(np.prod(shape)), -1, dtype=np.int32)
    grid[spot] = np.arange(len(places))
    holds = tuple(_holds(of_column) for of_column in nodes)
    listed = _List()
    for c, held in enumerate(holds):
        if not listed.add_column(_changes(held), int(strides[c])):
            return None
    node_at, option, entry, offset, sign = (np.array(part, dtype=np.int64) for part in listed.parts)
    return Moves(
        grid, spot, shape, strides, node_at, option, entry, offset, sign, listed.largest, listed.choices, holds
    )


def _numbers(own: Sequence[Node], nodes: Sequence[Node]) -> np.ndarray:
    """int64: of each node its number among ``nodes``."""
    number = {node: i for i, node in enumerate(nodes)}
    return np.array([number[node] for node in own], dtype=np.int64)


class _List:
    """The changes of all columns, one after the other, as :class:`Moves` holds them."""

    def __init__(self) -> None:
        self.node_at: list[int] = []
        self.option, self.entry = [0], [0]
        self.offset: list[int] = []
        self.sign: list[int] = []
        self.largest, self.choices = 1, 1

    @property
    def parts(self) -> tuple[list[int], ...]:
        """``node_at``, ``option``, ``entry``, ``offset`` and ``sign``."""
        return self.node_at, self.option, self.entry, self.offset, self.sign

    def add_column(self, changes_of_nodes: list[list[Change]], stride: int) -> bool:
        """Add the changes of every node of a column; False when there are too many."""
        self.node_at.append(len(self.option) - 1)
        widest = 1
        for changes in changes_of_nodes:
            self.option.append(self.option[-1] + len(changes))
            self.choices = max(self.choices, len(changes))
            for change in changes:
                if self.entry[-1] + len(change) > MOST_ENTRIES:
                    return False
                self.entry.append(self.entry[-1] + len(change))
                self.offset.extend(step * stride for step, _ in change)
                self.sign.extend(direction for _, direction in change)
                widest = max(widest, len(change) + 1)
        self.largest *= widest
        return True


def _holds(nodes: Sequence[Node]) -> np.ndarray:
    """bool[nodes, atoms]; atoms that are in the same nodes are one."""
    holding: dict[int, list[int]] = {}
    for i, node in enumerate(nodes):
        for atom in node:
            holding.setdefault(atom, []).append(i)
    kinds = sorted({tuple(where): atom for atom, where in sorted(holding.items(), reverse=True)}.values())
    holds = np.zeros((len(nodes), len(kinds)), dtype=bool)
    for k, atom in enumerate(kinds):
        holds[holding[atom], k] = True
    return holds


def _changes(holds: np.ndarray) -> list[list[Change]]:
    """Per node of one column the distinct changes that add one to it: (distance to another node, direction)."""
    rising_with = [set(np.flatnonzero(column).tolist()) for column in holds.T]
    found = []
    for i, inside in enumerate(holds):
        own: dict[Change, None] = {}
        downs: list[set[int]] = [set(), *(rising_with[k] for k in np.flatnonzero(~inside).tolist())]
        for up in np.flatnonzero(inside).tolist():
            rising = rising_with[up]
            for falling in downs:
                steps = [(n - i, 1) for n in sorted(rising - falling) if n != i]
                own[tuple(steps + [(n - i, -1) for n in sorted(falling - rising)])] = None
        found.append(list(own))
    return found
