"""Which counts may not be shown, where earlier releases have shown some already.

Decides how a pattern follows the ones before it. A cell that was shown, and still has that value, is known to whoever kept
the earlier release, so it can hide nothing any more; a small one among them is an incident that people must decide. Where
the last pattern still hides every small count it is used again as it is, whatever the code would choose today: two patterns
over the same figures, laid side by side, show the complements of either, and a revised figure changes little of that. That
all releases together withstand an attack is shown by another room.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from include.opendata.disclosure.history.earlier import Earlier
from include.opendata.disclosure.protect.derived import COMPLEMENTARY, SHOWN, SMALL
from include.opendata.disclosure.protect.engine import Engine, suppression
from include.opendata.disclosure.protect.groups import open_groups
from include.opendata.disclosure.protect.policy import Policy
from include.opendata.disclosure.protect.suppress import Suppression
from include.opendata.disclosure.protect.system import CellSystem
from include.opendata.errors import Place, Refused

BLANK_BEFORE = "blank-before"
"""Why a cell is hidden that need not be: the last release left it blank."""

Keep = Literal["pattern", "shown", "blanks"]
"""How closely a release follows the ones before it. ``pattern``: the last release's blanks, where they still do, else as
``shown``. ``shown``: whatever was shown stays shown. ``blanks``: besides, whatever was blank stays blank."""


@dataclass(frozen=True)
class Follow:
    """``earlier``: what earlier releases showed of the same cells · ``keep``: how closely they are followed."""

    earlier: Earlier
    keep: Keep = "pattern"


def search_after(
    system: CellSystem,
    small: np.ndarray,
    rows_of: Mapping[tuple[str, str], np.ndarray],
    follow: Follow,
    engine: Engine,
) -> Suppression:
    """A pattern that hides ``small`` (bool[n]) and relies on nothing that is public already.

    ``rows_of``: (table, measure) → the cell of every row. Raises Refused: ``small-cell-already-public``;
    ``earlier-releases-in-the-way`` when the counts could be protected, but only by hiding what was shown before; and what
    ``suppress`` raises where the earlier releases are not the reason.
    """
    values = system.values
    before = _shown_before(rows_of, values, follow.earlier)
    _refuse_incident(small & before.same, engine.dataset)
    blank = before.blank & (values > 0)
    if follow.keep == "pattern" and before.complete:
        pattern = _last_pattern(system, small, blank, engine.policy)
        if pattern is not None:
            return pattern
    frozen = before.same & ~small
    if follow.keep == "shown":
        return _search(system, small, frozen, None, engine)
    if follow.keep == "pattern":
        return _search(system, small, frozen, blank, engine)
    return _with_blanks(_search(system, small, frozen | (before.changed & ~small), blank, engine), small, blank)


def _search(
    system: CellSystem, small: np.ndarray, frozen: np.ndarray, given: np.ndarray | None, engine: Engine
) -> Suppression:
    """A pattern that hides nothing ``frozen``. Where there is none, says whether the earlier releases are the reason."""
    try:
        return engine.search(system, small, frozen, given)
    except Refused as refused:
        try:
            engine.search(system, small)
        except Refused:
            raise refused from None
        raise Refused(
            f"the small counts can only be protected by hiding some of {int(frozen.sum())} counts that earlier releases show",
            remedy="Publish a coarser table, more years together or whole periods instead of a period to date; or ask the "
            "data coordinator whether the earlier releases can be withdrawn.",
            slug="earlier-releases-in-the-way",
            place=Place(dataset=engine.dataset),
        ) from None


@dataclass(frozen=True)
class _ShownBefore:
    """bool[n] each: shown before with the value it has (``same``), with other values only (``changed``), ``blank`` in the
    last release · ``complete``: every cell of every row is one of them."""

    same: np.ndarray
    changed: np.ndarray
    blank: np.ndarray
    complete: bool


def _shown_before(rows_of: Mapping[tuple[str, str], np.ndarray], values: np.ndarray, earlier: Earlier) -> _ShownBefore:
    same, changed, blank = (np.zeros(len(values), dtype=bool) for _ in range(3))
    for place, rows in rows_of.items():
        for cell, shown in zip(rows.tolist(), earlier.shown[place], strict=True):
            same[cell] |= int(values[cell]) in shown
            changed[cell] |= bool(shown) and int(values[cell]) not in shown
        blank[rows[earlier.hidden[place]]] = True
    published = np.concatenate(list(rows_of.values()))
    complete = bool((same | changed | blank)[published].all())
    return _ShownBefore(same, changed & ~same, blank, complete)


def _last_pattern(system: CellSystem, small: np.ndarray, blank: np.ndarray, policy: Policy) -> Suppression | None:
    """The last release's blanks, if they hide every small cell and leave no group open."""
    if (small & ~blank).any():
        return None
    if open_groups(system, blank, policy.rule):
        return None
    codes = np.where(small, SMALL, SHOWN).astype(np.int8)
    return _with_blanks(suppression(policy, system, small, codes), small, blank)


def _with_blanks(pattern: Suppression, small: np.ndarray, blank: np.ndarray) -> Suppression:
    """The same pattern with ``blank`` (bool[n]) left blank too."""
    codes = np.where(blank & (pattern.codes == SHOWN), COMPLEMENTARY, pattern.codes).astype(np.int8)
    codes[small] = SMALL
    kept = [(int(cell), BLANK_BEFORE) for cell in np.flatnonzero(codes != pattern.codes)]
    figures = pattern.figures | {"complementary": int((codes == COMPLEMENTARY).sum())}
    return replace(pattern, codes=codes, figures=figures, reasons=tuple(sorted([*pattern.reasons, *kept])))


def _refuse_incident(exposed: np.ndarray, dataset: str) -> None:
    """A small cell that an earlier release shows with the value it still has cannot be hidden any more."""
    if exposed.any():
        raise Refused(
            f"{int(exposed.sum())} counts that are small now have been shown, with the same value, by an earlier release",
            remedy="Treat it as a disclosure incident: tell the data coordinator and the privacy officer, who decide whether "
            "the earlier release is withdrawn and how this dataset goes on. The pipeline publishes nothing until then.",
            slug="small-cell-already-public",
            place=Place(dataset=dataset),
        )
