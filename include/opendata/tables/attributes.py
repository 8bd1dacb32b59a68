"""What is said of each category beside its name: a facility's address, an area's name.

An attribute is a function of the category: every record of a category has the same value, or none. This module asks the
engine whether that is so, and for the value; two values are refused, never one of them chosen. It takes source columns of
privacy ``public`` alone, which the declaration is checked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from include.opendata.declaration.source import SourceColumn
from include.opendata.declaration.tables import Attribute, Dimension
from include.opendata.errors import Place, Refused
from include.opendata.tables.categories import Categories, keeps, key
from include.opendata.tables.figures import MOST_CELLS, Selection
from include.opendata.vocabulary import TableAttribute


def shape(attribute: Attribute, declared: SourceColumn) -> TableAttribute:
    """What ``attribute`` is in the table: text, a whole number, or a number of the declared decimals."""
    if declared.type == "number":
        return TableAttribute(attribute.name, declared.name, "number", attribute.decimals)
    return TableAttribute(attribute.name, declared.name, "integer" if declared.type == "integer" else "text")


def attribute_values(selection: Selection, categories: list[Categories]) -> dict[str, list[Any]]:
    """Attribute → its value for each category of its dimension, in their order; None where no record has one.

    Raises Refused (``attribute-differs``) when the records of a category have different values, or only some have one.
    """
    attribute_values: dict[str, list[Any]] = {}
    for dimension, known in zip(selection.table.dimensions, categories, strict=True):
        if not dimension.attributes:
            continue
        rows = _rows(selection, dimension)
        positions = known.position_of
        for index, attribute in enumerate(dimension.attributes):
            values: list[Any] = [None] * len(known.labels)
            differing = 0
            for row in rows:
                category_key, records, *parts = tuple(row)
                lowest, highest, filled = parts[3 * index : 3 * index + 3]
                differing += bool(filled and (lowest != highest or filled != records))
                values[positions[_plain(category_key)]] = _typed(
                    lowest, selection.declared[attribute.column], attribute
                )
            if differing:
                raise _differs(selection, dimension, attribute, differing)
            attribute_values[attribute.name] = values
    return attribute_values


def _rows(selection: Selection, dimension: Dimension) -> Sequence[Any]:
    """A row for each category with records: its key, how many they are, and for each attribute the lowest value, the highest
    and how many have one."""
    records, declared = selection.warehouse.sql_table, selection.declared
    category = key(dimension, declared[dimension.column], records.c[dimension.column]).label("k")
    columns = [category]
    for index, attribute in enumerate(dimension.attributes):
        column = _filled(declared[attribute.column], records.c[attribute.column])
        columns.append(column.label(f"a{index}"))
    kept = sa.select(*columns).where(keeps(selection.table.filter, declared, records)).subquery("kept")
    asked: list[Any] = [kept.c.k, sa.func.count()]
    for index in range(len(dimension.attributes)):
        value = kept.c[f"a{index}"]
        asked += [sa.func.min(value), sa.func.max(value), sa.func.count(value)]
    return selection.ask(sa.select(*asked).group_by(kept.c.k).limit(MOST_CELLS + 1))


def _differs(selection: Selection, dimension: Dimension, attribute: Attribute, differing: int) -> Refused:
    return Refused(
        f"{differing} categor{'y has' if differing == 1 else 'ies have'} records that do not agree on this column",
        remedy=f"Have the source corrected, or make {dimension.name} of a column that distinguishes these records.",
        slug="attribute-differs",
        place=Place(selection.dataset.dataset, selection.table.table, attribute.column),
    )


def _filled(declared: SourceColumn, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.func.nullif(column, "") if declared.type == "text" else column


def _typed(value: Any, declared: SourceColumn, attribute: Attribute) -> Any:
    if value is None:
        return None
    if declared.type == "integer":
        return int(value)
    return round(float(value), attribute.decimals) if declared.type == "number" else str(value)


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else int(value)
