"""How the rows of a table in long form become cells.

Every dimension is a tree (its categories, the groups a hierarchy puts them into, its total), every cell one node per
dimension. Counts may carry thousands commas; an empty cell, "S" or "C" is a blank. Errors name column and line, never a
value.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

import numpy as np

from include.opendata.disclosure.long_tables.dimensions import Dimension
from include.opendata.errors import DeclarationError, InputError, Place

BLANK_TEXTS = {"": "", "S": "1", "C": "2"}
"""What stands for a blank count, and the annotation code it is."""

WHOLE = re.compile(r"\d+|\d{1,3}(,\d{3})+")
LONGEST_COUNT = 18
"""Digits and commas of a count that surely fits into 64 bits."""


@dataclass(frozen=True)
class LongTable:
    """``header``, ``rows``: the file's text · ``lines``: the line each row begins on · ``cell`` int64[rows]: each row's cell
    among all combinations of nodes, last dimension fastest · ``leaf`` bool[cells]: no dimension at a group or total."""

    file: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    dimensions: tuple[Dimension, ...]
    cell: np.ndarray
    leaf: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """How many nodes each dimension has."""
        return tuple(len(d.nodes) for d in self.dimensions)

    def column(self, name: str) -> list[str]:
        """The text of a column, stripped. Raises DeclarationError when there is none of that name."""
        if name not in self.header:
            raise DeclarationError(
                f"the file has no column {name}",
                remedy="Name a column of the file's first line, in its spelling.",
                slug="no-such-column",
                place=Place(file=self.file, column=name),
            )
        at = self.header.index(name)
        return [row[at].strip() for row in self.rows]

    def counts(self, name: str) -> list[int | None]:
        """The counts of a column, None for a blank. Raises InputError (``count-unreadable``)."""
        return [self._count(name, text, row) for row, text in enumerate(self.column(name))]

    def _count(self, name: str, text: str, row: int) -> int | None:
        if text in BLANK_TEXTS:
            return None
        if not WHOLE.fullmatch(text) or len(text) > LONGEST_COUNT:
            raise self.problem("neither a count (a whole number, 0 or more) nor a blank", name, row, "count-unreadable")
        return int(text.replace(",", ""))

    def problem(self, what: str, column: str, row: int, slug: str) -> InputError:
        """The error about what stands in a column on a row; it names the line and never the value."""
        return InputError(
            f"what stands here is {what}",
            remedy="Correct the file, or name another column.",
            slug=slug,
            place=Place(file=self.file, line=self.lines[row], column=column),
        )

    def equations(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        """(total, parts) of every group and total along every dimension, as cells."""
        index = np.arange(int(np.prod(self.shape))).reshape(self.shape)
        equations: list[tuple[int, tuple[int, ...]]] = []
        for axis, dimension in enumerate(self.dimensions):
            front = np.moveaxis(index, axis, 0).reshape(len(dimension.nodes), -1)
            for node in dimension.sums:
                parts = front[dimension.parts(node)].T.tolist()
                equations += zip(front[node].tolist(), map(tuple, parts), strict=True)
        return tuple(equations)

    def names(self) -> tuple[tuple[str, ...], ...]:
        """Per cell its labels."""
        return tuple(itertools.product(*([n or "all" for n in d.nodes] for d in self.dimensions)))
