"""The tables of several releases side by side, as the cells of one system.

Decides which cells of different releases are the same figure. Per source column, the extents of all releases are cut into
*points*, the finest pieces they are made of; categories and totals become sets of points, and from there on a table of an
earlier release is just one more table of the same dataset: the rolling years of two releases overlap, a year to date is a
part of the next one, a renamed or regrouped category is seen for what it is. The equations are those of ``cells.link``.

A column or measure that changed its source's name but is published under the same one is the same. A column that held
numbers in one release and texts in another is compared as numbers; where that cannot be done the releases cannot be
compared, and the pipeline refuses rather than forget what was published.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from include.opendata.disclosure.cells import LinkedCells, Node, link, of_measure
from include.opendata.disclosure.cells.tables import key_at, places_on
from include.opendata.disclosure.history.extents import COVERED, Extent, TableExtents, union
from include.opendata.disclosure.history.published import PublishedRelease, PublishedTable
from include.opendata.disclosure.history.relations import tied_like_newest
from include.opendata.disclosure.history.tied_points import TiedPoints, tied_points
from include.opendata.errors import Place, Refused
from include.opendata.vocabulary import ProtectedTable, Structure, TableDimension, TableMeasure, axis_of, columns_of

Key = tuple[Node, ...]
"""A cell: its atoms in every column."""


@dataclass(frozen=True, eq=False)
class JointCells:
    """One measure over several releases, the oldest first.

    ``cells``: as from ``cells.link``, with the rows of every table of every release (a table is called
    ``name@release``) · ``grids``: per release the cells it publishes, combinations it leaves out as zero included ·
    ``tables``: per release its tables, in these cells' terms.
    """

    cells: LinkedCells
    releases: tuple[str, ...]
    grids: tuple[np.ndarray, ...]
    tables: tuple[tuple[ProtectedTable, ...], ...]

    def of_release(self, position: int) -> LinkedCells:
        """The same cells as one release published them: only its rows, and what it does not publish as unpublished."""
        published = np.zeros(len(self.cells.keys), dtype=bool)
        published[self.grids[position]] = True
        own = {table.structure.table for table in self.tables[position]}
        rows = {place: cells for place, cells in self.cells.rows.items() if place[0] in own}
        return replace(self.cells, published=published, rows=rows)


def joint_cells(releases: Sequence[PublishedRelease], *, dataset: str) -> list[JointCells]:
    """The cells of every protected count of the newest release (the last of ``releases``), over all of them.

    Raises Refused (``releases-not-comparable``; ``count-replaced``; ``too-many-cells`` and ``too-many-cells-to-attack`` of
    ``cells.link``).
    """
    named = _same_names(releases)
    _refuse_replaced(named, dataset)
    restated = tied_like_newest(_restated(_same_time(named), dataset))
    systems = list(dict.fromkeys(m.system for t in restated[-1] for m in t.structure.measures if m.role == "count"))
    return [_joint(system, [r.release for r in releases], restated) for system in systems]


def _joint(system: str, names: list[str], restated: list[tuple[ProtectedTable, ...]]) -> JointCells:
    """The cells of one measure, or of one family, over the tables of all releases that carry it."""
    carrying = [tuple(t for t in tables if _carries(t.structure, system)) for tables in restated]
    columns = tuple(sorted({c for t in carrying[-1] for c in _columns(t.structure, system)}))
    grids = {
        (t.structure.table, m.name): _grid(t, m, columns)
        for tables in carrying
        for t in tables
        for m in _carries(t.structure, system)
    }
    cells = _linked(_with_new_cells(carrying, grids), system)
    index = {key: number for number, key in enumerate(cells.keys)}
    return JointCells(
        replace(cells, rows=_rows(grids, index)),
        tuple(names),
        tuple(_published(tables, grids, index) for tables in carrying),
        tuple(carrying),
    )


def _published(tables: Iterable[ProtectedTable], grids: _Grids, index: dict[Key, int]) -> np.ndarray:
    """The cells that tables publish, ascending."""
    cells = {index[key] for t in tables for key in _keys_of(t, grids)}
    return np.array(sorted(cells), dtype=np.int64)


def _keys_of(table: ProtectedTable, grids: _Grids) -> list[Key]:
    """The keys of all cells a table publishes, over its measures of one system."""
    return [key for (name, _), grid in grids.items() if name == table.structure.table for key in grid.cells]


def _rows(grids: _Grids, index: dict[Key, int]) -> dict[tuple[str, str], np.ndarray]:
    """For each (table, measure) the cell of every row."""
    return {place: np.array([index[key] for key in grid.rows], dtype=np.int64) for place, grid in grids.items()}


def _carries(structure: Structure, system: str) -> list[TableMeasure]:
    """The counts of one system that a table publishes."""
    return [m for m in structure.measures if m.role == "count" and m.system == system]


def _with_new_cells(carrying: list[tuple[ProtectedTable, ...]], grids: _Grids) -> list[ProtectedTable]:
    """The tables, the newest first, that have a cell which none before them has."""
    known: set[Key] = set()
    tables = []
    for table in (table for release in reversed(carrying) for table in release):
        keys = _keys_of(table, grids)
        if not known.issuperset(keys):
            known.update(keys)
            tables.append(table)
    return tables


def _linked(tables: list[ProtectedTable], system: str) -> LinkedCells:
    described = [
        (_only(t.structure, system), {d.name: t.frame[d.name].tolist() for d in t.structure.dimensions}) for t in tables
    ]
    (cells,) = link(described, joint=True)
    return cells


def _columns(structure: Structure, system: str) -> set[str]:
    """The axes of a table's cells, the one of its measures included."""
    placed = (of_measure(structure, measure) for measure in _carries(structure, system))
    return {axis for of in placed for axis in (*(d.axis for d in of.dimensions), *of.filter_atoms)}


def _only(structure: Structure, system: str) -> Structure:
    return replace(structure, measures=tuple(_carries(structure, system)))


@dataclass(frozen=True)
class _Grid:
    """``cells``: keys of all cells a table publishes · ``rows``: the key of every row of its frame."""

    cells: list[Key]
    rows: list[Key]


_Grids = dict[tuple[str, str], _Grid]
"""Of each (table, measure)."""


def _grid(table: ProtectedTable, measure: TableMeasure, columns: tuple[str, ...]) -> _Grid:
    structure = of_measure(table.structure, measure)
    places = places_on(columns, structure)
    nodes = [{label: d.atoms[label] for label in _labels(d)} for d in structure.dimensions]
    labels = [table.frame[d.name].tolist() for d in structure.dimensions]
    rows = [
        key_at(places, [axis[label] for axis, label in zip(nodes, row, strict=True)])
        for row in zip(*labels, strict=True)
    ]
    chosen = itertools.product(*(axis.values() for axis in nodes))
    return _Grid(list(dict.fromkeys(key_at(places, one) for one in chosen)), rows)


def _labels(dimension: TableDimension) -> tuple[str, ...]:
    """What stands in the dimension's column: its categories, and the total where it has one."""
    return dimension.labels if dimension.total is None else (*dimension.labels, dimension.total)


# -- the same names ---------------------------------------------------------------------------------------------------


def _same_names(releases: Sequence[PublishedRelease]) -> list[PublishedRelease]:
    """Earlier releases in the newest one's words, where a source column or a measure was only renamed."""
    newest = _Words.of(releases[-1])
    return [*(_in_words_of(newest, release) for release in releases[:-1]), releases[-1]]


@dataclass(frozen=True)
class _Words:
    """What a release calls things: ``columns`` of the source · ``dimensions``: name → column · ``counts``: name → identity."""

    columns: frozenset[str]
    dimensions: dict[str, str]
    counts: dict[str, str]

    @classmethod
    def of(cls, release: PublishedRelease) -> _Words:
        structures = [t.structure for t in release.tables]
        return cls(
            frozenset(column for t in release.tables for column in t.extents.whole),
            {d.name: d.column for s in structures for d in s.dimensions},
            {m.name: m.identity for m in _counts(structures)},
        )


def _in_words_of(newest: _Words, release: PublishedRelease) -> PublishedRelease:
    """A column or count that the newest release does not know is the one it publishes under the same name, unless this
    release has that one as well."""
    then = _Words.of(release)
    dimensions = [(d.name, d.column) for t in release.tables for d in t.structure.dimensions]
    counts = [(m.name, m.identity) for m in _counts(t.structure for t in release.tables)]
    columns = _new_words(dimensions, newest.dimensions, newest.columns, then.columns)
    measures = _new_words(counts, newest.counts, newest.counts.values(), {identity for _, identity in counts})
    return PublishedRelease(release.release, tuple(_renamed(t, columns, measures) for t in release.tables))


def _new_words(
    named: Iterable[tuple[str, str]], newest: Mapping[str, str], known: Collection[str], taken: Collection[str]
) -> dict[str, str]:
    """What is no longer ``known`` → what the newest release has under the same name, where that is not ``taken``."""
    return {
        old: newest[name] for name, old in named if old not in known and name in newest and newest[name] not in taken
    }


def _counts(structures: Iterable[Structure]) -> Iterator[TableMeasure]:
    """Every count that tables publish."""
    return (m for s in structures for m in s.measures if m.role == "count")


def _refuse_replaced(releases: Sequence[PublishedRelease], dataset: str) -> None:
    """Refuse a count that was never published before in the place of one that is gone: it may be the same count under
    another name, made in another way, and then no one would attack the earlier releases beside it."""
    then, now = (_count_names(some) for some in (releases[:-1], releases[-1:]))
    new = sorted(name for identity, name in now.items() if identity not in then)
    gone = sorted(name for identity, name in then.items() if identity not in now)
    if new and gone:
        raise Refused(
            f"{', '.join(new)} was never published, and {', '.join(gone)} that was is gone: whether they count the same "
            "persons or events cannot be told, so earlier releases cannot be attacked beside this one",
            remedy="Where it counts the same, keep the measure's name, and the releases are compared. Where it counts "
            "something else, publish both in one release before the old one goes.",
            slug="count-replaced",
            place=Place(dataset=dataset),
        )


def _count_names(releases: Sequence[PublishedRelease]) -> dict[str, str]:
    """Identity of every count → the name it was last published under."""
    return {m.identity: m.name for m in _counts(t.structure for r in releases for t in r.tables)}


def _same_time(releases: Sequence[PublishedRelease]) -> list[PublishedRelease]:
    """Releases that show no time, and so speak of all that was covered, in the time column of those that do.

    Which days a release without months speaks of is told by its coverage, and months of another lie in it or outside.
    """
    tables = [table for release in releases for table in release.tables]
    times = [t.extents.time for t in tables if t.extents.time != COVERED]
    if not times:
        return list(releases)
    time = times[-1]
    undated = any(time in t.extents.whole and t.extents.whole[time].blank for t in tables)
    return [PublishedRelease(r.release, tuple(_dated(t, time, blank=undated) for t in r.tables)) for r in releases]


def _dated(table: PublishedTable, time: str, *, blank: bool) -> PublishedTable:
    """A table that speaks of all that was covered, saying so of the column ``time``; any other one as it is."""
    if table.extents.time != COVERED or time in table.extents.whole:
        return table
    whole = {column: extent for column, extent in table.extents.whole.items() if column != COVERED}
    whole[time] = replace(table.extents.whole[COVERED], blank=blank)
    return table.with_extents(replace(table.extents, whole=whole, time=time))


def _renamed(table: PublishedTable, columns: dict[str, str], measures: dict[str, str]) -> PublishedTable:
    if not columns and not measures:
        return table
    structure = replace(
        table.structure,
        dimensions=tuple(replace(d, column=columns.get(d.column, d.column)) for d in table.structure.dimensions),
        measures=tuple(replace(m, identity=measures.get(m.identity, m.identity)) for m in table.structure.measures),
    )
    whole = {columns.get(column, column): extent for column, extent in table.extents.whole.items()}
    time = columns.get(table.extents.time, table.extents.time)
    there = {columns.get(column, column): extent for column, extent in table.extents.there.items()}
    tied = {
        axis_of([columns.get(column, column) for column in columns_of(axis)]): tuple(
            {columns.get(column, column): extent for column, extent in one.items()} for one in combinations
        )
        for axis, combinations in table.extents.tied.items()
    }
    return table.with_extents(TableExtents(table.extents.labels, whole, time, there, tied), structure)


# -- points -----------------------------------------------------------------------------------------------------------


class _Points:
    """The finest pieces of one column, and every extent as a set of them."""

    def __init__(self, extents: Iterable[Extent]):
        every = list(extents)
        ends = sorted({end for extent in every for bounds in extent.ranges for end in bounds})
        self.segments = list(itertools.pairwise(ends))
        self.names = sorted({name for extent in every for name in extent.names})
        self.size = len(self.segments) + len(self.names) + 2

    def of(self, extent: Extent) -> Node:
        """Ascending; an extent without any value gets a point of its own: its cells are always zero."""
        found = [
            i for i, (a, b) in enumerate(self.segments) if any(low <= a and b <= high for low, high in extent.ranges)
        ]
        first = len(self.segments)
        found += [first + i for i, name in enumerate(self.names) if (name in extent.names) != extent.others]
        found += [first + len(self.names)] if extent.others else []
        found += [first + len(self.names) + 1] if extent.blank else []
        if not found:
            found, self.size = [self.size], self.size + 1
        return tuple(found)


def _restated(releases: Sequence[PublishedRelease], dataset: str) -> list[tuple[ProtectedTable, ...]]:
    """Per release its tables, every category a set of points that mean the same in all of them."""
    tables = [table for release in releases for table in release.tables]
    columns = sorted({column for table in tables for column in table.extents.whole})
    for column in columns:
        tables = _one_kind(tables, column, dataset)
    anything = {column: _anything(tables, column) for column in columns}
    points = {column: _Points([anything[column], *_extents_of(tables, column)]) for column in columns}
    restating = _Restating(points, anything, _tied_points(tables, points))
    waiting = iter(tables)
    return [tuple(restating.table(next(waiting), release.release) for _ in release.tables) for release in releases]


def _tied_points(tables: Sequence[PublishedTable], points: dict[str, _Points]) -> dict[str, TiedPoints]:
    """Column → the axis it is on, of columns that are tied in some release."""
    known = [
        [{column: points[column].of(extent) for column, extent in one.items()} for one in combinations]
        for table in tables
        for combinations in table.extents.tied.values()
    ]
    axes = [columns_of(axis) for table in tables for axis in table.extents.tied]
    return tied_points(axes, {column: of.size for column, of in points.items()}, known)


def _anything(tables: Sequence[PublishedTable], column: str) -> Extent:
    """Every value of a column that is in the data of some table."""
    told = [t.extents for t in tables if column in t.extents.whole]
    return union(extents.there.get(column, extents.whole[column]) for extents in told)


def _extents_of(tables: Sequence[PublishedTable], column: str) -> list[Extent]:
    """What tables keep of a column, and what their categories of it stand for."""
    return [t.extents.whole[column] for t in tables if column in t.extents.whole] + _label_extents(tables, column)


def _label_extents(tables: Sequence[PublishedTable], column: str) -> list[Extent]:
    return [e for t in tables for d in t.structure.dimensions if d.column == column for e in t.extents.labels[d.name]]


@dataclass(frozen=True)
class _Restating:
    """Puts tables into points that mean the same in all releases; ``anything``: column → every value in some data · ``tied``:
    column → the points of the axis it is on with others."""

    points: dict[str, _Points]
    anything: dict[str, Extent]
    tied: dict[str, TiedPoints]

    def table(self, table: PublishedTable, release: str) -> ProtectedTable:
        """The table, called ``name@release``."""
        structure = table.structure
        whole = {
            column: of.of(table.extents.whole.get(column, self.anything[column])) for column, of in self.points.items()
        }
        dimensions = tuple(self._dimension(d, table.extents.labels[d.name], whole) for d in structure.dimensions)
        axes = {self._axis(column): self._node(column, whole) for column in self.points}
        used = {d.axis for d in dimensions}
        restated = replace(
            structure,
            table=f"{structure.table}@{release}",
            dimensions=dimensions,
            measures=tuple(self._measure(m) for m in structure.measures),
            filter_atoms={axis: node for axis, node in axes.items() if axis not in used},
        )
        return ProtectedTable(
            structure=restated, annotation=table.annotation, frame=table.frame, masked=True,
            small=0, complementary=0, unstable=0, cells=len(table.frame), annotated_below=table.limits.annotated_below,
        )  # fmt: skip

    def _axis(self, column: str) -> str:
        return self.tied[column].axis if column in self.tied else column

    def _node(self, column: str, points: dict[str, Node]) -> Node:
        """The atoms, on the axis of ``column``, of what lies at ``points`` of each column."""
        if column not in self.tied:
            return points[column]
        axis = self.tied[column]
        return axis.of({c: points[c] for c in axis.columns})

    def _dimension(self, d: TableDimension, extents: Sequence[Extent], whole: dict[str, Node]) -> TableDimension:
        atoms = {
            label: self._node(d.column, whole | {d.column: self.points[d.column].of(extent)})
            for label, extent in zip(d.labels, extents, strict=True)
        }
        everything = self._node(d.column, whole)
        atoms |= {"": everything} | ({d.total: everything} if d.total is not None else {})
        tied = self.tied[d.column].columns if d.column in self.tied else ()
        return replace(d, atoms=atoms, tied=tied)

    def _measure(self, measure: TableMeasure) -> TableMeasure:
        """With the axes of which every column tells persons apart."""
        if measure.apart is None:
            return measure
        columns = set(measure.apart)
        axes = {of.axis for of in self.tied.values() if columns.issuperset(of.columns)}
        return replace(measure, apart=tuple(sorted(columns | axes)))


def _one_kind(tables: list[PublishedTable], column: str, dataset: str) -> list[PublishedTable]:
    """Names turned into numbers where another release has numbers in the same column."""
    of_labels = _label_extents(tables, column)
    if not (any(e.ranges for e in of_labels) and any(e.names for e in of_labels)):
        return tables
    try:
        return [_as_numbers(table, column) for table in tables]
    except ValueError:
        raise Refused(
            "the column held numbers in one release and texts in another, so their categories cannot be compared",
            remedy="Declare the column's type as it was in the releases already published, or publish under another dataset id "
            "after the coordinator has compared the figures with the earlier ones.",
            slug="releases-not-comparable",
            place=Place(dataset=dataset, column=column),
        ) from None


def _as_numbers(table: PublishedTable, column: str) -> PublishedTable:
    """Raises ValueError when a name is not a number."""
    extents = table.extents
    labels = {
        d.name: tuple(map(_numbers, extents.labels[d.name])) if d.column == column else extents.labels[d.name]
        for d in table.structure.dimensions
    }
    whole = {name: _numbers(extent) if name == column else extent for name, extent in extents.whole.items()}
    there = {name: _numbers(extent) if name == column else extent for name, extent in extents.there.items()}
    tied = {
        axis: tuple(
            {name: _numbers(extent) if name == column else extent for name, extent in one.items()}
            for one in combinations
        )
        for axis, combinations in extents.tied.items()
    }
    return table.with_extents(TableExtents(labels, whole, extents.time, there, tied))


def _numbers(extent: Extent) -> Extent:
    """The names of an extent as numbers."""
    if not extent.names:
        return extent
    if extent.others or extent.ranges:
        raise ValueError("only some of the names")
    ranges = [Extent(((value, _after(value)),)) for value in map(float, sorted(extent.names))]
    return replace(union(ranges), blank=extent.blank)


def _after(value: float) -> float:
    return value + 1 if value == int(value) else math.nextafter(value, math.inf)
