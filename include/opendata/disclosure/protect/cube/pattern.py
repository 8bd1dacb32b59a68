"""From the small cells of a cube to a pattern of blanks that is proven safe.

The order: *cover* (every small cell and every group that must lose one more gets its cheapest move; complements are given
up while the bill does not rise) → *walk* (whole-number tables no one can tell apart from the true one prove most counts)
→ *open* (what stays unproven gets the cheapest further cell, a few at a time, the others then tried again) → *prune*
(complements that turn out not to be needed are shown again). All budgets are steps, all draws come from the seed, all
prices are whole numbers: the same table gives the same pattern on every machine.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from include.opendata.disclosure.protect.cube.bounds import Known, attacker_bounds, narrowed, wanted_width
from include.opendata.disclosure.protect.cube.cover import give_up, route_all
from include.opendata.disclosure.protect.cube.effort import Effort
from include.opendata.disclosure.protect.cube.groups import lines_of, numbers_of, open_groups
from include.opendata.disclosure.protect.cube.moves import Moves
from include.opendata.disclosure.protect.cube.prices import NOISE, WIDER_NOISE, prices
from include.opendata.disclosure.protect.cube.proof import CubeProof
from include.opendata.disclosure.protect.cube.prune import needless_tables, not_held_by_rules, show_again
from include.opendata.disclosure.protect.cube.table import CubeTable
from include.opendata.disclosure.protect.cube.walk import OPENED, walk_pass
from include.opendata.disclosure.protect.derived import COMPLEMENTARY, SHOWN, SMALL
from include.opendata.disclosure.protect.policy import Policy

Progress = Callable[[str, float], None]
NEVER = np.int64(-1)


class NoPattern(Exception):
    """``cells`` counts could not be protected, whatever was tried."""

    def __init__(self, cells: int):
        super().__init__()
        self.cells = cells


class PatternSearch:
    """One search in one mode; holds the pattern and the tables found while they grow and shrink.

    The policy's seed (0 or more) and ``run`` decide every draw.
    """

    def __init__(
        self, cube: CubeTable, moves: Moves, policy: Policy, *, run: int, effort: Effort, progress: Progress | None
    ):  # fmt: skip
        self.cube, self.moves, self.effort = cube, moves, effort
        self.rule, self.annotation, self.seed = policy.rule, policy.annotation, policy.seed
        self.progress = progress or (lambda stage, share: None)
        self.rng = np.random.default_rng([policy.seed, run])
        # small cubes are searched more than once, first with near-ties only
        self.noise = NOISE if run == 0 and effort.runs > 1 else WIDER_NOISE
        self.state = self.rng.integers(0, 1 << 63, 1, dtype=np.uint64)
        self.values = cube.values.reshape(-1)
        self.persons = self.values if cube.persons is None else cube.persons.reshape(-1)
        self.small = cube.small(policy.rule).reshape(-1)
        self.published = cube.is_published().reshape(-1)
        frozen = np.zeros(cube.size, dtype=bool) if cube.frozen is None else cube.frozen.reshape(-1)
        self.allowed = self.published & ~self.small & ~frozen & (self.values > 0)
        given = np.zeros(cube.size, dtype=bool) if cube.given is None else cube.given.reshape(-1)
        self.given = given & self.allowed
        self.start = self.small | self.given
        self.work = moves.workspace()
        self.hidden = self.start.copy()
        self.tables: list[np.ndarray] = []

    # -- what must hold -----------------------------------------------------------------------------------------

    def known(self, hidden: np.ndarray) -> Known:
        """What is public when ``hidden`` (bool[cells]) is blank."""
        codes = np.where(self.small, SMALL, np.where(hidden, COMPLEMENTARY, SHOWN)).astype(np.int8)
        return Known(
            values=self.cube.values,
            codes=codes.reshape(self.cube.values.shape),
            published=self.cube.is_published(),
            axes=self.cube.axes,
            annotation=self.annotation,
            rule=self.rule,
            persons_counted=self.cube.persons is not None,
            kept=self.cube.given,
        )

    def _constraints(self, hidden: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        low, high = attacker_bounds(self.known(hidden))
        return low.reshape(-1), high.reshape(-1)

    def _measure(self) -> None:
        """Which cells must be how uncertain in the present pattern."""
        self.low, self.high = self._constraints(self.hidden)
        self.width = wanted_width(self.known(self.hidden)).reshape(-1)
        if self.cube.published is not None:  # what shown counts make never small, or zero, needs nothing
            shape = self.cube.values.shape
            least, most = narrowed(self.low.reshape(shape), self.high.reshape(shape), self.cube.axes)
            harmless = (least >= self.rule.below) | (most == 0)
            self.width[~self.published & harmless.reshape(-1)] = 0
        self.floor = np.where(self.published, NEVER, 0)

    # -- cover --------------------------------------------------------------------------------------------------

    def cover(self) -> None:
        """Hide complements until every wish has a move and no group breaks a rule. Raises NoPattern."""
        best: tuple[int, int, np.ndarray] | None = None
        for start in range(self.effort.starts):
            self.progress("cover", start / self.effort.starts)
            hidden, bill = self._cover_once()
            if best is None or bill < best[0]:
                best = (bill, start, hidden)
        assert best is not None
        self.hidden = best[2]

    def _cover_once(self) -> tuple[np.ndarray, int]:
        # first with wide draws, which find patterns of fewer cells; then with what the cells really cost
        price = [
            prices(self.cube, self.allowed, self.rng, noise) for noise in sorted({self.noise, NOISE}, reverse=True)
        ]
        for each in price:
            each[self.start | ~self.published] = 0
        groups = self._open_groups(self.start)
        for _ in range(self.effort.cover_rounds):
            uses, failed = self._granted(price, groups)
            hidden = self.start | (uses > 0)
            broken = self._open_groups(hidden)
            if not broken:
                return hidden, int(price[-1][hidden].sum())
            groups = groups + broken
        raise NoPattern(failed + len(broken))

    def _open_groups(self, hidden: np.ndarray) -> list[np.ndarray]:
        """Per open group the cells that would close it."""
        groups = open_groups(self.cube, hidden.reshape(self.cube.values.shape), self.rule)
        return [members[self.allowed[members] & ~hidden[members]] for members in groups]

    def _granted(self, prices_in_turn: list[np.ndarray], groups: list[np.ndarray]) -> tuple[np.ndarray, int]:
        """(how many wishes use each cell, how many wishes have no move)."""
        price = prices_in_turn[0].copy()
        small_free = ~self.published & (self.values >= 1) & (self.values < self.rule.below)
        cells = np.flatnonzero(self.small | small_free)
        members = np.concatenate([cells, *groups]).astype(np.int64)
        start = np.cumsum([0, *([1] * len(cells)), *(len(g) for g in groups)]).astype(np.int64)
        wishes = len(start) - 1
        if not wishes:
            return np.zeros(len(price), dtype=np.int64), 0
        uses = np.zeros(len(price), dtype=np.int64)
        route = np.zeros((wishes, self.moves.most_cells + 1), dtype=np.int32)
        length = np.zeros(wishes, dtype=np.int64)
        now = price.copy()
        drawn = self.rng.permutation(wishes)
        order = np.concatenate([drawn[drawn >= len(cells)], drawn[drawn < len(cells)]])
        shared = (price, now, uses, route, length, self.moves.arrays, self.work)
        _, failed = route_all(order, members, start, *shared)
        for now_valid in prices_in_turn:
            price[:] = now_valid
            for _ in range(self.effort.give_up_rounds):
                now[:] = np.where(uses > 0, np.minimum(price, OPENED), price)
                used = np.flatnonzero(uses)
                order = used[np.lexsort((self.rng.random(len(used)), uses[used]))]
                if give_up(order, members, start, *shared) == 0:
                    break
        return uses, int(failed)

    # -- walk ---------------------------------------------------------------------------------------------------

    def walk(self, passes: int, shallow: int) -> None:
        """Find tables until all is proven, ``passes`` are done, or four in a row prove next to nothing.

        The first ``shallow`` passes take single moves only.
        """
        left, dull = None, 0
        for p in range(passes):
            unproven = self.unproven()
            if not len(unproven):
                return
            if p > shallow and left is not None:
                dull = dull + 1 if len(unproven) > 0.97 * left else 0
                if dull >= 4:
                    return
            left = len(unproven)
            self.progress("walk", 1 - left / max(1, int((self.width > 0).sum())))
            self._pass(unproven, self.low, self.high, self._whims(), 0 if p < shallow else self.effort.depth)

    def _whims(self) -> np.ndarray:
        """A drawn preference among the moves of hidden cells."""
        return self.rng.integers(0, self.effort.whim, len(self.values))

    def _pass(self, visit: np.ndarray, low: np.ndarray, high: np.ndarray, price: np.ndarray, depth: int) -> None:
        if not self.tables:
            self.least, self.most = self.values.copy(), self.values.copy()
        for width in (self.width, np.where(self.width > 0, self.width + 1, 0)):
            x = self.tables[-1].copy() if self.tables else self.values.copy()
            walk_pass(
                self.rng.permutation(visit), x, low, high, self.least, self.most, width, self.floor, price, depth,
                self.state, self.moves.arrays, self.work,
            )  # fmt: skip
            # the true table is no witness: it must not be stored; in tiny cubes the walk may well come upon it
            if not np.array_equal(x, self.values):
                break
        else:
            return
        if not self.tables:
            self.least, self.most = x.copy(), x.copy()
        self.tables.append(x)
        np.minimum(self.least, x, out=self.least)
        np.maximum(self.most, x, out=self.most)

    def unproven(self) -> np.ndarray:
        """Cells whose possible values, as far as found, lie too close together."""
        wanted = np.flatnonzero(self.width > 0)
        if not self.tables:
            return wanted
        narrow = (self.most - self.least)[wanted] < self.width[wanted]
        unproven: np.ndarray = wanted[narrow & (self.least[wanted] > self.floor[wanted])]
        return unproven

    # -- open ---------------------------------------------------------------------------------------------------

    def open_up(self) -> None:
        """Hide further cells until every count is proven: several tries, the cheapest kept. Raises NoPattern."""
        if not len(self.unproven()):
            return
        hidden, tables = self.hidden, self.tables
        cost = prices(self.cube, self.allowed, self.rng)
        best: tuple[int, np.ndarray, list[np.ndarray]] | None = None
        stuck: NoPattern | None = None
        for _ in range(self.effort.openings):
            self.hidden, self.tables = hidden.copy(), list(tables)
            self._restate()
            try:
                self._open_up_once()
            except NoPattern as failed:
                stuck = failed if stuck is None or failed.cells < stuck.cells else stuck
                continue
            bill = int(cost[self.hidden & self.allowed].sum())
            if best is None or bill < best[0]:
                best = (bill, self.hidden, self.tables)
        if best is None:
            assert stuck is not None
            raise stuck
        _, self.hidden, self.tables = best
        self._restate()

    def _open_up_once(self) -> None:
        low, high = self._constraints(self.hidden | self.allowed)
        cost = prices(self.cube, self.allowed, self.rng)
        fruitless = 0
        while len(unproven := self.unproven()):
            self.progress("open", 1 - len(unproven) / int((self.width > 0).sum()))
            batch = self.rng.permutation(unproven)[: max(1, len(unproven) // self.effort.batches)]
            price = np.where(self.hidden | ~self.published, self._whims(), cost)
            before = int(self.hidden.sum())
            self._pass(batch, low, high, price, self.effort.depth if fruitless else 0)
            if self.tables:
                self.hidden |= self.allowed & (self.tables[-1] != self.values)
            self._measure()
            self.walk(self.effort.passes_after_opening, 0)
            stuck = int(self.hidden.sum()) == before and len(self.unproven()) == len(unproven)
            fruitless = fruitless + 1 if stuck else 0
            if fruitless > self.effort.fruitless:
                raise NoPattern(len(unproven))

    # -- prune --------------------------------------------------------------------------------------------------

    def prune(self) -> int:
        """Show complements again that are not needed; returns how many."""
        if not self.hidden[self.allowed & ~self.given].any():
            return 0
        self._compress()
        shown_before = int(self.hidden.sum())
        cost = prices(self.cube, self.allowed, self.rng)
        lines = lines_of(self.cube, self.moves.strides)
        spare = self.effort.spare_tables
        for sweep in range(self.effort.prune_sweeps):
            candidates = self._candidates(cost, lines.arrays, by_cost=sweep == 0)
            stack = np.concatenate([np.stack(self.tables), np.zeros((spare, len(self.values)), dtype=np.int64)])
            alive = np.arange(len(stack)) < len(self.tables)
            chunk = max(1, len(candidates) // 20) if self.cube.published is None else 1
            before = int(self.hidden.sum())
            for first in range(0, len(candidates), chunk):
                self.progress("prune", (sweep + first / len(candidates)) / self.effort.prune_sweeps)
                self._show_again(candidates[first : first + chunk], stack, alive, lines.arrays)
            # a table brought in line may have come out as the true one, which is no witness
            self.tables = [table.copy() for table in stack[alive] if not np.array_equal(table, self.values)]
            self._restate()
            if int(self.hidden.sum()) == before:
                break
        return shown_before - int(self.hidden.sum())

    def _candidates(self, cost: np.ndarray, lines: tuple[np.ndarray, ...], *, by_cost: bool) -> np.ndarray:
        """Complements to try, as many as the effort allows: the dearest first, or in a drawn order."""
        cells = np.flatnonzero(self.hidden & self.allowed & ~self.given)
        unknown = self.hidden | ~self.published
        kept = not_held_by_rules(
            cells, self.hidden.copy(), unknown, self.values, self.persons, numbers_of(self.rule), lines
        )
        cells = cells[kept]
        order = np.lexsort((self.rng.random(len(cells)), -cost[cells] if by_cost else 0 * cells))
        work = len(self.tables) * int((self.width > 0).sum())
        chosen: np.ndarray = cells[order][: self.effort.candidates(work)]
        return chosen

    def _show_again(
        self, candidates: np.ndarray, stack: np.ndarray, alive: np.ndarray, lines: tuple[np.ndarray, ...]
    ) -> None:
        before = (self.hidden, self.low, self.high, self.width, stack, alive)
        kept = tuple(part.copy() for part in before) if self.cube.published is not None else None
        show_again(
            candidates, self.values, self.persons, self.hidden, self.hidden | ~self.published, self.low, self.high,
            self.width, self.floor, numbers_of(self.rule), stack, alive, 2 + int(alive.sum()) // 8, self._whims(),
            self.effort.depth, self.effort.prune_tries, self.state, self.moves.arrays, lines, self.work,
        )  # fmt: skip
        if kept is not None and self._open_groups(self.hidden):  # what follows through unpublished totals
            for part, old in zip(before, kept, strict=True):
                part[:] = old

    def _compress(self) -> None:
        stack = np.stack(self.tables)
        alive = np.ones(len(stack), dtype=bool)
        needless_tables(stack, alive, np.flatnonzero(self.width > 0), self.width, self.floor)
        self.tables = [table.copy() for table in stack[alive]]
        self._restate()

    def _restate(self) -> None:
        if self.tables:
            stack = np.stack(self.tables)
            self.least, self.most = stack.min(axis=0), stack.max(axis=0)
        self._measure()

    # -- the whole ----------------------------------------------------------------------------------------------

    @property
    def bill(self) -> int:
        """What the complements of the present pattern cost, near-ties aside."""
        cost = prices(self.cube, self.allowed, np.random.default_rng(0), 0)
        return int(cost[self.hidden & self.allowed].sum())

    def run(self) -> CubeProof:
        """Leaves the pattern in ``hidden``; returns its proof. Raises NoPattern."""
        self.cover()
        self._measure()
        if not (self.width > 0).any():
            return self._proof()
        self.walk(self.effort.passes, self.effort.shallow)
        self.open_up()
        self.given_back = self.prune()
        if len(self.unproven()):
            self.walk(self.effort.passes, 0)
            self.open_up()
        self._compress()
        return self._proof()

    given_back = 0

    def _proof(self) -> CubeProof:
        cells = np.flatnonzero(self.hidden | ~self.published)
        assert not any(np.array_equal(table, self.values) for table in self.tables)
        tables = (
            np.stack([table[cells] for table in self.tables]) if self.tables else np.zeros((0, len(cells)), np.int64)
        )
        return CubeProof(tuple(self.cube.values.shape), cells, tables)
