"""What can be re-checked of a table of whole percentages, from the published file alone (DDG 2.0 §4.4).

Such a release keeps no witness: its counts are published nowhere, and the store shall not hold them either. The table is
checked for what it may show (three categories and a total; whole percentages; one blank, annotated as less than 1 %; the
others adding up to what rounding allows), and pairs of whole-number tables are made anew that agree with it, have one and
the same total of at least the least one allowed, and differ by the width in the small count. What the file cannot tell is
taken from the run's record and not proven here: that the true total is large enough, and that no other count was published.
"""

from __future__ import annotations

from fractions import Fraction

from include.opendata.rules.small_cells import SmallCellRule
from include.opendata.vocabulary import ProtectedTable

TRIED = 400
"""How many totals, from the least allowed on, are looked at."""


def check_percentages(table: ProtectedTable, *, least_total: int, rule: SmallCellRule) -> tuple[str, ...]:
    """What is wrong, as sentences without values; none when all that can be re-checked holds."""
    structure, frame = table.structure, table.frame
    name = structure.table
    if len(structure.dimensions) != 1 or len(structure.measures) != 1 or structure.measures[0].decimals:
        return (f"{name}: it is not one dimension with one percentage in whole numbers.",)
    (dimension,), (measure,) = structure.dimensions, structure.measures
    labels = frame[dimension.name].tolist()
    if len(dimension.labels) != 3 or labels != [*dimension.labels, dimension.total]:
        return (f"{name}: its rows are not three categories and their total.",)
    shown = [
        None if missing else Fraction(str(one))
        for one, missing in zip(frame[measure.name], frame[measure.name].isna(), strict=True)
    ]
    codes = frame[measure.name + "_annotation"].fillna("").tolist()
    if any((value is None) != (code == "1") or code not in ("", "1") for value, code in zip(shown, codes, strict=True)):
        return (f"{name}: a blank is not annotated as less than 1 %, or a figure is annotated.",)
    if [value is None for value in shown].count(True) != 1 or shown[3] is None:
        return (f"{name}: not exactly one category is blank.",)
    figures = [value for value in shown[:3] if value is not None]
    if any(value.denominator != 1 or not 0 <= value <= 100 for value in figures) or shown[3] != 100:
        return (f"{name}: its percentages are not whole numbers from 0 to 100 with a total of 100.",)
    if not 99 <= sum(figures) <= 100:
        return (f"{name}: its percentages do not add up to what a remainder of less than 1 % leaves.",)
    first, second = (int(value) for value in figures)
    if not any(_wide(first, second, total, rule) for total in range(least_total, least_total + TRIED)):
        return (f"{name}: no two tables with one total agree with it and differ enough in the small count.",)
    return ()


def _wide(first: int, second: int, total: int, rule: SmallCellRule) -> bool:
    """Whether two tables of ``total`` agree with the percentages and differ by the rule's width in the small count."""
    fitting = [small for small in range(1, rule.below) if _fits(first, second, total, small, rule.below)]
    return bool(fitting) and fitting[-1] - fitting[0] >= rule.width


def _fits(first: int, second: int, total: int, small: int, below: int) -> bool:
    if 100 * small >= total:
        return False
    return any(_published(total - small - one, total, second, below) for one in _near(first, total, below))


def _near(percent: int, total: int, below: int) -> list[int]:
    """Every count that is published as ``percent`` of ``total`` and is not small."""
    around = range(max(0, (percent - 1) * total // 100), min(total, (percent + 1) * total // 100 + 1) + 1)
    return [count for count in around if _published(count, total, percent, below)]


def _published(count: int, total: int, percent: int, below: int) -> bool:
    """Whether ``count`` is shown as ``percent``: rounded half up; empty, or no small count and 1 % or more."""
    if not 0 <= count <= total or (count and (count < below or 100 * count < total)):
        return False
    return (200 * count + total) // (2 * total) == percent
