"""Numbers the atoms of a dataset: how cells of different tables are known to be one and the same figure.

For every source column that some table uses as a dimension or in a filter, the distinct ways its values are sorted, over
all tables (the category in each, and whether each keeps them), are the column's atoms. They are found by one SELECT
DISTINCT per column and numbered in the order of the categories.

Columns that are tied (``column_ties``: the county says the region) are numbered together, as one *axis*: its atoms are the
combinations that occur, so that a region is the union of its counties as a total is that of its categories.

A category that no kept record has gets an atom of its own, so that every category has one. Such an *empty* atom belongs to
every total of its column, in every table: no record lies in it, so it changes no figure, and totals that are the same
figure keep the same atoms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.tables import Dimension, Table
from include.opendata.errors import Place, Refused
from include.opendata.tables.categories import Categories, Key, declared_categories, found_categories, keeps, key
from include.opendata.tables.column_ties import CountingTable, apart, filter_ties, tied_together, ties, worth_linking
from include.opendata.vocabulary import axis_of, columns_of
from include.opendata.warehouse import Warehouse

MOST_ATOMS = 200_000


@dataclass(frozen=True)
class ColumnAtoms:
    """The atoms 0, 1, 2 … of one source column, or of tied ones; the empty ones come after those with records."""

    keys: dict[tuple[str, str], tuple[Key, ...]]
    """(table, dimension) → the key of each atom that has records."""
    kept: dict[str, tuple[bool, ...]]
    """table → whether it keeps each atom that has records; a table that does not filter the column is not listed."""
    empty: dict[str, int]
    """label without records → its atom."""
    columns: tuple[str, ...] = ()
    """The source columns, several where they are tied."""

    @property
    def tied(self) -> tuple[str, ...]:
        """The columns, where they are several."""
        return self.columns if len(self.columns) > 1 else ()

    @property
    def axis(self) -> str:
        """The name that cells know the columns by."""
        return axis_of(self.columns)

    def of_category(self, table: str, dimension: str, categories: Categories, label: str) -> tuple[int, ...]:
        """The atoms of a label of one table's dimension."""
        of = categories.label_of
        keys = self.keys[table, dimension]
        atoms = tuple(atom for atom in self._with_records(table) if of.get(keys[atom]) == label)
        return atoms or (self.empty[label],)

    def of_total(self, table: str) -> tuple[int, ...]:
        """The atoms the table keeps."""
        return (*self._with_records(table), *sorted(self.empty.values()))

    @property
    def records(self) -> int:
        """How many atoms have records."""
        for values in (*self.keys.values(), *self.kept.values()):
            return len(values)
        return 0

    def _with_records(self, table: str) -> tuple[int, ...]:
        kept = self.kept.get(table)
        return tuple(atom for atom in range(self.records) if kept is None or kept[atom])


Way = tuple[Key, ...]
"""How one value of an axis is sorted: its key in every dimension made of it, then 1 or 0 for every filter on it."""

Ways = dict[str, dict[Way, frozenset[str]]]
"""Axis → each way that some record has, with the tables whose records have it (before their own filters)."""

Axes = Sequence[tuple[str, ...]]
"""The columns in use, tied ones together."""


def atoms(dataset: Dataset, warehouse: Warehouse) -> dict[str, ColumnAtoms]:
    """The atoms of every source column that a table's dimension or filter uses, columns in the order of the source; tied
    columns have the same.

    Raises Refused when a column has more than 200,000 of them, which is no set of categories.
    """
    return atoms_of(dataset, ways_found(dataset, warehouse, axes_found(dataset, warehouse)))


def used_columns(dataset: Dataset) -> list[str]:
    """The source columns that some table shows or filters by, in the order of the source."""
    shown = {d.column for table in dataset.tables for d in table.dimensions}
    used = shown | {condition.column for table in dataset.tables for condition in table.filter}
    return [column.name for column in dataset.source.columns if column.name in used]


def axes_found(dataset: Dataset, warehouse: Warehouse) -> Axes:
    """The columns in use, those that are tied in the records or named by one filter together."""
    tables = [CountingTable.of(table) for table in dataset.tables]
    found = [*filter_ties(tables), *worth_linking(ties(dataset, warehouse, apart(tables)))]
    return tied_together(used_columns(dataset), found)


def ways_found(dataset: Dataset, warehouse: Warehouse, axes: Axes | None = None) -> Ways:
    """The ways of the records in ``warehouse``, all tables being made of them; every column by itself without ``axes``.

    Raises Refused (``too-many-categories``).
    """
    everybody = frozenset(table.table for table in dataset.tables)
    return {
        axis_of(columns): dict.fromkeys(_ways_of(dataset, columns, warehouse), everybody)
        for columns in axes or [(column,) for column in used_columns(dataset)]
    }


def uses_of(dataset: Dataset, *columns: str) -> tuple[list[tuple[Table, Dimension]], list[str]]:
    """The dimensions made of columns, and the tables that filter by them: what the parts of a way speak of, in order."""
    uses = [(t, d) for t in dataset.tables for d in t.dimensions if d.column in columns]
    return uses, [t.table for t in dataset.tables if any(c.column in columns for c in t.filter)]


def atoms_of(dataset: Dataset, ways: Ways) -> dict[str, ColumnAtoms]:
    """Source column → the atoms that these ways are numbered by. Raises Refused (``too-many-categories``)."""
    numbered = {axis: _numbered(dataset, axis, found) for axis, found in ways.items()}
    return {column: numbered[axis] for axis in ways for column in columns_of(axis)}


def _numbered(dataset: Dataset, axis: str, ways_of_records: dict[Way, frozenset[str]]) -> ColumnAtoms:
    columns = columns_of(axis)
    if len(ways_of_records) > MOST_ATOMS:
        raise _too_many(dataset, columns)
    uses, filtering = uses_of(dataset, *columns)
    ways = sorted(ways_of_records, key=_in_order)
    keys = {(t.table, d.name): tuple(way[i] for way in ways) for i, (t, d) in enumerate(uses)}
    kept = {table: tuple(bool(way[len(uses) + i]) for way in ways) for i, table in enumerate(filtering)}
    for table in dataset.tables:
        held = tuple(table.table in ways_of_records[way] for way in ways)
        if not all(held):
            kept[table.table] = tuple(map(all, zip(held, kept.get(table.table, held), strict=True)))
    return ColumnAtoms(keys, kept, _empty(dataset, uses, keys, kept), columns)


def _ways_of(dataset: Dataset, columns: tuple[str, ...], warehouse: Warehouse) -> list[Way]:
    records = warehouse.sql_table
    declared = {source_column.name: source_column for source_column in dataset.source.columns}
    uses, filtering = uses_of(dataset, *columns)
    filters = {t.table: [c for c in t.filter if c.column in columns] for t in dataset.tables}
    expressions = [key(d, declared[d.column], records.c[d.column]).label(f"k{i}") for i, (_, d) in enumerate(uses)]
    expressions += [
        sa.case((keeps(filters[table], declared, records), sa.literal_column("1")), else_=sa.literal_column("0")).label(
            f"f{i}"
        )
        for i, table in enumerate(filtering)
    ]
    rows = warehouse.rows(sa.select(*expressions).distinct().limit(MOST_ATOMS + 1), dataset=dataset.dataset)
    if len(rows) > MOST_ATOMS:
        raise _too_many(dataset, columns)
    return [tuple(_plain(part) for part in row) for row in rows]


def _too_many(dataset: Dataset, columns: tuple[str, ...]) -> Refused:
    together = "" if len(columns) == 1 else " together with those it determines or is determined by"
    return Refused(
        f"the column{together} has more than {MOST_ATOMS:,} categories",
        remedy="Group its values with `recode`, `bins` or `period`; a table of single values is no aggregate.",
        slug="too-many-categories",
        place=Place(dataset=dataset.dataset, column=", ".join(columns)),
    )


def _empty(
    dataset: Dataset,
    uses: list[tuple[Table, Dimension]],
    keys: dict[tuple[str, str], tuple[Key, ...]],
    kept: dict[str, tuple[bool, ...]],
) -> dict[str, int]:
    empty: dict[str, int] = {}
    count = len(next(iter(keys.values()), next(iter(kept.values()), ())))
    for table, dimension in uses:
        keys_of_atoms = keys[table.table, dimension.name]
        there = {keys_of_atoms[atom] for atom in range(count) if table.table not in kept or kept[table.table][atom]}
        column = dataset.source.column(dimension.column)
        categories = declared_categories(dimension, column) or found_categories(
            dimension, column, there, fill=table.absent_combinations == "zero"
        )
        for label, category_key in zip(categories.labels, categories.keys, strict=True):
            if category_key not in there:
                empty.setdefault(label, count + len(empty))
    return empty


def _in_order(way: tuple[Any, ...]) -> tuple[tuple[bool, Any], ...]:
    return tuple((part is None, 0 if part is None else part) for part in way)


def _plain(value: Any) -> Key:
    return value if value is None or isinstance(value, str) else int(value)
