"""Walking with the unknowns of one attack: which blanks to visit, from which table, and when to stop.

The compiled part is ``walk``; nothing here decides safety, every table is checked before it is kept.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import numpy as np

from include.opendata.attack.large.settle import Need
from include.opendata.attack.large.unknowns import Clock, LargeBudget, Unknowns
from include.opendata.attack.large.walk import steer, stir

LATEST = 4
"""A pass starts from one of so many tables found last."""
STIRRED = 20
"""After a pass that told nothing new apart, one in so many blanks is stirred before the next."""


class Walker:
    """Walks for the cells of ``wanted`` that are not yet told apart."""

    def __init__(
        self, unknown: Unknowns, wanted: Sequence[Need], rng: random.Random, budget: LargeBudget, clock: Clock
    ):
        assert unknown.moves is not None
        self.unknown, self.rng, self.budget, self.clock = unknown, rng, budget, clock
        self.wanted = [need for need in wanted if need.met(unknown) is None]
        self.geometry, self.scratch = unknown.moves.geometry, unknown.moves.scratch()
        self.state = np.array([rng.getrandbits(63) | 1], dtype=np.uint64)
        n = unknown.view.size
        self.width = np.full(n, unknown.view.min_width, dtype=np.int64)
        self.aside = (np.zeros(n, dtype=np.int64), *np.zeros((2, unknown.moves.largest), dtype=np.int64))

    def todo(self) -> np.ndarray:
        """Positions of the unknowns still to be told apart, ascending."""
        self.wanted = [need for need in self.wanted if need.met(self.unknown) is None]
        return np.unique(np.array([need.cell for need in self.wanted], dtype=np.int64))

    def walk(self, barren: int, deep: int, say: Callable[[str], None]) -> None:
        """Passes until ``barren`` in a row told nothing new apart; ``deep``: tries to make room for a move."""
        idle = 0
        todo = self.todo()
        for number in range(self.budget.passes):
            if not len(todo) or idle >= barren or self.clock.over:
                return
            if number % 25 == 0:
                say(f"walking: {len(todo):,} blanks to go")
            self._pass(todo, deep, stirred=idle > 0)
            left = self.todo()
            idle = idle + 1 if len(left) == len(todo) else 0
            todo = left

    def _pass(self, todo: np.ndarray, deep: int, *, stirred: bool) -> None:
        unknown, rng = self.unknown, self.rng
        x = unknown.base.copy()
        x[unknown.cells] = unknown.tables[-1 - rng.randrange(min(LATEST, len(unknown.tables)))]
        least, most = x.copy(), x.copy()
        least[unknown.cells], most[unknown.cells] = unknown.least, unknown.most
        order = list(range(len(todo)))
        rng.shuffle(order)
        bounds = unknown.all_low, unknown.all_high
        drawing = self.budget.patience, self.state, self.geometry, self.scratch
        if stirred:
            some = rng.sample(range(len(unknown.cells)), max(1, len(unknown.cells) // STIRRED))
            stir(unknown.cells[some], x, *bounds, *drawing)
        steer(unknown.cells[todo[order]], x, *bounds, least, most, self.width, deep, *drawing, self.aside)
        unknown.keep(x[unknown.cells])
