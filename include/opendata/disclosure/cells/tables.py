"""The cells of one table: every combination of its categories, and of its totals, published or not."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from include.opendata.disclosure.cells.builder import CellBuilder
from include.opendata.disclosure.cells.nodes import Grid, Key, Node, Partitions, Parts, node_of
from include.opendata.errors import Place, Refused
from include.opendata.vocabulary import Structure, TableDimension

MAX_CELLS = 5_000_000

Labels = Mapping[str, Sequence[str]]
"""Dimension name → labels, one per row of a table's frame."""

DescribedTable = tuple[Structure, Labels]

NO_ONE: Node = (-1,)
"""On every column: the one cell of all combinations of tied columns that no record has, which is shown as zero."""


class AxisPoint(NamedTuple):
    """A category of a dimension, its total, or (without a label) what no row stands for."""

    label: str | None
    node: Node
    published: bool


def described(structure: Structure, frame: pd.DataFrame) -> DescribedTable:
    """What is read of a table to find its cells: its structure and its labels, no figure."""
    return structure, {dimension.name: frame[dimension.name].tolist() for dimension in structure.dimensions}


def add_table(builder: CellBuilder, structure: Structure, labels: Labels, partitions: Partitions) -> np.ndarray:
    """Add a table's cells, and to ``partitions`` how its totals are made up; int64: the cell of each row.

    Raises Refused (``too-many-cells``).
    """
    axes = [_axis(dimension, builder) for dimension in structure.dimensions]
    count = int(np.prod([len(axis) for axis in axes], dtype=np.int64))
    if count + len(builder.cells) > MAX_CELLS:
        raise Refused(
            f"the tables together have more than {MAX_CELLS:,} cells",
            remedy="Publish fewer dimensions in one table, or coarser categories.",
            slug="too-many-cells",
            place=Place(table=structure.table),
        )
    _add_partitions(builder, structure, partitions)
    cells = _add_combinations(builder, structure, axes)
    _note_neighbours(builder, structure, cells)
    of_rows: np.ndarray = cells[_positions(structure, axes, labels)]
    return of_rows


def grid_of(builder: CellBuilder, structure: Structure) -> Grid:
    """The sets of a table on every column."""
    nodes = [[point.node for point in _axis(dimension, builder)] for dimension in structure.dimensions]
    return tuple(
        tuple(filter(None, dict.fromkeys(map(common, itertools.product(*(nodes[at] for at in positions))))))
        if positions
        else (kept,)
        for positions, kept in places_on(builder.columns, structure)
    )


def _axis(dimension: TableDimension, builder: CellBuilder) -> list[AxisPoint]:
    """Every category, the total where it is published or follows by adding up, and what a filter leaves without a record."""
    axis = [AxisPoint(label, node_of(dimension.atoms[label]), True) for label in dimension.labels]
    if dimension.total is not None:
        axis.append(AxisPoint(dimension.total, node_of(dimension.atoms[""]), True))
    elif dimension.axis in builder.additive:
        axis.append(AxisPoint("", node_of(dimension.atoms[""]), False))
    unlisted = _unlisted(dimension)
    return [*axis, AxisPoint(None, unlisted, True)] if unlisted else axis


def _unlisted(dimension: TableDimension) -> Node:
    """The atoms of a total that none of its categories has: a filter leaves no record there."""
    return node_of(set(dimension.atoms[""]).difference(*(dimension.atoms[label] for label in dimension.labels)))


def _add_partitions(builder: CellBuilder, structure: Structure, partitions: Partitions) -> None:
    """How totals are made up; where several dimensions are on one axis, the total of each within categories of the others."""
    for axis, dimensions in _by_axis(structure).items():
        for dimension in dimensions:
            if dimension.total is not None or axis in builder.additive:
                others = [[point.node for point in _axis(d, builder)] for d in dimensions if d is not dimension]
                for fixed in itertools.product(*others):
                    partitions[axis].update(_partition(dimension, fixed))


def _partition(dimension: TableDimension, fixed: Sequence[Node]) -> Iterator[tuple[Node, Parts]]:
    categories = (*(node_of(dimension.atoms[label]) for label in dimension.labels), _unlisted(dimension))
    parts = {common([category, *fixed]) for category in categories} - {()}
    if len(parts) > 1:
        yield common([node_of(dimension.atoms[""]), *fixed]), tuple(sorted(parts))


def _by_axis(structure: Structure) -> dict[str, list[TableDimension]]:
    """The dimensions on each axis."""
    by_axis: dict[str, list[TableDimension]] = {}
    for dimension in structure.dimensions:
        by_axis.setdefault(dimension.axis, []).append(dimension)
    return by_axis


def _add_combinations(builder: CellBuilder, structure: Structure, axes: list[list[AxisPoint]]) -> np.ndarray:
    """int64, one dimension per axis: the cell of every combination."""
    places = places_on(builder.columns, structure)
    cells = np.empty([len(axis) for axis in axes], dtype=np.int64)
    for where in itertools.product(*map(range, cells.shape)):
        points = [axis[position] for axis, position in zip(axes, where, strict=True)]
        key = key_at(places, [point.node for point in points])
        cells[where] = builder.number(key)
        if NO_ONE in key or all(point.published for point in points):
            _publish(builder, int(cells[where]), structure, [point.label for point in points])
    return cells


Places = list[tuple[list[int], Node]]
"""Per column the positions of a table's dimensions on it, and the one set the table keeps of it where there are none."""


def places_on(columns: Sequence[str], structure: Structure) -> Places:
    """Where a cell's set on each of ``columns`` comes from."""
    axes = [dimension.axis for dimension in structure.dimensions]
    return [
        (
            [position for position, axis in enumerate(axes) if axis == column],
            node_of(structure.filter_atoms.get(column, ())),
        )
        for column in columns
    ]


def key_at(places: Places, nodes: Sequence[Node]) -> Key:
    """The cell where each dimension stands at one of ``nodes``."""
    key = [common([nodes[position] for position in positions]) if positions else kept for positions, kept in places]
    occurs = all(node or not positions for node, (positions, _) in zip(key, places, strict=True))
    return tuple(key) if occurs else (NO_ONE,) * len(key)


def common(nodes: Iterable[Node]) -> Node:
    """What categories have in common; of tied columns only some combinations occur, and the others are no one."""
    first, *others = nodes
    return first if not others else node_of(set(first).intersection(*others))


def _publish(builder: CellBuilder, number: int, structure: Structure, labels: list[str | None]) -> None:
    cell = builder.cells[number]
    cell.published = True
    cell.name = cell.name or ", ".join(filter(None, labels))
    cell.least_interesting = cell.least_interesting or any(
        label in dimension.least_interesting for label, dimension in zip(labels, structure.dimensions, strict=True)
    )


def _note_neighbours(builder: CellBuilder, structure: Structure, cells: np.ndarray) -> None:
    for axis, dimension in enumerate(structure.dimensions):
        categories = np.moveaxis(cells, axis, 0)[: len(dimension.labels)]
        for before, after in itertools.pairwise(categories):
            for first, second in zip(before.ravel().tolist(), after.ravel().tolist(), strict=True):
                builder.are_neighbours(first, second)


def _positions(structure: Structure, axes: list[list[AxisPoint]], labels: Labels) -> tuple[np.ndarray, ...]:
    """Per axis the position of every row's label."""
    return tuple(
        np.array([position[str(label)] for label in labels[dimension.name]], dtype=np.int64)
        for dimension, position in zip(structure.dimensions, map(_position_by_label, axes), strict=True)
    )


def _position_by_label(axis: list[AxisPoint]) -> dict[str | None, int]:
    return {point.label: position for position, point in enumerate(axis) if point.published}
