"""Reads protected tables as an attacker reads the published files, and makes of them what the attack works on.

Only what is published is read: labels, values, annotations, and the structure the data dictionary tells. Beside the counts
it uses every figure that bounds a blank: a rate or a percentage shown next to a shown denominator, or next to a shown
numerator. A cell shown in one table and blank in another is found here, before any equation is needed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from include.opendata.disclosure.attack.view import PublishedView, denominator_bounds, rate_bounds
from include.opendata.disclosure.cell_states import (
    ABSENT,
    BLANK,
    CODE_COMPLEMENTARY,
    CODE_SMALL,
    NOT_SHOWN,
    SHOWN,
    UNBOUNDED,
)
from include.opendata.disclosure.cells import LinkedCells, link
from include.opendata.errors import AuditFailed, Place
from include.opendata.rules.small_cells import SmallCellRule
from include.opendata.vocabulary import ANNOTATION_SUFFIX, ProtectedTable, TableMeasure


def published_views(
    tables: Sequence[ProtectedTable], *, rule: SmallCellRule, dataset: str
) -> list[tuple[LinkedCells, PublishedView]]:
    """What is published of every protected count, one view per measure identity over all tables.

    Raises AuditFailed when one table shows a cell that another hides.
    """
    described = [(t.structure, {d.name: t.frame[d.name].tolist() for d in t.structure.dimensions}) for t in tables]
    return [(cells, published_view(cells, tables, rule=rule, dataset=dataset)) for cells in link(described, joint=True)]


def published_view(
    cells: LinkedCells, tables: Sequence[ProtectedTable], *, rule: SmallCellRule, dataset: str
) -> PublishedView:
    """What ``tables`` publish of the measure ``cells`` is about; other cells are in no table.

    Raises AuditFailed when one table shows a cell that another hides.
    """
    told = _Told(cells, rule)
    for table in tables:
        for measure in table.structure.measures:
            rows = cells.rows.get((table.structure.table, measure.name))
            if rows is not None and measure.identity in cells.identities:
                told.add(table, measure, rows)
    contradictory = int((told.shown_by & told.hidden_by).sum())
    if contradictory:
        raise AuditFailed(
            f"{contradictory} cells are hidden in one table and shown in another",
            remedy="This is a defect of the suppression: report it. Nothing was published.",
            slug="cell-shown-elsewhere",
            place=Place(dataset=dataset),
        )
    hidden = told.hidden_by
    return PublishedView(
        value=np.where(hidden, NOT_SHOWN, told.value),
        state=told.state,
        equations=cells.equations,
        keys=tuple((name,) for name in cells.names),
        known_low=np.where(hidden, told.low, 0),
        known_high=np.where(hidden, told.high, UNBOUNDED),
        rule=rule,
        persons=told.persons,
        places=cells.keys,
        counts_no_one=cells.counts_no_one,
    )


class _Told:
    """What tables tell of the cells of a measure: int64[n] ``value``, int8[n] ``state``, int64[n] ``low`` and ``high``, and
    bool[n] which cells some table shows and some table hides."""

    def __init__(self, cells: LinkedCells, rule: SmallCellRule):
        n = len(cells.keys)
        self.rule = rule
        # a combination no row stands for is known to be zero
        self.value = np.where(cells.published, 0, NOT_SHOWN).astype(np.int64)
        self.state = np.where(cells.published, SHOWN, ABSENT).astype(np.int8)
        self.shown_by, self.hidden_by = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
        self.low, self.high = np.zeros(n, dtype=np.int64), np.full(n, UNBOUNDED)
        self.persons = False

    def add(self, table: ProtectedTable, measure: TableMeasure, rows: np.ndarray) -> None:
        """Add the figures of a table's ``measure``, whose rows are the cells ``rows``."""
        self.persons = self.persons or measure.persons
        count = table.frame[measure.name]
        blank = count.isna().to_numpy()
        codes = table.frame[measure.name + ANNOTATION_SUFFIX].astype("string").to_numpy()
        self.value[rows[~blank]] = count[~blank].to_numpy(dtype=np.int64)
        self.shown_by[rows[~blank]] = True
        self.hidden_by[rows[blank]] = True
        self.state[rows[blank]] = [self._state(code, table) for code in codes[blank]]
        if table.annotation == "separate":  # also where small counts lie below another number now, or measures differ
            self._bound_by_codes(rows[blank], codes[blank], table.annotated_below, measure.persons)
        for ratio in table.structure.measures:
            if ratio.role in ("rate", "percent") and measure.name in (ratio.numerator, ratio.denominator):
                self._bound_by_ratio(table, measure, ratio, rows)

    def _state(self, code: str, table: ProtectedTable) -> int:
        if table.annotation == "combined" or table.annotated_below != self.rule.below:
            return BLANK  # its codes, if they say anything, speak of another number than small counts lie below now
        return {"1": CODE_SMALL, "2": CODE_COMPLEMENTARY}.get(code, BLANK)

    def _bound_by_codes(self, cells: np.ndarray, codes: np.ndarray, below: int, persons: bool) -> None:
        """Narrow blanks by what their codes say by the number the table was published with."""
        for cell, code in zip(cells.tolist(), codes.tolist(), strict=True):
            if code == "2":
                self._narrow(cell, below, UNBOUNDED)
            elif code == "1" and not persons:
                self._narrow(cell, 0, below - 1)

    def _bound_by_ratio(
        self, table: ProtectedTable, measure: TableMeasure, ratio: TableMeasure, rows: np.ndarray
    ) -> None:
        """Narrow the cells of ``measure`` by every shown value of a rate or percentage that it is a part of."""
        values = table.frame[ratio.name]
        denominators = _denominator_rows(table, ratio)
        above, below = _parts(table, ratio, denominators)
        per, decimals = _scale(ratio)
        is_above = ratio.numerator == measure.name
        is_below = ratio.role == "percent" or ratio.denominator == measure.name
        for row in np.flatnonzero(values.notna().to_numpy()).tolist():
            top, bottom = above[row], below[row]
            if is_above and top is None and bottom is not None:
                self._narrow(rows[row], *rate_bounds(str(values.iloc[row]), bottom, per, decimals))
            elif is_below and bottom is None and top:
                self._narrow(rows[denominators[row]], *denominator_bounds(str(values.iloc[row]), top, per, decimals))

    def _narrow(self, cell: int, least: int, most: int | np.int64) -> None:
        self.low[cell], self.high[cell] = max(self.low[cell], least), min(self.high[cell], most)


def _scale(ratio: TableMeasure) -> tuple[int, int]:
    """Per how many a ratio is counted, and to how many decimals it is rounded."""
    return 100 if ratio.role == "percent" else ratio.per or 1, ratio.decimals or 0


def _parts(
    table: ProtectedTable, ratio: TableMeasure, denominators: list[int]
) -> tuple[list[int | None], list[int | None]]:
    """Numerator and denominator of a ratio on every row, None where they are blank."""
    frame = table.frame

    def column(name: str) -> list[int | None]:
        return [
            None if v is None or v != v else int(v)
            for v in frame[name].astype("object").where(frame[name].notna(), None)
        ]

    above = column(ratio.numerator or "")
    below = column(ratio.denominator or "") if ratio.role == "rate" else above
    return above, [below[row] for row in denominators]


def _denominator_rows(table: ProtectedTable, ratio: TableMeasure) -> list[int]:
    """The row of each row's denominator: its own for a rate; for a percentage the one with ``within`` at its totals."""
    if ratio.role == "rate":
        return list(range(len(table.frame)))
    names = [d.name for d in table.structure.dimensions]
    keys = list(table.frame[names].itertuples(index=False, name=None))
    index = {labels: k for k, labels in enumerate(keys)}
    totals = {d.name: d.total for d in table.structure.dimensions if d.name in ratio.within}
    return [index[tuple(totals.get(n, label) for n, label in zip(names, labels, strict=True))] for labels in keys]
