"""The finest cells that all tables of a measure are made of, for those who reason with more than the tables' own cells."""

from __future__ import annotations

import itertools

import numpy as np

from include.opendata.disclosure.cells.builder import CellBuilder
from include.opendata.disclosure.cells.nodes import Grid, Node, Partitions, made_of, replaced
from include.opendata.errors import Refused

MAX_JOINT_CELLS = 200_000


def are_cut_differently(grids: list[Grid]) -> bool:
    """Whether two tables sort several columns in ways that neither has of the other, and neither is made up of the other.

    They then have parts in common that are cells of neither (one keeps a county, the other an age).
    """
    return any(_cut_differently(*pair) for pair in itertools.combinations(grids, 2))


def _cut_differently(first: Grid, second: Grid) -> bool:
    different = sum(not (set(a) <= set(b) or set(b) <= set(a)) for a, b in zip(first, second, strict=True))
    return different > 1 and not _is_made_of(first, second) and not _is_made_of(second, first)


def _is_made_of(coarse: Grid, fine: Grid) -> bool:
    return all(made_of(node, axis) for nodes, axis in zip(coarse, fine, strict=True) for node in nodes)


def add_finest(builder: CellBuilder, partitions: Partitions) -> None:
    """Every combination of single atoms, and the sums that lead from each cell down to them.

    Raises Refused (``too-many-cells-to-attack``).
    """
    combinations = int(np.prod([_finest_nodes(builder, c) for c in range(len(builder.columns))], dtype=np.int64))
    if combinations * len(builder.columns) > MAX_JOINT_CELLS:
        raise Refused(
            f"the tables overlap in ways that take more than {MAX_JOINT_CELLS:,} cells to attack",
            remedy="Publish fewer tables of one dataset, or let them share their categories.",
            slug="too-many-cells-to-attack",
        )
    for position, column in builder.additive_columns:
        for key in [key for key in builder.numbers if len(key[position]) > 1]:
            atoms: tuple[Node, ...] = tuple((atom,) for atom in key[position])
            partitions[column].add((key[position], atoms))
            for atom in atoms:
                builder.number(replaced(key, position, atom))


def _finest_nodes(builder: CellBuilder, position: int) -> int:
    """How many sets a column falls into."""
    nodes = builder.nodes(position)
    return len(set().union(*nodes)) if builder.columns[position] in builder.additive else len(nodes)
