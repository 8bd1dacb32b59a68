"""What can be re-checked of a table of whole percentages, from the published file alone (DDG 2.0 §4.4).

Such a release keeps no witness: its counts are published nowhere, and the store shall not hold them either. The table is
checked for what it may show (three categories and a total; whole percentages; one blank, annotated as less than 1 %; the
others adding up to what rounding allows), and pairs of whole-number tables are made again that agree with it, have one and
the same total of at least the least one allowed, and differ by the width in the small count. What the file cannot tell is
taken from the run's record and not proven here: that the true total is large enough, and that no other count was published.
"""

from __future__ import annotations

from fractions import Fraction

from include.opendata.disclosure.history.published import PublishedLimits
from include.opendata.vocabulary import ProtectedTable

TRIED = 400
"""How many totals, from the least allowed on, are looked at."""


def check_percentages(table: ProtectedTable, limits: PublishedLimits) -> tuple[str, ...]:
    """What is wrong, as sentences without values; none when all that can be re-checked holds.

    ``limits``: the numbers the table was published by.
    """
    wrong = _shape(table) or _annotations(table) or _figures(table)
    if not wrong:
        first, second = (int(value) for value in _shown(table)[:3] if value is not None)
        totals = range(limits.total_at_least, limits.total_at_least + TRIED)
        if not any(_wide(first, second, total, limits) for total in totals):
            wrong = "no two tables with one total agree with it and differ enough in the small count."
    return (f"{table.structure.table}: {wrong}",) if wrong else ()


def _shape(table: ProtectedTable) -> str:
    """What is wrong with the table's rows and columns."""
    structure = table.structure
    if len(structure.dimensions) != 1 or len(structure.measures) != 1 or structure.measures[0].decimals:
        return "it is not one dimension with one percentage in whole numbers."
    (dimension,) = structure.dimensions
    if len(dimension.labels) != 3 or table.frame[dimension.name].tolist() != [*dimension.labels, dimension.total]:
        return "its rows are not three categories and their total."
    return ""


def _annotations(table: ProtectedTable) -> str:
    """What is wrong with what is blank, of a table of the right shape."""
    (measure,) = table.structure.measures
    shown = _shown(table)
    codes = table.frame[measure.name + "_annotation"].fillna("").tolist()
    if codes != ["1" if value is None else "" for value in shown]:
        return "a blank is not annotated as less than 1 %, or a figure is annotated."
    if shown.count(None) != 1 or shown[3] is None:
        return "not exactly one category is blank."
    return ""


def _figures(table: ProtectedTable) -> str:
    """What is wrong with the percentages shown, where exactly one category is blank."""
    *categories, total = _shown(table)
    figures = [value for value in categories if value is not None]
    if any(value.denominator != 1 or not 0 <= value <= 100 for value in figures) or total != 100:
        return "its percentages are not whole numbers from 0 to 100 with a total of 100."
    if not 99 <= sum(figures) <= 100:
        return "its percentages do not add up to what a remainder of less than 1 % leaves."
    return ""


def _shown(table: ProtectedTable) -> list[Fraction | None]:
    """The percentage of every row, None where it is blank."""
    column = table.frame[table.structure.measures[0].name]
    return [None if missing else Fraction(str(value)) for value, missing in zip(column, column.isna(), strict=True)]


def _wide(first: int, second: int, total: int, limits: PublishedLimits) -> bool:
    """Whether two tables of ``total`` agree with the percentages and differ by the width in the small count."""
    below = limits.annotated_below
    fitting = [small for small in range(1, below) if _fits(first, second, total, small, below)]
    return bool(fitting) and fitting[-1] - fitting[0] >= limits.width


def _fits(first: int, second: int, total: int, small: int, below: int) -> bool:
    if 100 * small >= total:
        return False
    return any(_published(total - small - count, total, second, below) for count in _near(first, total, below))


def _near(percent: int, total: int, below: int) -> list[int]:
    """Every count that is published as ``percent`` of ``total`` and is not small."""
    around = range(max(0, (percent - 1) * total // 100), min(total, (percent + 1) * total // 100 + 1) + 1)
    return [count for count in around if _published(count, total, percent, below)]


def _published(count: int, total: int, percent: int, below: int) -> bool:
    """Whether ``count`` is shown as ``percent``: rounded half up; empty, or no small count and 1 % or more."""
    if not 0 <= count <= total or (count and (count < below or 100 * count < total)):
        return False
    return (200 * count + total) // (2 * total) == percent
