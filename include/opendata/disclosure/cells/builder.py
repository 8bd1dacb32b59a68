"""Collects the cells of one measure by key while tables are added."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from include.opendata.disclosure.cells.nodes import Key, Node, replaced


@dataclass(slots=True)
class Cell:
    """``name``: the labels it is published under first · ``neighbours``: numbers of cells one category away."""

    published: bool = False
    least_interesting: bool = False
    name: str = ""
    neighbours: set[int] = field(default_factory=set)


class CellBuilder:
    """Cells are numbered in the order in which they are first asked for.

    ``columns``: the source columns, sorted · ``additive``: those over which every table's figures of the measure add up.
    """

    def __init__(self, columns: tuple[str, ...], additive: frozenset[str]):
        self.columns, self.additive = columns, additive
        self.numbers: dict[Key, int] = {}
        self.cells: list[Cell] = []

    @property
    def additive_columns(self) -> list[tuple[int, str]]:
        """(position, column) of every additive column."""
        return [(position, column) for position, column in enumerate(self.columns) if column in self.additive]

    def number(self, key: Key) -> int:
        """The cell with this key, added if it is new."""
        number = self.numbers.get(key)
        if number is None:
            number = self.numbers[key] = len(self.cells)
            self.cells.append(Cell())
        return number

    def nodes(self, column: int) -> set[Node]:
        """Every set that occurs on a column."""
        return {key[column] for key in self.numbers}

    def numbers_with(self, key: Key, column: int, nodes: Iterable[Node]) -> tuple[int, ...] | None:
        """The cells that stand at ``nodes`` on one column and otherwise where ``key`` does; None unless all exist."""
        numbers = []
        for node in nodes:
            number = self.numbers.get(replaced(key, column, node))
            if number is None:
                return None
            numbers.append(number)
        return tuple(numbers)

    def are_neighbours(self, first: int, second: int) -> None:
        """Note that two cells are one category away from each other."""
        self.cells[first].neighbours.add(second)
        self.cells[second].neighbours.add(first)

    def keep(self, kept: Sequence[bool]) -> dict[int, int]:
        """Drop the cells that are not ``kept`` and number the others again; returns old number → new number."""
        new = {old: number for number, old in enumerate(itertools.compress(range(len(kept)), kept))}
        self.numbers = {key: new[old] for key, old in self.numbers.items() if old in new}
        self.cells = list(itertools.compress(self.cells, kept))
        for cell in self.cells:
            cell.neighbours = {new[old] for old in cell.neighbours if old in new}
        return new
