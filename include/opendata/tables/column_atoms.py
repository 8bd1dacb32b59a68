"""Numbers the atoms of a dataset: how cells of different tables are known to be one and the same figure.

For every source column that some table uses as a dimension or in a filter, the distinct ways its values are sorted, over
all tables (the category in each, and whether each keeps them), are the column's atoms. They are found by one SELECT
DISTINCT per column and numbered in the order of the categories.

A category that no kept record has gets an atom of its own, so that every category has one. Such an *empty* atom belongs to
every total of its column, in every table: no record lies in it, so it changes no figure, and totals that are the same
figure keep the same atoms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.source import SourceColumn
from include.opendata.declaration.tables import Dimension, Table
from include.opendata.errors import Place, Refused
from include.opendata.tables.categories import Categories, Key, declared_categories, found_categories, keeps, key
from include.opendata.warehouse import Warehouse

MOST_ATOMS = 200_000


@dataclass(frozen=True)
class ColumnAtoms:
    """The atoms 0, 1, 2 … of one source column; the empty ones come after those with records."""

    keys: dict[tuple[str, str], tuple[Key, ...]]
    """(table, dimension) → the key of each atom that has records."""
    kept: dict[str, tuple[bool, ...]]
    """table → whether it keeps each atom that has records; a table that does not filter the column is not listed."""
    empty: dict[str, int]
    """label without records → its atom."""

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
"""How one value of a column is sorted: its key in every dimension made of the column, then 1 or 0 for every filter on it."""

Ways = dict[str, dict[Way, frozenset[str]]]
"""Column → each way that some record has, with the tables whose records have it (before their own filters)."""


def atoms(dataset: Dataset, warehouse: Warehouse) -> dict[str, ColumnAtoms]:
    """The atoms of every source column that a table's dimension or filter uses, columns in the order of the source.

    Raises Refused when a column has more than 200,000 of them, which is no set of categories.
    """
    return atoms_of(dataset, ways_found(dataset, warehouse))


def ways_found(dataset: Dataset, warehouse: Warehouse) -> Ways:
    """The ways of the records in ``warehouse``, all tables being made of them. Raises Refused (``too-many-categories``)."""
    used = {d.column for t in dataset.tables for d in t.dimensions} | {
        c.column for t in dataset.tables for c in t.filter
    }
    everybody = frozenset(table.table for table in dataset.tables)
    return {
        column.name: dict.fromkeys(_ways_of_column(dataset, column, warehouse), everybody)
        for column in dataset.source.columns
        if column.name in used
    }


def uses_of(dataset: Dataset, column: str) -> tuple[list[tuple[Table, Dimension]], list[str]]:
    """The dimensions made of a column, and the tables that filter by it: what the parts of a way speak of, in order."""
    uses = [(t, d) for t in dataset.tables for d in t.dimensions if d.column == column]
    return uses, [t.table for t in dataset.tables if any(c.column == column for c in t.filter)]


def atoms_of(dataset: Dataset, ways: Ways) -> dict[str, ColumnAtoms]:
    """The atoms that these ways are numbered by. Raises Refused (``too-many-categories``)."""
    return {column: _numbered(dataset, column, found) for column, found in ways.items()}


def _numbered(dataset: Dataset, column: str, ways_of_records: dict[Way, frozenset[str]]) -> ColumnAtoms:
    if len(ways_of_records) > MOST_ATOMS:
        raise _too_many(dataset, column)
    uses, filtering = uses_of(dataset, column)
    ways = sorted(ways_of_records, key=_in_order)
    keys = {(t.table, d.name): tuple(way[i] for way in ways) for i, (t, d) in enumerate(uses)}
    kept = {table: tuple(bool(way[len(uses) + i]) for way in ways) for i, table in enumerate(filtering)}
    for table in dataset.tables:
        held = tuple(table.table in ways_of_records[way] for way in ways)
        if not all(held):
            pairs = zip(held, kept.get(table.table, held), strict=True)
            kept[table.table] = tuple(first and second for first, second in pairs)
    return ColumnAtoms(keys, kept, _empty(dataset.source.column(column), uses, keys, kept))


def _ways_of_column(dataset: Dataset, column: SourceColumn, warehouse: Warehouse) -> list[Way]:
    records = warehouse.sql_table
    declared = {source_column.name: source_column for source_column in dataset.source.columns}
    uses, filtering = uses_of(dataset, column.name)
    filters = {t.table: [c for c in t.filter if c.column == column.name] for t in dataset.tables}
    expressions = [key(d, column, records.c[column.name]).label(f"k{i}") for i, (_, d) in enumerate(uses)]
    expressions += [
        sa.case((keeps(filters[table], declared, records), sa.literal_column("1")), else_=sa.literal_column("0")).label(
            f"f{i}"
        )
        for i, table in enumerate(filtering)
    ]
    rows = warehouse.rows(sa.select(*expressions).distinct().limit(MOST_ATOMS + 1), dataset=dataset.dataset)
    if len(rows) > MOST_ATOMS:
        raise _too_many(dataset, column.name)
    return [tuple(_plain(part) for part in row) for row in rows]


def _too_many(dataset: Dataset, column: str) -> Refused:
    return Refused(
        f"the column has more than {MOST_ATOMS:,} categories",
        remedy="Group its values with `recode`, `bins` or `period`; a table of single values is no aggregate.",
        slug="too-many-categories",
        place=Place(dataset=dataset.dataset, column=column),
    )


def _empty(
    column: SourceColumn,
    uses: list[tuple[Table, Dimension]],
    keys: dict[tuple[str, str], tuple[Key, ...]],
    kept: dict[str, tuple[bool, ...]],
) -> dict[str, int]:
    empty: dict[str, int] = {}
    count = len(next(iter(keys.values()), next(iter(kept.values()), ())))
    for table, dimension in uses:
        keys_of_atoms = keys[table.table, dimension.name]
        there = {keys_of_atoms[atom] for atom in range(count) if table.table not in kept or kept[table.table][atom]}
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
