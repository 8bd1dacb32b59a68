"""Counts and adds up: one GROUP BY over grouping sets gives every cell and every total of a table.

A total is counted by the engine like any other cell, never added up from its parts here: persons counted once are once in
the total. Sums of numbers with decimals are taken over exact decimals (9 places), so that the order in which an engine
adds cannot change a digit.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
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

Amount = int | Decimal
"""A count or a sum, exactly."""


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

    def spread(self, rows: np.ndarray[Any, Any], figures: Any) -> np.ndarray[Any, Any]:
        """One figure for every cell: ``figures`` in these rows, zero in the others."""
        column = np.zeros(len(self.cells), dtype=object)
        column[rows] = figures
        return column


@dataclass(frozen=True)
class Figures:
    """What the engine counted: for each cell of the grid, and for the table as a whole."""

    grid: Grid
    values: dict[str, np.ndarray[Any, Any]]
    """Counts and sums by the measure's name (persons behind events: with ``PERSONS_PREFIX``), as int or Decimal."""
    whole: dict[str, Amount | None]
    """The same over all records of the table, published or not; None where a merge cannot tell."""
    found: np.ndarray[Any, Any]
    """Where in :attr:`Grid.cells` cells have records; the others are zeros."""


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
        questions = list(self._questions())
        yes: sa.ColumnElement[Any] = sa.literal_column("1")
        no: sa.ColumnElement[Any] = sa.literal_column("0")
        sums = [sa.func.sum(sa.case((question, yes), else_=no)) for question, _ in questions]
        asked: Any = sa.select(sa.func.count(), *sums).select_from(self.records)
        rows, *counts = tuple(self.ask(asked)[0])
        if not rows:
            raise Refused(
                "no record is left after the filter",
                remedy="Check the table's `filter` against the source's values.",
                slug="no-rows",
                place=self.place,
            )
        for count, (_, refusal) in zip(counts, questions, strict=True):
            if count:
                refusal.what = refusal.what.format(rows="1 row" if count == 1 else f"{int(count):,} rows")
                raise refusal

    def _questions(self) -> Iterator[tuple[sa.ColumnElement[Any], Refused]]:
        """What no record may be, and the refusal where one is."""
        for i, d in enumerate(self.table.dimensions):
            category = self.records.c[f"k{i}"]
            unknown = unknown_key(d, self.declared[d.column])
            if unknown is not None:
                yield category == unknown, self._refusal(*_UNKNOWN_VALUE, d.column)
            if d.missing is None:
                yield category.is_(None), self._refusal(*_UNKNOWN_BLANK, d.column)
        for name, column in self.counted.items():
            measure = None if name.startswith(PERSONS_PREFIX) else self.table.measure(name)
            kind = _BLANK_AMOUNT if _is_amount(measure) else _BLANK_COUNT
            yield self.value(column).is_(None), self._refusal(*kind, column)
            if isinstance(measure, t.SumMeasure) and measure.of != "amount":
                yield self.value(column) < 0, self._refusal(*_NEGATIVE, column)

    def _refusal(self, slug: str, what: str, remedy: str, column: str) -> Refused:
        return Refused(what, remedy=remedy, slug=slug, place=Place(self.dataset.dataset, self.table.table, column))

    def categories(self) -> list[Categories]:
        """The categories of each dimension. Raises Refused when two have the same label, or there are far too many."""
        categories_of_dimensions = []
        for i, d in enumerate(self.table.dimensions):
            column = self.declared[d.column]
            categories = declared_ones(d, column)
            if categories is None:
                keys = self.ask(sa.select(self.records.c[f"k{i}"]).distinct().limit(MOST_CELLS + 1))
                fill = self.table.absent_combinations == "zero"
                categories = found_categories(d, column, (row[0] for row in keys), fill=fill)
            if has_label_twice(d, categories):
                raise self._refusal(
                    "label-twice",
                    "a value of the column reads like the label of the total or of the blanks",
                    "Give the total, or the blanks, another label.",
                    d.column,
                )
            categories_of_dimensions.append(categories)
        return categories_of_dimensions

    def figures(self, categories: list[Categories]) -> Figures:
        """Count and add up, in one pass. Raises Refused when the table would have more than 5 million cells."""
        shape, totals = extents(self.table, categories)
        complete = self.table.absent_combinations == "zero"
        if complete and np.prod(shape, dtype=float) > MOST_CELLS:
            raise self._too_large()
        rows = self.ask(self._grouped().limit(MOST_CELLS + 1))
        if len(rows) > MOST_CELLS:
            raise self._too_large()
        whole, cells, counts = self._read(rows, categories, Grid(shape, totals, np.empty(0, dtype=np.int64)))
        grid = Grid(shape, totals, np.arange(int(np.prod(shape)), dtype=np.int64) if complete else np.sort(cells))
        places = grid.rows_of(cells)
        names = counted(self.table)
        values = {name: grid.spread(places, [row[index] for row in counts]) for index, name in enumerate(names)}
        return Figures(grid, values, whole, np.sort(places))

    def _read(
        self, rows: list[sa.Row[Any]], categories: list[Categories], grid: Grid
    ) -> tuple[dict[str, Amount | None], np.ndarray[Any, Any], list[list[Any]]]:
        """The figures over all records; and of every published row its cell in the whole grid, and its figures."""
        count = len(grid.shape)
        positions = [c.position_of for c in categories]
        steps = [int(np.prod(grid.shape[i + 1 :], dtype=np.int64)) for i in range(count)]
        names = list(counted(self.table))
        whole: dict[str, Amount | None] = {}
        cells: list[int] = []
        counts: list[list[Any]] = []
        for row in rows:
            keys, over = row[:count], row[count : 2 * count]  # 1 where the row is a total over the dimension
            figures = [_number(value) for value in row[2 * count :]]
            if all(over):
                whole = dict(zip(names, figures, strict=True))
                if None in grid.totals:  # the total of everything is asked for and not published
                    continue
            cells.append(
                sum(
                    step * (len(places) if total else places[_plain(category)])
                    for step, places, category, total in zip(steps, positions, keys, over, strict=True)
                )
            )
            counts.append(figures)
        return whole, np.array(cells, dtype=np.int64), counts

    def _grouped(self) -> sa.Select[Any]:
        keys = [self.records.c[f"k{i}"] for i in range(len(self.table.dimensions))]
        aggregates = [self._aggregate(kind, column) for kind, column in counted(self.table).values()]
        sets = [sa.tuple_(*grouped) if grouped else sa.text("()") for grouped in self._grouping_sets(keys)]
        grouping = [sa.func.grouping(category) for category in keys]
        return sa.select(*keys, *grouping, *aggregates).group_by(sa.func.grouping_sets(*sets))

    def _grouping_sets(self, keys: list[Any]) -> list[tuple[Any, ...]]:
        """What to group by: every dimension by its categories or, where it has a total, over all; and once over everything."""
        choices = [(True, False) if d.total is not None else (True,) for d in self.table.dimensions]
        sets = [tuple(itertools.compress(keys, chosen)) for chosen in itertools.product(*choices)]
        return sets if () in sets else [*sets, ()]

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


def extents(table: t.Table, categories: list[Categories]) -> tuple[tuple[int, ...], tuple[int | None, ...]]:
    """Along each dimension how many places there are, and where its total stands: after the categories, None without one."""
    counts = [len(known.labels) for known in categories]
    totals = [d.total is not None for d in table.dimensions]
    shape = tuple(count + total for count, total in zip(counts, totals, strict=True))
    return shape, tuple(count if total else None for count, total in zip(counts, totals, strict=True))


def has_label_twice(dimension: t.Dimension, categories: Categories) -> bool:
    """Whether a category reads like another one, or like the total or the blanks."""
    labels = [*categories.labels, *([dimension.total] if dimension.total is not None else [])]
    return len(set(labels)) < len(labels)


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
    "Have the source corrected: corrections of earlier counts must be applied before they come here.",
)


def _is_amount(measure: t.Measure | None) -> bool:
    return isinstance(measure, t.MeanMeasure) or (isinstance(measure, t.SumMeasure) and measure.of == "amount")


def _number(value: Any) -> Amount | None:
    """An int where it is whole, else a Decimal; engines disagree on how they send a sum."""
    if value is None or isinstance(value, int):
        return value
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    return int(exact) if exact == exact.to_integral_value() else exact


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else int(value)
