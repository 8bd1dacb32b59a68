"""Reads protected tables the way a stranger reads the published files, and makes of them what the attack works on.

Only what is published is read: labels, values, annotations, and the structure the data dictionary tells. Beside the counts
it uses every figure that bounds a blank: a rate or a percentage shown next to a shown denominator, or next to a shown
numerator. A cell shown in one table and blank in another is found here, before any equation is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor

import numpy as np

from include.opendata.disclosure.attack.view import PublishedView, rate_bounds
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
    n = len(cells.keys)
    # a combination no row stands for is known to be zero
    value = np.where(cells.published, 0, NOT_SHOWN).astype(np.int64)
    state = np.where(cells.published, SHOWN, ABSENT).astype(np.int8)
    shown_by, hidden_by = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    low, high = np.zeros(n, dtype=np.int64), np.full(n, UNBOUNDED)
    persons = False
    for table in tables:
        for measure in table.structure.measures:
            rows = cells.rows.get((table.structure.table, measure.name))
            if rows is None or measure.identity != cells.identity:
                continue
            persons = persons or measure.persons
            count = table.frame[measure.name]
            blank = count.isna().to_numpy()
            codes = table.frame[measure.name + ANNOTATION_SUFFIX].astype("string").to_numpy()
            value[rows[~blank]] = count[~blank].to_numpy(dtype=np.int64)
            shown_by[rows[~blank]] = True
            hidden_by[rows[blank]] = True
            if table.small_below == rule.below:
                state[rows[blank]] = [_state(code, table.annotation) for code in codes[blank]]
            else:  # its codes speak of another number than the one small counts lie below now
                state[rows[blank]] = BLANK
                _bound_by_codes(table, measure, rows, low, high)
            _bound_by_ratios(table, measure, rows, low, high)
    contradictory = int((shown_by & hidden_by).sum())
    if contradictory:
        raise AuditFailed(
            f"{contradictory} cells are hidden in one table and shown in another",
            remedy="This is a defect of the suppression: report it. Nothing was published.",
            slug="cell-shown-elsewhere",
            place=Place(dataset=dataset),
        )
    hidden = hidden_by
    value[hidden] = NOT_SHOWN
    return PublishedView(
        value=value,
        state=state,
        equations=cells.equations,
        keys=tuple((name,) for name in cells.names),
        known_low=np.where(hidden, low, 0),
        known_high=np.where(hidden, high, UNBOUNDED),
        rule=rule,
        persons=persons,
        places=cells.keys,
    )


def _state(code: str, annotation: str) -> int:
    if annotation == "combined":
        return BLANK
    return {"1": CODE_SMALL, "2": CODE_COMPLEMENTARY}.get(code, BLANK)


def _bound_by_codes(
    table: ProtectedTable, measure: TableMeasure, rows: np.ndarray, low: np.ndarray, high: np.ndarray
) -> None:
    """Narrow ``low`` and ``high`` (by cell) by what a code says by the number the table was published with."""
    if table.annotation == "combined":
        return
    codes = table.frame[measure.name + ANNOTATION_SUFFIX].astype("string").to_numpy()
    blank = table.frame[measure.name].isna().to_numpy()
    for cell in rows[blank & (codes == "2")].tolist():
        low[cell] = max(low[cell], table.small_below)
    if not measure.persons:
        for cell in rows[blank & (codes == "1")].tolist():
            high[cell] = min(high[cell], table.small_below - 1)


def _bound_by_ratios(
    table: ProtectedTable, measure: TableMeasure, rows: np.ndarray, low: np.ndarray, high: np.ndarray
) -> None:
    """Narrow ``low`` and ``high`` (by cell) by every shown rate or percentage that ``measure`` is a part of."""
    frame = table.frame
    for ratio in table.structure.measures:
        if ratio.role not in ("rate", "percent") or measure.name not in (ratio.numerator, ratio.denominator):
            continue
        shown = np.flatnonzero(frame[ratio.name].notna().to_numpy())
        denominators = _denominator_rows(table, ratio)
        above, below = _parts(table, ratio, denominators)
        per, decimals = (100 if ratio.role == "percent" else ratio.per or 1), ratio.decimals or 0
        for row in shown.tolist():
            top, bottom = above[row], below[row]
            if top is None and bottom is not None and ratio.numerator == measure.name:
                least, most = rate_bounds(str(frame[ratio.name].iloc[row]), bottom, per, decimals)
                low[rows[row]], high[rows[row]] = max(low[rows[row]], least), min(high[rows[row]], most)
            elif bottom is None and top and (ratio.role == "percent" or ratio.denominator == measure.name):
                cell = rows[denominators[row]]
                half = Fraction(1, 2 * 10**decimals)
                exact = Fraction(str(frame[ratio.name].iloc[row]))
                low[cell] = max(low[cell], ceil(Fraction(top * per) / (exact + half)))
                if exact > half:
                    high[cell] = min(high[cell], floor(Fraction(top * per) / (exact - half)))


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
