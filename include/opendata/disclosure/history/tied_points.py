"""Tied columns over several releases: which points of them occur side by side.

Each release says which values of its tied columns go together (a county with its region). Points of tied columns make one
axis: their combinations, without those that a release rules out which knows all of their values. What no release knows
together stays possible.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from include.opendata.disclosure.cells import Node
from include.opendata.errors import Refused
from include.opendata.vocabulary import axis_of

MOST_COMBINATIONS = 5_000_000

Combination = Mapping[str, Node]
"""Column → points of it that occur with those of the others."""


class TiedPoints:
    """The combinations of the points of ``columns``, numbered from 0.

    ``sizes``: how many points each column has · ``known``: of each release its combinations.
    """

    def __init__(self, sizes: Mapping[str, int], known: Iterable[Sequence[Combination]]):
        self.columns = tuple(sizes)
        shape = tuple(sizes.values())
        if math.prod(shape) > MOST_COMBINATIONS:
            raise Refused(
                f"the columns {', '.join(self.columns)} determine one another and have more than {MOST_COMBINATIONS:,} "
                "combinations of categories over all releases, too many to attack",
                remedy="Publish coarser categories of these columns, or fewer of them.",
                slug="too-many-cells-to-attack",
            )
        possible = np.ones(shape, dtype=bool)
        for combinations in known:
            possible &= self._not_ruled_out(combinations, shape)
        self._points = dict(zip(self.columns, np.nonzero(possible), strict=True))
        self.size = int(possible.sum())

    @property
    def axis(self) -> str:
        """The name of the axis."""
        return axis_of(self.columns)

    def of(self, points: Mapping[str, Node]) -> Node:
        """The combinations of these points, ascending."""
        chosen = np.ones(len(next(iter(self._points.values()))), dtype=bool)
        for column, node in points.items():
            chosen &= np.isin(self._points[column], node)
        return tuple(np.flatnonzero(chosen).tolist())

    def _not_ruled_out(self, combinations: Sequence[Combination], shape: tuple[int, ...]) -> np.ndarray:
        """bool, one axis per column: what occurs in a release, or has a point it knows nothing of."""
        columns = [column for column in self.columns if column in combinations[0]]
        size = dict(zip(self.columns, shape, strict=True))
        occurs = np.zeros([size[column] for column in columns], dtype=bool)
        for combination in combinations:
            occurs[np.ix_(*(combination[column] for column in columns))] = True
        for position, column in enumerate(columns):
            np.moveaxis(occurs, position, 0)[_unknown(column, combinations, size[column])] = True
        return occurs.reshape([size[column] if column in columns else 1 for column in self.columns])


def _unknown(column: str, combinations: Sequence[Combination], size: int) -> np.ndarray:
    """bool, one for each point of ``column``: whether no combination has it."""
    unknown = np.ones(size, dtype=bool)
    for combination in combinations:
        unknown[list(combination[column])] = False
    return unknown


def groups(axes: Iterable[Iterable[str]]) -> list[tuple[str, ...]]:
    """The columns that axes of any release tie, those of one axis and of overlapping ones together; ascending."""
    together: list[set[str]] = []
    for axis in map(set, axes):
        touching = [group for group in together if group & axis]
        together = [group for group in together if not group & axis] + [axis.union(*touching)]
    return sorted(tuple(sorted(group)) for group in together)


def tied_points(
    axes: Iterable[Iterable[str]], sizes: Mapping[str, int], known: Sequence[Sequence[Combination]]
) -> dict[str, TiedPoints]:
    """Column → the axis it is on, of the columns that are tied. ``known``: of each axis of each release its combinations."""
    of_group = [
        TiedPoints(
            {c: sizes[c] for c in group}, [known_ones for known_ones in known if set(known_ones[0]) <= set(group)]
        )
        for group in groups(axes)
    ]
    return dict(itertools.chain.from_iterable(((c, points) for c in points.columns) for points in of_group))
