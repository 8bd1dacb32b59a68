"""From relations between sets to equations between cells: along one column, in blocks, and what can be counted at all."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from include.opendata.disclosure.cells.builder import CellBuilder
from include.opendata.disclosure.cells.nodes import Equation, Grid, Node, Partitions, Parts, made_of


def equations_of(builder: CellBuilder, partitions: Partitions, grids: list[Grid]) -> list[Equation]:
    """Every equation between the cells there are, each once, in the order in which they are found."""
    found = itertools.chain(_along_columns(builder, partitions), *(_in_blocks(builder, grid) for grid in grids))
    return list(dict.fromkeys(found))


def _along_columns(builder: CellBuilder, partitions: Partitions) -> Iterator[Equation]:
    """Every relation applied to every cell it fits, where all its cells exist."""
    unions = [_unions_by_whole(partitions[column]) for column in builder.columns]
    for key, parent in builder.numbers.items():
        for position, by_whole in enumerate(unions):
            for parts in by_whole.get(key[position], ()):
                children = builder.numbers_with(key, position, parts)
                if children is not None:
                    yield parent, children


def _unions_by_whole(relations: Iterable[tuple[Node, Parts]]) -> dict[Node, list[Parts]]:
    by_whole: dict[Node, list[Parts]] = {}
    for whole, parts in sorted(relations):
        by_whole.setdefault(whole, []).append(parts)
    return by_whole


def _in_blocks(builder: CellBuilder, grid: Grid) -> Iterator[Equation]:
    """Published cells that are made of a table's cells in several columns at once."""
    parts_of = [
        {node: _parts_on(axis, node, additive=column in builder.additive) for node in builder.nodes(position)}
        for position, (column, axis) in enumerate(zip(builder.columns, grid, strict=True))
    ]
    for key, parent in builder.numbers.items():
        if not builder.cells[parent].published:
            continue
        parts = [of_column[node] for of_column, node in zip(parts_of, key, strict=True)]
        if all(parts) and sum(len(part) > 1 for part in parts) > 1:
            yield parent, tuple(builder.numbers[child] for child in itertools.product(*parts))


def _parts_on(axis: tuple[Node, ...], node: Node, *, additive: bool) -> Parts:
    if additive:
        return made_of(node, axis)
    return (node,) if node in axis else ()


def drop_uncountable(builder: CellBuilder, equations: list[Equation]) -> tuple[list[Equation], dict[int, int]]:
    """Leave out cells whose count follows from no published one, and the equations they stand in.

    Returns the equations that are left, in new numbers, and old number → new number.
    """
    countable = _countable(builder, equations)
    new = builder.keep(countable)
    left = [
        (new[parent], tuple(new[child] for child in children))
        for parent, children in equations
        if parent in new and all(child in new for child in children)
    ]
    return left, new


def _countable(builder: CellBuilder, equations: list[Equation]) -> list[bool]:
    """Per cell whether it is published, or follows by repeated subtraction: the only unknown of some equation."""
    known = [cell.published for cell in builder.cells]
    waiting = [(parent, *children) for parent, children in equations]
    progress = True
    while progress:
        left = []
        for members in waiting:
            unknown = [member for member in members if not known[member]]
            if len(unknown) == 1:
                known[unknown[0]] = True
            elif unknown:
                left.append(members)
        progress = len(left) < len(waiting)
        waiting = left
    return known
