"""Walking with the unknowns of one attack: which blanks to visit, how hard to try, and when to stop.

The compiled part is ``walk``; nothing here decides safety, every table is checked before it is kept.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import numpy as np

from include.opendata.disclosure.attack.large.repair import WEIGHT
from include.opendata.disclosure.attack.large.unknowns import Clock, LargeBudget, Need, Unknowns, WalkEffort
from include.opendata.disclosure.attack.large.walk import steer


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

    def walk(self, effort: WalkEffort, progress: Callable[[str], None]) -> None:
        """Passes until every blank is told apart or has had its tries."""
        tries = np.full(self.unknown.view.size, effort.tries, dtype=np.int64)
        journal = np.zeros(((effort.moves + 1) * self.scratch[0].shape[1], 2), dtype=np.int64)
        number = 0
        while not self.clock.over:
            self.wanted = [need for need in self.wanted if need.open(self.unknown)]
            todo = np.unique(self.unknown.cells[[need.cell for need in self.wanted]])
            todo = todo[tries[todo] > 0]
            if not len(todo):
                return
            if number % 25 == 0:
                progress(f"walking: {len(todo):,} blanks to go")
            self._pass(todo, tries, effort, journal)
            number += 1

    def _pass(self, todo: np.ndarray, tries: np.ndarray, effort: WalkEffort, journal: np.ndarray) -> None:
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
        steer(
            todo[order], tries, effort.moves, effort.worst, x, unknown.all_low, unknown.all_high, least, most, width, enough,
            self.weight, self.budget.patience, self.state, self.geometry, self.scratch, (*self.lists, journal),
        )  # fmt: skip
        unknown.keep(x[unknown.cells])
