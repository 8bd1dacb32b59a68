"""Which values of the source the merged tables hold: how their cells are known to be one and the same figure.

The ways of values (see ``column_atoms``) of what stood and of the extract come together; those that went with the rows that
went are left out as far as the rows that stay tell, which is exactly so where a table has no filter. A way too many makes
two figures look different that are the same only in these data: nothing published says so, and no one could use it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from include.opendata.declaration import tables as t
from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.refresh_rules import MONTHS_IN
from include.opendata.errors import Place, Refused
from include.opendata.tables.categories import Key, key
from include.opendata.tables.column_atoms import Way, Ways, uses_of, ways_found
from include.opendata.tables.increments.base_figures import BaseFigures, BaseTable, merging_tables
from include.opendata.tables.increments.merging import Groups, groups_of, stays, without_merged_totals
from include.opendata.tables.table import Counted
from include.opendata.warehouse import Warehouse


def merge_ways(
    dataset: Dataset,
    table: t.Table,
    base: BaseFigures,
    extract: Counted | None,
    ways: Ways | None,
    *,
    before: int | None,
) -> Ways:
    """The ways of the records that each table is made of after the merge. ``table``: a table that is merged, with what
    ``extract`` brings for it; ``ways``: those of the extract, None where nothing of it is to be merged.

    Raises Refused (``extract-not-apart``): tables that are replaced stand beside merged ones, and no column tells the
    extract's records from those kept, so that it could not be said which figures are the same.
    """
    new = None if extract is None else BaseTable.of(extract)
    groups = {} if new is None else groups_of(table, new.chosen(without_merged_totals(table, new)))
    merged = {merging_table.table for merging_table in merging_tables(dataset)}
    kept = _kept_ways(base, _ways_gone(dataset, base, groups, before), merged, replaced=ways is not None)
    if ways is None or table.refresh.mechanism == "delete":
        return kept
    if len(merged) < len(dataset.tables) and all(set(kept[column]) & set(ways[column]) for column in kept):
        raise Refused(
            "tables that are replaced stand beside tables that are merged, and no column distinguishes the records of this "
            "extract from earlier ones",
            remedy="Have extracts of whole periods, or declare the tables that are replaced as a dataset of their own.",
            slug="extract-not-apart",
            place=Place(dataset=dataset.dataset),
        )
    return {column: _together(kept[column], brought) for column, brought in ways.items()}


Holders = dict[Way, frozenset[str]]
"""Way of a column's values → the tables that hold a record of it."""


def _kept_ways(base: BaseFigures, gone: dict[str, set[Way]], merged: set[str], *, replaced: bool) -> Ways:
    """The ways that stay: without what went, and held by no table whose records the extract replaces."""

    def holders_left(column: str, way: Way, holders: frozenset[str]) -> frozenset[str]:
        left = holders - merged if way in gone[column] else holders
        return left & merged if replaced else left

    kept: Ways = {}
    for column, ways in base.ways.items():
        left = {way: holders_left(column, way, holders) for way, holders in ways.items()}
        kept[column] = {way: holders for way, holders in left.items() if holders}
    return kept


def _together(kept: Holders, brought: Holders) -> Holders:
    no_table: frozenset[str] = frozenset()
    return {way: kept.get(way, no_table) | brought.get(way, no_table) for way in {**kept, **brought}}


def extract_ways(dataset: Dataset, warehouse: Warehouse, recent: Warehouse) -> Ways:
    """The ways of an extract: of all its records for the tables that are replaced, of the ``recent`` ones for the others."""
    merged = frozenset(merging_table.table for merging_table in merging_tables(dataset))
    everything = ways_found(dataset, warehouse)
    if recent is warehouse:
        return everything
    staying = ways_found(dataset, recent)
    held = {
        column: {
            way: holders if way in staying[column] else holders - merged for way, holders in ways_of_column.items()
        }
        for column, ways_of_column in everything.items()
    }
    return {
        column: {way: holders for way, holders in ways_of_column.items() if holders}
        for column, ways_of_column in held.items()
    }


def recent_records(dataset: Dataset, table: t.Table, warehouse: Warehouse, before: int | None) -> Warehouse:
    """The records of the periods that stay by the table's rule; all of them without one."""
    rule = table.refresh.remove
    if rule is None or before is None:
        return warehouse
    dimension = table.dimension(rule.dimension)
    records = warehouse.sql_table
    period = key(dimension, dataset.source.column(dimension.column), records.c[dimension.column])
    chosen = sa.select(*records.c).where(sa.or_(period.is_(None), period >= before)).subquery("recent")
    return ChosenRecords(warehouse.engine, warehouse.table, warehouse.schema, chosen)


@dataclass(frozen=True)
class ChosenRecords(Warehouse):
    """Some records of a warehouse, asked questions like all of them."""

    chosen: Any = None

    @cached_property
    def sql_table(self) -> Any:
        """The records chosen."""
        return self.chosen


def first_period(table: t.Table, ways: list[Ways], dataset: Dataset) -> int | None:
    """The key of the first period that stays by the table's rule, its newest one being among ``ways``; None without a rule."""
    rule = table.refresh.remove
    if rule is None:
        return None
    dimension = table.dimension(rule.dimension)
    per_year = 12 // MONTHS_IN[dimension.period]
    if rule.before is not None:
        year, _, part = rule.before.partition("-")
        return int(year) * per_year + (int(part.lstrip("HQ")) - 1 if part else 0)
    uses, _ = uses_of(dataset, dimension.column)
    place = next(i for i, (used_in, d) in enumerate(uses) if (used_in.table, d.name) == (table.table, dimension.name))
    keys = [way[place] for ways_of_column in ways for way in ways_of_column[dimension.column]]
    newest = max((int(key) for key in keys if key is not None), default=0)
    return newest - rule.months // MONTHS_IN[dimension.period] + 1


def _ways_gone(dataset: Dataset, base: BaseFigures, groups: Groups, before: int | None) -> dict[str, set[Way]]:
    """Per column the ways no record that stays has, as far as a table that leaves out no other record tells."""
    gone: dict[str, set[Way]] = {column: set() for column in base.ways}
    for table in merging_tables(dataset):
        rows = base.tables[table.table]
        rows = rows.chosen(without_merged_totals(table, rows))
        rows = rows.chosen(stays(table, rows, groups, before))
        for place, dimension in enumerate(table.dimensions):
            column = dimension.column
            # A filter by another column leaves out records that may have the way all the same.
            if all(condition.column == column for condition in table.filter):
                categories = set(rows.keys[place][~rows.totals[place]].tolist())
                gone[column] |= _ways_without(dataset, table, dimension, base.ways[column], categories)
    return gone


def _ways_without(
    dataset: Dataset, table: t.Table, dimension: t.Dimension, ways: Iterable[Way], categories: set[Key]
) -> set[Way]:
    """The ways that lie in the table and in none of these categories of its dimension."""
    uses, filtering = uses_of(dataset, dimension.column)
    names = [(user.table, d.name) for user, d in uses]
    part = names.index((table.table, dimension.name))
    flag = len(uses) + filtering.index(table.table) if table.table in filtering else None
    return {way for way in ways if (flag is None or way[flag]) and way[part] not in categories}
