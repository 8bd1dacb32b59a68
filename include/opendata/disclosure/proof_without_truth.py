"""Which of the attack's witnesses may be kept: never one that is the true table.

The attack finds its tables without knowing a true count, so one of them may happen to be the truth. It is left out where
the others prove as much without it, else shifted along its difference from another one, which keeps every equation; where
neither is possible it is left out all the same, and the cells it was needed for are counted as withheld.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from include.opendata.disclosure.attack import PublishedView, Witnesses

STEPS = (-1, 1, -2, 2, -3, 3, -4, 4)
UNKNOWN = -1


@dataclass(frozen=True)
class Kept:
    """``witnesses`` that may be stored · ``withheld``: cells of the view that only the true table would have proven."""

    witnesses: Witnesses
    withheld: tuple[int, ...]


def without_the_truth(view: PublishedView, witnesses: Witnesses, truth: np.ndarray) -> Kept:
    """``witnesses`` of ``view`` without any that equals ``truth`` int64[n] (-1 where it is not known) on hidden cells."""
    wanted = truth[witnesses.cells]
    known = wanted != UNKNOWN
    true = (witnesses.tables[:, known] == wanted[known]).all(axis=1)
    if not known.any() or not true.any():
        return Kept(witnesses, ())
    width = view.rule.width
    others = list(witnesses.tables[~true])
    wide = np.ptp(witnesses.tables, axis=0) >= width
    if not _prove(others, wide, width):
        for shifted in _shifted(view, witnesses, witnesses.tables[true][0], others):
            if not (shifted[known] == wanted[known]).all() and _prove([*others, shifted], wide, width):
                return Kept(replace(witnesses, tables=np.stack([*others, shifted])), ())
    left = witnesses.tables[~true]
    narrow = wide & (np.ptp(left, axis=0) < width) if len(left) else wide
    return Kept(replace(witnesses, tables=left), tuple(witnesses.cells[narrow].tolist()))


def _shifted(
    view: PublishedView, witnesses: Witnesses, true: np.ndarray, others: Sequence[np.ndarray]
) -> Iterator[np.ndarray]:
    """The true table shifted along its difference from each other one, which keeps every equation, within its bounds."""
    low, high = (bound[witnesses.cells] for bound in view.bounds())
    for other in others:
        difference = other - true
        step = difference // np.gcd.reduce(np.abs(difference[difference != 0]))
        for times in STEPS:
            shifted = true + times * step
            if ((shifted >= low) & (shifted <= high)).all():
                yield shifted


def _prove(tables: Sequence[np.ndarray], wide: np.ndarray, width: int) -> bool:
    """Whether ``tables`` lie ``width`` apart in every ``wide`` cell (bool[cells])."""
    return bool(tables) and bool((np.ptp(np.stack(tables), axis=0) >= width)[wide].all())
