"""What the published files say of every cell: written a second time, on purpose.

The attack has its own reading of values, codes, rates and percentages. This one shares nothing with it, so that a proof is
not checked with the mistake it was made with. A blank is at least 1, because zeros are shown; code 1 says small and code 2
not small where the two are told apart (Handbook, Guidelines §3; DDG 2.0 §4.4.3); a rounded rate beside a shown denominator
bounds the count above it, and a rate or percentage beside a shown count bounds the one below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

import numpy as np

from include.opendata.disclosure.cells import LinkedCells
from include.opendata.vocabulary import ProtectedTable, TableMeasure

SHOWN, SMALL, COMPLEMENTARY, BLANK, ABSENT = 0, 1, 2, 3, 4
ENDLESS = np.int64(2**62)


@dataclass(frozen=True, eq=False)
class Facts:
    """Per cell: ``state``, ``value`` (-1 unless shown), ``low`` and ``high``, all of n cells."""

    state: np.ndarray
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def say(self, threshold: int, persons: bool) -> None:
        """Add what a blank and its code say by themselves."""
        blank = (self.state != SHOWN) & (self.state != ABSENT)
        self.low[blank] = np.maximum(self.low[blank], 1)
        large = self.state == COMPLEMENTARY
        self.low[large] = np.maximum(self.low[large], threshold)
        if not persons:
            small = self.state == SMALL
            self.high[small] = np.minimum(self.high[small], threshold - 1)
        shown = self.state == SHOWN
        self.low[shown] = self.high[shown] = self.value[shown]


def facts_of(cells: LinkedCells, tables: Sequence[ProtectedTable], now: int | None) -> Facts:
    """What ``tables`` say of the measure ``cells`` is about, ``now`` being the number small counts lie below.

    Raises ValueError when a cell is shown and hidden.
    """
    n = len(cells.keys)
    state = np.where(cells.published, SHOWN, ABSENT).astype(np.int8)
    value = np.where(cells.published, 0, -1).astype(np.int64)
    low, high = np.zeros(n, dtype=np.int64), np.full(n, ENDLESS)
    shown: set[int] = set()
    hidden: dict[int, int] = {}
    for table in tables:
        for measure in table.structure.measures:
            rows = cells.rows.get((table.structure.table, measure.name))
            if rows is None or measure.identity != cells.identity:
                continue
            codes = table.frame[measure.name + "_annotation"].fillna("").tolist()
            for cell, figure, code in zip(rows.tolist(), _whole(table, measure.name), codes, strict=True):
                if figure is None:
                    said = BLANK if table.annotation == "combined" else {"1": 1, "2": 2}.get(code, BLANK)
                    then = table.small_below
                    if then not in (None, now):  # a code of another number is kept as the bound it is
                        if said == COMPLEMENTARY:
                            low[cell] = max(low[cell], then)
                        elif said == SMALL and not measure.persons:
                            high[cell] = min(high[cell], then - 1)
                        said = BLANK
                    hidden[cell] = said
                else:
                    shown.add(cell)
                    value[cell] = figure
            for ratio in table.structure.measures:
                if ratio.role in ("rate", "percent") and measure.name in (ratio.numerator, ratio.denominator):
                    _bound(table, measure, ratio, rows, low, high)
    if shown & set(hidden):
        raise ValueError("a cell is shown in one table and hidden in another")
    for cell, code in hidden.items():
        state[cell], value[cell] = code, -1
    clear = np.ones(n, dtype=bool)
    clear[list(hidden)] = False
    low[clear], high[clear] = 0, ENDLESS
    return Facts(state, value, low, high)


def _bound(
    table: ProtectedTable,
    measure: TableMeasure,
    ratio: TableMeasure,
    rows: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
) -> None:
    per = 100 if ratio.role == "percent" else (ratio.per or 1)
    half = Fraction(1, 2 * 10 ** (ratio.decimals or 0))
    below_at = _below(table, ratio)
    above = _whole(table, ratio.numerator or "")
    beneath = above if ratio.role == "percent" else _whole(table, ratio.denominator or "")
    texts = table.frame[ratio.name]
    for row, missing in enumerate(texts.isna().tolist()):
        if missing:
            continue
        exact = Fraction(str(texts.iloc[row]))
        top, bottom = above[row], beneath[below_at[row]]
        if top is None and bottom is not None and ratio.numerator == measure.name:
            cell = int(rows[row])
            low[cell] = max(low[cell], 0, ceil((exact - half) * bottom / per))
            high[cell] = min(high[cell], floor((exact + half) * bottom / per))
        elif bottom is None and top and (ratio.role == "percent" or ratio.denominator == measure.name):
            cell = int(rows[below_at[row]])
            low[cell] = max(low[cell], ceil(Fraction(top * per) / (exact + half)))
            if exact > half:
                high[cell] = min(high[cell], floor(Fraction(top * per) / (exact - half)))


def _below(table: ProtectedTable, ratio: TableMeasure) -> list[int]:
    """The row that holds each row's denominator."""
    if ratio.role == "rate":
        return list(range(len(table.frame)))
    dimensions = table.structure.dimensions
    rows = list(zip(*(table.frame[d.name].tolist() for d in dimensions), strict=True))
    at = {labels: number for number, labels in enumerate(rows)}
    return [
        at[tuple(d.total if d.name in ratio.within else label for d, label in zip(dimensions, labels, strict=True))]
        for labels in rows
    ]


def _whole(table: ProtectedTable, name: str) -> list[int | None]:
    column = table.frame[name]
    return [None if missing else int(one) for one, missing in zip(column, column.isna(), strict=True)]
