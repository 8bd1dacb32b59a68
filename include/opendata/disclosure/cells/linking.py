"""All cells of a measure over the tables that carry it, and the equations between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from include.opendata.disclosure.cells.builder import CellBuilder
from include.opendata.disclosure.cells.equations import drop_uncountable, equations_of
from include.opendata.disclosure.cells.finest import add_finest, are_cut_differently
from include.opendata.disclosure.cells.measures import MEASURE, add_measure_sums, nodes_of, of_measure, uncounted
from include.opendata.disclosure.cells.nodes import Equation, Grid, Key, Partitions
from include.opendata.disclosure.cells.partitions import add_remainders, add_unions_across_tables
from include.opendata.disclosure.cells.tables import DescribedTable, Labels, add_table, grid_of
from include.opendata.vocabulary import MeasureFamily, Structure, TableMeasure

Rows = dict[tuple[str, str], np.ndarray]
"""(table, measure) → int64: the cell of every row of its frame."""


@dataclass(frozen=True, eq=False)
class LinkedCells:
    """All cells of one measure, or of the measures of one family, over the tables that carry them.

    ``identity``: of the measure, or the family's name · ``family``: None for one measure by itself · ``keys``: per cell, for
    each of ``columns``, its atoms · ``published`` bool[n] · ``equations``: (parent, children) cell indices · ``rows``: for
    each (table, measure) the cell of every row of its frame · ``level`` int[n]: in how many columns the cell is a sum of
    others · ``least_interesting`` bool[n] · ``neighbours``: per cell, cells one category away · ``names``: per cell, the
    labels it is published under, for messages in the work area · ``no_one``: cells in no table that only say what one measure
    is more than another; nothing is asked of them · ``at_most``: of distinct persons, the measures that are no less in any
    cell.
    """

    identity: str
    columns: tuple[str, ...]
    keys: tuple[Key, ...]
    published: np.ndarray
    equations: tuple[Equation, ...]
    rows: Rows
    level: np.ndarray
    least_interesting: np.ndarray
    neighbours: tuple[tuple[int, ...], ...]
    names: tuple[str, ...]
    family: MeasureFamily | None = None
    at_most: tuple[str, ...] = ()
    no_one: frozenset[int] = frozenset()

    @property
    def counts_no_one(self) -> np.ndarray:
        """bool[n]: the cells of ``no_one``."""
        return np.isin(np.arange(len(self.keys)), sorted(self.no_one))

    @property
    def identities(self) -> tuple[str, ...]:
        """Every measure whose cells these are."""
        return (self.identity,) if self.family is None else self.family.identities

    def cells_of(self, identity: str) -> tuple[tuple[str, ...], dict[Key, int]]:
        """The source columns, and the cell of every place on them, of one measure."""
        if self.family is None:
            return self.columns, {key: number for number, key in enumerate(self.keys)}
        at = self.columns.index(MEASURE)
        node = nodes_of(self.family)[identity]
        columns = (*self.columns[:at], *self.columns[at + 1 :])
        return columns, {(*k[:at], *k[at + 1 :]): number for number, k in enumerate(self.keys) if k[at] == node}


@dataclass(frozen=True)
class _Member:
    """A table that carries the measure."""

    structure: Structure
    measure: TableMeasure
    labels: Labels


def link(tables: Sequence[DescribedTable], *, joint: bool = False) -> list[LinkedCells]:
    """The cells of every protected count of a dataset, one :class:`LinkedCells` per measure, or per family of measures.

    ``tables``: each table's structure with its frame's label columns (:func:`described`). ``joint``: with the finest cells,
    where sums of single columns do not tell everything. Raises Refused when the tables together have more cells than can
    be held (``too-many-cells``, ``too-many-cells-to-attack``).
    """
    by_system: dict[str, list[_Member]] = {}
    for structure, labels in tables:
        for measure in structure.measures:
            if measure.role == "count":
                member = _Member(of_measure(structure, measure), measure, labels)
                by_system.setdefault(measure.system, []).append(member)
    return [_link_system(identity, members, joint) for identity, members in by_system.items()]


def _link_system(identity: str, members: Sequence[_Member], joint: bool) -> LinkedCells:
    builder = CellBuilder(_columns_of(members), _additive_columns(members))
    partitions: Partitions = {column: set() for column in builder.columns}
    rows = _add_tables(builder, members, partitions)
    grids = [grid_of(builder, member.structure) for member in members]
    family = members[0].measure.family
    add_unions_across_tables(builder, partitions)
    crossing = add_remainders(builder, partitions)
    if joint and builder.additive and (crossing or _need_finest(members, grids)):
        add_finest(builder, partitions)
    if family is not None:
        add_measure_sums(builder, family, partitions)
    equations = equations_of(builder, partitions, grids)
    if not joint:
        equations, rows = _countable(builder, equations, rows)
    cells = _linked(identity, builder, equations, rows, _levels(builder, partitions))
    if family is not None:
        return replace(cells, family=family, no_one=uncounted(builder, family))
    return replace(cells, at_most=_at_most(members))


def _add_tables(builder: CellBuilder, members: Sequence[_Member], partitions: Partitions) -> Rows:
    return {
        (member.structure.table, member.measure.name): add_table(builder, member.structure, member.labels, partitions)
        for member in members
    }


def _at_most(members: Sequence[_Member]) -> tuple[str, ...]:
    """The measures that are no less than this one in any cell, as its tables say."""
    return tuple(dict.fromkeys(identity for member in members for identity in member.measure.at_most))


def _need_finest(members: Sequence[_Member], grids: Sequence[Grid]) -> bool:
    """Whether tables of one measure overlap in ways that sums of single columns do not tell."""
    of_measures: dict[str, list[Grid]] = {}
    for member, grid in zip(members, grids, strict=True):
        of_measures.setdefault(member.measure.identity, []).append(grid)
    return any(len(own) > 2 or are_cut_differently(own) for own in of_measures.values())


def _linked(
    identity: str,
    builder: CellBuilder,
    equations: list[Equation],
    rows: Rows,
    level: np.ndarray,
) -> LinkedCells:
    return LinkedCells(
        identity=identity,
        columns=builder.columns,
        keys=tuple(builder.numbers),
        published=np.array([cell.published for cell in builder.cells], dtype=bool),
        equations=tuple(equations),
        rows=rows,
        level=level,
        least_interesting=np.array([cell.least_interesting for cell in builder.cells], dtype=bool),
        neighbours=tuple(tuple(sorted(cell.neighbours)) for cell in builder.cells),
        names=tuple(cell.name for cell in builder.cells),
    )


def _columns_of(members: Sequence[_Member]) -> tuple[str, ...]:
    """Every source column that some table shows or filters by."""
    columns: set[str] = set()
    for member in members:
        columns.update(dimension.axis for dimension in member.structure.dimensions)
        columns.update(member.structure.filter_atoms)
    return tuple(sorted(columns))


def _additive_columns(members: Sequence[_Member]) -> frozenset[str]:
    """The columns over which every table's figures of the measure add up."""
    measures = [member.measure for member in members]
    if all(measure.additive for measure in measures):
        return frozenset(_columns_of(members)) - {MEASURE}
    told_apart = [frozenset(m.apart) for m in measures if not m.additive and m.apart is not None]
    return frozenset.intersection(*told_apart) if told_apart else frozenset()


def _countable(builder: CellBuilder, equations: list[Equation], rows: Rows) -> tuple[list[Equation], Rows]:
    """Equations and rows in the numbers of the cells whose count follows from published ones; the others are dropped."""
    equations, new = drop_uncountable(builder, equations)
    return equations, {
        place: np.array([new[cell] for cell in cells.tolist()], dtype=np.int64) for place, cells in rows.items()
    }


def _levels(builder: CellBuilder, partitions: Partitions) -> np.ndarray:
    """int64[n]: in how many columns each cell is a sum of others."""
    wholes = [{whole for whole, _ in partitions[column]} for column in builder.columns]
    levels = [sum(node in of_column for node, of_column in zip(key, wholes, strict=True)) for key in builder.numbers]
    return np.array(levels, dtype=np.int64)
