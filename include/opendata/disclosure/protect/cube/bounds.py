"""What the public can say of each cell of a cube alone, and what must stay uncertain.

Zeros are shown, so a blank is at least 1. With separate codes, 1 says that the count is small (only "at least 1" where
persons are counted too: many events of few persons also get code 1) and 2 that it is not. A cell in no table
is 0 or more (DDG 2.0 §4.4.1 (2), §4.4.3). Arrays are int64 of the cube's shape unless said otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from include.opendata.disclosure.protect.cube.table import Axis
from include.opendata.disclosure.protect.derived import COMPLEMENTARY, SHOWN, SMALL
from include.opendata.rules.small_cells import SmallCellRule

BEYOND_ANY_COUNT = 1 << 40
"""Stands for "no upper bound" in a cube: more than any count, and 8 million of it still add up in int64."""


@dataclass(frozen=True)
class Known:
    """What is public: ``published`` and ``codes`` (int8), ``values`` where shown (else anything), the axes, the mode.

    ``kept`` bool or None: complements of an earlier pattern, which is public too. Nothing is asked of them here: a large
    count may become narrow by a revision and still never be small, which only the attack on all releases can tell."""

    values: np.ndarray
    codes: np.ndarray
    published: np.ndarray
    axes: tuple[Axis, ...]
    annotation: str
    rule: SmallCellRule
    persons_counted: bool
    kept: np.ndarray | None = None


def attacker_bounds(known: Known) -> tuple[np.ndarray, np.ndarray]:
    """(low, high): the values each cell may have by its own code."""
    blank = known.published & (known.codes != SHOWN)
    low = np.where(blank, 1, np.where(known.published, known.values, 0))
    high = np.where(known.published & ~blank, known.values, BEYOND_ANY_COUNT)
    if known.annotation == "separate":
        low[known.published & (known.codes == COMPLEMENTARY)] = known.rule.below
        if not known.persons_counted:
            high[known.published & (known.codes == SMALL)] = known.rule.largest
    return low, high


def wanted_width(known: Known) -> np.ndarray:
    """How far apart two possible values of each cell must be; 0 where nothing is asked.

    Combined: every blank may be small. Separate: code 2 cannot, and must only not follow exactly. A cell in no table is
    asked for the width as well, or that it may be 0, or that it is never small.
    """
    blank = known.published & (known.codes != SHOWN)
    width = np.where(blank | ~known.published, known.rule.width, 0)
    if known.annotation == "separate":
        width[known.published & (known.codes == COMPLEMENTARY)] = 1
    if known.kept is not None:
        width[known.kept & (known.codes == COMPLEMENTARY)] = 0
    return width


def narrowed(
    low: np.ndarray, high: np.ndarray, axes: tuple[Axis, ...], rounds: int = 50
) -> tuple[np.ndarray, np.ndarray]:
    """Bounds after every equation has been used against every other, ``rounds`` times or until nothing changes.

    What it excludes is excluded for certain; it does not exclude all that could be.
    """
    low, high = low.copy(), high.copy()
    for _ in range(rounds):
        before = int(low.sum()), int(np.minimum(high, BEYOND_ANY_COUNT).sum())
        for a, axis in enumerate(axes):
            least, most = _front(low, a), _front(high, a)
            for node, parts in axis.children:
                least[node] = np.maximum(least[node], least[parts].sum(axis=0))
                most[node] = np.minimum(most[node], most[parts].sum(axis=0))
                for _ in range(2):
                    all_least, all_most = least[parts].sum(axis=0), most[parts].sum(axis=0)
                    rest_most, rest_least = all_most - most[parts], all_least - least[parts]
                    bounded = rest_most < BEYOND_ANY_COUNT
                    least[parts] = np.where(bounded, np.maximum(least[parts], least[node] - rest_most), least[parts])
                    most[parts] = np.where(
                        most[node] < BEYOND_ANY_COUNT, np.minimum(most[parts], most[node] - rest_least), most[parts]
                    )
        if (int(low.sum()), int(np.minimum(high, BEYOND_ANY_COUNT).sum())) == before:
            break
    return low, high


def _front(grid: np.ndarray, axis: int) -> np.ndarray:
    """A view with ``axis`` first, of two dimensions at least."""
    moved = np.moveaxis(grid, axis, 0)
    return moved if moved.ndim > 1 else moved[:, None]
