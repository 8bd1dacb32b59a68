"""Counts and adds up: one GROUP BY over grouping sets gives every cell and every total of a table.

A total is counted by the engine like any other cell, never added up from its parts here: persons counted once are once in
the total. Sums of numbers with decimals are taken over exact decimals (9 places), so that the order in which an engine
adds cannot change a digit.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import sqlalchemy as sa

from include.opendata.declaration import tables as t
from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.source import SourceColumn
from include.opendata.errors import Place, Refused
from include.opendata.tables.categories import Categories, found_categories, keeps, key, unknown_key
from include.opendata.tables.categories import declared_categories as declared_ones
from include.opendata.vocabulary import PERSONS_PREFIX
from include.opendata.warehouse import Warehouse

MOST_CELLS = 5_000_000
EXACT = sa.Numeric(38, 9)


@dataclass(frozen=True)
class Grid:
    """The cells of a table: along each dimension its categories, then its total where one is published."""

    shape: tuple[int, ...]
    totals: tuple[int | None, ...]
    """Where the total stands along each dimension."""
    cells: np.ndarray[Any, Any]
    """The cells there are, as positions in the whole grid, upwards; the first dimension is the slowest."""

    @property
    def places(self) -> tuple[np.ndarray[Any, Any], ...]:
        """Along each dimension, where each cell stands."""
        return np.unravel_index(self.cells, self.shape)

    def rows_of(self, cells: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Where cells of the grid stand in :attr:`cells`."""
        return np.searchsorted(self.cells, cells)


@dataclass(frozen=True)
class Figures:
    """What the engine counted: for each cell of the grid, and for the table as a whole."""

    grid: Grid
    values: dict[str, np.ndarray[Any, Any]]
    """Counts and sums by the measure's name (persons behind events: with ``PERSONS_PREFIX``), as int or Decimal."""
    whole: dict[str, Any]
    """The same over all records of the table, published or not; None where a merge cannot tell."""
    found: np.ndarray[Any, Any]
    """Where in :attr:`Grid.cells` cells have records; the others are zeros for nobody."""


class Selection:
    """The records of one table in the warehouse, with a key for each dimension."""

    def __init__(self, dataset: Dataset, table: t.Table, warehouse: Warehouse) -> None:
        self.dataset, self.table, self.warehouse = dataset, table, warehouse
        self.declared = {column.name: column for column in dataset.source.columns}
        self.place = Place(dataset=dataset.dataset, table=table.table)
        records = warehouse.sql_table
        self.counted = {name: column for name, (_, column) in counted(table).items() if column is not None}
        columns = [
            key(d, self.declared[d.column], records.c[d.column]).label(f"k{i}") for i, d in enumerate(table.dimensions)
        ]
        columns += [records.c[name].label(f"v{i}") for i, name in enumerate(self._columns())]
        self.records = (
            sa.select(*columns).select_from(records).where(keeps(table.filter, self.declared, records)).subquery("r")
        )

    def _columns(self) -> list[str]:
        return sorted(set(self.counted.values()))

    def value(self, column: str) -> sa.ColumnElement[Any]:
        """A source column that is counted or added up."""
        return self.records.c[f"v{self._columns().index(column)}"]

    def ask(self, statement: sa.Select[Any]) -> list[sa.Row[Any]]:
        """The engine's answer."""
        return self.warehouse.rows(statement, dataset=self.dataset.dataset, table=self.table.table)

    def check(self) -> None:
        """Raise Refused when no record is left, a value belongs to no category, or one that is counted is blank or negative."""
        questions: list[tuple[sa.ColumnElement[Any], Refused]] = []
        for i, d in enumerate(self.table.dimensions):
            one = self.records.c[f"k{i}"]
            unknown = unknown_key(d, self.declared[d.column])
            if unknown is not None:
                questions.append((one == unknown, self._refusal(*_UNKNOWN_VALUE, d.column)))
            if d.missing is None:
                questions.append((one.is_(None), self._refusal(*_UNKNOWN_BLANK, d.column)))
        for name, column in self.counted.items():
            measure = None if name.startswith(PERSONS_PREFIX) else self.table.measure(name)
            kind = _BLANK_AMOUNT if _is_amount(measure) else _BLANK_COUNT
            questions.append((self.value(column).is_(None), self._refusal(*kind, column)))
            if isinstance(measure, t.SumMeasure) and measure.of != "amount":
                questions.append((self.value(column) < 0, self._refusal(*_NEGATIVE, column)))
        yes: sa.ColumnElement[Any] = sa.literal_column("1")
        no: sa.ColumnElement[Any] = sa.literal_column("0")
        sums = [sa.func.sum(sa.case((question, yes), else_=no)) for question, _ in questions]
        asked: Any = sa.select(sa.func.count(), *sums).select_from(self.records)
        rows, *found = tuple(self.ask(asked)[0])
        if not rows:
            raise Refused(
                "no record is left after the filter",
                remedy="Check the table's `filter` against the source's values.",
                slug="no-rows",
                place=self.place,
            )
        for count, (_, refusal) in zip(found, questions, strict=True):
            if count:
                refusal.what = refusal.what.format(rows="1 row" if count == 1 else f"{int(count):,} rows")
                raise refusal

    def _refusal(self, slug: str, what: str, remedy: str, column: str) -> Refused:
        return Refused(what, remedy=remedy, slug=slug, place=Place(self.dataset.dataset, self.table.table, column))

    def categories(self) -> list[Categories]:
        """The categories of each dimension. Raises Refused when two have the same label, or there are far too many."""
        found = []
        for i, d in enumerate(self.table.dimensions):
            column = self.declared[d.column]
            categories = declared_ones(d, column)
            if categories is None:
                keys = self.ask(sa.select(self.records.c[f"k{i}"]).distinct().limit(MOST_CELLS + 1))
                fill = self.table.absent_combinations == "zero"
                categories = found_categories(d, column, (row[0] for row in keys), fill=fill)
            labels = [*categories.labels, *([d.total] if d.total is not None else [])]
            if len(set(labels)) < len(labels):
                raise self._refusal(
                    "label-twice",
                    "a value of the column reads like the label of the total or of the blanks",
                    "Give the total, or the blanks, another label.",
                    d.column,
                )
            found.append(categories)
        return found

    def figures(self, categories: list[Categories]) -> Figures:
        """Count and add up, in one pass. Raises Refused when the table would have more than 5 million cells."""
        shape = tuple(
            len(c.labels) + (d.total is not None) for c, d in zip(categories, self.table.dimensions, strict=True)
        )
        totals = tuple(
            len(c.labels) if d.total is not None else None
            for c, d in zip(categories, self.table.dimensions, strict=True)
        )
        complete = self.table.absent_combinations == "zero"
        if complete and np.prod(shape, dtype=float) > MOST_CELLS:
            raise self._too_large()
        rows = self.ask(self._grouped().limit(MOST_CELLS + 1))
        if len(rows) > MOST_CELLS:
            raise self._too_large()
        names = list(counted(self.table))
        count = len(shape)
        positions = [c.position_of for c in categories]
        whole: dict[str, Any] = {}
        at: list[int] = []
        taken: list[Any] = []
        steps = [int(np.prod(shape[i + 1 :], dtype=np.int64)) for i in range(count)]
        for row in rows:
            grouped = row[count : 2 * count]  # 1 where the row is a total over the dimension
            if all(grouped):
                whole = {name: _number(value) for name, value in zip(names, row[2 * count :], strict=True)}
                if None in totals:
                    continue
            at.append(
                sum(
                    step * (len(positions[i]) if grouped[i] else positions[i][_plain(row[i])])
                    for i, step in enumerate(steps)
                )
            )
            taken.append([_number(value) for value in row[2 * count :]])
        found = np.array(at, dtype=np.int64)
        grid = Grid(shape, totals, np.arange(int(np.prod(shape)), dtype=np.int64) if complete else np.sort(found))
        places = grid.rows_of(found)
        values = {}
        for index, name in enumerate(names):
            values[name] = np.zeros(len(grid.cells), dtype=object)
            values[name][places] = [row[index] for row in taken]
        return Figures(grid, values, whole, np.sort(places))

    def _grouped(self) -> sa.Select[Any]:
        keys = [self.records.c[f"k{i}"] for i in range(len(self.table.dimensions))]
        choices = [(True, False) if d.total is not None else (True,) for d in self.table.dimensions]
        sets = [
            tuple(one for one, there in zip(keys, chosen, strict=True) if there)
            for chosen in itertools.product(*choices)
        ]
        if () not in sets:
            sets.append(())
        aggregates = [self._aggregate(kind, column) for kind, column in counted(self.table).values()]
        return sa.select(*keys, *(sa.func.grouping(one) for one in keys), *aggregates).group_by(
            sa.func.grouping_sets(*(sa.tuple_(*one) if one else sa.text("()") for one in sets))
        )

    def _aggregate(self, kind: str, column: str | None) -> sa.ColumnElement[Any]:
        if column is None:
            return sa.func.count()
        value = self.value(column)
        if kind == "distinct":
            return sa.func.count(sa.distinct(value))
        return sa.func.sum(sa.cast(value, EXACT) if self._column(column).type == "number" else value)

    def _column(self, name: str) -> SourceColumn:
        return self.declared[name]

    def _too_large(self) -> Refused:
        return Refused(
            f"the table would have more than {MOST_CELLS:,} cells",
            remedy="Use fewer dimensions or coarser categories, or make two tables of it.",
            slug="table-too-large",
            place=self.place,
        )


def counted(table: t.Table) -> dict[str, tuple[str, str | None]]:
    """What the engine must count for a table: name → (``rows``, ``distinct`` or ``sum``; the source column)."""
    wanted: dict[str, tuple[str, str | None]] = {}
    for measure in table.measures:
        if isinstance(measure, t.CountMeasure):
            wanted[measure.name] = ("rows", None)
            if measure.persons is not None:
                wanted[f"{PERSONS_PREFIX}{measure.name}"] = ("distinct", measure.persons)
        elif isinstance(measure, t.CountDistinctMeasure):
            wanted[measure.name] = ("distinct", measure.column)
        elif isinstance(measure, t.SumMeasure | t.MeanMeasure):
            wanted[measure.name] = ("sum", measure.column)
    return wanted


_UNKNOWN_VALUE = (
    "unknown-category",
    "{rows} have a value that no category covers",
    "Give the value a label (or a bin) in the declaration, or leave these records out with `filter`.",
)
_UNKNOWN_BLANK = (
    "unknown-category",
    "{rows} are blank, and the dimension has no label for blanks",
    "Give the dimension a label for `missing`, or leave these records out with `filter`.",
)
_BLANK_COUNT = (
    "count-blank",
    "{rows} are blank in a column that is counted, so the figure would be too small",
    "Have the source corrected, or leave these records out with `filter`.",
)
_BLANK_AMOUNT = (
    "amount-blank",
    "{rows} are blank in a column that is added up, so fewer persons would stand behind the figure than its count says",
    "Leave these records out with `filter`, or make the figure in a table of its own.",
)
_NEGATIVE = (
    "count-negative",
    "{rows} hold a number of people or events below zero",
    "Have the source corrected: corrections of earlier counts must be settled before they come here.",
)


def _is_amount(measure: t.Measure | None) -> bool:
    return isinstance(measure, t.MeanMeasure) or (isinstance(measure, t.SumMeasure) and measure.of == "amount")


def _number(value: Any) -> Any:
    """An int where it is whole, else a Decimal; engines disagree on how they send a sum."""
    if value is None or isinstance(value, int):
        return value
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    return int(exact) if exact == exact.to_integral_value() else exact


def _plain(one: Any) -> Any:
    return one if one is None or isinstance(one, str) else int(one)
