"""What the published files say of every cell: written a second time, on purpose.

The attack has its own reading of values, codes, rates and percentages. This one shares nothing with it, so that a proof is
not checked with the mistake it was made with. A blank is at least 1, because zeros are shown; code 1 says small and code 2
not small where the two are told apart (Handbook, Guidelines §3; DDG 2.0 §4.4.3); a rounded rate beside a shown denominator
bounds the count above it, and a rate or percentage beside a shown count bounds the one below it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

import numpy as np

from include.opendata.disclosure.cell_states import (
    ABSENT,
    BLANK,
    CODE_COMPLEMENTARY,
    CODE_SMALL,
    NOT_SHOWN,
    SHOWN,
    UNBOUNDED,
)
from include.opendata.disclosure.cells import LinkedCells
from include.opendata.rules.small_cells import SmallCellRule
from include.opendata.vocabulary import ProtectedTable, TableMeasure

STATE_OF_CODE = {"1": CODE_SMALL, "2": CODE_COMPLEMENTARY}


@dataclass(frozen=True, eq=False)
class CellFacts:
    """Per cell: ``state``, ``value`` (-1 unless shown), ``low`` and ``high``, all of n cells."""

    state: np.ndarray
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def before_any_table(cls, cells: LinkedCells) -> CellFacts:
        """Combinations that are published and have no row are zero; all others are open."""
        n = len(cells.keys)
        return cls(
            np.where(cells.published, SHOWN, ABSENT).astype(np.int8),
            np.where(cells.published, 0, NOT_SHOWN).astype(np.int64),
            np.zeros(n, dtype=np.int64),
            np.full(n, UNBOUNDED),
        )

    @property
    def blank(self) -> np.ndarray:
        """bool[n]: in a table, but empty."""
        return np.asarray((self.state != SHOWN) & (self.state != ABSENT))

    def apply_codes(self, rule: SmallCellRule, persons: bool) -> None:
        """Add what a blank and its code say by themselves."""
        self.low[self.blank] = np.maximum(self.low[self.blank], 1)
        large = self.state == CODE_COMPLEMENTARY
        self.low[large] = np.maximum(self.low[large], rule.below)
        if not persons:
            small = self.state == CODE_SMALL
            self.high[small] = np.minimum(self.high[small], rule.largest)
        shown = self.state == SHOWN
        self.low[shown] = self.high[shown] = self.value[shown]

    def narrow(self, cell: int, least: int, most: int) -> None:
        """Add what is known of one cell beside its state."""
        self.low[cell], self.high[cell] = max(self.low[cell], least), min(self.high[cell], most)


def facts_of(cells: LinkedCells, tables: Sequence[ProtectedTable], now: int) -> CellFacts:
    """What ``tables`` say of the measure ``cells`` is about, ``now`` being the number small counts lie below.

    Raises ValueError when a cell is shown and hidden.
    """
    facts = CellFacts.before_any_table(cells)
    shown: set[int] = set()
    hidden: dict[int, int] = {}
    for table, measure, rows in _carrying(cells, tables):
        codes = table.frame[measure.name + "_annotation"].fillna("").tolist()
        for cell, figure, code in zip(rows.tolist(), _whole(table, measure.name), codes, strict=True):
            if figure is None:
                hidden[cell] = _read_code(facts, cell, table, code, now, measure.persons)
            else:
                shown.add(cell)
                facts.value[cell] = figure
        for ratio in table.structure.measures:
            if ratio.role in ("rate", "percent") and measure.name in (ratio.numerator, ratio.denominator):
                _read_ratio(facts, table, measure, ratio, rows)
    if shown & set(hidden):
        raise ValueError("a cell is shown in one table and hidden in another")
    for cell, state in hidden.items():
        facts.state[cell], facts.value[cell] = state, NOT_SHOWN
    clear = np.ones(len(facts.state), dtype=bool)
    clear[list(hidden)] = False
    facts.low[clear], facts.high[clear] = 0, UNBOUNDED
    return facts


def _carrying(
    cells: LinkedCells, tables: Sequence[ProtectedTable]
) -> Iterator[tuple[ProtectedTable, TableMeasure, np.ndarray]]:
    """Every table and measure whose rows are among the cells, with the cell of every row."""
    for table in tables:
        for measure in table.structure.measures:
            rows = cells.rows.get((table.structure.table, measure.name))
            if rows is not None and measure.identity in cells.identities:
                yield table, measure, rows


def _read_code(facts: CellFacts, cell: int, table: ProtectedTable, code: str, now: int, persons: bool) -> int:
    """The state of a blank with ``code``. A code of another number than small counts lie below ``now`` is kept as the bound
    it is, and tells nothing else."""
    if table.annotation == "combined":
        return BLANK
    state = STATE_OF_CODE.get(code, BLANK)
    then = table.annotated_below
    if state == CODE_COMPLEMENTARY:
        facts.narrow(cell, then, int(UNBOUNDED))
    elif state == CODE_SMALL and not persons:
        facts.narrow(cell, 0, then - 1)
    return state if then == now else BLANK


def _read_ratio(
    facts: CellFacts, table: ProtectedTable, measure: TableMeasure, ratio: TableMeasure, rows: np.ndarray
) -> None:
    """Narrow the blanks of ``measure`` by every shown rate or percentage it is the numerator or the denominator of."""
    denominator_row = _below(table, ratio)
    numerator, denominator = _names(ratio)
    above, beneath = _whole(table, numerator), _whole(table, denominator)
    is_above, is_beneath = measure.name == numerator, measure.name == denominator
    texts = table.frame[ratio.name]
    for row in np.flatnonzero(texts.notna().to_numpy()).tolist():
        share = _Share.of(str(texts.iloc[row]), ratio)
        top, bottom = above[row], beneath[denominator_row[row]]
        if is_above and top is None and bottom is not None:
            facts.narrow(int(rows[row]), *share.numerators(bottom))
        elif is_beneath and bottom is None and top:
            facts.narrow(int(rows[denominator_row[row]]), *share.denominators(top))


def _names(ratio: TableMeasure) -> tuple[str, str]:
    """The columns a ratio is made of; a percentage is a part of the same count."""
    numerator = ratio.numerator or ""
    return numerator, numerator if ratio.role == "percent" else ratio.denominator or ""


@dataclass(frozen=True)
class _Share:
    """A rounded ratio: the exact one lies from ``low`` to ``high``, parts per one."""

    low: Fraction
    high: Fraction

    @classmethod
    def of(cls, text: str, ratio: TableMeasure) -> _Share:
        """What was rounded to ``text``."""
        per = 100 if ratio.role == "percent" else (ratio.per or 1)
        half = Fraction(1, 2 * 10 ** (ratio.decimals or 0))
        return cls((Fraction(text) - half) / per, (Fraction(text) + half) / per)

    def numerators(self, denominator: int) -> tuple[int, int]:
        """The least and the most that can stand above ``denominator``."""
        return max(0, ceil(self.low * denominator)), floor(self.high * denominator)

    def denominators(self, numerator: int) -> tuple[int, int]:
        """The least and the most that can stand below ``numerator``, which is not 0."""
        most = floor(numerator / self.low) if self.low > 0 else int(UNBOUNDED)
        return ceil(numerator / self.high), most


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
    return [None if missing else int(value) for value, missing in zip(column, column.isna(), strict=True)]
