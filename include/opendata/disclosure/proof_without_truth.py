"""Which of the attack's witnesses may be kept: never one that is the true table.

The attack finds its tables without knowing a true count, so one of them may happen to be the truth. It is left out where
the others prove as much without it, else shifted along its difference from another one, which keeps every equation; where
neither is possible it is left out all the same, and the cells it was needed for are counted as withheld.
"""

from __future__ import annotations

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
    told = truth[witnesses.cells] != UNKNOWN
    wanted = truth[witnesses.cells]
    if not told.any():
        return Kept(witnesses, ())

    def true(table: np.ndarray) -> bool:
        return bool((table[told] == wanted[told]).all())

    tables = [row for row in witnesses.tables if not true(row)]
    if len(tables) == len(witnesses.tables):
        return Kept(witnesses, ())
    wide = np.ptp(witnesses.tables, axis=0) >= view.rule.width
    found = next(row for row in witnesses.tables if true(row))
    low, high = (bound[witnesses.cells] for bound in view.bounds())
    if not _proves(tables, wide, view.rule.width):
        for other in list(tables):
            difference = other - found
            step = difference // np.gcd.reduce(np.abs(difference[difference != 0]))
            for times in STEPS:
                shifted = found + times * step
                inside = bool(((shifted >= low) & (shifted <= high)).all())
                if inside and not true(shifted) and _proves([*tables, shifted], wide, view.rule.width):
                    return Kept(replace(witnesses, tables=np.stack([*tables, shifted])), ())
    left = np.stack(tables) if tables else witnesses.tables[:0]
    narrow = wide if not tables else wide & (np.ptp(left, axis=0) < view.rule.width)
    return Kept(replace(witnesses, tables=left), tuple(witnesses.cells[narrow].tolist()))


def _proves(tables: list[np.ndarray], wide: np.ndarray, width: int) -> bool:
    return bool(tables) and bool((np.ptp(np.stack(tables), axis=0) >= width)[wide].all())
