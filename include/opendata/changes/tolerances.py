"""Whether published figures moved further from one release to the next than the declaration lets them unseen.

Only figures that are shown in both releases are compared, so what is said of them reveals nothing hidden. A figure
that vanished with its category moved by all it was; one that rose from zero moved further than any percentage. Where a
figure is blank in one of the two there is nothing to compare, and it is counted as such.
"""

from __future__ import annotations

import numpy as np

from include.opendata.changes.compare import matched
from include.opendata.changes.report import ToleranceResult
from include.opendata.changes.sides import Mask, Side, TableFacts
from include.opendata.declaration.refreshing import Tolerance

NAMED_AT_MOST = 12


def check_tolerances(
    old: Side, new: Side, tolerances: list[Tolerance], facts: TableFacts
) -> tuple[ToleranceResult, ...]:
    """One result per tolerance, in the declared order. The sides are named by the same columns."""
    return tuple(
        _rows(old, new, tolerance)
        if tolerance.measure is None
        else _figures(old, new, tolerance, tolerance.measure, facts)
        for tolerance in tolerances
    )


def _rows(old: Side, new: Side, tolerance: Tolerance) -> ToleranceResult:
    beyond = not len(old) or 100 * abs(len(new) - len(old)) / len(old) >= tolerance.percent
    return ToleranceResult(
        rule=f"the number of rows moves by less than {tolerance.percent:g} %",
        compared=1,
        beyond=int(beyond),
        where=("number of rows",) if beyond else (),
        not_compared=0,
    )


def _figures(old: Side, new: Side, tolerance: Tolerance, measure: str, facts: TableFacts) -> ToleranceResult:
    by = [name for name in old.key if name in tolerance.by]
    rule = f"{measure}{' by ' + ' and '.join(by) if by else ' in all'} moves by less than {tolerance.percent:g} %"
    if measure not in old.types:
        return ToleranceResult(rule=rule, compared=0, beyond=0, where=(), not_compared=int(_at(new, by, facts).sum()))
    chosen = np.flatnonzero(_at(old, by, facts))
    at = matched(new, old)[chosen]  # where each old row stands in the new file
    was = old.figures(measure)[chosen]
    now = np.where(at >= 0, np.append(new.figures(measure), np.nan)[at], 0.0)
    known = ~np.isnan(was) & ~np.isnan(now)
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = np.where(was == now, 0.0, 100 * np.abs(now - was) / np.abs(was))
    beyond = np.flatnonzero(known & (moved >= tolerance.percent))
    names = [", ".join(old.label_of(int(chosen[i]))[name] for name in by) or "in all" for i in beyond[:NAMED_AT_MOST]]
    more = [f"… and {len(beyond) - NAMED_AT_MOST} more"] if len(beyond) > NAMED_AT_MOST else []
    return ToleranceResult(
        rule=rule,
        compared=int(known.sum()),
        beyond=len(beyond),
        where=(*names, *more),
        not_compared=int((~known).sum()),
    )


def _at(side: Side, by: list[str], facts: TableFacts) -> Mask:
    """bool[rows]: a category of every dimension in ``by``, the total of all others."""
    mask = np.ones(len(side), dtype=bool)
    for name in side.key:
        mask &= ~side.at_total(name, facts) if name in by else side.at_total(name, facts)
    return mask
