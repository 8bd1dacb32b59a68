"""Which figures of a dataset's tables are one and the same cell, and which are sums of others.

Built from the tables' structures alone: everything here is public knowledge (an attacker reads it from the data
dictionary), so the module serves both the room that hides cells and the room that attacks what is left. It sees no count.

A cell of a measure is a set of atoms (see ``vocabulary``) for every source column any table uses. From the sets follow:

- *the same cell in two tables*: equal sets on every column;
- *sums*: a set is the disjoint union of the categories some table has on that column (a total and its categories, a
  period and its years), or of two sets that occur somewhere; the other columns stay as they are;
- *blocks*: a region by age groups is the sum of its counties by single ages, in several columns at once;
- *totals no table publishes* still tie tables together (region by sex and region by age add up to the same regions), so
  they are added as cells that are not published; so is what is left of a set when others that lie in it are taken away.

A combination that a table leaves out is known to be zero, so it is a published cell like any other.

Distinct persons add up only over columns that tell them apart (``TableMeasure.apart``) and over totals that are published.

``joint=True`` adds, where sums of single columns do not tell everything (three and more tables that overlap in a circle,
categories of two tables that cross, two tables that are cut differently in several columns), the finest cells all tables
are made of. The attacker reasons with them; hiding does without, for nobody has their true counts, and is told by the
attacker when that was not enough.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from include.opendata.errors import Place, Refused
from include.opendata.vocabulary import Structure, TableDimension

Node = tuple[int, ...]
"""Atoms of one column, ascending."""

Partitions = dict[str, set[tuple[Node, tuple[Node, ...]]]]
"""Per column: which set is the disjoint union of which others."""

Grid = tuple[tuple[Node, ...], ...]
"""Of one table, for each column: its categories and its total, or the one set it keeps of a column it does not show."""

Equations = dict[tuple[int, tuple[int, ...]], Any]
"""(parent, children), in the order they were found."""

MAX_CELLS = 5_000_000
MAX_JOINT_CELLS = 200_000


@dataclass(frozen=True, eq=False)
class LinkedCells:
    """All cells of one measure over the tables that carry it.

    ``keys``: per cell, for each of ``columns``, its atoms · ``published`` bool[n] · ``equations``: (parent, children) cell
    indices · ``rows``: for each (table, measure) the cell of every row of its frame · ``level`` int[n]: in how many
    columns the cell is a sum of others · ``least_interesting`` bool[n] · ``neighbours``: per cell, cells one category away
    · ``names``: per cell, the labels it is published under, for messages in the work area.
    """

    identity: str
    columns: tuple[str, ...]
    keys: tuple[tuple[Node, ...], ...]
    published: np.ndarray
    equations: tuple[tuple[int, tuple[int, ...]], ...]
    rows: dict[tuple[str, str], np.ndarray]
    level: np.ndarray
    least_interesting: np.ndarray
    neighbours: tuple[tuple[int, ...], ...]
    names: tuple[str, ...]


def link(tables: Sequence[tuple[Structure, Mapping[str, Sequence[str]]]], *, joint: bool = False) -> list[LinkedCells]:
    """The cells of every protected count of a dataset, one :class:`LinkedCells` per measure identity.

    ``tables``: each table's structure with its frame's label columns (dimension name → labels, one per row).
    Raises Refused when the tables together have more cells than can be held.
    """
    by_identity: dict[str, list[tuple[Structure, str, Mapping[str, Sequence[str]]]]] = {}
    for structure, labels in tables:
        for measure in structure.measures:
            if measure.role == "count":
                by_identity.setdefault(measure.identity, []).append((structure, measure.name, labels))
    return [_link_measure(identity, members, joint) for identity, members in by_identity.items()]


class _Builder:
    """Collects cells by key while tables are added."""

    def __init__(self, columns: tuple[str, ...]):
        self.columns = columns
        self.index: dict[tuple[Node, ...], int] = {}
        self.published: list[bool] = []
        self.least: list[bool] = []
        self.names: list[str] = []
        self.near: list[set[int]] = []

    def cell(self, key: tuple[Node, ...]) -> int:
        found = self.index.get(key)
        if found is None:
            found = self.index[key] = len(self.published)
            self.published.append(False)
            self.least.append(False)
            self.names.append("")
            self.near.append(set())
        return found


def _link_measure(
    identity: str, members: list[tuple[Structure, str, Mapping[str, Sequence[str]]]], joint: bool
) -> LinkedCells:
    columns = tuple(
        sorted(
            {d.column for s, _, _ in members for d in s.dimensions} | {c for s, _, _ in members for c in s.filter_atoms}
        )
    )
    additive = _additive(columns, members)
    build = _Builder(columns)
    rows: dict[tuple[str, str], np.ndarray] = {}
    partitions: Partitions = {column: set() for column in columns}
    grids: list[Grid] = []
    for structure, name, labels in members:
        rows[structure.table, name] = _add_table(build, structure, labels, partitions, additive)
        grids.append(_grid(columns, structure, additive))
    _add_pairs(build, partitions, additive)
    crossing = _add_remainders(build, partitions, additive)
    if joint and additive and (crossing or len(members) > 2 or _cut_differently(grids)):
        _add_joint_cells(build, partitions, additive)
    found = _equations(build, partitions)
    _add_blocks(build, grids, additive, found)
    equations = tuple(found) if joint else _that_can_be_counted(build, rows, found)
    parents = {(c, whole) for c, column in enumerate(columns) for whole, _ in partitions[column]}
    level = [sum((c, node) in parents for c, node in enumerate(key)) for key in build.index]
    return LinkedCells(
        identity=identity,
        columns=columns,
        keys=tuple(build.index),
        published=np.array(build.published, dtype=bool),
        equations=equations,
        rows=rows,
        level=np.array(level, dtype=np.int64),
        least_interesting=np.array(build.least, dtype=bool),
        neighbours=tuple(tuple(sorted(near)) for near in build.near),
        names=tuple(build.names),
    )


def _additive(columns: tuple[str, ...], members: list[tuple[Structure, str, Any]]) -> frozenset[str]:
    """The columns over which every table's figures of the measure add up."""
    measures = [structure.measure(name) for structure, name, _ in members]
    told = [frozenset(m.apart) for m in measures if not m.additive and m.apart is not None]
    if all(m.additive for m in measures):
        return frozenset(columns)
    return frozenset.intersection(*told) if told else frozenset()


def _add_table(
    build: _Builder,
    structure: Structure,
    labels: Mapping[str, Sequence[str]],
    partitions: Partitions,
    additive: frozenset[str],
) -> np.ndarray:
    """Add every combination of a table's categories (and its totals, published or not); the cell of each row."""
    axes = [_axis(dimension, dimension.column in additive) for dimension in structure.dimensions]
    count = int(np.prod([len(axis) for axis in axes], dtype=np.int64))
    if count + len(build.published) > MAX_CELLS:
        raise Refused(
            f"the tables together have more than {MAX_CELLS:,} cells",
            remedy="Publish fewer dimensions in one table, or coarser categories.",
            slug="too-many-cells",
            place=Place(table=structure.table),
        )
    for dimension in structure.dimensions:
        whole = tuple(sorted(dimension.atoms[""]))
        parts = tuple(sorted(tuple(sorted(dimension.atoms[label])) for label in dimension.labels))
        if len(parts) > 1 and (dimension.total is not None or dimension.column in additive):
            partitions[dimension.column].add((whole, parts))
    place = {dimension.column: position for position, dimension in enumerate(structure.dimensions)}
    rest = {
        column: tuple(sorted(structure.filter_atoms.get(column, ()))) for column in build.columns if column not in place
    }
    cells = np.empty([len(axis) for axis in axes], dtype=np.int64)
    for where in itertools.product(*(range(len(axis)) for axis in axes)):
        chosen = [axes[i][k] for i, k in enumerate(where)]
        key = tuple(chosen[place[column]][1] if column in place else rest[column] for column in build.columns)
        cell = cells[where] = build.cell(key)
        if all(published for _, _, published in chosen):
            build.published[cell] = True
            build.names[cell] = build.names[cell] or ", ".join(label for label, _, _ in chosen)
            dims = structure.dimensions
            build.least[cell] = build.least[cell] or any(
                label in dimension.least_interesting for (label, _, _), dimension in zip(chosen, dims, strict=True)
            )
    _note_neighbours(build, structure, cells)
    position = [{label: k for k, (label, _, published) in enumerate(axis) if published} for axis in axes]
    index = tuple(
        np.array([position[i][str(label)] for label in labels[dimension.name]], dtype=np.int64)
        for i, dimension in enumerate(structure.dimensions)
    )
    return cells[index]


def _axis(dimension: TableDimension, additive: bool) -> list[tuple[str, Node, bool]]:
    """(label, atoms, published) of every category, and of the total where it is published or follows by adding up."""
    axis = [(label, tuple(sorted(dimension.atoms[label])), True) for label in dimension.labels]
    if dimension.total is not None:
        axis.append((dimension.total, tuple(sorted(dimension.atoms[""])), True))
    elif additive:
        axis.append(("", tuple(sorted(dimension.atoms[""])), False))
    return axis


def _grid(columns: tuple[str, ...], structure: Structure, additive: frozenset[str]) -> Grid:
    shown = {d.column: tuple(node for _, node, _ in _axis(d, d.column in additive)) for d in structure.dimensions}
    return tuple(
        shown[column] if column in shown else (tuple(sorted(structure.filter_atoms.get(column, ()))),)
        for column in columns
    )


def _note_neighbours(build: _Builder, structure: Structure, cells: np.ndarray) -> None:
    for axis, dimension in enumerate(structure.dimensions):
        own = np.take(cells, range(len(dimension.labels)), axis=axis)
        before = np.take(own, range(own.shape[axis] - 1), axis=axis).ravel()
        after = np.take(own, range(1, own.shape[axis]), axis=axis).ravel()
        for a, b in zip(before.tolist(), after.tolist(), strict=True):
            build.near[a].add(b)
            build.near[b].add(a)


def _add_pairs(build: _Builder, partitions: Partitions, additive: frozenset[str]) -> None:
    """Relations between sets from different tables: one table's category is made up of another's, or of two others'."""
    for c, column in enumerate(build.columns):
        if column not in additive:
            continue
        nodes = sorted({key[c] for key in build.index})
        families = [parts for _, parts in sorted(partitions[column])]
        for whole in nodes:
            for parts in families:
                inside = tuple(part for part in parts if set(part) <= set(whole))
                if len(inside) > 1 and sum(map(len, inside)) == len(whole):
                    partitions[column].add((whole, inside))
        known = set(nodes)
        for whole in nodes:
            for part in nodes:
                if part[0] == whole[0] and len(part) < len(whole) and set(part) < set(whole):
                    other = tuple(sorted(set(whole) - set(part)))
                    if other in known:
                        partitions[column].add((whole, tuple(sorted((part, other)))))


def _add_remainders(build: _Builder, partitions: Partitions, additive: frozenset[str]) -> bool:
    """What is left of a set when the sets inside it that no sum accounts for are taken away: cells no table publishes.

    Without them an attacker's plainest step is missed: a part is at most its whole. Returns whether sets cross (overlap,
    neither inside the other), for which there is no such remainder.
    """
    crossing = False
    for c, column in enumerate(build.columns):
        if column not in additive:
            continue
        nodes = sorted({key[c] for key in build.index}, key=lambda node: (len(node), node))
        within = _reachable(partitions[column])
        for whole in nodes:
            inside = [p for p in nodes if set(p) < set(whole) and p not in within.get(whole, set())]
            largest = [p for p in inside if not any(set(p) < set(q) for q in inside)]
            if not largest:
                continue
            if sum(map(len, largest)) != len(set().union(*largest)):
                crossing = True
                continue
            rest = tuple(sorted(set(whole) - set().union(*largest)))
            parts = tuple(sorted([*largest, rest] if rest else largest))
            partitions[column].add((whole, parts))
            for key in [key for key in build.index if key[c] == whole]:
                if rest and all((*key[:c], part, *key[c + 1 :]) in build.index for part in largest):
                    build.cell((*key[:c], rest, *key[c + 1 :]))
        crossing = crossing or any(
            set(a) & set(b) and not set(a) <= set(b) and not set(b) <= set(a)
            for a, b in itertools.combinations(nodes, 2)
        )
    return crossing


def _reachable(relations: set[tuple[Node, tuple[Node, ...]]]) -> dict[Node, set[Node]]:
    """Per set, every set that sums lead down to."""
    direct: dict[Node, set[Node]] = {}
    for whole, parts in relations:
        direct.setdefault(whole, set()).update(parts)
    reached: dict[Node, set[Node]] = {}
    for whole in sorted(direct, key=len):  # parts are smaller, so they are done before
        reached[whole] = set(direct[whole]).union(*(reached.get(part, set()) for part in direct[whole]))
    return reached


def _cut_differently(grids: list[Grid]) -> bool:
    """Whether two tables sort several columns in ways that neither has of the other, and neither is made up of the other.

    They then have parts in common that are cells of neither (one keeps a county, the other an age).
    """
    for one, other in itertools.combinations([[frozenset(axis) for axis in grid] for grid in grids], 2):
        apart = sum(not (a <= b or b <= a) for a, b in zip(one, other, strict=True))
        if apart > 1 and not _made_of(one, other) and not _made_of(other, one):
            return True
    return False


def _made_of(coarse: list[frozenset[Node]], fine: list[frozenset[Node]]) -> bool:
    return all(_inside(node, b) for a, b in zip(coarse, fine, strict=True) for node in a)


def _inside(whole: Node, axis: Iterable[Node]) -> tuple[Node, ...]:
    """``whole`` if it stands on the axis, else the categories there that it is made of; empty if there are none."""
    nodes = set(axis)
    if whole in nodes:
        return (whole,)
    within = {node for node in nodes if set(node) <= set(whole)}
    finest = sorted(node for node in within if not any(set(other) < set(node) for other in within))
    return tuple(finest) if len(set().union(*finest)) == sum(map(len, finest)) == len(whole) else ()


def _add_blocks(build: _Builder, grids: list[Grid], additive: frozenset[str], found: Equations) -> None:
    """Published cells that are made of another table's cells in several columns at once."""
    for grid in grids:
        ways = [
            {
                node: _inside(node, axis) if column in additive else (node,) * (node in axis)
                for node in {key[c] for key in build.index}
            }
            for c, (column, axis) in enumerate(zip(build.columns, grid, strict=True))
        ]
        for key, parent in build.index.items():
            if not build.published[parent]:
                continue
            parts = [way[node] for way, node in zip(ways, key, strict=True)]
            if all(parts) and sum(len(part) > 1 for part in parts) > 1:
                found[parent, tuple(build.index[child] for child in itertools.product(*parts))] = None


def _that_can_be_counted(
    build: _Builder, rows: dict[tuple[str, str], np.ndarray], found: Equations
) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """Leave out cells whose count follows from no published one, and the sums they stand in. Renumbers ``rows``."""
    known = list(build.published)
    waiting = [(parent, *children) for parent, children in found]
    while True:
        left = []
        for members in waiting:
            unknown = [c for c in members if not known[c]]
            if len(unknown) == 1:
                known[unknown[0]] = True
            elif unknown:
                left.append(members)
        if len(left) == len(waiting) or not left:
            break
        waiting = left
    if all(known):
        return tuple(found)
    number = {old: new for new, old in enumerate(c for c, there in enumerate(known) if there)}
    build.index = {key: number[c] for key, c in build.index.items() if known[c]}
    build.published = [one for one, there in zip(build.published, known, strict=True) if there]
    build.least = [one for one, there in zip(build.least, known, strict=True) if there]
    build.names = [one for one, there in zip(build.names, known, strict=True) if there]
    build.near = [{number[c] for c in near if known[c]} for near, there in zip(build.near, known, strict=True) if there]
    for place, cells in rows.items():
        rows[place] = np.array([number[c] for c in cells.tolist()], dtype=np.int64)
    return tuple(
        (number[parent], tuple(number[c] for c in children))
        for parent, children in found
        if known[parent] and all(known[c] for c in children)
    )


def _add_joint_cells(build: _Builder, partitions: Partitions, additive: frozenset[str]) -> None:
    """The finest cells: every combination of single atoms, and the sums that lead from each cell down to them."""
    atoms = [
        sorted(
            {atom for key in build.index for atom in key[c]} if column in additive else {key[c] for key in build.index}
        )
        for c, column in enumerate(build.columns)
    ]
    if int(np.prod([len(a) for a in atoms], dtype=np.int64)) * len(build.columns) > MAX_JOINT_CELLS:
        raise Refused(
            f"the tables overlap in ways that take more than {MAX_JOINT_CELLS:,} cells to attack",
            remedy="Publish fewer tables of one dataset, or let them share their categories.",
            slug="too-many-cells-to-attack",
        )
    for c, column in enumerate(build.columns):
        for key in list(build.index) if column in additive else ():
            whole = key[c]
            if len(whole) > 1:
                partitions[column].add((whole, tuple((atom,) for atom in whole)))
                for atom in whole:
                    build.cell((*key[:c], (atom,), *key[c + 1 :]))


def _equations(build: _Builder, partitions: Partitions) -> Equations:
    """Every relation applied to every cell it fits, where all its cells exist."""
    wholes: list[dict[Node, list[tuple[Node, ...]]]] = []
    for column in build.columns:
        ways: dict[Node, list[tuple[Node, ...]]] = {}
        for whole, parts in sorted(partitions[column]):
            ways.setdefault(whole, []).append(parts)
        wholes.append(ways)
    found: Equations = {}
    for key, parent in build.index.items():
        for c, ways in enumerate(wholes):
            for parts in ways.get(key[c], ()):
                children = [build.index.get((*key[:c], part, *key[c + 1 :])) for part in parts]
                if all(child is not None for child in children):
                    found[parent, tuple(children)] = None  # type: ignore[arg-type]
    return found
