"""What an attacker may still believe, given a pattern of blanks.

Decides for one hidden count (or the hidden sum of a group) whether it can take values far enough apart. Starting from
the true table it collects whole-number tables that agree with everything shown: two of them that differ enough in a cell
prove that cell safe. Walks along moves that leave every total unchanged find most of them; a linear program settles
what walks cannot (too narrow there is proof of a leak, wide is not yet safety), and an integer program the rest. None of
these tables leaves the work area: the true one is among them.
"""

from __future__ import annotations

import enum
import random
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from include.opendata.disclosure.protect.programs import REACH, ROUNDING, Limits, Program, Solution, whole
from include.opendata.disclosure.protect.system import CellSystem


class Verdict(enum.Enum):
    """Whether a target is proven safe, proven too narrow, or neither within the budget."""

    SAFE = "safe"
    OPEN = "open"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Target:
    """A sum of ``cells`` that must be able to take values ``width`` apart.

    It needs no width if it is at least ``safe_from`` in every possible table (it is then no small count), or if
    ``zero_is_safe`` and it may be zero (a cell in no table that perhaps does not exist).
    """

    cells: tuple[int, ...]
    width: int
    safe_from: int | None = None
    zero_is_safe: bool = False

    def allows(self, value: int) -> bool:
        """Whether the sum may be known to be ``value``."""
        return (self.safe_from is not None and value >= self.safe_from) or (self.zero_is_safe and value == 0)


@dataclass(frozen=True)
class Budget:
    """Limits in steps, so that results do not depend on the machine."""

    walks: int = 4
    walk_steps: int = 120
    limits: Limits = field(default_factory=Limits)
    rounds: int = 60


class FeasibleTables:
    """Tables that agree with what is shown, for bounds (low, high) int64[n] that the true table satisfies."""

    def __init__(self, system: CellSystem, low: np.ndarray, high: np.ndarray, rng: random.Random, budget: Budget):
        self.system, self.rng, self.budget = system, rng, budget
        self.tables: list[np.ndarray] = [system.values.copy()]
        self.set_bounds(low, high)

    def set_bounds(self, low: np.ndarray, high: np.ndarray) -> None:
        """A new pattern. Keeps the tables that still agree with it."""
        self.low, self.high = low.copy(), high.copy()
        self.free = np.flatnonzero(low < high)
        self._place = {int(c): i for i, c in enumerate(self.free)}
        self.tables = [t for t in self.tables if self.agrees(t)]
        assert self.tables, "the true table must satisfy the bounds of every pattern"
        self._measure()
        equations = self.system.member_lists
        is_free = low < high
        self._free_members = [
            [(c, 1 if i else -1) for i, c in enumerate(members) if is_free[c]] for members in equations
        ]
        self._linear: Program | None = None
        self._component: np.ndarray | None = None

    def narrowed(self, low: np.ndarray, high: np.ndarray) -> FeasibleTables:
        """The same search for a tighter pattern, beginning with the tables that still agree."""
        other = FeasibleTables.__new__(FeasibleTables)
        other.system, other.rng, other.budget, other.tables = self.system, self.rng, self.budget, list(self.tables)
        other.set_bounds(low, high)
        return other

    def learn(self, other: FeasibleTables) -> None:
        """Take over what a tighter pattern found: its tables agree with this one as well."""
        for table in other.tables:
            self.add(table)

    @property
    def labels(self) -> np.ndarray:
        """Which free cells are linked by equations: one number per connected part."""
        if self._component is None:
            touched = sparse.csr_array(self.system.members[:, self.free])
            self._component = csgraph.connected_components(touched.T @ touched, directed=False)[1]
        return self._component

    def agrees(self, table: np.ndarray) -> bool:
        """Whether ``table`` (int64[n]) keeps every bound and every equation."""
        within = bool(((table >= self.low) & (table <= self.high)).all())
        return within and not (self.system.balance @ table).any()

    def _measure(self) -> None:
        stack = np.stack(self.tables)
        self.least, self.most = stack.min(axis=0), stack.max(axis=0)

    def add(self, table: np.ndarray) -> bool:
        """Keep a table if it widens some cell; checks it exactly, whatever found it."""
        if not ((table < self.least) | (table > self.most)).any() or not self.agrees(table):
            return False
        self.tables.append(table)
        np.minimum(self.least, table, out=self.least)
        np.maximum(self.most, table, out=self.most)
        return True

    # -- deciding -----------------------------------------------------------------------------------------------

    def proven(self, target: Target) -> bool:
        """Whether the tables at hand already prove it."""
        if len(target.cells) == 1:
            c = target.cells[0]
            return bool(self.most[c] - self.least[c] >= target.width or (target.zero_is_safe and self.least[c] == 0))
        sums = np.stack(self.tables)[:, list(target.cells)].sum(axis=1)
        return bool(sums.max() - sums.min() >= target.width or (target.zero_is_safe and sums.min() == 0))

    def decide(self, target: Target) -> Verdict:
        """By the tables at hand, then by walks, then by linear and integer programs."""
        if self.proven(target):
            return Verdict.SAFE
        if len(target.cells) == 1:
            self.walk(target)
            if self.proven(target):
                return Verdict.SAFE
        return self._decide_by_programs(target)

    def _decide_by_programs(self, target: Target) -> Verdict:
        cells, fixed = self._free_part(target)
        if not len(cells):
            return Verdict.SAFE if target.allows(fixed) else Verdict.OPEN
        ends = self._ends(self._linear_program(), target, cells, fixed, self.free)
        if ends is None:
            return Verdict.SAFE
        least, most = ends
        may_be_zero = target.zero_is_safe and least <= 0
        if most - least < target.width and not may_be_zero:
            return Verdict.OPEN
        return self._decide_by_integers(target, cells, fixed)

    def _free_part(self, target: Target) -> tuple[np.ndarray, int]:
        """The target's cells that are not shown, as places in ``free``, and the sum of the others."""
        cells = np.array(target.cells)
        free = np.isin(cells, self.free)
        return np.searchsorted(self.free, cells[free]), int(self.low[cells[~free]].sum())

    def _decide_by_integers(self, target: Target, cells: np.ndarray, fixed: int) -> Verdict:
        """Exact smallest and largest value, each only as far as the verdict needs it."""
        component = np.flatnonzero(np.isin(self.labels, np.unique(self.labels[cells])))
        free = self.free[component]
        matrix, rhs = self._shown_moved(free)
        program = Program(matrix, self.low[free], self.high[free], rhs=rhs, integral=True, limits=self.budget.limits)
        ends = self._ends(program, target, np.searchsorted(component, cells), fixed, free)
        if ends is None:
            return Verdict.SAFE
        least, most = ends
        return Verdict.OPEN if most - least < target.width and least > 0 else Verdict.UNDECIDED

    def _ends(
        self, program: Program, target: Target, cells: np.ndarray, fixed: int, free: np.ndarray
    ) -> tuple[float, float] | None:
        """Proven bounds on the target's sum; None as soon as it is proven safe. ``cells``: places in ``free``."""
        least, reached = self._extreme(program, target, cells, fixed, maximise=False, free=free)
        never_small = target.safe_from is not None and least >= target.safe_from
        if self.proven(target) or (never_small and not reached):
            return None
        most, _ = self._extreme(program, target, cells, fixed, maximise=True, free=free)
        return None if self.proven(target) else (least, most)

    def _extreme(
        self,
        program: Program,
        target: Target,
        cells: np.ndarray,
        fixed: int,
        *,
        maximise: bool,
        free: np.ndarray,
    ) -> tuple[float, bool]:
        """A proven bound on the target's sum, and whether the search stopped at the edge of what it needs to know.

        A single cell is looked at only within ``width`` of the values already seen, which keeps programs bounded and
        ends them early: whoever reaches that edge has the width asked for. Keeps the table found.
        """
        capped = free[cells]
        if len(target.cells) == 1:
            low = np.maximum(self.low[capped], self.most[capped] - target.width)
            high = np.minimum(self.high[capped], self.least[capped] + target.width)
        else:
            low, high = self.low[capped], np.minimum(self.high[capped], self.system.values[capped] + REACH)
        program.set_bounds(cells, low, high)
        program.set_cost(cells, np.ones(len(cells)))
        solution = program.solve(maximise=maximise, start=self.system.values[free] if program.integral else None)
        program.set_bounds(cells, self.low[capped], self.high[capped])
        self._keep(solution, free)
        if solution.status == "infeasible":  # the true table is feasible: numerical trouble, so nothing is proven
            return (np.inf if maximise else -np.inf), True
        if maximise:
            end = np.floor(solution.bound + ROUNDING)
            return float(end + fixed), bool(end >= high.sum() and (high < self.high[capped]).any())
        end = np.ceil(solution.bound - ROUNDING)
        return float(end + fixed), bool(end <= low.sum() and (low > self.low[capped]).any())

    def _keep(self, solution: Solution, free: np.ndarray) -> None:
        if solution.x is not None and (part := whole(solution.x)) is not None:
            table = self.system.values.copy()
            table[free] = part
            self.add(table)

    def _linear_program(self) -> Program:
        if self._linear is None:
            matrix, rhs = self._shown_moved(self.free)
            low, high = self.low[self.free], self.high[self.free]
            self._linear = Program(matrix, low, high, rhs=rhs, limits=self.budget.limits)
        return self._linear

    def _shown_moved(self, free: np.ndarray) -> tuple[sparse.csr_array, np.ndarray]:
        """The equations over ``free`` alone, everything else at its true value moved to the right."""
        matrix = sparse.csr_array(self.system.balance[:, free])
        rows = np.flatnonzero(np.diff(matrix.indptr))
        rest = self.system.values.copy()
        rest[free] = 0
        return sparse.csr_array(matrix[rows]), -(self.system.balance @ rest)[rows]

    # -- walking ------------------------------------------------------------------------------------------------

    def walk(self, target: Target) -> None:
        """Look for whole-number moves through the target cell that leave every equation true."""
        cell = target.cells[0]
        for attempt in range(self.budget.walks):
            base = self.tables[0] if attempt == 0 else self.tables[self.rng.randrange(len(self.tables))]
            for sign in (1, -1):
                move = self._move(base, cell, sign)
                if move is None:
                    continue
                self._follow(base, move, target.width)
                if self.proven(target):
                    return

    def _follow(self, base: np.ndarray, move: dict[int, int], width: int) -> None:
        ahead, behind = width, width
        for c, d in move.items():
            up, down = int(self.high[c] - base[c]), int(base[c] - self.low[c])
            ahead, behind = min(ahead, up if d > 0 else down), min(behind, down if d > 0 else up)
        cells = np.array(list(move))
        step = np.array(list(move.values()))
        for times in (ahead, -behind):
            if times:
                table = base.copy()
                table[cells] += times * step
                self.add(table)

    def _move(self, base: np.ndarray, cell: int, sign: int) -> dict[int, int] | None:
        """Entries of -1 and +1 that satisfy every equation and change ``cell`` by ``sign``; greedy with random ties."""
        if not self._fits(base, cell, sign):
            return None
        move = _Move({cell: sign}, self._effects(cell, sign))
        for _ in range(self.budget.walk_steps):
            if not move.off:
                return move.entries
            change = self._next_change(base, move)
            if change is None:
                return None
            move.add(*change, self._effects(*change))
        return None

    def _next_change(self, base: np.ndarray, move: _Move) -> tuple[int, int] | None:
        """The change (cell, ±1) that brings a drawn unbalanced equation nearer and unbalances others least; ties drawn."""
        e = self.rng.choice(list(move.off))
        least: int | None = None
        ties: list[tuple[int, int]] = []
        for cell, coefficient in self._free_members[e]:
            change = -1 if move.off[e] * coefficient > 0 else 1
            if cell in move.entries or not self._fits(base, cell, change):
                continue
            harm = move.harm(self._effects(cell, change))
            if least is None or harm < least:
                least, ties = harm, []
            if harm == least:
                ties.append((cell, change))
        return ties[self.rng.randrange(len(ties))] if ties else None

    def _fits(self, base: np.ndarray, cell: int, change: int) -> bool:
        return bool(self.low[cell] <= base[cell] + change <= self.high[cell])

    def _effects(self, cell: int, change: int) -> list[tuple[int, int]]:
        """(equation, by how much it is off) when ``cell`` changes."""
        equations = self.system.equations
        return [(e, -change if equations[e].parent == cell else change) for e in self.system.equations_of[cell]]


class _Move:
    """A change of a table in the making: ``entries`` per cell, and by how much equations are ``off`` so far."""

    def __init__(self, entries: dict[int, int], effects: list[tuple[int, int]]):
        self.entries = entries
        self.off = dict(effects)

    def harm(self, effects: list[tuple[int, int]]) -> int:
        """How much farther off the equations would be in all."""
        return sum(abs(self.off.get(e, 0) + effect) - abs(self.off.get(e, 0)) for e, effect in effects)

    def add(self, cell: int, change: int, effects: list[tuple[int, int]]) -> None:
        """Change one more cell."""
        self.entries[cell] = change
        for e, effect in effects:
            now = self.off.get(e, 0) + effect
            if now:
                self.off[e] = now
            else:
                self.off.pop(e, None)
