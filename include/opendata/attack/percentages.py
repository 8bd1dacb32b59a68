"""The attack on a table of whole percentages that shows no count: what can the small category's count be?

The attacker reads the published percentages and the method: exactly one category is small, its percentage is below one,
every other category is empty or 1 % and more. The total is not published; the attacker here has learned it all the same,
which is the worst case: whoever knows less is left with every total, and so with more tables that agree.

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
