"""Complementary suppression: from the small counts to a pattern of blanks that no attacker can undo.

Decides which further cells are hidden, over all linked tables at once (DDG 2.0 §4.4.1 (2), (4)-(6), §4.4.3). The order:
close every group (two per group, rule 6) → test every hidden count against what an attacker may still believe → hide the
cheapest further cells for those too narrow → close groups again → give back every complement that is not needed → test the
final pattern again. Zeros are never hidden.

``separate`` codes tell the attacker that code 1 is a small count and code 2 is none; ``combined`` tells only that a blank
is at least 1. The mode is declared beforehand and never changed here: changing it where it is needed is itself a message.
The attack on the published result, by code that shares nothing with this room, is the caller's next step.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from include.opendata.disclosure.protect.derived import COMPLEMENTARY, SHOWN, SMALL
from include.opendata.disclosure.protect.feasible import Budget, FeasibleTables, Target, Verdict
from include.opendata.disclosure.protect.groups import Preference, close_groups, known_cells, open_groups
from include.opendata.disclosure.protect.repair import Repair, prices
from include.opendata.disclosure.protect.system import CellSystem, attacker_bounds, refuse_if_public
from include.opendata.errors import Refused
from include.opendata.rules.small_cells import SmallCellRule

ANNOTATIONS = ("separate", "combined")
NARROW = "attack"


@dataclass(frozen=True)
class Suppression:
    """A pattern of blanks.

    - ``codes`` int8[n]: 0 shown, 1 small, 2 complementary (also in combined mode, where only evidence may tell them
      apart; cells in no table are 0).
    - ``annotation``: the mode it is safe in. ``seed``: what broke near-ties.
    - ``figures``: counts of cells for reports: cells, published, zeros, small, complementary, given_back, equations.
    - ``reasons``: (cell, rule) for every complement: "two-per-group", "rule-6" or "attack".
    """

    codes: np.ndarray = field(repr=False)
    annotation: str
    seed: int
    figures: dict[str, int]
    reasons: tuple[tuple[int, str], ...] = field(repr=False)

    @property
    def hidden(self) -> np.ndarray:
        """bool[n]"""
        hidden: np.ndarray = self.codes != SHOWN
        return hidden


def pattern_figures(
    system: CellSystem, small: np.ndarray, complementary: np.ndarray, given_back: int
) -> dict[str, int]:
    """The figures of a pattern, for reports; ``small`` and ``complementary`` bool[n]."""
    return {
        "cells": system.size,
        "published": int(system.published.sum()),
        "zeros": int((system.published & (system.values == 0)).sum()),
        "small": int(small.sum()),
        "complementary": int(complementary.sum()),
        "given_back": given_back,
        "equations": len(system.equations),
    }


class _Impossible(Exception):
    """No pattern found; ``cells`` names how many counts cannot be protected and ``proven`` whether that is certain."""

    def __init__(self, cells: int):
        super().__init__()
        self.cells = cells


def suppress(  # noqa: PLR0913 - a system of cells is hidden under a rule; each of these is a choice of its own
    system: CellSystem,
    primary: np.ndarray,
    *,
    rule: SmallCellRule,
    annotation: str,
    seed: int,
    frozen: np.ndarray | None = None,
    budget: Budget | None = None,
    progress: Callable[[str], None] | None = None,
) -> Suppression:
    """Hide ``primary`` (bool[n]) and what must go with it.

    ``frozen`` bool[n]: cells already public, which cannot be hidden any more. Same arguments, same result. ``progress`` is
    told what is going on, in counts of cells.

    Raises :class:`Refused` with slug "small-cell-already-public"; "separate-codes-unsafe" when separate codes cannot be
    made safe, with what ``combined`` would hide; "no-safe-suppression" when nothing can.
    """
    if annotation not in ANNOTATIONS:
        raise ValueError(f"annotation is one of {ANNOTATIONS}")
    primary = np.asarray(primary, dtype=bool) & system.published
    frozen = np.zeros(system.size, dtype=bool) if frozen is None else np.asarray(frozen, dtype=bool)
    refuse_if_public(primary, frozen)

    def attempt(mode: str) -> Suppression:
        search = _Search(system, primary, frozen, mode, rule, seed, budget or Budget())
        search.progress = progress
        return search.run()

    try:
        return attempt(annotation)
    except _Impossible as failed:
        small = int(primary.sum())
        if annotation == "combined":
            raise Refused(
                f"{failed.cells} hidden counts or groups cannot be protected, whatever else is hidden "
                f"({small} small cells, {int(frozen.sum())} cells already public).",
                remedy="Publish a coarser table: fewer categories, more years together, or one dimension fewer.",
                slug="no-safe-suppression",
            ) from None
        try:
            combined = attempt("combined").figures
        except _Impossible:
            instead = "Combined codes would not do either: publish a coarser table."
        else:
            instead = (
                f"With `annotation: combined` {combined['small']} small and {combined['complementary']} complementary "
                "cells would be hidden and all are safe; or publish a coarser table."
            )
        raise Refused(
            f"With separate codes {failed.cells} of {small} small cells or their groups could be narrowed down: "
            "the codes themselves say too much.",
            remedy=instead,
            slug="separate-codes-unsafe",
        ) from None


class _Search:
    """One run of the search in one mode; holds the pattern while it grows and shrinks."""

    def __init__(
        self, system: CellSystem, primary: np.ndarray, frozen: np.ndarray,
        mode: str, rule: SmallCellRule, seed: int, budget: Budget,
    ):  # fmt: skip
        self.system, self.primary, self.mode = system, primary, mode
        self.rule, self.seed, self.budget = rule, seed, budget
        self.rng = random.Random(seed)  # noqa: S311 - reproducible choices, not a secret
        self.allowed = system.published & ~primary & ~frozen & (system.values > 0) & ~self._narrow_anyway()
        self.hidden = primary.copy()
        self.reasons: dict[int, str] = {}
        self.repair = Repair(
            system, primary, self.allowed, prices(system, self.rng),
            annotation=mode, rule=rule, budget=budget,
        )  # fmt: skip
        self.preference = Preference(self.allowed, self.rng)
        self.needed: set[int] = set()
        self.progress: Callable[[str], None] | None = None

    def _report(self, doing: str) -> None:
        if self.progress is not None:
            self.progress(f"suppressing {self.system.size:,} counts: {doing}")

    def run(self) -> Suppression:
        self._report(f"{int(self.primary.sum()):,} of them are small")
        self._close()
        self.tables = FeasibleTables(self.system, *self._bounds(self.hidden), self.rng, self.budget)
        self._open_up()
        before = len(self.reasons)
        self._give_back()
        self._check_again()
        codes = np.where(self.primary, SMALL, np.where(self.hidden, COMPLEMENTARY, SHOWN)).astype(np.int8)
        figures = pattern_figures(self.system, self.primary, codes == COMPLEMENTARY, before - len(self.reasons))
        return Suppression(codes, self.mode, self.seed, figures, tuple(sorted(self.reasons.items())))

    def _narrow_anyway(self) -> np.ndarray:
        """bool[n]: counts that published figures already narrow down too far: blank or not, they protect nothing."""
        low, high = self.system.bounds_known()
        narrow: np.ndarray = (high - np.maximum(low, 1) < self.rule.width) & (low < self.rule.below)
        return narrow

    # -- what must hold -----------------------------------------------------------------------------------------

    def _bounds(self, hidden: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return attacker_bounds(self.system, hidden, self.primary, self.mode, self.rule)

    def _targets(self, hidden: np.ndarray) -> list[Target]:
        """Everything that must stay uncertain when ``hidden`` is blank."""
        return [*self._blank_targets(hidden), *self._absent_targets(), *self._sum_targets(hidden)]

    def _blank_targets(self, hidden: np.ndarray) -> list[Target]:
        """Blanks that may be small."""
        combined = self.mode == "combined"
        # with persons counted, a large event count may still be small
        safe_from = self.rule.below if combined and self.system.persons is None else None
        cells = np.flatnonzero(hidden if combined else hidden & self.primary)
        return [Target((int(cell),), self.rule.width, safe_from) for cell in cells]

    def _absent_targets(self) -> list[Target]:
        """Cells in no table."""
        assert self.system.counts_no_one is not None
        cells = np.flatnonzero(~self.system.published & ~self.system.counts_no_one)
        return [Target((int(cell),), self.rule.width, self.rule.below, zero_is_safe=True) for cell in cells]

    def _sum_targets(self, hidden: np.ndarray) -> list[Target]:
        """Groups whose hidden counts add up to a small one: their sum must not be known."""
        system = self.system
        known, _ = known_cells(system, hidden)
        sums = system.children @ ((~known) * system.values)
        assert system.counts_no_one is not None
        counts_someone = ~system.counts_no_one[system.parents]
        groups = np.flatnonzero(counts_someone & (sums >= 1) & (sums < self.rule.below))
        unknown = [tuple(cell for cell in system.equations[e].children if not known[cell]) for e in groups]
        return [Target(cells, 1) for cells in unknown if len(cells) > 1]

    # -- growing ------------------------------------------------------------------------------------------------

    def _close(self) -> None:
        self.hidden, added = close_groups(self.system, self.hidden, self.rule, self.preference)
        self.reasons.update(added)

    def _open_up(self) -> None:
        """Hide further cells until every target is proven safe and every group closed."""
        for _ in range(self.budget.rounds):
            failing = [t for t in self._targets(self.hidden) if self.tables.decide(t) is not Verdict.SAFE]
            unclosed = open_groups(self.system, self.hidden, self.rule)
            if not failing and not unclosed:
                return
            self._report(f"{len(failing):,} can be narrowed down still")
            failing = failing or self._sums_of([group.equation for group in unclosed])
            impossible = sum(not self._free(target) for target in failing)
            if impossible:
                raise _Impossible(impossible)
            self._close()
            self.tables.set_bounds(*self._bounds(self.hidden))
        raise _Impossible(len(failing))

    def _sums_of(self, equations: list[int]) -> list[Target]:
        """Groups no complement could close from within: what they add up to must be freed from elsewhere."""
        known, _ = known_cells(self.system, self.hidden)
        groups = [self.system.equations[e].children for e in equations]
        return [Target(tuple(c for c in cells if not known[c]) or cells, 1) for cells in groups]

    def _free(self, target: Target) -> bool:
        if self.tables.proven(target):  # by what was hidden for the targets before it
            return True
        found = self.repair.find(target, self.tables)
        if found is None or not (found.cells or found.tables):
            return False
        self.hidden[list(found.cells)] = True
        self.reasons.update(dict.fromkeys(found.cells, NARROW))
        self.tables.set_bounds(*self._bounds(self.hidden))
        for table in found.tables:
            self.tables.add(table)
        return True

    # -- shrinking ----------------------------------------------------------------------------------------------

    def _give_back(self) -> None:
        """Show again, one by one, every complement without which all still holds; dearest first."""
        system = self.system
        assert system.level is not None
        assert system.interest is not None
        shrunk = True
        while shrunk:
            shrunk = False
            self._report(f"which of {len(self.reasons):,} complements are not needed")
            order = sorted(
                (c for c in self.reasons if c not in self.needed),
                key=lambda c: (-system.level[c], -system.interest[c], -system.values[c], repr(system.keys[c])),  # type: ignore[index]
            )
            for cell in order:
                if cell in self.reasons and (fewer := self._without(cell)) is not None:
                    for gone in np.flatnonzero(self.hidden & ~fewer):
                        del self.reasons[int(gone)]
                    self.hidden = fewer
                    self.tables = self.tables.narrowed(*self._bounds(fewer))
                    shrunk = True

    def _without(self, cell: int) -> np.ndarray | None:
        """bool[n]: the pattern without ``cell`` (and without complements it leaves alone in a group) if it is safe."""
        fewer = self.hidden.copy()
        fewer[cell] = False
        while groups := open_groups(self.system, fewer, self.rule):
            lone = [c for group in groups for c in self._lone_complements(group.equation, fewer)]
            if not lone:
                self.needed.add(cell)
                return None
            fewer[lone] = False
        trial = self.tables.narrowed(*self._bounds(fewer))
        unsafe = self._first_unsafe(trial, fewer, cell)
        self.tables.learn(trial)
        if unsafe is None:
            return fewer
        if all(self.primary[c] or not self.system.published[c] for c in unsafe.cells):
            self.needed.add(cell)
        return None

    def _first_unsafe(self, tables: FeasibleTables, hidden: np.ndarray, shown: int) -> Target | None:
        """A target that is not proven when ``hidden`` is blank; those that share a group with ``shown`` are tried first."""
        around = {member for e in self.system.equations_of[shown] for member in self.system.member_lists[e]}
        targets = sorted(self._targets(hidden), key=lambda target: around.isdisjoint(target.cells))
        return next((target for target in targets if tables.decide(target) is not Verdict.SAFE), None)

    def _lone_complements(self, equation: int, hidden: np.ndarray) -> list[int]:
        """A complement that is its equation's only blank hides nothing: its value is the difference of the others."""
        blanks = [c for c in self.system.member_lists[equation] if hidden[c]]
        return blanks if len(blanks) == 1 and not self.primary[blanks[0]] else []

    def _check_again(self) -> None:
        """The final pattern from the beginning, trusting only tables that are checked against it once more."""
        final = FeasibleTables(self.system, *self._bounds(self.hidden), self.rng, self.budget)
        for table in self.tables.tables:
            final.add(table)
        unsafe = sum(final.decide(target) is not Verdict.SAFE for target in self._targets(self.hidden))
        unsafe += len(open_groups(self.system, self.hidden, self.rule))
        if unsafe:
            raise _Impossible(unsafe)
