"""The attack on a table of whole percentages that shows no count: what can the small category's count be?

The attacker reads the published percentages and the method: exactly one category is small, its percentage is below one,
every other category is empty or 1 % and more. The total is not published; the attacker here has learned it all the same,
which is the worst case: whoever knows less is left with every total, and so with more tables that agree.

A person who kept an earlier release compares: the same people, or some more, or some fewer, with both totals known to him.
The earlier total is not kept here, so every one it may have had is tried.

Everything is exact integer arithmetic; no table is drawn by chance. The rounding is half away from zero, as it is published.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from include.opendata.disclosure.history.published import PublishedLimits
from include.opendata.rules.small_cells import SmallCellRule
from include.opendata.vocabulary import ProtectedTable

PINNED_BELOW = 4_000
"""From this total on a rounded percentage leaves every small count possible: ten are less than half a percent of 4,000."""
NEAR = 200
"""Earlier totals up to this far from the newest one are tried, whatever the size."""


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


@dataclass(frozen=True)
class _Shown:
    """What a table shows: its categories, which of them is ``blank``, and the percentages of the two others."""

    labels: tuple[str, ...]
    blank: int
    percents: tuple[int, int]


@dataclass(frozen=True)
class KnownPercentages:
    """What the attacker knows of one release: the two ``percents`` shown, the ``total``, and that the third count is small,
    from 1 to ``below`` - 1."""

    percents: tuple[int, int]
    total: int
    below: int

    @property
    def small_counts(self) -> range:
        """Counts that are small and less than 1 % of the total."""
        return range(1, min(self.below, -(-self.total // 100)))

    def ranges(self, position: int) -> list[range]:
        """The counts of a category that is not small and is published as the percentage at ``position``."""
        percent, total = self.percents[position], self.total
        least = -((1 - 2 * percent) * total // 200)  # half away from zero: (percent − ½) % and more …
        most = -(-(2 * percent + 1) * total // 200) - 1  # … and less than (percent + ½) %
        empty = range(1 if least <= 0 else 0)
        large = range(max(least, self.below, -(-total // 100)), min(most, total) + 1)
        return [counts for counts in (empty, large) if counts]

    def others(self, small: int) -> tuple[int, int] | None:
        """Counts of the two categories shown when the small one has ``small``; None when there are none."""
        wanted = self.total - small
        for firsts in self.ranges(0):
            for seconds in self.ranges(1):
                first = max(firsts.start, wanted - seconds[-1])
                if first in firsts and wanted - first in seconds:
                    return first, wanted - first
        return None

    def leaves_open(self, width: int) -> bool:
        """Whether the small count keeps values ``width`` apart for whoever sees this release alone."""
        fitting = [small for small in self.small_counts if self.others(small) is not None]
        return bool(fitting) and fitting[-1] - fitting[0] >= width


def attack_percentages(protected: ProtectedTable, *, total: int, rule: SmallCellRule) -> SmallCount | None:
    """What an attacker who knows ``total`` finds. None when no table agrees with what is published, which is a defect."""
    shown = _shown(protected)
    if shown is None:
        return None
    known = KnownPercentages(shown.percents, total, rule.below)
    tables = []
    for small in known.small_counts:
        counts = known.others(small)
        if counts is not None:
            tables.append((*counts[: shown.blank], small, *counts[shown.blank :]))
    return SmallCount((tables[0], tables[-1]), shown.blank) if tables else None


def withstand_together(
    earlier: ProtectedTable,
    newest: ProtectedTable,
    *,
    total: int,
    rule: SmallCellRule,
    limits: PublishedLimits,
) -> bool:
    """Whether two releases of one table reveal no small count to a person who knows both totals and that one of them counts
    everybody the other counts. ``total``: of ``newest`` · ``rule``: the one ``newest`` is made by · ``limits``: the numbers
    ``earlier`` was published by, which may be others than now.

    The small count of either must keep values apart by the larger width of then and now, and so must what they differ by,
    unless it may be nothing. Tables that cannot be compared category by category do not withstand: what they tell together
    was not looked at.
    """
    first, second = _shown(earlier), _shown(newest)
    if first is None or second is None or (first.labels, first.blank) != (second.labels, second.blank):
        return False
    now = KnownPercentages(second.percents, total, rule.below)
    least, width = limits.total_at_least, max(rule.width, limits.width)
    for earlier_total in sorted({*range(least, PINNED_BELOW), *range(max(least, total - NEAR), total + NEAR)}):
        then = KnownPercentages(first.percents, earlier_total, limits.annotated_below)
        if not then.leaves_open(limits.width):
            continue  # it would not have been published
        fewer, more = (then, now) if earlier_total <= total else (now, then)
        if not nested_withstand(fewer, more, width):
            return False
    return True


def _shown(table: ProtectedTable) -> _Shown | None:
    """What ``table`` shows; None unless exactly one of three categories is blank."""
    (dimension,), (measure,) = table.structure.dimensions, table.structure.measures
    shown = table.frame.set_index(dimension.name)[measure.name].dropna()
    blank = [k for k, label in enumerate(dimension.labels) if label not in shown.index]
    if len(blank) != 1 or len(dimension.labels) != 3:
        return None
    first, second = (int(shown[label]) for label in dimension.labels if label in shown.index)
    return _Shown(dimension.labels, blank[0], (first, second))


def nested_withstand(fewer: KnownPercentages, more: KnownPercentages, width: int) -> bool:
    """Whether ``fewer`` people, all of them among ``more``, leave both small counts and their difference open; a comparison
    that contradicts tells nothing."""
    pairs = _small_pairs(fewer, more)
    if not pairs:
        return True
    inner, outer = {small for small, _ in pairs}, {small for _, small in pairs}
    growth = {later - before for before, later in pairs}
    return _open(inner, width) and _open(outer, width) and (0 in growth or _open(growth, width))


def _open(values: Collection[int], width: int) -> bool:
    return max(values) - min(values) >= width


def _small_pairs(fewer: KnownPercentages, more: KnownPercentages) -> list[tuple[int, int]]:
    """The two small counts there can be together: of ``fewer``, and of ``more``, which is no less."""
    ways = [
        (inner_first, inner_second, outer_first, outer_second)
        for inner_first in fewer.ranges(0)
        for inner_second in fewer.ranges(1)
        for outer_first in more.ranges(0)
        for outer_second in more.ranges(1)
    ]
    return [
        (inner, outer)
        for inner in fewer.small_counts
        for outer in more.small_counts
        if inner <= outer and any(_fit(*way, fewer.total - inner, more.total - outer) for way in ways)
    ]


def _fit(
    inner_first: range, inner_second: range, outer_first: range, outer_second: range, inner: int, outer: int
) -> bool:
    """Whether counts of two categories, ``inner`` and ``outer`` together, fit both tables and shrink in neither category."""
    low, high = max(inner_first[0], inner - inner_second[-1]), min(inner_first[-1], inner - inner_second[0])
    later_low, later_high = max(outer_first[0], outer - outer_second[-1]), min(outer_first[-1], outer - outer_second[0])
    if low > high or later_low > later_high:
        return False
    return max(later_low - high, 0) <= min(later_high - low, outer - inner)
