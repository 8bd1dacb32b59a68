"""The attack on a table of whole percentages that shows no count: what can the small category's count be?

The attacker reads the published percentages and the method: exactly one category is small, its percentage is below one,
every other category is empty or 1 % and more. The total is not published; the attacker here has learned it all the same,
which is the worst case: whoever knows less is left with every total, and so with more tables that agree.

Somebody who kept an earlier release compares: the same people, or some more, or some fewer, with both totals known to him.
The earlier total is not kept here, so every one it may have had is tried.

Everything is exact integer arithmetic; no table is drawn by chance. The rounding is half away from zero, as it is published.
"""

from __future__ import annotations

from dataclasses import dataclass

from include.opendata.vocabulary import ProtectedTable


@dataclass(frozen=True)
class SmallCount:
    """``tables``: two tables (counts in the published order of the categories) that agree with everything published, one
    with the least and one with the largest small count there can be; the same one twice when it is determined."""

    tables: tuple[tuple[int, ...], tuple[int, ...]]
    small: int
    """Which category is the small one."""

    @property
    def width(self) -> int:
        """How far apart the largest and the least possible count are."""
        least, largest = self.tables
        return largest[self.small] - least[self.small]


def attack_percentages(protected: ProtectedTable, *, total: int, threshold: int) -> SmallCount | None:
    """What an attacker who knows ``total`` finds. None when no table agrees with what is published, which is a defect."""
    (dimension,), (measure,) = protected.structure.dimensions, protected.structure.measures
    shown = protected.frame.set_index(dimension.name)[measure.name].dropna()
    blank = [k for k, label in enumerate(dimension.labels) if label not in shown.index]
    if len(blank) != 1 or len(dimension.labels) != 3:
        return None
    (small,) = blank
    first, second = (int(shown[label]) for label in dimension.labels if label in shown.index)
    found = []
    for count in range(1, threshold):
        if 100 * count >= total:
            break
        pair = _pair(total - count, _counts(first, total, threshold), _counts(second, total, threshold))
        if pair is not None:
            table = list(pair)
            table.insert(small, count)
            found.append(tuple(table))
    return SmallCount((found[0], found[-1]), small) if found else None


def withstand_together(
    earlier: ProtectedTable,
    newest: ProtectedTable,
    *,
    total: int,
    least_total: int,
    threshold: int,
    width: int,
    earlier_threshold: int | None = None,
) -> bool:
    """Whether two releases of one table tell no small count to somebody who knows both totals and that one of them counts
    everybody the other counts. ``total``: of ``newest`` · ``least_total``: the total of a published table is this or more ·
    ``earlier_threshold``: the number the small count of ``earlier`` lies below, where it is another one than now.

    The small count of either must keep values ``width`` apart, and so must what they differ by, unless it may be nothing.
    Tables that cannot be compared category by category do not withstand: what they tell together was not looked at.
    """
    first, second = _shown(earlier), _shown(newest)
    if first is None or second is None or first[:2] != second[:2]:
        return False
    below = threshold if earlier_threshold is None else earlier_threshold
    for before in sorted({*range(least_total, PINNED_BELOW), *range(max(least_total, total - NEAR), total + NEAR)}):
        then, now = (first[2], before, below), (second[2], total, threshold)
        fewer, more = (then, now) if before <= total else (now, then)
        alone = [x for x in range(1, below) if _possible(first[2], before, x, below)]
        if not alone or alone[-1] - alone[0] < width:
            continue  # it would not have been published
        if not _nested_withstand(fewer[0], fewer[1], fewer[2], more[0], more[1], more[2], width):
            return False
    return True


PINNED_BELOW = 4_000
"""From this total on a rounded percentage leaves every small count possible: ten are less than half a percent of 4,000."""
NEAR = 200


def _shown(table: ProtectedTable) -> tuple[tuple[str, ...], int, tuple[int, int]] | None:
    """(labels, which of them is blank, the two percentages shown)."""
    (dimension,), (measure,) = table.structure.dimensions, table.structure.measures
    shown = table.frame.set_index(dimension.name)[measure.name].dropna()
    blank = [k for k, label in enumerate(dimension.labels) if label not in shown.index]
    if len(blank) != 1 or len(dimension.labels) != 3:
        return None
    first, second = (int(shown[label]) for label in dimension.labels if label in shown.index)
    return dimension.labels, blank[0], (first, second)


def _possible(percents: tuple[int, int], total: int, small: int, threshold: int) -> bool:
    firsts, seconds = (_counts(p, total, threshold) for p in percents)
    return 100 * small < total and _pair(total - small, firsts, seconds) is not None


def _nested_withstand(
    inner: tuple[int, int],
    fewer: int,
    inner_below: int,
    outer: tuple[int, int],
    more: int,
    outer_below: int,
    width: int,
) -> bool:
    """Of ``fewer`` people with percentages ``inner`` among ``more`` with ``outer``, the small count of each below its own
    number; a comparison that contradicts tells nothing."""
    ways = [
        (a1, b1, a2, b2)
        for a1 in _counts(inner[0], fewer, inner_below)
        for b1 in _counts(inner[1], fewer, inner_below)
        for a2 in _counts(outer[0], more, outer_below)
        for b2 in _counts(outer[1], more, outer_below)
    ]
    pairs = [
        (x1, x2)
        for x1 in range(1, inner_below)
        for x2 in range(x1, outer_below)
        if 100 * x1 < fewer and 100 * x2 < more and any(_fit(*way, fewer - x1, more - x2) for way in ways)
    ]
    if not pairs:
        return True
    for values in ([x1 for x1, _ in pairs], [x2 for _, x2 in pairs]):
        if max(values) - min(values) < width:
            return False
    apart = {x2 - x1 for x1, x2 in pairs}
    return 0 in apart or max(apart) - min(apart) >= width


def _fit(a1: range, b1: range, a2: range, b2: range, one: int, two: int) -> bool:
    """Whether counts of two categories, ``one`` and ``two`` together, fit both tables and grow in neither the wrong way."""
    low1, high1 = max(a1[0], one - b1[-1]), min(a1[-1], one - b1[0])
    low2, high2 = max(a2[0], two - b2[-1]), min(a2[-1], two - b2[0])
    if low1 > high1 or low2 > high2:
        return False
    return max(low2 - high1, 0) <= min(high2 - low1, two - one)


def _counts(percent: int, total: int, threshold: int) -> list[range]:
    """The counts of a category that is not small and is published as ``percent`` of ``total``."""
    least = -((1 - 2 * percent) * total // 200)  # half away from zero: (percent − ½) % and more …
    most = -(-(2 * percent + 1) * total // 200) - 1  # … and less than (percent + ½) %
    large = range(max(least, threshold, -(-total // 100)), min(most, total) + 1)
    return [one for one in (range(1 if least <= 0 else 0), large) if one]


def _pair(wanted: int, firsts: list[range], seconds: list[range]) -> tuple[int, int] | None:
    """Two counts, one of each, that add up to ``wanted``."""
    for a in firsts:
        for b in seconds:
            first = max(a.start, wanted - b[-1])
            if first in a and wanted - first in b:
                return first, wanted - first
    return None
