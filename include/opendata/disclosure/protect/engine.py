"""Which engine hides the small counts of a cell system: the general one, or the one for large cubes.

Decides by size and shape alone, never by looking at a result. Up to ``LARGE_FROM`` cells the general engine takes any
system. From there on linked cells that make up one cube (``grid``) go to the engine for cubes (``cube``), which compiles on
first use; a system that falls into parts no equation ties together is taken part by part. What is
large and no cube is left to the general engine up to ``GENERAL_UP_TO`` cells, and refused beyond: it would not end.
Both engines get the same rules, the same cells already public, and the same distinct persons (DDG 2.0 §4.4.1).
"""

from __future__ import annotations

from collections.abc import Callable
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
from include.opendata.disclosure.protect.suppress import Suppression, suppress
from include.opendata.disclosure.protect.system import CellSystem, Equation
from include.opendata.errors import Place, Refused

LARGE_FROM = 2_500
"""From so many cells on the engine for large cubes is asked."""

GENERAL_UP_TO = 3_500
"""So many cells the general engine protects within minutes."""

ATTACK = "attack"
"""The rule given for what the cube engine hides: it covers groups and counts at once and keeps no reason per cell."""


@dataclass(frozen=True)
class Engine:
    """Searches patterns for one system. ``keys``: per cell its atoms in every column (as ``cells`` has them), None for a
    system that cannot be a cube; ``progress`` is told what is going on, in counts of cells."""

    policy: Policy
    keys: tuple[tuple[tuple[int, ...], ...], ...] | None = field(repr=False)
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
        if system.size < LARGE_FROM or self.keys is None:
            return self._general(system, small, frozen)
        whole = self._as_cube(system, self.keys, small, frozen, given)
        return whole if whole is not None else self._by_parts(system, small, frozen, given)

    def _say(self, text: str) -> None:
        if self.progress is not None:
            self.progress(text)

    def _general(self, system: CellSystem, small: np.ndarray, frozen: np.ndarray | None) -> Suppression:
        return suppress(
            system, small, rule=self.policy.rule, annotation=self.policy.annotation, seed=self.policy.seed,
            frozen=frozen, progress=self.progress,
        )  # fmt: skip

    def _as_cube(
        self,
        system: CellSystem,
        keys: tuple[tuple[tuple[int, ...], ...], ...],
        small: np.ndarray,
        frozen: np.ndarray | None,
        given: np.ndarray | None,
    ) -> Suppression | None:
        """The pattern by the engine for cubes; None where the cells are no cube."""
        grid = grid_of(keys)
        if grid is None:
            return None
        values = filled(grid, system.values, [(e.parent, e.children) for e in system.equations])
        if values is None:
            return None
        self._say(f"suppressing {system.size:,} counts, {int(small.sum()):,} of them small")
        codes, given_back = self._codes_of_cube(system, grid, values, frozen, given)
        if system.persons is not None and (left := open_groups(system, codes != SHOWN, self.policy.rule)):
            # the engine for cubes closes groups by events; few persons may still stand behind the hidden ones together
            raise Refused(
                f"in {len(left)} groups few persons stand behind all hidden events together, in a table too large to mend that",
                remedy="Publish a coarser table: fewer categories, more years together, or one dimension fewer.",
                slug="no-safe-suppression",
                place=Place(dataset=self.dataset or None),
            )
        complements = np.flatnonzero(codes == COMPLEMENTARY)
        return _suppression(self.policy, system, small, codes, given_back, tuple((int(c), ATTACK) for c in complements))

    def _codes_of_cube(
        self,
        system: CellSystem,
        grid: Grid,
        values: np.ndarray,
        frozen: np.ndarray | None,
        given: np.ndarray | None,
    ) -> tuple[np.ndarray, int]:

        persons = None
        if system.persons is not None:
            # of cells in no table the persons are not known; as many as events makes none of them small by persons alone
            persons = values.copy().reshape(-1)
            own = system.values
            persons[grid.spot] = np.where(own > 0, np.clip(system.persons, 1, own), 0)
            persons = persons.reshape(grid.shape)
        assert system.interest is not None
        interest = np.unique(system.interest, return_inverse=True)[1].astype(np.int64)
        cube = CubeTable(
            values,
            tuple(Axis(parent) for parent in grid.parents),
            published=None if system.published.all() and grid.full else grid.spread(system.published, False),
            persons=persons,
            frozen=None if frozen is None else grid.spread(frozen, False),
            given=None if given is None else grid.spread(given, False),
            interest=grid.spread(interest, int(interest.max(initial=0))),
        )
        told: set[str] = set()

        def tell(stage: str, share: float) -> None:
            if stage not in told:
                told.add(stage)
                self._say(f"suppressing {system.size:,} counts: {stage}")

        found = suppress_cube(
            cube, rule=self.policy.rule, annotation=self.policy.annotation, seed=self.policy.seed,
            progress=tell,
        )  # fmt: skip
        return found.codes.reshape(-1)[grid.spot], found.figures["given_back"]

    def _by_parts(
        self, system: CellSystem, small: np.ndarray, frozen: np.ndarray | None, given: np.ndarray | None
    ) -> Suppression:
        """Parts that no equation ties together, each by the engine that can take it."""
        assert self.keys is not None
        parts = _parts(system)
        if len(parts) == 1 and system.size > GENERAL_UP_TO:
            raise self._too_many(system.size)
        if len(parts) == 1:
            return self._general(system, small, frozen)
        codes = np.where(small, SMALL, SHOWN).astype(np.int8)
        given_back, reasons = 0, []
        for cells in parts:
            if len(cells) == 1:
                continue  # a count that no total says anything of
            own = _part(system, cells)
            held, kept = (None if of is None else of[cells] for of in (frozen, given))
            found = None
            if own.size >= LARGE_FROM:
                found = self._as_cube(own, tuple(self.keys[c] for c in cells), small[cells], held, kept)
            if found is None:
                if own.size > GENERAL_UP_TO:
                    raise self._too_many(own.size)
                found = self._general(own, small[cells], held)
            codes[cells] = found.codes
            given_back += found.figures["given_back"]
            reasons += [(int(cells[c]), rule) for c, rule in found.reasons]
        return _suppression(self.policy, system, small, codes, given_back, tuple(sorted(reasons)))

    def _too_many(self, cells: int) -> Refused:
        return Refused(
            f"the tables share {cells:,} cells that do not make up one cube, more than the {GENERAL_UP_TO:,} that can be "
            "protected together",
            remedy="Let the tables use the same categories in a column, or categories that are made up of one another; "
            "publish fewer or coarser tables of one dataset; or put all their dimensions into one table.",
            slug="too-many-linked-cells",
            place=Place(dataset=self.dataset or None),
        )


def _suppression(
    policy: Policy, system: CellSystem, small: np.ndarray, codes: np.ndarray, given_back: int,
    reasons: tuple[tuple[int, str], ...],
) -> Suppression:  # fmt: skip
    if not np.array_equal(codes == SMALL, small):
        raise RuntimeError("an engine took other counts for small than the ones it was asked to hide")
    figures = {
        "cells": system.size,
        "published": int(system.published.sum()),
        "zeros": int((system.published & (system.values == 0)).sum()),
        "small": int(small.sum()),
        "complementary": int((codes == COMPLEMENTARY).sum()),
        "given_back": given_back,
        "equations": len(system.equations),
    }
    return Suppression(codes, policy.annotation, policy.seed, figures, reasons)


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


def _part(system: CellSystem, cells: np.ndarray) -> CellSystem:
    place = {int(c): i for i, c in enumerate(cells)}
    assert system.interest is not None
    assert system.level is not None
    return CellSystem(
        values=system.values[cells],
        published=system.published[cells],
        equations=tuple(
            Equation(place[e.parent], tuple(place[c] for c in e.children))
            for e in system.equations
            if e.parent in place
        ),
        keys=tuple(system.keys[c] for c in cells),
        interest=system.interest[cells],
        level=system.level[cells],
        neighbours=None if system.neighbours is None
        else tuple(tuple(place[n] for n in system.neighbours[c] if n in place) for c in cells),
        persons=None if system.persons is None else system.persons[cells],
    )  # fmt: skip
