"""The two rules a group must satisfy, and the choice of complementary cells that closes an open group.

A group is a total with its parts. Two per group: no equation may hold exactly one unknown, it would be the difference
of the others. Rule (6): where the total is known, the hidden parts must not all be tiny (``all_at_most`` or less) and must
not sum to a small count (DDG 2.0 §4.4.1 (2), (6)); where events of persons are counted, those persons too. These rules are
necessary, not sufficient: whether a count can be narrowed through several groups at once is decided by ``feasible``.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from include.opendata.disclosure.protect.system import CellSystem
from include.opendata.rules.small_cells import SmallCellRule

TWO_PER_GROUP = "two-per-group"
RULE_SIX = "rule-6"


@dataclass(frozen=True)
class OpenGroup:
    """An equation (by index) that breaks ``rule``: "two-per-group" or "rule-6"."""

    equation: int
    rule: str


@dataclass(frozen=True)
class Preference:
    """What may be chosen as complement, and the randomness of near-ties.

    ``allowed`` bool[n]; ``near`` is the factor within which two counts tie: always taking the smallest would tell the
    attacker that every shown neighbour is larger.
    """

    allowed: np.ndarray
    rng: random.Random
    near: float = 1.25

    def near_smallest(self, system: CellSystem, cells: Sequence[int]) -> list[int]:
        """Those of ``cells`` whose counts tie with the smallest of them."""
        smallest = min(int(system.values[cell]) for cell in cells)
        return [cell for cell in cells if system.values[cell] <= smallest * self.near]


def known_cells(system: CellSystem, hidden: np.ndarray) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """What follows from what is shown by repeated subtraction.

    Returns bool[n] (shown, or in no table but the only unknown of some equation) and the derivations as
    (equation, cell). A blank is never marked known: an equation that reveals one is for :func:`open_groups` to report.
    """
    blank = hidden & system.published
    known = system.published & ~blank
    index = np.arange(system.size)
    derived: list[tuple[int, int]] = []
    while True:
        unknown = (~known).astype(np.int64)
        single = np.flatnonzero(system.members @ unknown == 1)
        cells = (system.members @ (unknown * index))[single]
        fresh = [(int(e), int(c)) for e, c in zip(single, cells, strict=True) if not blank[c]]
        if not fresh:
            return known, derived
        derived.extend(fresh)
        known[[c for _, c in fresh]] = True


def open_groups(system: CellSystem, hidden: np.ndarray, rule: SmallCellRule) -> list[OpenGroup]:
    """The groups that break a rule when ``hidden`` (bool[n]) is blank, in the order of the equations."""
    known, derived = known_cells(system, hidden)
    blank = hidden & system.published
    unknown = (~known).astype(np.int64)
    found: dict[int, str] = {}
    for e in np.flatnonzero(system.members @ unknown == 1).tolist():
        found[e] = TWO_PER_GROUP
    assert system.counts_no_one is not None
    for e, cell in derived:
        if 1 <= system.values[cell] < rule.below and not system.counts_no_one[cell]:
            found.setdefault(e, TWO_PER_GROUP)
    total_known = known[system.parents]
    blanks = system.children @ blank.astype(np.int64)
    hidden_sum = system.children @ (unknown * system.values)
    above = system.children @ (unknown * (system.values > rule.all_at_most))
    all_tiny = (blanks >= 1) & (above == 0)
    small_sum = (hidden_sum >= 1) & (hidden_sum < rule.below)
    if system.persons is not None:  # many events, all of them of a few persons: at most so many stand behind the sum
        behind = system.children @ (unknown * system.persons)
        small_sum |= (blanks >= 1) & (hidden_sum >= 1) & (behind >= 1) & (behind < rule.below)
    counts_someone = ~system.counts_no_one[system.parents]
    for e in np.flatnonzero(total_known & counts_someone & (all_tiny | small_sum)).tolist():
        found.setdefault(e, RULE_SIX)
    return [OpenGroup(e, found[e]) for e in sorted(found)]


def close_groups(
    system: CellSystem, hidden: np.ndarray, rule: SmallCellRule, preference: Preference
) -> tuple[np.ndarray, list[tuple[int, str]]]:
    """Add complementary cells until every group that can be closed is closed.

    Returns the new bool[n] and the additions as (cell, rule). Order of choice: never a zero, totals last, the
    analytically least interesting level, the cell that closes most groups and opens fewest, the smallest count with
    near-ties drawn, a neighbouring category among those (DDG 2.0 §4.4.1 (5)). A group without a candidate stays open.
    """
    hidden = hidden.copy()
    added: list[tuple[int, str]] = []
    while True:
        groups = open_groups(system, hidden, rule)
        still_open = {group.equation for group in groups}
        lone = _blank_counts(system, hidden)
        progress = False
        for group in groups:
            if group.equation not in still_open:
                continue
            cell = _choose(system, hidden, group.equation, still_open, lone, preference)
            if cell is None:
                continue
            hidden[cell] = True
            added.append((cell, group.rule))
            progress = True
            for e in system.equations_of[cell]:
                lone[e] += 1
                still_open.discard(e)  # looked at again in the next round
        if not progress:
            return hidden, added


def _blank_counts(system: CellSystem, hidden: np.ndarray) -> np.ndarray:
    counts: np.ndarray = system.members @ (hidden | ~system.published).astype(np.int64)
    return counts


def _choose(
    system: CellSystem,
    hidden: np.ndarray,
    equation: int,
    still_open: set[int],
    unknowns: np.ndarray,
    preference: Preference,
) -> int | None:
    members = system.member_lists[equation]
    candidates = [cell for cell in members if preference.allowed[cell] and not hidden[cell]]
    if not candidates:
        return None
    ranks = {cell: _rank(system, cell, still_open, unknowns) for cell in candidates}
    best = min(ranks.values())
    ties = preference.near_smallest(system, [cell for cell in candidates if ranks[cell] == best])
    ties = _beside_blanks(system, ties, members, hidden)
    ties.sort(key=lambda cell: repr(system.keys[cell]))
    return ties[preference.rng.randrange(len(ties))]


def _rank(system: CellSystem, cell: int, still_open: set[int], unknowns: np.ndarray) -> tuple[float, float, int]:
    """Lower is hidden sooner: finest, least interesting, closing most groups and opening fewest."""
    assert system.level is not None
    assert system.interest is not None
    closes = sum(e in still_open for e in system.equations_of[cell])
    opens = sum(unknowns[e] == 0 for e in system.equations_of[cell])
    return float(system.level[cell]), float(system.interest[cell]), opens - closes


def _beside_blanks(system: CellSystem, cells: list[int], members: Sequence[int], hidden: np.ndarray) -> list[int]:
    """Those of ``cells`` in a category next to a blank of the group; all where none is."""
    if system.neighbours is None:
        return cells
    beside = {other for cell in members if hidden[cell] for other in system.neighbours[cell]}
    return [cell for cell in cells if cell in beside] or cells
