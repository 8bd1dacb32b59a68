"""Checks that figures add up: to what the source's owner says, to what the declaration says, and to each other.

Whoever hides nothing must first know that nothing is missing: a table whose total is not the one everybody knows was made
from the wrong records.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import sqlalchemy as sa

from include.opendata.declaration.dataset import Dataset
from include.opendata.errors import Place, Refused
from include.opendata.rules.small_cells import SmallCellRule
from include.opendata.tables.figures import EXACT, Grid
from include.opendata.warehouse import Warehouse

SLUG = "total-does-not-add-up"


def control_totals(dataset: Dataset, warehouse: Warehouse) -> None:
    """Compare the source with the figures its owner states (``source.control_totals``).

    Raises Refused at the first one that differs.
    """
    records = warehouse.sql_table
    for control in dataset.source.control_totals:
        if control.column is None:
            asked: sa.ColumnElement[Any] = sa.func.count()
            what = "the number of records is not the one stated"
        else:
            column = records.c[control.column]
            whole = dataset.source.column(control.column).type == "integer"
            asked = sa.func.sum(column if whole else sa.cast(column, EXACT))
            what = "the column's sum is not the one stated"
        found = warehouse.rows(sa.select(asked).select_from(records), dataset=dataset.dataset)[0][0]
        compare(
            found or 0,
            control.total,
            what,
            where=control.where,
            place=Place(dataset=dataset.dataset, column=control.column),
            rule=dataset.small_cell_rule,
        )


def compare(found: Any, stated: float | int, what: str, *, where: str, place: Place, rule: SmallCellRule) -> None:
    """Raise Refused when ``found`` is not exactly what was ``stated``.

    Both figures are said when they are large enough to be public (DDG 2.0 §4.4.1), else only that they differ.
    """
    exact, expected = Decimal(str(found)), Decimal(str(stated))
    if exact == expected:
        return
    public = min(abs(exact), abs(expected)) >= rule.below
    raise Refused(
        what
        + (f": stated {expected:,}, found {exact.normalize():,f}" if public else "")
        + (f" ({where})" if where else ""),
        remedy="Find out which is right: ask the source's owner whether records are missing or came twice, or correct the "
        "declaration.",
        slug=SLUG,
        place=place,
    )


def check_parts(grid: Grid, values: np.ndarray[Any, Any], measure: str, place: Place) -> None:
    """Raise Refused unless every published total of an additive measure is the sum of its parts."""
    places = grid.places
    for dimension, total in enumerate(grid.totals):
        if total is None:
            continue
        parts = places[dimension] != total
        above = [np.full_like(p[parts], total) if i == dimension else p[parts] for i, p in enumerate(places)]
        sums = np.zeros(len(grid.cells), dtype=object)
        np.add.at(sums, grid.rows_of(np.ravel_multi_index(tuple(above), grid.shape)), values[parts])
        if np.any(sums[~parts] != values[~parts]):
            raise Refused(
                f"the measure {measure} has totals that are not the sum of their parts",
                remedy="This should not happen: keep the work area and report it; nothing was published.",
                slug=SLUG,
                place=place,
            )
