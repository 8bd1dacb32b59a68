"""Reads a release together with the ones before it, as a person does who kept them all.

Decides which figures of earlier releases are taken as still true: all that do not contradict the figures one starts from.
Every release is taken as the start once. That is more than an attacker can know, for figures are revised; but he may guess,
and a guess that happens to be right gives a hidden count away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from include.opendata.disclosure.attack.agreement import Agreement
from include.opendata.disclosure.attack.attack import WHOLE_UP_TO
from include.opendata.disclosure.attack.propagate import parts, propagate
from include.opendata.disclosure.attack.published import published_view
from include.opendata.disclosure.attack.search import AttackBudget, Part
from include.opendata.disclosure.attack.view import PublishedView
from include.opendata.disclosure.cell_states import ABSENT, BLANK, NOT_SHOWN, SHOWN, UNBOUNDED
from include.opendata.disclosure.cells import LinkedCells
from include.opendata.disclosure.history.joint import JointCells
from include.opendata.errors import InputError
from include.opendata.rules.small_cells import SmallCellRule

CONTRADICTION = "published-figures-contradict"


def views_with_earlier(
    joint: JointCells,
    *,
    rule: SmallCellRule,
    dataset: str,
    progress: Callable[[str], None] | None = None,
) -> list[tuple[str, PublishedView, int]]:
    """What a person sees who kept every release: (release, view, readings set aside) per way of reading them together.

    Figures get revised, so releases may contradict each other. For every release in turn its own figures are taken as
    right, and to them is added what the others say (the newest first) of cells it does not show, as long as all agree:
    the readings of a changed total, revised and unrevised, are all attacked. A reading that contradicts the rest is set
    aside. Ways that come to the same, and those the newest release adds nothing to, are left out; so is the newest
    release when the others add nothing to it, which is attacked by itself anyway.
    """
    sides = [
        published_view(joint.of_release(i), tables, rule=rule, dataset=dataset) for i, tables in enumerate(joint.tables)
    ]
    newest = len(sides) - 1
    ways: list[tuple[str, PublishedView, int]] = []
    seen = [_fingerprint(sides[newest])]
    for base in [newest, *range(newest)]:
        if progress is not None:
            progress(f"reading {len(sides)} releases of {sides[newest].size:,} cells together, from the {base + 1}. on")
        view, set_aside = _together(sides[base], _newest_first(sides, {base}))
        if base != newest:
            seen.append(_fingerprint(_together(sides[base], _newest_first(sides, {base, newest}))[0]))
        if _fingerprint(view) not in seen:
            ways.append((joint.releases[base], view, set_aside))
            seen.append(_fingerprint(view))
    return ways


def _newest_first(sides: Sequence[PublishedView], without: set[int]) -> list[PublishedView]:
    return [side for i, side in reversed(list(enumerate(sides))) if i not in without]


def newest_view(
    joint: JointCells, found: Sequence[tuple[str, PublishedView, int]], *, rule: SmallCellRule, dataset: str
) -> tuple[LinkedCells, PublishedView]:
    """What is seen of a measure when the newest release's figures are taken as right: of ``found`` by
    :func:`views_with_earlier`, or the newest release by itself where the others add nothing."""
    for base, view, _ in found:
        if base == joint.releases[-1]:
            return joint.cells, view
    newest = joint.of_release(len(joint.releases) - 1)
    return joint.cells, published_view(newest, joint.tables[-1], rule=rule, dataset=dataset)


def agrees(view: PublishedView) -> bool:
    """Whether some table agrees with everything in ``view``; for large ones, whether none is certain not to."""
    return _agreement(view)(view)


def _fingerprint(view: PublishedView) -> tuple[bytes, ...]:
    low, high = view.bounds()
    return view.state.tobytes(), low.tobytes(), high.tobytes()


@dataclass(frozen=True)
class _Reading:
    """What another release says of one cell."""

    cell: int
    state: int
    low: int
    high: int


def _together(base: PublishedView, others: Sequence[PublishedView]) -> tuple[PublishedView, int]:
    """``base`` and every reading of ``others`` that agrees with it and with those before; how many do not."""
    wanted: list[_Reading] = []
    for other in others:
        low, high = other.bounds()
        wanted += [
            _Reading(int(c), int(other.state[c]), int(low[c]), int(high[c]))
            for c in np.flatnonzero((base.state != SHOWN) & (other.state != ABSENT))
        ]
    draft = _Draft(base, equations_of(base))
    fitting = [reading for reading in wanted if draft.take(reading)]
    view = draft.view()
    agree = _agreement(base)
    if not fitting or agree(view):
        return view, len(wanted) - len(fitting)
    kept = _largest(draft, agree, [], fitting)
    return _with(draft, kept), len(wanted) - len(kept)


def _largest(
    draft: _Draft, agree: Callable[[PublishedView], bool], kept: list[_Reading], more: list[_Reading]
) -> list[_Reading]:
    """``kept`` and as many of ``more``, in order, as agree: halves that agree are taken as a whole."""
    if not more or agree(_with(draft, [*kept, *more])):
        return [*kept, *more]
    if len(more) == 1:
        return kept
    middle = len(more) // 2
    return _largest(draft, agree, _largest(draft, agree, kept, more[:middle]), more[middle:])


def _with(draft: _Draft, readings: Sequence[_Reading]) -> PublishedView:
    """``draft``'s base with some of the readings it took: fewer cannot contradict a single equation that all fit."""
    again = _Draft(draft.base, draft.equations_of)
    for reading in readings:
        again.note(reading)
    return again.view()


def equations_of(view: PublishedView) -> dict[int, list[int]]:
    """Cell → the equations it stands in."""
    found: dict[int, list[int]] = {}
    for e, (parent, children) in enumerate(view.equations):
        for c in (parent, *children):
            found.setdefault(c, []).append(e)
    return found


class _Draft:
    """A view to which readings are added one by one, each checked against every equation it stands in."""

    def __init__(self, base: PublishedView, equations_of: dict[int, list[int]]):
        self.base, self.equations_of = base, equations_of
        self.value, self.state = base.value.copy(), base.state.copy()
        self.low, self.high = base.bounds()

    def take(self, reading: _Reading) -> bool:
        """Add what is said; False, and nothing is added, when it contradicts what is there."""
        c = reading.cell
        before = self.low[c], self.high[c]
        self.low[c], self.high[c] = max(before[0], reading.low), min(before[1], reading.high)
        if self.low[c] > self.high[c] or not all(self._possible(e) for e in self.equations_of.get(c, ())):
            self.low[c], self.high[c] = before
            return False
        self.note(reading)
        return True

    def note(self, reading: _Reading) -> None:
        """Add what is said, unchecked."""
        c = reading.cell
        self.low[c], self.high[c] = max(self.low[c], reading.low), min(self.high[c], reading.high)
        if reading.state == SHOWN:
            self.state[c], self.value[c] = SHOWN, reading.low
        elif self.state[c] in (ABSENT, BLANK):
            self.state[c] = reading.state

    def _possible(self, equation: int) -> bool:
        parent, children = self.base.equations[equation]
        cells = list(children)
        least = int(self.low[cells].sum())
        endless = bool((self.high[cells] >= UNBOUNDED).any())
        return least <= self.high[parent] and (endless or int(self.high[cells].sum()) >= self.low[parent])

    def view(self) -> PublishedView:
        hidden = self.state != SHOWN
        return replace(
            self.base,
            value=np.where(hidden, NOT_SHOWN, self.value),
            state=self.state,
            known_low=np.where(hidden, self.low, 0),
            known_high=np.where(hidden, self.high, UNBOUNDED),
        )


def _agreement(base: PublishedView) -> Callable[[PublishedView], bool]:
    """Whether some table agrees with everything in a view that says more than ``base`` does."""
    return Agreement(base).possible if int((base.state != SHOWN).sum()) > WHOLE_UP_TO else consistent


def consistent(view: PublishedView) -> bool:
    """Whether some table agrees with everything in ``view``."""
    try:
        low, high = propagate(view)
        for cells in parts(view, np.flatnonzero(low < high)):
            Part(view, cells, low, high, 0, AttackBudget()).first_table()
    except InputError as error:
        if error.slug == CONTRADICTION:
            return False
        raise
    return True
