"""Columns that determine one another: the county says the region, year and month say the fiscal year, a code says a name.

Tables made of different columns are cells of one system only as far as everything else is at its total: nothing says that
the counties of a region add up to it. Everybody knows it all the same, and subtracts. So columns that are tied in the
records get their atoms numbered together (``column_atoms``): both become sums of what occurs side by side.

What is looked for, between columns that two tables counting the same are made of, either without the other:

- *nested*: each category (or else each value) of one column goes with one category of the other;
- *shared classes*: a category, or several together, hold the same records as some categories of the other column;
- *inside*: one category lies in one category of the other, and hardly by chance;
- two columns of one table that say a third one of another table;
- the columns of one filter, which together leave a part of everybody out.

A few records that go against a tie (a wrong region) do not undo it for a reader, who does not know of them. Such *strays*
are counted, and what they leave in doubt is refused (``column_dependencies``).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import sqlalchemy as sa
from scipy import sparse
from scipy.sparse import csgraph

from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.source import SourceColumn
from include.opendata.declaration.tables import CountDistinctMeasure, CountMeasure, Measure, SumMeasure, Table
from include.opendata.tables.categories import keeps, key
from include.opendata.warehouse import Warehouse

MOST_PAIRS = 200_000
"""Pairs of categories up to which two columns are compared; what has more is no pair of classifications."""

BY_CHANCE = 1e-3
"""Below this probability no one takes a tie for an accident of these records."""

INSIDE_BY_CHANCE = 1e-9
"""The same where only one category of many lies inside another one: there are many to try."""

SMALL_TIE = 1_000
"""Combinations up to which columns are numbered together even where the tie may be an accident: it costs little."""


@dataclass(frozen=True)
class CountingTable:
    """Of a table: the figures it ``counts``, the columns it ``shows`` and those it ``filters`` by."""

    name: str
    counts: frozenset[str]
    shows: frozenset[str]
    filters: frozenset[str]

    @classmethod
    def of(cls, table: Table) -> CountingTable:
        """What a declared table is made of."""
        counts = frozenset(filter(None, map(count_identity, table.measures)))
        shows = frozenset(d.column for d in table.dimensions)
        return cls(table.table, counts, shows, frozenset(condition.column for condition in table.filter))

    @property
    def uses(self) -> frozenset[str]:
        """All columns it is made of."""
        return self.shows | self.filters

    @property
    def side_by_side(self) -> frozenset[str]:
        """The columns it shows for everybody."""
        return frozenset() if self.filters else self.shows


def count_identity(measure: Measure) -> str | None:
    """What a measure counts, the same text for the same figure; None for what is no count of persons or events."""
    if isinstance(measure, CountMeasure):
        return "count:records"
    if isinstance(measure, CountDistinctMeasure):
        return f"count_distinct:{measure.column}"
    if isinstance(measure, SumMeasure) and measure.of not in ("amount", "population"):
        return f"sum:{measure.column}"
    return None


@dataclass(frozen=True)
class Tie:
    """``columns`` that say one another, in the records or (``by_filter``) because one filter names them together.

    ``strays``: records that go against it; it is exact without any · ``by_chance``: whether it may be an accident.
    """

    columns: frozenset[str]
    strays: int = 0
    by_chance: bool = False
    by_filter: bool = False
    size: int = 0
    """Combinations of categories that occur."""

    @property
    def exact(self) -> bool:
        """Whether no record goes against it."""
        return self.strays == 0


def apart(tables: Sequence[CountingTable], others: Sequence[CountingTable] | None = None) -> list[frozenset[str]]:
    """Groups of columns to be compared, in a fixed order: two of which a table uses either without the other, or two that a
    table shows and a third one of another table. Those that one of the tables shows side by side for everybody are left out.

    ``others``: tables of another release; then the groups of one table of each, side by side in either.
    """
    every = [*tables, *(others or ())]
    compared = itertools.product(tables, tables if others is None else others)
    both_ways = itertools.chain.from_iterable(((a, b), (b, a)) for a, b in compared)
    groups = {
        group
        for one, other in both_ways
        for group in _groups_of(one, other)
        if _apart(every, one.counts & other.counts, group)
    }
    return sorted(groups, key=lambda columns: (len(columns), sorted(columns)))


def _groups_of(one: CountingTable, other: CountingTable) -> Iterator[frozenset[str]]:
    for column, third in itertools.product(one.uses - other.uses, other.uses - one.uses):
        yield frozenset({column, third})
    for pair in itertools.combinations(sorted(one.shows), 2):
        if not other.uses.issuperset(pair):
            yield from (frozenset({*pair, third}) for third in other.uses - one.uses)


def _apart(tables: Iterable[CountingTable], counts: frozenset[str], columns: frozenset[str]) -> bool:
    """Whether some of ``counts`` is shown by no table with all of ``columns`` side by side."""
    shown = [table.counts for table in tables if columns <= table.side_by_side]
    return any(not any(count in of_table for of_table in shown) for count in counts)


def filter_ties(tables: Sequence[CountingTable]) -> list[Tie]:
    """The columns of each filter on several of them, where another table counts the same without that filter."""
    ties = {
        Tie(one.filters, by_filter=True)
        for one, other in itertools.permutations(tables, 2)
        if len(one.filters) > 1 and _apart(tables, one.counts & other.counts, one.filters)
    }
    return sorted(ties, key=lambda tie: sorted(tie.columns))


def ties(dataset: Dataset, warehouse: Warehouse, groups: Iterable[frozenset[str]]) -> list[Tie]:
    """The ties there are in the records between the columns of each group, pairs being given before groups of three."""
    records = _Records(dataset, warehouse)
    found: list[Tie] = []
    for group in groups:
        tie = _tie(records, group) if len(group) == 2 else _tie_of_three(records, group, found)
        if tie is not None:
            found.append(tie)
    return found


def _tie(records: _Records, pair: frozenset[str]) -> Tie | None:
    first, second = sorted(pair)
    return _strongest(
        [
            _verdict(pair, records.contingency((first,), second)),
            _by_value(records, pair, first, second),
            _by_value(records, pair, second, first),
        ]
    )


def _tie_of_three(records: _Records, group: frozenset[str], pairs: Sequence[Tie]) -> Tie | None:
    """A third column that two others say together, where neither says it alone."""
    known = [tie.columns for tie in pairs if tie.exact and not tie.by_chance]
    verdicts = []
    for third in sorted(group):
        telling = tuple(sorted(group - {third}))
        if not any({third, column} <= columns for column in telling for columns in known):
            verdicts.append(_verdict(group, records.contingency(telling, third)))
    return _strongest(verdicts)


def _strongest(verdicts: Iterable[Tie | None]) -> Tie | None:
    """An exact tie that is no accident before one with strays, before an accident."""
    there = [tie for tie in verdicts if tie is not None]
    return min(there, key=lambda tie: (tie.by_chance, tie.strays), default=None)


def _verdict(columns: frozenset[str], table: _Contingency | None) -> Tie | None:
    if table is None or 1 in table.shape:
        return None
    return _strongest(
        [_nested(columns, table), _nested(columns, table.turned), _classes(columns, table), _inside(columns, table)]
    )


def _by_value(records: _Records, pair: frozenset[str], telling: str, third: str) -> Tie | None:
    """Whether the values of a column say the other's category where its categories, being coarser, do not."""
    table = records.contingency_by_value(telling, third)
    # of what hardly comes twice, everything follows
    if table is None or 1 in table.shape or table.records < 2 * table.shape[0]:
        return None
    return _nested(pair, table)


@dataclass(frozen=True, eq=False)
class _Contingency:
    """How many records have each pair of categories: ``first``, ``second`` int64[k] numbers of them, ``count`` int64[k]."""

    first: np.ndarray
    second: np.ndarray
    count: np.ndarray

    @cached_property
    def records(self) -> int:
        return int(self.count.sum())

    @cached_property
    def shape(self) -> tuple[int, int]:
        return int(self.first.max(initial=-1)) + 1, int(self.second.max(initial=-1)) + 1

    @cached_property
    def turned(self) -> _Contingency:
        return _Contingency(self.second, self.first, self.count)

    @cached_property
    def of_first(self) -> np.ndarray:
        """int64: records of each category of the first column."""
        return np.bincount(self.first, weights=self.count, minlength=self.shape[0]).astype(np.int64)

    @cached_property
    def of_second(self) -> np.ndarray:
        """int64: records of each category of the second column."""
        return np.bincount(self.second, weights=self.count, minlength=self.shape[1]).astype(np.int64)


def _few(records: float) -> float:
    """How many strays among so many records are taken for mistakes: 2 in 100, or up to 3 of at least 30."""
    return max(0.02 * records, min(3.0, 0.1 * records))


def _nested(columns: frozenset[str], table: _Contingency) -> Tie | None:
    """Each category of the first column goes with one of the second, but for a few strays."""
    largest = np.zeros(table.shape[0], dtype=np.int64)
    np.maximum.at(largest, table.first, table.count)
    strays = table.records - int(largest.sum())
    share = table.of_second / table.records
    same = float((share**2).sum())
    repeats = table.records - table.shape[0]
    if strays == 0:
        return Tie(columns, size=len(table.count))  # an accident, too, makes it a sum
    expected = repeats * (1 - same)
    near = strays <= _few(expected) and _chance(same, repeats) <= BY_CHANCE
    return Tie(columns, strays, size=len(table.count)) if near else None


def _chance(same: float, repeats: int) -> float:
    """How likely all ``repeats`` fall where their category did before, if each does with probability ``same``."""
    return math.exp(repeats * math.log(same)) if 0 < same < 1 else 1.0


def _classes(columns: frozenset[str], table: _Contingency) -> Tie | None:
    """Some categories of either column hold the same records as some of the other, but for a few strays."""
    exact = _components(table, np.ones(len(table.count), dtype=bool))
    if exact.number > 1:
        return Tie(columns, by_chance=_classes_by_chance(table, exact), size=len(table.count))
    few_of_first, few_of_second = (np.array(list(map(_few, of))) for of in (table.of_first, table.of_second))
    kept = (table.count > few_of_first[table.first]) | (table.count > few_of_second[table.second])
    classes = _components(table, kept).without_loose(table)
    if classes.number < 2 or _classes_by_chance(table, classes):
        return None
    return Tie(columns, classes.crossing(table), size=len(table.count))


def _classes_by_chance(table: _Contingency, classes: _Classes) -> bool:
    shares = np.bincount(classes.first[table.first], weights=table.count) / table.records
    return _chance(float((shares**2).sum()), table.records - len(table.count)) > BY_CHANCE


@dataclass(frozen=True, eq=False)
class _Classes:
    """The class of every category of both columns, int64."""

    number: int
    first: np.ndarray
    second: np.ndarray

    def crossing(self, table: _Contingency) -> int:
        """Records whose categories are of different classes."""
        return int(table.count[self.first[table.first] != self.second[table.second]].sum())

    def without_loose(self, table: _Contingency) -> _Classes:
        """The same with the classes that more than a few records lead out of taken together as one."""
        a, b = self.first[table.first], self.second[table.second]
        inside = np.bincount(a[a == b], weights=table.count[a == b], minlength=self.number)
        out = np.bincount(a[a != b], weights=table.count[a != b], minlength=self.number)
        out += np.bincount(b[a != b], weights=table.count[a != b], minlength=self.number)
        loose = out > np.array(list(map(_few, inside)))
        new = np.cumsum(~loose)
        new[loose] = 0
        number = len(set(new.tolist()))
        return _Classes(number, new[self.first], new[self.second])


def _components(table: _Contingency, kept: np.ndarray) -> _Classes:
    rows, columns = table.shape
    edges = (np.ones(int(kept.sum())), (table.first[kept], rows + table.second[kept]))
    number, label = csgraph.connected_components(
        sparse.coo_array(edges, shape=(rows + columns, rows + columns)), directed=False
    )
    return _Classes(number, label[:rows], label[rows:])


def _inside(columns: frozenset[str], table: _Contingency) -> Tie | None:
    """One category lies inside one of the other column, and hardly by chance."""
    for way in (table, table.turned):
        pairs_of = np.bincount(way.first, minlength=way.shape[0])
        alone = pairs_of[way.first] == 1
        share = way.of_second[way.second[alone]] / way.records
        if any(_chance(float(p), int(n)) < INSIDE_BY_CHANCE for p, n in zip(share, way.count[alone], strict=True)):
            # a reader who knows that they belong together is no certainty: taken into account where it costs little
            return Tie(columns, by_chance=True, size=len(table.count))
    return None


@dataclass(frozen=True)
class _Records:
    """The records of a dataset, sorted by columns."""

    dataset: Dataset
    warehouse: Warehouse
    known: dict[Hashable, _Contingency | None] = field(default_factory=dict)

    def contingency(self, telling: tuple[str, ...], third: str) -> _Contingency | None:
        """Records by the categories of some columns and of another one; None beyond ``MOST_PAIRS``."""
        first = [part for column in telling for part in sorted_by(self.dataset, column, self.warehouse)]
        return self._counted((telling, third), first, third)

    def contingency_by_value(self, telling: str, third: str) -> _Contingency | None:
        """Records by the values of a column and the categories of another one."""
        return self._counted(("values", telling, third), [self.warehouse.sql_table.c[telling]], third)

    def _counted(self, name: Hashable, first: list[sa.ColumnElement[Any]], third: str) -> _Contingency | None:
        if name not in self.known:
            second = sorted_by(self.dataset, third, self.warehouse)
            parts = [part.label(f"c{number}") for number, part in enumerate([*first, *second])]
            asked = sa.select(*parts, sa.func.count().label("records")).group_by(*(sa.text(p.name) for p in parts))
            rows = self.warehouse.rows(asked.limit(MOST_PAIRS + 1), dataset=self.dataset.dataset)
            self.known[name] = _numbered([tuple(row) for row in rows], len(first)) if rows else None
        return self.known[name]


def _numbered(rows: Sequence[tuple[Any, ...]], of_first: int) -> _Contingency | None:
    if len(rows) > MOST_PAIRS:
        return None
    first: dict[tuple[Any, ...], int] = {}
    second: dict[tuple[Any, ...], int] = {}
    pairs = [
        (first.setdefault(row[:of_first], len(first)), second.setdefault(row[of_first:-1], len(second)), int(row[-1]))
        for row in rows
    ]
    numbers = np.array(pairs, dtype=np.int64).reshape(-1, 3)
    return _Contingency(numbers[:, 0], numbers[:, 1], numbers[:, 2])


def sorted_by(dataset: Dataset, column: str, warehouse: Warehouse) -> list[sa.ColumnElement[Any]]:
    """How the tables sort a column's values: the key of each dimension made of it, 1 or 0 for each filter on it; where no
    table uses it any more, the values themselves, a day by its month."""
    records, declared = warehouse.sql_table, {c.name: c for c in dataset.source.columns}
    made: list[sa.ColumnElement[Any]] = [
        key(d, declared[column], records.c[column]) for t in dataset.tables for d in t.dimensions if d.column == column
    ]
    for table in dataset.tables:
        conditions = [condition for condition in table.filter if condition.column == column]
        if conditions:
            kept = keeps(conditions, declared, records)
            made.append(sa.case((kept, sa.literal_column("1")), else_=sa.literal_column("0")))
    return made or _values_or_months(records.c[column], declared[column])


def _values_or_months(column: sa.ColumnElement[Any], declared: SourceColumn) -> list[sa.ColumnElement[Any]]:
    """A column's values, a day by its month."""
    if declared.type == "date":
        return [sa.extract("year", column), sa.extract("month", column)]
    return [column]


def tied_together(columns: Iterable[str], found: Iterable[Tie]) -> list[tuple[str, ...]]:
    """The columns, those that ties lead to from one another in one group; groups and their columns in the order given."""
    order = list(columns)
    group = {column: {column} for column in order}
    for tie in found:
        together = set[str]().union(*(group[column] for column in tie.columns))
        for column in together:
            group[column] = together
    return list(dict.fromkeys(tuple(c for c in order if c in group[column]) for column in order))


def worth_linking(found: Iterable[Tie]) -> list[Tie]:
    """The ties that columns are numbered together for: exact, and no accident or small enough to be taken for none."""
    return [tie for tie in found if tie.exact and (not tie.by_chance or tie.size <= SMALL_TIE)]
