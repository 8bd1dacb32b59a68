"""The cheapest complementary cells that free a count which is still too narrow.

Decides, for one target that an attacker could narrow down, which shown cells to hide as well: it looks for a change of
the true table that moves the target far enough, keeps every equation and every bound, and touches shown cells as little
and as cheaply as possible; the cells it touches are hidden. Zeros and cells already public cannot change. First as a
linear program; where its answer is not in whole numbers, as an integer program, whose answer is then also the proof.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from include.opendata.disclosure.cell_states import UNBOUNDED
from include.opendata.disclosure.protect.feasible import Budget, FeasibleTables, Target
from include.opendata.disclosure.protect.programs import Program, whole
from include.opendata.disclosure.protect.system import CellSystem, attacker_bounds
from include.opendata.rules.small_cells import SmallCellRule

TOUCHED = 1e-6
FARTHEST = 64
"""In whole numbers, changes that move another count by more than this are not looked for: it keeps programs finite."""

TINY = 1e-4
"""Keeps changes among cells that are hidden anyway short."""

PER_TOTAL = 3.0
"""Hiding a total costs as much as this many further cells per dimension it sums over: totals go last."""


def prices(system: CellSystem, rng: random.Random) -> np.ndarray:
    """float[n]: the price of hiding each cell; dearer for totals, for interesting levels and for large counts."""
    assert system.level is not None
    assert system.interest is not None
    order = np.unique(system.interest, return_inverse=True)[1]
    interest = order / max(int(order.max(initial=0)), 1)
    size = np.log1p(system.values) / np.log1p(max(int(system.values.max(initial=1)), 1))
    jitter = np.array([rng.random() for _ in range(system.size)])
    price: np.ndarray = 1 + PER_TOTAL * system.level + 0.5 * interest + 0.3 * size + 0.05 * jitter
    return price


@dataclass(frozen=True)
class Found:
    """Cells to hide, and the whole-number tables that show why (possibly none)."""

    cells: tuple[int, ...]
    tables: tuple[np.ndarray, ...]


class Repair:
    """Repairs within one system and annotation mode; ``allowed`` bool[n] are the cells that may be hidden."""

    def __init__(
        self, system: CellSystem, primary: np.ndarray, allowed: np.ndarray, price: np.ndarray,
        *, annotation: str, rule: SmallCellRule, budget: Budget,
    ):  # fmt: skip
        self.system, self.allowed, self.price, self.budget = system, allowed, price, budget
        everything = allowed | (primary & system.published)
        low, high = attacker_bounds(system, everything, primary, annotation, rule)
        below = np.maximum(system.values - low, 0)
        above = np.where(high >= UNBOUNDED, UNBOUNDED, np.maximum(high - system.values, 0))
        below[~everything & system.published] = above[~everything & system.published] = 0
        self.below, self.above = below, above
        both = sparse.csr_array(sparse.hstack([system.balance, -system.balance]))
        zero = np.zeros(2 * system.size, dtype=np.int64)
        reach = np.concatenate([above, below])
        self._linear = Program(both, zero, reach, limits=budget.limits)
        self._both, self._reach = both, reach

    def find(self, target: Target, tables: FeasibleTables) -> Found | None:
        """The cells to hide for ``target``; None if no pattern of blanks can make it safe (or none was found)."""
        cost = np.where(tables.low < tables.high, 0.0, self.price)
        for exact in (False, True):
            found = self._cheapest(target, cost, tables, exact=exact)
            if found is None or found.cells or found.tables:
                return found
        return None

    def _cheapest(self, target: Target, cost: np.ndarray, tables: FeasibleTables, *, exact: bool) -> Found | None:
        options: list[list[np.ndarray]] = []
        for up, down in self._splits(target):
            if options and up and down:
                break  # one way in one direction is enough
            changes = self._changes(target, up, down, cost, exact=exact)
            if changes is not None:
                options.append(changes)
        if not options:
            return None
        return self._found(min(options, key=lambda changes: float(sum(np.abs(c) @ cost for c in changes))), tables)

    def _found(self, changes: list[np.ndarray], tables: FeasibleTables) -> Found:
        touched = (np.abs(np.stack(changes)) > TOUCHED).any(axis=0) & (tables.low == tables.high)
        steps = [step for step in map(whole, changes) if step is not None]
        proof = tuple(self.system.values + step for step in steps) if len(steps) == len(changes) else ()
        return Found(tuple(np.flatnonzero(touched).tolist()), proof)

    def _changes(self, target: Target, up: int, down: int, cost: np.ndarray, *, exact: bool) -> list[np.ndarray] | None:
        """The cheapest change up and the cheapest one down, as far as asked for; None unless there are all."""
        changes = [self._change(target, amount, cost, exact=exact) for amount in (up, -down) if amount]
        possible = [change for change in changes if change is not None]
        return possible if len(possible) == len(changes) else None

    @staticmethod
    def _splits(target: Target) -> list[tuple[int, int]]:
        """Steps (up, down) from the true value that add up to the width; one-sided ones first."""
        w = target.width
        return [(w, 0), (0, w), *((up, w - up) for up in range(w - 1, 0, -1))]

    def _change(self, target: Target, amount: int, cost: np.ndarray, *, exact: bool) -> np.ndarray | None:
        """float[n]: the cheapest change in which the target's sum moves by ``amount``, or None."""
        n = self.system.size
        cells = np.array(target.cells)
        if len(cells) == 1 and abs(amount) > (self.above if amount > 0 else self.below)[cells[0]]:
            return None
        program = self._linear
        columns = np.concatenate([cells, cells + n])
        if len(cells) > 1 or exact:
            row = np.zeros((1, 2 * n), dtype=np.int64)
            row[0, cells], row[0, cells + n] = 1, -1
            matrix = sparse.csr_array(sparse.vstack([self._both, sparse.csr_array(row)]))
            rhs = np.append(np.zeros(matrix.shape[0] - 1), amount)
            reach = np.minimum(self._reach, FARTHEST) if exact else self._reach
            program = Program(
                matrix, np.zeros(2 * n), reach, rhs=rhs, integral=exact, limits=replace(self.budget.limits, gap=0.2)
            )
        else:
            step = np.array([max(amount, 0), max(-amount, 0)])
            program.set_bounds(columns, step, step)
        program.set_cost(np.arange(2 * n), np.concatenate([cost, cost]) + TINY)
        x = program.solve().x
        program.set_bounds(columns, np.zeros(len(columns)), self._reach[columns])
        return None if x is None else x[:n] - x[n:]
