"""Amounts and means as an attacker reads them: sums of money subtract like counts, whatever count they are hidden with.

An amount is hidden with the count it is derived from. Where tables derive one amount from different counts (visits in one,
clients in the other), or from distinct persons, who need not add up where the amounts do, the counts' pattern may leave a
hidden amount to be computed: the region's amount less those of the other counties. A mean beside its count tells the
amount, too, and so does a count of the same column.

Decides which hidden amounts follow exactly from those that are published, by addition and subtraction over all tables, or
because what is left for several of them is nothing at all. How near an amount can be guessed is not asked: no rule of the
DDG does (see ``docs/disclosure.md``). Reads only what would be published.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import lsmr

from include.opendata.disclosure.cells import LinkedCells, link
from include.opendata.vocabulary import ANNOTATION_SUFFIX, ProtectedTable, Structure, TableMeasure

SURELY_LARGE = "2"
"""With separate codes this one says that eleven or more stand behind the amount."""

DENSE_UP_TO = 1_200
MOVES = 1e-6
"""A hidden amount that no change of all hidden ones moves by more than this part of the change is determined."""


@dataclass(frozen=True)
class FoundAmount:
    """A hidden amount that can be computed, or may be: ``row`` of ``table``'s file, column ``measure``."""

    table: str
    measure: str
    row: int
    sentence: str


def recoverable_amounts(tables: Sequence[ProtectedTable]) -> tuple[FoundAmount, ...]:
    """Every hidden amount or mean of ``tables`` that follows from what they publish."""
    columns = dict.fromkeys(
        column for table in tables for m in table.structure.measures if (column := _column(m)) is not None
    )
    found: dict[tuple[str, str, int], FoundAmount] = {}
    for column in columns:
        for one in _of_column(column, tables):
            found.setdefault((one.table, one.measure, one.row), one)
    return tuple(found.values())


def _column(measure: TableMeasure) -> str | None:
    """The source column an amount or a mean is made of."""
    if measure.role == "amount":
        return measure.identity.removeprefix("sum:")
    if measure.role == "mean":
        return measure.identity.removeprefix("mean:").split("/count")[0].split("/sum:")[0]
    return None


def _is_total_or_mean_of(measure: TableMeasure, column: str) -> bool:
    return _column(measure) == column or (measure.role == "count" and measure.identity == f"sum:{column}")


def _of_column(column: str, tables: Sequence[ProtectedTable]) -> list[FoundAmount]:
    """Hidden amounts and means of one source column that follow."""
    (cells,) = link(_telling(column, tables), joint=True)
    value = np.where(cells.published, 0.0, np.nan)
    hidden: list[tuple[int, FoundAmount]] = []
    with_row = np.zeros(len(value), dtype=bool)
    exact_value = np.full(len(value), np.nan)
    measures = [(table, m) for table in tables for m in table.structure.measures if _is_total_or_mean_of(m, column)]
    for table, m in measures:
        rows = cells.rows[table.structure.table, m.name]
        with_row[rows] = True
        shown = _shown(table, m)
        exact_value[rows[~np.isnan(shown)]] = shown[~np.isnan(shown)]
        for row in _secret(table, m):
            cell = int(rows[row])
            hidden.append((cell, FoundAmount(table.structure.table, m.name, row, _sentence(cells, cell, m))))
    value[with_row] = exact_value[with_row]
    known = _determined(cells, value)
    return [amount for cell, amount in hidden if known[cell]]


def _telling(column: str, tables: Sequence[ProtectedTable]) -> list[tuple[Structure, dict[str, list[str]]]]:
    """The tables with what tells amounts of ``column``, as if each of these were the same sum."""
    described = []
    for table in tables:
        measures = [m for m in table.structure.measures if _is_total_or_mean_of(m, column)]
        if measures:
            as_sums = tuple(TableMeasure(m.name, "count", "amount", True) for m in measures)
            labels = {d.name: table.frame[d.name].tolist() for d in table.structure.dimensions}
            described.append((replace(table.structure, measures=as_sums), labels))
    return described


def _shown(table: ProtectedTable, measure: TableMeasure) -> np.ndarray:
    """float[rows]: the amount every row tells, NaN where it tells none."""
    shown = table.frame[measure.name].to_numpy(dtype=float, na_value=np.nan)
    if measure.role != "mean":
        return np.asarray(shown)
    base = table.frame[measure.numerator or ""].to_numpy(dtype=float, na_value=np.nan)
    return np.asarray(np.where(base == 0, 0.0, shown * base))


def _secret(table: ProtectedTable, measure: TableMeasure) -> list[int]:
    """Rows whose value is hidden and may rest on few persons."""
    if measure.role == "count" or measure.numerator is None:
        return []
    blank = table.frame[measure.name].isna() & table.frame[measure.numerator].isna()
    if table.annotation == "separate":
        blank &= table.frame[measure.numerator + ANNOTATION_SUFFIX] != SURELY_LARGE
    return [int(row) for row in np.flatnonzero(blank.to_numpy(dtype=bool))]


def _determined(cells: LinkedCells, value: np.ndarray) -> np.ndarray:
    """bool[n]: cells whose amount is shown or follows from those that are."""
    value, known = value.copy(), ~np.isnan(value)
    equations = [(parent, np.array(children)) for parent, children in cells.equations]
    never_negative = bool((value[known] >= 0).all())
    before = -1
    while before != int(known.sum()):
        before = int(known.sum())
        for parent, children in equations:
            _subtract(parent, children, value, known, never_negative)
    return np.asarray(known | _follows(cells, known))


def _subtract(parent: int, children: np.ndarray, value: np.ndarray, known: np.ndarray, never_negative: bool) -> None:
    """Enter what follows from one equation in ``value`` and ``known``."""
    unknown = children[~known[children]]
    if not known[parent]:
        if not len(unknown):
            value[parent], known[parent] = value[children].sum(), True
        return
    if not len(unknown):
        return
    if len(unknown) == 1:
        value[unknown] = value[parent] - value[children[known[children]]].sum()
    elif never_negative and _nothing_left(value, parent, children, known):
        value[unknown] = 0.0
    else:
        return
    known[unknown] = True


def _nothing_left(value: np.ndarray, parent: int, children: np.ndarray, known: np.ndarray) -> bool:
    left = value[parent] - value[children[known[children]]].sum()
    return bool(abs(left) <= 1e-9 * max(1.0, abs(value[parent])))


def _follows(cells: LinkedCells, known: np.ndarray) -> np.ndarray:
    """bool[n]: unknown cells that stand still in every change of the unknown ones that leaves all equations true.

    One change is drawn (always the same) and made to fit the equations; what it does not move, no other one does.
    Where the arithmetic does not come to rest, all of them count as found.
    """
    free = np.flatnonzero(~known)
    result = np.zeros(len(known), dtype=bool)
    if not len(free):
        return result
    place = np.full(len(known), -1)
    place[free] = np.arange(len(free))
    rows, columns, signs = [], [], []
    for row, (parent, children) in enumerate(cells.equations):
        for cell, sign in ((parent, -1.0), *((c, 1.0) for c in children)):
            if not known[cell]:
                rows.append(row)
                columns.append(int(place[cell]))
                signs.append(sign)
    matrix = sparse.csr_array((signs, (rows, columns)), shape=(len(cells.equations), len(free)))
    drawn = np.random.default_rng(0).standard_normal(len(free))
    off = matrix @ drawn
    if len(free) <= DENSE_UP_TO:
        back = np.linalg.lstsq(matrix.toarray(), off, rcond=None)[0]
    else:
        back = lsmr(matrix, off, atol=1e-13, btol=1e-13, conlim=0, maxiter=20 * len(free))[0]
    change = drawn - back
    at_rest = np.abs(matrix @ change).max(initial=0.0) < MOVES
    result[free] = np.abs(change) < MOVES if at_rest else True
    return result


def _sentence(cells: LinkedCells, cell: int, measure: TableMeasure) -> str:
    return f"The {measure.role} {measure.name} at ({cells.names[cell]}) follows from amounts that are shown."
