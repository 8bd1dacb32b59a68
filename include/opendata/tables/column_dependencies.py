"""Columns that determine one another: the county says the region, the day says the year, a code says a name.

Tables made of different columns are cells of one system only as far as everything else is at its total: nothing tells that
the counties of a region add up to it. Everybody knows it all the same, and subtracts. So where the categories of one column
follow from those of another, tables that publish either without the other can be neither protected nor attacked together,
and are refused. Made of one column with ``recode``, ``bins`` or ``period``, or shown side by side in one table, they can.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.source import SourceColumn
from include.opendata.declaration.tables import Table
from include.opendata.errors import Place, Refused
from include.opendata.tables.categories import keeps, key
from include.opendata.tables.column_atoms import uses_of
from include.opendata.vocabulary import Structure
from include.opendata.warehouse import Warehouse


def refuse_dependent_columns(
    dataset: Dataset,
    tables: Sequence[Structure],
    warehouse: Warehouse,
    *,
    published: Sequence[Structure] = (),
    masked: bool = True,
) -> None:
    """Raise Refused (``columns-tell-one-another``) when two tables that count the same are made of such columns.

    ``published``: the tables of earlier releases, which the public has as well. A column of theirs that no table uses any
    more is compared value by value, a day by its month; one that is no longer declared cannot be. ``masked``: False where
    ``tables`` hide nothing among themselves, so that they can tell only what ``published`` hid.
    """
    used = {table.table: _used(table) for table in dataset.tables}
    pairs = _pairs_apart(dataset, tables, published, masked=masked)
    for first, second in sorted(pairs):
        if _determines(dataset, first, second, warehouse) or _determines(dataset, second, first, warehouse):
            where = sorted(name for name, columns in used.items() if len({first, second} & columns) == 1)
            raise Refused(
                f"the categories of the columns {first} and {second} follow from one another, and tables that are made of "
                "either count the same: a reader who subtracts one from the other can compute what is hidden",
                remedy="Make both dimensions from one of the two columns, with `recode`, `bins` or `period`; or show "
                f"{first} and {second} side by side in one table without a filter.",
                slug="columns-tell-one-another",
                place=Place(dataset=dataset.dataset, table=", ".join(where)),
            )


def _pairs_apart(
    dataset: Dataset, tables: Sequence[Structure], published: Sequence[Structure], *, masked: bool
) -> set[tuple[str, str]]:
    """The pairs of columns that tables of now and of earlier releases are made of, either without the other."""
    declared = {column.name for column in dataset.source.columns}
    now = [_columns_of(dataset.table(structure.table), structure) for structure in tables]
    then = [_columns_published(structure, declared) for structure in published]
    every = (*now, *then)
    return {pair for a in now for b in (*(now if masked else ()), *then) for pair in _apart(a, b, every)}


def _columns_of(table: Table, structure: Structure) -> _Made:
    return _counted(structure), _used(table), _side_by_side(table)


def _columns_published(structure: Structure, declared: set[str]) -> _Made:
    columns = {d.column for d in structure.dimensions}
    return _counted(structure), columns & declared, columns


_Made = tuple[set[str], set[str], set[str]]
"""Of a table: the identities it counts, the columns it uses, and those it shows side by side for everybody."""


def _apart(first: _Made, second: _Made, every: Sequence[_Made]) -> set[tuple[str, str]]:
    """Pairs of columns of which either table uses only one, and which no table shows side by side."""
    same = first[0] & second[0]
    return {
        (min(a, b), max(a, b))
        for a, b in itertools.product(first[1] - second[1], second[1] - first[1])
        if any(not any(identity in counted and {a, b} <= shown for counted, _, shown in every) for identity in same)
    }


def _counted(structure: Structure) -> set[str]:
    return {measure.identity for measure in structure.measures if measure.role == "count"}


def _used(table: Table) -> set[str]:
    return {d.column for d in table.dimensions} | {condition.column for condition in table.filter}


def _side_by_side(table: Table) -> set[str]:
    return set() if table.filter else {d.column for d in table.dimensions}


def _determines(dataset: Dataset, determinant: str, dependent: str, warehouse: Warehouse) -> bool:
    """Whether each category of ``determinant``, or else each value, has one category of ``dependent``, not all the same.

    Values count only where there are two records of each on average: of what hardly comes twice, everything follows.
    """
    declared = {column.name: column for column in dataset.source.columns}
    records = warehouse.sql_table
    categories = _sorted_by(dataset, declared[dependent], records)

    def many(columns: list[Any]) -> Any:
        labelled = [column.label(f"c{number}") for number, column in enumerate(columns)]
        return sa.select(sa.func.count()).select_from(sa.select(*labelled).distinct().subquery()).scalar_subquery()

    by_category, by_value = _sorted_by(dataset, declared[determinant], records), [records.c[determinant]]
    asked: sa.Select[Any] = sa.select(
        many(categories),
        many(by_category),
        many([*by_category, *categories]),
        many(by_value),
        many([*by_value, *categories]),
        sa.select(sa.func.count()).select_from(records).scalar_subquery(),
    )
    (answer,) = warehouse.rows(asked, dataset=dataset.dataset)
    there, ways, ways_and_dependents, values, values_and_dependents, rows = tuple(answer)
    follows = ways == ways_and_dependents or (values == values_and_dependents and rows >= 2 * values)
    return bool(there > 1 and follows)


def _sorted_by(dataset: Dataset, column: SourceColumn, records: Any) -> list[sa.ColumnElement[Any]]:
    """How the tables sort a column's values; where none does any more, the values themselves."""
    uses, filtering = uses_of(dataset, column.name)
    declared = {source_column.name: source_column for source_column in dataset.source.columns}
    expressions = [key(d, column, records.c[column.name]) for _, d in uses]
    for table in filtering:
        conditions = [c for c in dataset.table(table).filter if c.column == column.name]
        expressions.append(
            sa.case((keeps(conditions, declared, records), sa.literal_column("1")), else_=sa.literal_column("0"))
        )
    if expressions:
        return expressions
    own_column = records.c[column.name]
    return [sa.extract("year", own_column), sa.extract("month", own_column)] if column.type == "date" else [own_column]
