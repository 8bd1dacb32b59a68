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
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from include.opendata.disclosure.cells import LinkedCells, Node, link
from include.opendata.disclosure.history.extents import COVERED, Extent, TableExtents, union
from include.opendata.disclosure.history.published import PublishedRelease, PublishedTable
from include.opendata.errors import Place, Refused
from include.opendata.vocabulary import ProtectedTable, Structure


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
    restated = _restated(_same_time(named), dataset)
    identities = list(
        dict.fromkeys(m.identity for t in restated[-1] for m in t.structure.measures if m.role == "count")
    )
    return [_joint(identity, [r.release for r in releases], restated) for identity in identities]


def _joint(identity: str, names: list[str], restated: list[tuple[ProtectedTable, ...]]) -> JointCells:
    carrying = [
        tuple(t for t in tables if any(m.identity == identity and m.role == "count" for m in t.structure.measures))
        for tables in restated
    ]
    columns = tuple(sorted({c for t in carrying[-1] for c in _columns(t.structure)}))
    grids = {t.structure.table: _grid(t, columns) for tables in carrying for t in tables}
    known: set[tuple[Node, ...]] = set()
    to_link: list[ProtectedTable] = []
    for tables in reversed(carrying):
        for table in tables:
            keys = grids[table.structure.table][0]
            if not known.issuperset(keys):
                known.update(keys)
                to_link.append(table)
    (cells,) = (
        one
        for one in link(
            [
                (_only(t.structure, identity), {d.name: t.frame[d.name].tolist() for d in t.structure.dimensions})
                for t in to_link
            ],
            joint=True,
        )
        if one.identity == identity
    )
    index = {key: number for number, key in enumerate(cells.keys)}
    rows = {
        (t.structure.table, m.name): np.array([index[key] for key in grids[t.structure.table][1]], dtype=np.int64)
        for tables in carrying
        for t in tables
        for m in t.structure.measures
        if m.identity == identity and m.role == "count"
    }
    published = [
        np.array(sorted({index[key] for t in tables for key in grids[t.structure.table][0]}), dtype=np.int64)
        for tables in carrying
    ]
    return JointCells(replace(cells, rows=rows), tuple(names), tuple(published), tuple(carrying))


def _columns(structure: Structure) -> set[str]:
    return {d.column for d in structure.dimensions} | set(structure.filter_atoms)


def _only(structure: Structure, identity: str) -> Structure:
    return replace(structure, measures=tuple(m for m in structure.measures if m.identity == identity))


def _grid(table: ProtectedTable, columns: tuple[str, ...]) -> tuple[list[tuple[Node, ...]], list[tuple[Node, ...]]]:
    """Keys of all cells a table publishes, and the key of every row of its frame."""
    structure = table.structure
    place = {d.column: i for i, d in enumerate(structure.dimensions)}
    nodes = [
        {label: d.atoms[label] for label in (*d.labels, *((d.total,) if d.total is not None else ()))}
        for d in structure.dimensions
    ]

    def key(chosen: Sequence[Node]) -> tuple[Node, ...]:
        return tuple(chosen[place[c]] if c in place else structure.filter_atoms[c] for c in columns)

    everything = [key(chosen) for chosen in itertools.product(*(axis.values() for axis in nodes))]
    labels = [table.frame[d.name].tolist() for d in structure.dimensions]
    rows = [key([axis[label] for axis, label in zip(nodes, row, strict=True)]) for row in zip(*labels, strict=True)]
    return everything, rows


# -- the same names ---------------------------------------------------------------------------------------------------


def _same_names(releases: Sequence[PublishedRelease]) -> list[PublishedRelease]:
    """Earlier releases in the newest one's words, where a source column or a measure was only renamed."""
    newest = releases[-1]
    now_columns = {column for t in newest.tables for column in t.extents.whole}
    now_dimensions = {d.name: d.column for t in newest.tables for d in t.structure.dimensions}
    now_measures = {m.name: m.identity for t in newest.tables for m in t.structure.measures if m.role == "count"}
    renamed = []
    for release in releases[:-1]:
        then_columns = {column for t in release.tables for column in t.extents.whole}
        then_measures = {m.identity for t in release.tables for m in t.structure.measures if m.role == "count"}
        columns = {
            d.column: now_dimensions[d.name]
            for t in release.tables
            for d in t.structure.dimensions
            if d.column not in now_columns and now_dimensions.get(d.name) not in (None, *then_columns)
        }
        measures = {
            m.identity: now_measures[m.name]
            for t in release.tables
            for m in t.structure.measures
            if m.role == "count"
            and m.identity not in now_measures.values()
            and now_measures.get(m.name) not in (None, *then_measures)
        }
        renamed.append(PublishedRelease(release.release, tuple(_renamed(t, columns, measures) for t in release.tables)))
    return [*renamed, newest]


def _refuse_replaced(releases: Sequence[PublishedRelease], dataset: str) -> None:
    """Refuse a count nobody published before in the place of one that is gone: it may be the same count under another name,
    made in another way, and then the earlier releases would be attacked beside it by nobody."""
    then, now = (
        {m.identity: m.name for r in some for t in r.tables for m in t.structure.measures if m.role == "count"}
        for some in (releases[:-1], releases[-1:])
    )
    new, gone = (
        [name for identity, name in one.items() if identity not in other] for one, other in ((now, then), (then, now))
    )
    if new and gone:
        raise Refused(
            f"{', '.join(sorted(new))} was never published, and {', '.join(sorted(gone))} that was is gone: whether they count "
            "the same persons or events cannot be told, so earlier releases cannot be attacked beside this one",
            remedy="Where it counts the same, keep the measure's name, and the releases are compared. Where it counts "
            "something else, publish both in one release before the old one goes.",
            slug="count-replaced",
            place=Place(dataset=dataset),
        )


def _same_time(releases: Sequence[PublishedRelease]) -> list[PublishedRelease]:
    """Releases that show no time, and so speak of all that was covered, in the time column of those that do.

    Which days a release without months speaks of is told by its coverage, and months of another lie in it or outside.
    """
    columns = [t.extents.time for release in releases for t in release.tables if t.extents.time not in (None, COVERED)]
    if not columns:
        return list(releases)
    time = str(columns[-1])
    undated = any(t.extents.whole[time].blank for r in releases for t in r.tables if time in t.extents.whole)
    made = []
    for release in releases:
        tables = [
            _dated(t, time, blank=undated) if t.extents.time == COVERED and time not in t.extents.whole else t
            for t in release.tables
        ]
        made.append(PublishedRelease(release.release, tuple(tables)))
    return made


def _dated(table: PublishedTable, time: str, *, blank: bool) -> PublishedTable:
    whole = {column: extent for column, extent in table.extents.whole.items() if column != COVERED}
    whole[time] = replace(table.extents.whole[COVERED], blank=blank)
    return table.with_extents(TableExtents(table.extents.labels, whole, time, table.extents.there))


def _renamed(table: PublishedTable, columns: dict[str, str], measures: dict[str, str]) -> PublishedTable:
    if not columns and not measures:
        return table
    structure = replace(
        table.structure,
        dimensions=tuple(replace(d, column=columns.get(d.column, d.column)) for d in table.structure.dimensions),
        measures=tuple(replace(m, identity=measures.get(m.identity, m.identity)) for m in table.structure.measures),
    )
    whole = {columns.get(column, column): extent for column, extent in table.extents.whole.items()}
    time = table.extents.time and columns.get(table.extents.time, table.extents.time)
    there = {columns.get(column, column): extent for column, extent in table.extents.there.items()}
    return table.with_extents(TableExtents(table.extents.labels, whole, time, there), structure)


# -- points -----------------------------------------------------------------------------------------------------------


class _Points:
    """The finest pieces of one column, and every extent as a set of them."""

    def __init__(self, extents: Iterable[Extent]):
        every = list(extents)
        ends = sorted({end for one in every for bounds in one.ranges for end in bounds})
        self.segments = list(itertools.pairwise(ends))
        self.names = sorted({name for one in every for name in one.names})
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
    tables = [table for release in releases for table in release.tables]
    columns = sorted({column for table in tables for column in table.extents.whole})
    for column in columns:
        tables = _one_kind(tables, column, dataset)
    anything = {
        column: union(t.extents.there.get(column, t.extents.whole[column]) for t in tables if column in t.extents.whole)
        for column in columns
    }
    points = {
        column: _Points(
            [
                anything[column],
                *(t.extents.whole[column] for t in tables if column in t.extents.whole),
                *(
                    e
                    for t in tables
                    for d in t.structure.dimensions
                    if d.column == column
                    for e in t.extents.labels[d.name]
                ),
            ]
        )
        for column in columns
    }
    waiting = iter(tables)
    return [
        tuple(_in_points(next(waiting), release.release, points, anything) for _ in release.tables)
        for release in releases
    ]


def _in_points(
    table: PublishedTable, release: str, points: dict[str, _Points], anything: dict[str, Extent]
) -> ProtectedTable:
    structure = table.structure
    whole = {column: points[column].of(table.extents.whole.get(column, anything[column])) for column in points}
    dimensions = []
    for d in structure.dimensions:
        atoms = {
            label: points[d.column].of(extent)
            for label, extent in zip(d.labels, table.extents.labels[d.name], strict=True)
        }
        atoms |= {"": whole[d.column]} | ({d.total: whole[d.column]} if d.total is not None else {})
        dimensions.append(replace(d, atoms=atoms))
    own = {d.column for d in structure.dimensions}
    restated = replace(
        structure,
        table=f"{structure.table}@{release}",
        dimensions=tuple(dimensions),
        filter_atoms={column: node for column, node in whole.items() if column not in own},
    )
    return ProtectedTable(
        structure=restated, annotation=table.annotation, frame=table.frame, masked=True,
        small=0, complementary=0, unstable=0, cells=len(table.frame), small_below=table.small_below,
    )  # fmt: skip


def _one_kind(tables: list[PublishedTable], column: str, dataset: str) -> list[PublishedTable]:
    """Names turned into numbers where another release has numbers in the same column."""
    of_labels = [
        e for t in tables for d in t.structure.dimensions if d.column == column for e in t.extents.labels[d.name]
    ]
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
    def numbers(extent: Extent) -> Extent:
        if not extent.names:
            return extent
        if extent.others or extent.ranges:
            raise ValueError("only some of the names")
        ranges = [Extent(((value, _after(value)),)) for value in map(float, sorted(extent.names))]
        return replace(union(ranges), blank=extent.blank)

    labels: dict[str, Any] = dict(table.extents.labels)
    for d in table.structure.dimensions:
        if d.column == column:
            labels[d.name] = tuple(numbers(e) for e in labels[d.name])
    whole = dict(table.extents.whole)
    if column in whole:
        whole[column] = numbers(whole[column])
    there = dict(table.extents.there)
    if column in there:
        there[column] = numbers(there[column])
    return table.with_extents(TableExtents(labels, whole, table.extents.time, there))


def _after(value: float) -> float:
    return value + 1 if value == int(value) else math.nextafter(value, math.inf)
