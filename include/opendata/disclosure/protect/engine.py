"""Which engine hides the small counts of a cell system: the general one, or the one for large cubes.

Decides by size and shape alone, never by looking at a result. Up to ``LARGE_FROM`` cells the general engine takes any
system. From there on linked cells that make up one cube (``grid``) go to the engine for cubes (``cube``), which compiles on
first use; a system that falls into parts no equation ties together is taken part by part. What is
large and no cube is left to the general engine up to ``GENERAL_UP_TO`` cells, and refused beyond: it would not end.
Both engines get the same rules, the same cells already public, and the same distinct persons (DDG 2.0 §4.4.1).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from include.opendata.disclosure.protect.cube.suppress import suppress_cube
from include.opendata.disclosure.protect.cube.table import Axis, CubeTable
from include.opendata.disclosure.protect.derived import COMPLEMENTARY, SHOWN, SMALL
from include.opendata.disclosure.protect.grid import Grid, filled, grid_of
from include.opendata.disclosure.protect.groups import open_groups
from include.opendata.disclosure.protect.policy import Policy
from include.opendata.disclosure.protect.suppress import Suppression, pattern_figures, suppress
from include.opendata.disclosure.protect.system import CellSystem
from include.opendata.errors import Place, Refused

LARGE_FROM = 2_500
"""From so many cells on the engine for large cubes is asked."""

GENERAL_UP_TO = 3_500
"""So many cells the general engine protects within minutes."""

COVERED = "attack"
"""The rule given for what the cube engine hides: it covers groups and counts at once and keeps no reason per cell."""

Keys = tuple[tuple[tuple[int, ...], ...], ...]
"""Per cell its atoms in every column (as ``cells`` has them)."""


@dataclass(frozen=True, repr=False, eq=False)
class _Problem:
    """What is searched: the counts, which are ``small`` (bool[n]), already public (``frozen`` bool[n]), or complements of an
    earlier pattern (``given`` bool[n]); ``keys`` None for a system that cannot be a cube."""

    system: CellSystem
    small: np.ndarray
    frozen: np.ndarray | None
    given: np.ndarray | None
    keys: Keys | None

    def part(self, cells: np.ndarray) -> _Problem:
        """The same for some of the cells, which no equation ties to the others."""
        frozen, given = (None if of is None else of[cells] for of in (self.frozen, self.given))
        keys = None if self.keys is None else tuple(self.keys[cell] for cell in cells)
        return _Problem(self.system.part(cells), self.small[cells], frozen, given, keys)


@dataclass(frozen=True)
class Engine:
    """Searches patterns for one system. ``keys``: None for a system that cannot be a cube; ``progress`` is told what is
    going on, in counts of cells."""

    policy: Policy
    keys: Keys | None = field(repr=False)
    dataset: str = ""
    progress: Callable[[str], None] | None = field(default=None, repr=False)

    def search(
        self,
        system: CellSystem,
        small: np.ndarray,
        frozen: np.ndarray | None = None,
        given: np.ndarray | None = None,
    ) -> Suppression:
        """A safe pattern that hides ``small`` (bool[n]) and nothing of ``frozen`` (bool[n]).

        ``given`` bool[n]: complements of an earlier pattern. The engine for cubes starts from them and keeps them; the
        general one does without, for it finds what little there is to choose where nearly all is frozen.

        Raises Refused: what ``suppress`` raises, and ``too-many-linked-cells`` where no engine can take the system.
        """
        problem = _Problem(system, small, frozen, given, self.keys)
        if system.size < LARGE_FROM or self.keys is None:
            return self._general(problem)
        pattern = self._as_cube(problem)
        if pattern is not None:
            return pattern
        parts = _parts(system)
        return self._as_a_whole(problem) if len(parts) == 1 else self._by_parts(problem, parts)

    def _report(self, text: str) -> None:
        if self.progress is not None:
            self.progress(text)

    def _general(self, problem: _Problem) -> Suppression:
        policy = self.policy
        return suppress(
            problem.system, problem.small, rule=policy.rule, annotation=policy.annotation, seed=policy.seed,
            frozen=problem.frozen, progress=self.progress,
        )  # fmt: skip

    def _as_a_whole(self, problem: _Problem) -> Suppression:
        """What is no cube, by the general engine if it is not too large. Raises Refused (``too-many-linked-cells``)."""
        size = problem.system.size
        if size > GENERAL_UP_TO:
            raise Refused(
                f"the tables share {size:,} cells that do not make up one cube, more than the {GENERAL_UP_TO:,} that can be "
                "protected together",
                remedy="Let the tables use the same categories in a column, or categories that are made up of one another; "
                "publish fewer or coarser tables of one dataset; or put all their dimensions into one table.",
                slug="too-many-linked-cells",
                place=Place(dataset=self.dataset or None),
            )
        return self._general(problem)

    def _by_parts(self, problem: _Problem, parts: Sequence[np.ndarray]) -> Suppression:
        """Parts that no equation ties together, each by the engine that can take it."""
        codes = np.where(problem.small, SMALL, SHOWN).astype(np.int8)
        given_back, reasons = 0, []
        for cells in parts:
            if len(cells) == 1:
                continue  # a count that no total says anything of
            pattern = self._part(problem.part(cells))
            codes[cells] = pattern.codes
            given_back += pattern.figures["given_back"]
            reasons += [(int(cells[cell]), rule) for cell, rule in pattern.reasons]
        return suppression(self.policy, problem.system, problem.small, codes, given_back=given_back, reasons=reasons)

    def _part(self, problem: _Problem) -> Suppression:
        pattern = self._as_cube(problem) if problem.system.size >= LARGE_FROM else None
        return pattern if pattern is not None else self._as_a_whole(problem)

    def _as_cube(self, problem: _Problem) -> Suppression | None:
        """The pattern by the engine for cubes; None where the cells are no cube."""
        system, small = problem.system, problem.small
        grid = None if problem.keys is None else grid_of(problem.keys)
        values = (
            None if grid is None else filled(grid, system.values, [(e.parent, e.children) for e in system.equations])
        )
        if grid is None or values is None:
            return None
        self._report(f"suppressing {system.size:,} counts, {int(small.sum()):,} of them small")
        pattern = suppress_cube(
            _cube(problem, grid, values), rule=self.policy.rule, annotation=self.policy.annotation, seed=self.policy.seed,
            progress=self._stages(system.size),
        )  # fmt: skip
        codes = pattern.codes.reshape(-1)[grid.spot]
        self._refuse_few_persons(system, codes)
        reasons = [(int(cell), COVERED) for cell in np.flatnonzero(codes == COMPLEMENTARY)]
        given_back = pattern.figures["given_back"]
        return suppression(self.policy, system, small, codes, given_back=given_back, reasons=reasons)

    def _stages(self, size: int) -> Callable[[str, float], None]:
        """Reports every stage of the engine for cubes once."""
        reported: set[str] = set()

        def report(stage: str, share: float) -> None:
            if stage not in reported:
                reported.add(stage)
                self._report(f"suppressing {size:,} counts: {stage}")

        return report

    def _refuse_few_persons(self, system: CellSystem, codes: np.ndarray) -> None:
        # the engine for cubes closes groups by events; few persons may still stand behind the hidden ones together
        if system.persons is None:
            return
        if left := open_groups(system, codes != SHOWN, self.policy.rule):
            raise Refused(
                f"in {len(left)} groups few persons stand behind all hidden events together, in a table too large to fix that",
                remedy="Publish a coarser table: fewer categories, more years together, or one dimension fewer.",
                slug="no-safe-suppression",
                place=Place(dataset=self.dataset or None),
            )


def _cube(problem: _Problem, grid: Grid, values: np.ndarray) -> CubeTable:
    """``values``: counts that agree with the system's, over the whole grid."""
    system = problem.system
    assert system.interest is not None
    interest = np.unique(system.interest, return_inverse=True)[1].astype(np.int64)
    return CubeTable(
        values,
        tuple(Axis(parent) for parent in grid.parents),
        published=None if system.published.all() and grid.full else grid.spread(system.published, False),
        persons=_persons(system, grid, values),
        frozen=None if problem.frozen is None else grid.spread(problem.frozen, False),
        given=None if problem.given is None else grid.spread(problem.given, False),
        interest=grid.spread(interest, int(interest.max(initial=0))),
    )


def _persons(system: CellSystem, grid: Grid, values: np.ndarray) -> np.ndarray | None:
    if system.persons is None:
        return None
    # of cells in no table the persons are not known; as many as events makes none of them small by persons alone
    persons = values.copy().reshape(-1)
    persons[grid.spot] = np.where(system.values > 0, np.clip(system.persons, 1, system.values), 0)
    return persons.reshape(grid.shape)


def suppression(
    policy: Policy,
    system: CellSystem,
    small: np.ndarray,
    codes: np.ndarray,
    *,
    given_back: int = 0,
    reasons: Sequence[tuple[int, str]] = (),
) -> Suppression:
    """The pattern ``codes`` (int8[n]) with its figures. Raises RuntimeError unless exactly ``small`` (bool[n]) are small."""
    if not np.array_equal(codes == SMALL, small):
        raise RuntimeError("an engine took other counts for small than the ones it was asked to hide")
    figures = pattern_figures(system, small, codes == COMPLEMENTARY, given_back)
    return Suppression(codes, policy.annotation, policy.seed, figures, tuple(sorted(reasons)))


def _parts(system: CellSystem) -> list[np.ndarray]:
    """The cells of each connected part, ascending; parts in the order of their first cell."""
    members = sparse.csr_array(system.members)
    rows = sparse.coo_array(members)
    number = system.size + rows.coords[0]
    size = system.size + members.shape[0]
    links = sparse.csr_array((np.ones(len(number)), (rows.coords[1], number)), shape=(size, size))
    label = csgraph.connected_components(links, directed=False)[1][: system.size]
    order = np.argsort(label, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(label[order])) + 1)
    return sorted(parts, key=lambda cells: int(cells[0]))
