"""The tables of several releases side by side, as the cells of one system.

Decides which cells of different releases are the same figure. Per source column, the extents of all releases are cut into
*points*, the finest pieces they are made of; categories and totals become sets of points, and from there on a table of an
earlier release is just one more table of the same dataset: the rolling years of two releases overlap, a year to date is a
part of the next one, a renamed or regrouped category is seen for what it is. The equations are those of ``cells.link``.

What changed its name (``same_names``) or its spelling in the source (``same_values``) is the same; what may be the same is
read both ways (``doubtful``). A column that held numbers in one release and texts in another is compared as numbers. Where
that cannot be done the releases cannot be compared, and the pipeline refuses rather than forget what was published.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from include.opendata.disclosure.cells import LinkedCells, Node, link, of_measure
from include.opendata.disclosure.cells.tables import key_at, places_on
from include.opendata.disclosure.history.doubtful import with_corrected_periods, with_renamed_columns
from include.opendata.disclosure.history.extents import ALL, Extent, union
from include.opendata.disclosure.history.published import PublishedRelease, PublishedTable
from include.opendata.disclosure.history.relations import tied_like_newest
from include.opendata.disclosure.history.same_names import refuse_replaced, same_names, same_time
from include.opendata.disclosure.history.same_values import same_values, with_extents_of
from include.opendata.disclosure.history.tied_points import TiedPoints, tied_points
from include.opendata.disclosure.history.years import years_as_days
from include.opendata.errors import Place, Refused
from include.opendata.vocabulary import ProtectedTable, Structure, TableDimension, TableMeasure, columns_of

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
    named = same_names(releases)
    refuse_replaced(named, dataset)
    read = with_corrected_periods(same_values(with_renamed_columns(named), dataset=dataset))
    restated = tied_like_newest(_restated(same_time(read), dataset))
    systems = list(dict.fromkeys(m.system for t in restated[-1] for m in t.structure.measures if m.role == "count"))
    return [_joint(system, [r.release for r in read], restated) for system in systems]


def _joint(system: str, names: list[str], restated: list[tuple[ProtectedTable, ...]]) -> JointCells:
    """The cells of one measure, or of one family, over the tables of all releases that carry it."""
    carrying = [tuple(t for t in tables if _carries(t.structure, system)) for tables in restated]
    columns = tuple(sorted({c for t in carrying[-1] for c in _columns(t.structure, system)}))
    grids = _grids([t for tables in carrying for t in tables], system, columns)
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


def _grids(tables: Iterable[ProtectedTable], system: str, columns: tuple[str, ...]) -> _Grids:
    return {(t.structure.table, m.name): _grid(t, m, columns) for t in tables for m in _carries(t.structure, system)}


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
        """Ascending; without any value there is no point, and its cells are the one of which no record is."""
        found = [
            i for i, (a, b) in enumerate(self.segments) if any(low <= a and b <= high for low, high in extent.ranges)
        ]
        first = len(self.segments)
        found += [first + i for i, name in enumerate(self.names) if (name in extent.names) != extent.others]
        found += [first + len(self.names)] if extent.others else []
        found += [first + len(self.names) + 1] if extent.blank else []
        return tuple(found)


def _restated(releases: Sequence[PublishedRelease], dataset: str) -> list[tuple[ProtectedTable, ...]]:
    """Per release its tables, every category a set of points that mean the same in all of them."""
    tables = [table for release in releases for table in release.tables]
    columns = sorted({column for table in tables for column in table.extents.whole})
    for column in columns:
        tables = _comparable(tables, column, dataset)
    anything = {column: _anything(tables, column) for column in columns}
    points = {column: _Points([anything[column], *_extents_of(tables, column)]) for column in columns}
    restating = _Restating(points, anything, _tied_points(tables, points))
    waiting = iter(tables)
    return [tuple(restating.table(next(waiting), release.release) for _ in release.tables) for release in releases]


def _comparable(tables: list[PublishedTable], column: str, dataset: str) -> list[PublishedTable]:
    """The tables, the values of a column all of one kind, and no others than there are known to be."""
    of_one_kind = _one_kind(years_as_days(tables, column), column, dataset)
    return [_as_known(table, column, tables) for table in of_one_kind]


def _tied_points(tables: Sequence[PublishedTable], points: dict[str, _Points]) -> dict[str, TiedPoints]:
    """Column → the axis it is on, of columns that are tied in some release."""
    known = [
        [{column: points[column].of(extent) for column, extent in one.items()} for one in combinations]
        for table in tables
        for combinations in table.extents.tied.values()
    ]
    axes = [columns_of(axis) for table in tables for axis in table.extents.tied]
    return tied_points(axes, {column: of.size for column, of in points.items()}, known)


def _as_known(table: PublishedTable, column: str, tables: Sequence[PublishedTable]) -> PublishedTable:
    """A table of a release that does not know which values of a column there are: those that others know there are."""
    known = [there for t in tables for there in [_there(t, column)] if there not in (None, ALL)]
    if _there(table, column) != ALL or not known:
        return table
    everything = union([*known, *_label_extents([table], column)])
    return with_extents_of(table, column, lambda extent: extent.common(everything))


def _there(table: PublishedTable, column: str) -> Extent | None:
    """The values of a column in the data a table is made of; None where its release does not say."""
    return table.extents.there.get(column, table.extents.whole.get(column))


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
        return [with_extents_of(table, column, _numbers) for table in tables]
    except ValueError:
        raise Refused(
            "the column held numbers in one release and texts in another, so their categories cannot be compared",
            remedy="Declare the column's type as it was in the releases already published, or publish under another dataset id "
            "after the coordinator has compared the figures with the earlier ones.",
            slug="releases-not-comparable",
            place=Place(dataset=dataset, column=column),
        ) from None


def _numbers(extent: Extent) -> Extent:
    """The names of an extent as numbers. Raises ValueError when a name is not a number."""
    if not extent.names:
        return extent
    if extent.others or extent.ranges:
        raise ValueError("only some of the names")
    ranges = [Extent(((value, _after(value)),)) for value in map(float, sorted(extent.names))]
    return replace(union(ranges), blank=extent.blank)


def _after(value: float) -> float:
    return value + 1 if value == int(value) else math.nextafter(value, math.inf)
