"""The words of this package: a set of atoms of one column, and how sets are made up of one another."""

from __future__ import annotations

from collections.abc import Iterable

Node = tuple[int, ...]
"""Atoms of one column, ascending."""

Key = tuple[Node, ...]
"""A cell: its atoms in every column, in the order of the columns."""

Parts = tuple[Node, ...]
"""Sets that make up another one, disjoint, ascending."""

Partitions = dict[str, set[tuple[Node, Parts]]]
"""Per column: which set is the disjoint union of which others."""

Grid = tuple[tuple[Node, ...], ...]
"""Of one table, for each column: its categories and its total, or the one set it keeps of a column it does not show."""

Equation = tuple[int, tuple[int, ...]]
"""(parent, children), as cell numbers."""


def node_of(atoms: Iterable[int]) -> Node:
    """``atoms`` as a node."""
    return tuple(sorted(atoms))


def replaced(key: Key, column: int, node: Node) -> Key:
    """``key`` with another set on one column."""
    return (*key[:column], node, *key[column + 1 :])


def made_of(whole: Node, axis: Iterable[Node]) -> Parts:
    """``whole`` if it stands on the axis, else the categories there that it is made of; empty if there are none."""
    nodes = set(axis)
    if whole in nodes:
        return (whole,)
    inside = {node for node in nodes if set(node) <= set(whole)}
    finest = sorted(node for node in inside if not any(set(other) < set(node) for other in inside))
    return tuple(finest) if len(set().union(*finest)) == sum(map(len, finest)) == len(whole) else ()
