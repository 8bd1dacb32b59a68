"""Narrowing down what is hidden in one linked part of the tables.

Decides, for each target (a hidden cell, or the hidden sum of a group), whether two whole-number tables that agree with
everything published differ enough in it. No true value is known here: the first table comes from a linear or integer
program, further ones from programs pulled in random directions and from walks that keep every equation; what is left is
decided one by one, by a linear program (too narrow there is proof) and then an integer one. What the limits in steps leave
open is undecided, which is not safe.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from include.opendata.disclosure.attack.propagate import contradiction
from include.opendata.disclosure.attack.solver import Extreme, Solver
from include.opendata.disclosure.attack.view import PublishedView
from include.opendata.disclosure.cell_states import UNBOUNDED

SAFE_WITNESS, SAFE_LP, RECOVERABLE, UNDECIDED = "safe_with_witness", "safe_by_lp", "recoverable", "undecided"
FAR = 1_000_000
"""A cell that can be this much larger than seen is reported without an upper bound."""


@dataclass(frozen=True)
class AttackBudget:
    """Limits in steps. ``exact_cells``: with at most so many unknown cells in all, every interval is exact."""

    pulls: int = 12
    walks: int = 6
    walk_steps: int = 150
    iterations: int = 200_000
    nodes: int = 2_000
    exact_cells: int = 60


@dataclass(frozen=True)
class Requirement:
    """``cells`` (indices of the view) whose sum must be able to differ by ``width``; safe as well if it is at least
    ``safe_from`` in every table, or with ``zero_is_safe`` if it may be 0."""

    cells: tuple[int, ...]
    width: int
    safe_from: int | None
    zero_is_safe: bool = False

    def verdict_on(self, only: int) -> str:
        """The verdict where the sum can only be ``only``."""
        return SAFE_LP if self.is_large(only) or (self.zero_is_safe and only == 0) else RECOVERABLE

    def is_large(self, least: float) -> bool:
        """Whether a sum that is ``least`` or more is safe for that."""
        return self.safe_from is not None and least >= self.safe_from

    def narrow(self, least: float, most: float) -> bool:
        """Whether a sum from ``least`` to ``most`` does not satisfy this."""
        return most - least < self.width and not (self.zero_is_safe and least <= 0)


class Part:
    """The unknown ``cells`` (sorted indices) of one linked part, with bounds that already follow from single equations."""

    def __init__(
        self, view: PublishedView, cells: np.ndarray, low: np.ndarray, high: np.ndarray,
        seed: int, budget: AttackBudget,
    ):  # fmt: skip
        self.cells, self.budget = cells, budget
        self.rng = random.Random(f"{seed}:{int(cells[0])}")  # noqa: S311 - reproducible, not a secret
        self.place = {int(c): i for i, c in enumerate(cells)}
        self.low, self.high = low[cells], high[cells]
        inside = sparse.csr_array(view.balance[:, cells])
        rows = np.flatnonzero(np.diff(inside.indptr))
        known = np.where(low == high, low, 0)
        known[cells] = 0
        self.matrix = sparse.csr_array(inside[rows])
        self.rhs = -(view.balance @ known)[rows]
        by_cell = sparse.csc_array(self.matrix)
        self.terms_of_cell = [
            list(zip(by_cell.indices[a:b].tolist(), by_cell.data[a:b].tolist(), strict=True))
            for a, b in zip(by_cell.indptr[:-1], by_cell.indptr[1:], strict=True)
        ]
        self.cells_of_row = [
            list(zip(self.matrix.indices[a:b].tolist(), self.matrix.data[a:b].tolist(), strict=True))
            for a, b in zip(self.matrix.indptr[:-1], self.matrix.indptr[1:], strict=True)
        ]
        self.tables: list[np.ndarray] = []
        self.least = np.full(len(cells), UNBOUNDED)
        self.most = np.full(len(cells), -1)
        self.outer_low, self.outer_high = self.low.copy(), self.high.copy()
        self._linear = self._solver(integer=False)
        self._integer: Solver | None = None

    def _solver(self, *, integer: bool) -> Solver:
        return Solver(
            self.matrix, self.rhs, self.low, self.high, integer=integer,
            iterations=self.budget.iterations, nodes=self.budget.nodes,
        )  # fmt: skip

    @property
    def exact(self) -> Solver:
        """Programs in whole numbers, set up when first asked for."""
        if self._integer is None:
            self._integer = self._solver(integer=True)
        return self._integer

    # -- tables -------------------------------------------------------------------------------------------------

    def keep(self, table: np.ndarray | None) -> bool:
        """Keep a table that agrees with everything published (checked exactly) and widens some cell."""
        if table is None or not ((table < self.least) | (table > self.most)).any():
            return False
        if (table < self.low).any() or (table > self.high).any() or (self.matrix @ table != self.rhs).any():
            return False
        self.tables.append(table)
        np.minimum(self.least, table, out=self.least)
        np.maximum(self.most, table, out=self.most)
        return True

    def first_table(self) -> None:
        """Any table at all. Raises :class:`InputError` if there is none; ``tables`` stays empty if none came up."""
        cost = np.array([self.rng.uniform(-1, 1) for _ in self.cells])
        capped = np.minimum(self.high, self.low + FAR)
        every = np.arange(len(self.cells))
        self._linear.bound(every, self.low, capped)
        answer = self._linear.extreme(cost, largest=True)
        self._linear.bound(every, self.low, self.high)
        self.keep(answer.table)
        if not self.tables:
            answer = self.exact.extreme(np.zeros(len(self.cells)), largest=False)
            if not answer.feasible:
                raise contradiction()
            self.keep(answer.table)

    def spread(self, width: int) -> None:
        """Pull all cells at once away from a table we have, by random signs, within reach of it."""
        every = np.arange(len(self.cells))
        for _ in range(self.budget.pulls):
            base = self.tables[self.rng.randrange(len(self.tables))]
            reach = 2 * width
            self._linear.bound(every, np.maximum(self.low, base - reach), np.minimum(self.high, base + reach))
            todo = np.where(self.most - self.least >= width, 0.01, 1.0)
            signs = np.array([self.rng.choice((-1, 1)) for _ in every])
            self.keep(self._linear.extreme(signs * todo, largest=True).table)
        self._linear.bound(every, self.low, self.high)

    # -- one target ---------------------------------------------------------------------------------------------

    def inside(self, target: Requirement) -> np.ndarray:
        """int64: the positions of the target's cells in this part."""
        return np.array([self.place[c] for c in target.cells], dtype=np.int64)

    def seen(self, target: Requirement) -> tuple[float, float]:
        """Smallest and largest sum over the tables at hand."""
        if not self.tables:
            return np.inf, -np.inf
        cells = self.inside(target)
        if len(cells) == 1:
            return float(self.least[cells[0]]), float(self.most[cells[0]])
        sums = np.stack(self.tables)[:, cells].sum(axis=1)
        return float(sums.min()), float(sums.max())

    def proven(self, target: Requirement) -> bool:
        """Whether the tables at hand show that the target is safe."""
        least, most = self.seen(target)
        return most - least >= target.width or (target.zero_is_safe and least == 0)

    def decide(self, target: Requirement) -> str:
        """The verdict: by the tables at hand, by walking on from them, by a linear program, by an integer one."""
        if self.proven(target):
            return SAFE_WITNESS
        if target.is_large(self.low[self.inside(target)].sum()):
            return SAFE_LP
        if self.tables and len(target.cells) == 1:
            self._walk(target)
            if self.proven(target):
                return SAFE_WITNESS
        for solver in (self._linear, self.exact):
            verdict = self._by_program(solver, target)
            if verdict is not None:
                return verdict
        return UNDECIDED

    def _by_program(self, solver: Solver, target: Requirement) -> str | None:
        """A verdict from the extremes of the target, looked for only as far out as the verdict needs."""
        cells = self.inside(target)
        near = len(cells) == 1 and bool(self.tables)
        ends = []
        for largest in (False, True):
            low, high = self._reach(target, cells, near)
            answer = self._extreme(solver, cells, low, high, largest)
            if not answer.feasible:
                self._require_a_table()
                return None
            self.keep(answer.table)
            if self.proven(target):
                return SAFE_WITNESS
            if near and not self._at_cut(cells, low, high, answer.end, largest):
                self._learn(int(cells[0]), answer.end, largest)
                if not largest and target.is_large(answer.end):
                    return SAFE_LP
            ends.append(answer.end)
        return RECOVERABLE if target.narrow(*ends) else None

    def _require_a_table(self) -> None:
        """A table at hand contradicts a program that says there is none: it had numerical trouble, and nothing is proven.
        Without one, the published figures contradict each other: raises :class:`InputError`."""
        if not self.tables:
            raise contradiction()

    def _reach(self, target: Requirement, cells: np.ndarray, near: bool) -> tuple[np.ndarray, np.ndarray]:
        """Bounds of the target's cells, no further out than the verdict needs."""
        low, high = self.low[cells], self.high[cells]
        if near:
            return np.maximum(low, self.most[cells] - target.width), np.minimum(high, self.least[cells] + target.width)
        return low, np.minimum(high, np.maximum(low, self.most[cells]) + FAR)

    def _extreme(self, solver: Solver, cells: np.ndarray, low: np.ndarray, high: np.ndarray, largest: bool) -> Extreme:
        """The smallest or largest sum of ``cells`` within these bounds."""
        cost = np.zeros(len(self.cells))
        cost[cells] = 1
        solver.bound(cells, low, high)
        answer = solver.extreme(cost, largest=largest)
        solver.bound(cells, self.low[cells], self.high[cells])
        return answer

    def _at_cut(self, cells: np.ndarray, low: np.ndarray, high: np.ndarray, end: float, largest: bool) -> bool:
        """Whether an end says only that the program was not asked to look further."""
        if largest:
            return bool(end >= high.sum() and (high < self.high[cells]).any())
        return bool(end <= low.sum() and (low > self.low[cells]).any())

    def _learn(self, cell: int, end: float, largest: bool) -> None:
        if not np.isfinite(end):
            return
        if largest:
            self.outer_high[cell] = min(self.outer_high[cell], int(end))
        else:
            self.outer_low[cell] = max(self.outer_low[cell], int(end))

    def measure(self, cell: int) -> None:
        """The exact smallest and largest value of one cell, where the node limit allows."""
        limit = self.most[cell] + FAR
        at = np.array([cell])
        for largest in (False, True):
            answer = self._extreme(self.exact, at, self.low[at], np.minimum(self.high[at], limit), largest)
            self.keep(answer.table)
            if not (largest and answer.end >= limit):
                self._learn(cell, answer.end, largest)

    # -- walking ------------------------------------------------------------------------------------------------

    def _walk(self, target: Requirement) -> None:
        cell = self.place[target.cells[0]]
        for _ in range(self.budget.walks):
            for sign in (1, -1):
                base = self.tables[self.rng.randrange(len(self.tables))]
                change = self._cycle(base, cell, sign)
                if change is None:
                    continue
                self._keep_along(base, change, target.width)
                if self.proven(target):
                    return

    def _keep_along(self, base: np.ndarray, change: dict[int, int], width: int) -> None:
        """Keep the tables that ``change``, made up to ``width`` times either way, makes of ``base``."""
        at, step = np.array(list(change)), np.array(list(change.values()))
        room_up = np.where(step > 0, self.high[at] - base[at], base[at] - self.low[at]).min()
        room_down = np.where(step > 0, base[at] - self.low[at], self.high[at] - base[at]).min()
        for times in (min(int(room_up), width), -min(int(room_down), width)):
            table = base.copy()
            table[at] += times * step
            self.keep(table)

    def _cycle(self, base: np.ndarray, cell: int, sign: int) -> dict[int, int] | None:
        """A change of -1 and +1 entries through ``cell`` that keeps every equation, found greedily with random ties."""
        if not self.low[cell] <= base[cell] + sign <= self.high[cell]:
            return None
        change = {cell: sign}
        surplus = {row: a * sign for row, a in self.terms_of_cell[cell]}
        for _ in range(self.budget.walk_steps):
            if not surplus:
                return change
            options = self._options(base, change, surplus, self.rng.choice(list(surplus)))
            if not options:
                return None
            cheapest = min(options)[0]
            _, c, step = self.rng.choice([option for option in options if option[0] == cheapest])
            change[c] = step
            for row, a in self.terms_of_cell[c]:
                surplus[row] = surplus.get(row, 0) + a * step
                if not surplus[row]:
                    del surplus[row]
        return None

    def _options(
        self, base: np.ndarray, change: dict[int, int], surplus: dict[int, int], row: int
    ) -> list[tuple[int, int, int]]:
        """(cost, cell, step) of every cell that can make good for the surplus of one equation; the cost is what it adds to
        the surplus of all."""
        options = []
        for c, a in self.cells_of_row[row]:
            step = -1 if surplus[row] * a > 0 else 1
            if c not in change and self.low[c] <= base[c] + step <= self.high[c]:
                cost = sum(abs(surplus.get(r, 0) + b * step) - abs(surplus.get(r, 0)) for r, b in self.terms_of_cell[c])
                options.append((cost, c, step))
        return options
