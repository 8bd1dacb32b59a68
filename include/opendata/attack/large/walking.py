"""Walking with the unknowns of one attack: which blanks to visit, how hard to try, and when to stop.

The compiled part is ``walk``; nothing here decides safety, every table is checked before it is kept.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import numpy as np

from include.opendata.attack.large.mending import WEIGHT
from include.opendata.attack.large.unknowns import Clock, LargeBudget, Need, Unknowns
from include.opendata.attack.large.walk import steer


class Walker:
    """Walks for the cells of ``wanted`` that are not yet told apart, on from the table found last."""

    def __init__(
        self, unknown: Unknowns, wanted: Sequence[Need], rng: random.Random, budget: LargeBudget, clock: Clock
    ):
        assert unknown.moves is not None
        self.unknown, self.rng, self.budget, self.clock = unknown, rng, budget, clock
        self.wanted = list(wanted)
        self.geometry, self.scratch = unknown.moves.geometry, unknown.moves.scratch()
        self.state = np.array([rng.getrandbits(63) | 1], dtype=np.uint64)
        n = unknown.view.size
        self.weight = np.full(n, WEIGHT, dtype=np.int64)
        self.lists = np.zeros(n, dtype=np.int64), np.full(n, -1, dtype=np.int64)

    def todo(self) -> np.ndarray:
        """Positions of the unknowns still to be told apart, ascending."""
        self.wanted = [need for need in self.wanted if need.open(self.unknown)]
        return np.unique(np.array([need.cell for need in self.wanted], dtype=np.int64))

    def walk(self, efforts: Sequence[tuple[int, int, int]], say: Callable[[str], None]) -> None:
        """Per effort (moves for one blank, most cells wrong at a time, barren) passes until as many as ``barren`` in a row
        told nothing new apart."""
        for steps, worst, barren in efforts:
            journal = np.zeros(((steps + 1) * self.scratch[0].shape[1], 2), dtype=np.int64)
            idle = 0
            for number in range(self.budget.passes):
                todo = self.todo()
                if not len(todo) or idle >= barren or self.clock.over:
                    break
                if number % 25 == 0:
                    say(f"walking: {len(todo):,} blanks to go")
                idle = 0 if self._pass(todo, steps, worst, journal) else idle + 1

    def _pass(self, todo: np.ndarray, steps: int, worst: int, journal: np.ndarray) -> int:
        """How many of ``todo`` were told apart."""
        unknown = self.unknown
        x = unknown.base.copy()
        x[unknown.cells] = unknown.tables[-1]
        least, most, width = x.copy(), x.copy(), np.zeros(len(x), dtype=np.int64)
        least[unknown.cells], most[unknown.cells] = unknown.least, unknown.most
        enough = np.full(len(x), -1, dtype=np.int64)
        for need in self.wanted:
            cell = unknown.cells[need.cell]
            width[cell] = max(width[cell], need.width)
            if need.zero_is_safe:
                enough[cell] = 0
        order = list(range(len(todo)))
        self.rng.shuffle(order)
        reached = steer(
            unknown.cells[todo[order]], steps, worst, x, unknown.all_low, unknown.all_high, least, most, width, enough,
            self.weight, self.budget.patience, self.state, self.geometry, self.scratch, (*self.lists, journal),
        )  # fmt: skip
        unknown.keep(x[unknown.cells])
        return int(reached)
