"""Which sets of a column are disjoint unions of others, beyond the totals that tables have themselves."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from include.opendata.disclosure.cells.builder import CellBuilder
from include.opendata.disclosure.cells.nodes import Node, Partitions, Parts, node_of, replaced


def add_unions_across_tables(builder: CellBuilder, partitions: Partitions) -> None:
    """Relations between sets of different tables: one table's category is made up of another's, or of two others'."""
    for position, column in builder.additive_columns:
        nodes = sorted(filter(None, builder.nodes(position)))
        families = [parts for _, parts in sorted(partitions[column])]
        partitions[column].update(_unions_within_families(nodes, families))
        partitions[column].update(_unions_of_two(nodes))


def _unions_within_families(nodes: list[Node], families: list[Parts]) -> Iterator[tuple[Node, Parts]]:
    for whole in nodes:
        atoms = set(whole)
        for parts in families:
            inside = tuple(part for part in parts if set(part) <= atoms)
            if len(inside) > 1 and sum(map(len, inside)) == len(whole):
                yield whole, inside


def _unions_of_two(nodes: list[Node]) -> Iterator[tuple[Node, Parts]]:
    known = set(nodes)
    for whole, part in itertools.product(nodes, repeat=2):
        if part[0] == whole[0] and len(part) < len(whole) and set(part) < set(whole):
            other = node_of(set(whole) - set(part))
            if other in known:
                yield whole, tuple(sorted((part, other)))


def add_remainders(builder: CellBuilder, partitions: Partitions) -> bool:
    """What is left of a set when the sets inside it that no sum accounts for are taken away: cells no table publishes.

    Without them an attacker's plainest step is missed: a part is at most its whole. Returns whether sets cross (overlap,
    neither inside the other), for which there is no such remainder.
    """
    crossing = False
    for position, column in builder.additive_columns:
        nodes = sorted(filter(None, builder.nodes(position)), key=lambda node: (len(node), node))
        reachable = _reachable(partitions[column])
        for whole in nodes:
            largest = _largest_inside(whole, nodes, reachable.get(whole, set()))
            if not largest:
                continue
            atoms = set().union(*largest)
            if sum(map(len, largest)) != len(atoms):
                continue  # they cross, which is looked for below
            rest = node_of(set(whole) - atoms)
            partitions[column].add((whole, tuple(sorted([*largest, rest] if rest else largest))))
            if rest:
                _add_rest(builder, position, whole, largest, rest)
        crossing = crossing or any(_cross(*pair) for pair in itertools.combinations(nodes, 2))
    return crossing


def _largest_inside(whole: Node, nodes: list[Node], accounted_for: set[Node]) -> list[Node]:
    inside = [node for node in nodes if set(node) < set(whole) and node not in accounted_for]
    return [node for node in inside if not any(set(node) < set(other) for other in inside)]


def _add_rest(builder: CellBuilder, position: int, whole: Node, parts: list[Node], rest: Node) -> None:
    """A cell for ``rest`` wherever a cell of ``whole`` and all of its ``parts`` exist."""
    for key in [key for key in builder.numbers if key[position] == whole]:
        if builder.numbers_with(key, position, parts) is not None:
            builder.number(replaced(key, position, rest))


def _cross(first: Node, second: Node) -> bool:
    common = set(first) & set(second)
    return bool(common) and len(common) < min(len(first), len(second))


def _reachable(relations: Iterable[tuple[Node, Parts]]) -> dict[Node, set[Node]]:
    """Per set, every set that sums lead down to."""
    direct: dict[Node, set[Node]] = {}
    for whole, parts in relations:
        direct.setdefault(whole, set()).update(parts)
    reached: dict[Node, set[Node]] = {}
    for whole in sorted(direct, key=len):  # parts are smaller, so they are done before
        reached[whole] = set(direct[whole]).union(*(reached.get(part, set()) for part in direct[whole]))
    return reached
