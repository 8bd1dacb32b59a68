"""The two rules every group of a cube must satisfy.

A group is a total with its parts: one inner node of one axis, everywhere else one node. Two per group: no group may hold
exactly one unknown, it would be the difference of the others. Rule (6): where the total is known, the hidden parts must
not all be tiny (``all_at_most`` or less) and must not sum to a small count (DDG 2.0 §4.4.1 (2), (6)); where events of
persons are counted, those persons neither: many events of few persons are a small group. Necessary, not sufficient:
whether a count can be narrowed through many groups is decided by the walks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from include.opendata.disclosure.protect.cube.compiled import compiled
from include.opendata.disclosure.protect.cube.table import CubeTable
from include.opendata.rules.small_cells import SmallCellRule


@dataclass(frozen=True)
class Lines:
    """The trees of all axes, laid out for the compiled checks: node i of axis a is ``node_start[a] + i``."""

    strides: np.ndarray
    shape: np.ndarray
    node_start: np.ndarray
    parent: np.ndarray
    child_start: np.ndarray
    child: np.ndarray

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """What :func:`breaks_rules` takes as ``lines``."""
        return (self.strides, self.shape, self.node_start, self.parent, self.child_start, self.child)


def lines_of(cube: CubeTable, strides: np.ndarray) -> Lines:
    """``strides`` int64[axes]: cells between neighbours along each axis."""
    start = np.cumsum([0, *(axis.nodes for axis in cube.axes)])[:-1]
    counts, child = [0], []
    for axis in cube.axes:
        parts = dict(axis.children)
        for node in range(axis.nodes):
            own = parts.get(node, np.zeros(0, dtype=np.int64))
            child.append(own)
            counts.append(len(own))
    return Lines(
        strides=strides,
        shape=np.array(cube.values.shape, dtype=np.int64),
        node_start=start.astype(np.int64),
        parent=np.concatenate([axis.parent for axis in cube.axes]),
        child_start=np.cumsum(counts).astype(np.int64),
        child=np.concatenate(child).astype(np.int64),
    )


def known_cells(cube: CubeTable, blank: np.ndarray) -> np.ndarray:
    """bool, shape of the cube: shown, or in no table but the only unknown of some group, again and again."""
    known: np.ndarray = cube.is_published() & ~blank
    if cube.published is None:
        return known
    while True:
        before = int(known.sum())
        for a, axis in enumerate(cube.axes):
            front, hidden = np.moveaxis(known, a, 0), np.moveaxis(blank, a, 0)
            for node, parts in axis.children:
                members = np.concatenate([[node], parts])
                single = (~front[members]).sum(axis=0) == 1
                front[members] |= single & ~hidden[members]
        if int(known.sum()) == before:
            return known


def open_groups(cube: CubeTable, blank: np.ndarray, rule: SmallCellRule) -> list[np.ndarray]:
    """Groups that break a rule when ``blank`` (bool, shape of the cube) is hidden: per group its cells, total first."""
    known = known_cells(cube, blank)
    unknown = ~known
    derived_small = known & ~cube.is_published() & (cube.values >= 1) & (cube.values < rule.below)
    places = np.arange(cube.size).reshape(cube.values.shape)
    persons = cube.values if cube.persons is None else cube.persons
    found: list[np.ndarray] = []
    for a, axis in enumerate(cube.axes):
        values, not_known = np.moveaxis(cube.values, a, 0), np.moveaxis(unknown, a, 0)
        hidden, place = np.moveaxis(blank, a, 0), np.moveaxis(places, a, 0)
        exposed = np.moveaxis(derived_small, a, 0)
        for node, parts in axis.children:
            members = np.concatenate([[node], parts])
            count = not_known[members].sum(axis=0)
            of_parts = not_known[parts]
            total = np.where(of_parts, values[parts], 0).sum(axis=0)
            tiny = ~(of_parts & (values[parts] > rule.all_at_most)).any(axis=0)
            some = hidden[parts].any(axis=0)
            # at most so many persons stand behind what is hidden
            behind = np.where(of_parts, np.moveaxis(persons, a, 0)[parts], 0).sum(axis=0)
            few = some & (behind >= 1) & (behind < rule.below)
            rule_6 = ~not_known[node] & ((some & tiny) | ((total >= 1) & (total < rule.below)) | few)
            # an unpublished small count that follows from what is shown: any group around it may hide it
            lone = (count == 0) & exposed[members].any(axis=0)
            broken = (count == 1) | rule_6 | lone
            found.extend(place[members][:, broken].T)
    return found


def numbers_of(rule: SmallCellRule) -> tuple[int, int]:
    """What compiled loops need of ``rule``, as plain numbers (they cannot take the object): counts below the first are small,
    and a group whose hidden counts are all at most the second needs one more."""
    return rule.below, rule.all_at_most


@compiled
def _group_breaks_rules(total, node, children, stride, hidden, unknown, values, persons, rule_numbers):
    """Whether the group of ``total`` breaks a rule, which stands at ``node`` of an axis and is the sum of ``children``."""
    below, all_at_most = rule_numbers
    count, some, tiny, together, behind = 0, False, True, np.int64(0), np.int64(0)
    for i in range(len(children)):
        part = total + (children[i] - node) * stride
        some = some or hidden[part]
        if unknown[part]:
            count += 1
            together += values[part]
            behind += persons[part]
            tiny = tiny and values[part] <= all_at_most
    if unknown[total]:
        return count == 0
    few = 1 <= together < below or (some and 1 <= behind < below)
    return count == 1 or (some and tiny) or few


@compiled
def breaks_rules(cell, hidden, unknown, values, persons, rule_numbers, lines):
    """Whether some group of ``cell`` breaks a rule; ``hidden`` and ``unknown`` bool[cells] of the pattern.

    ``persons`` int64[cells]: those behind the events; ``values`` themselves where no one counts them apart.
    ``rule_numbers``: see :func:`numbers_of`."""
    strides, shape, node_start, parent, child_start, child = lines
    for a in range(len(shape)):
        at = (cell // strides[a]) % shape[a]
        for role in range(2):
            node = at if role == 1 else parent[node_start[a] + at]
            if node < 0:
                continue
            first, last = child_start[node_start[a] + node], child_start[node_start[a] + node + 1]
            total = cell + (node - at) * strides[a]
            if last > first and _group_breaks_rules(
                total, node, child[first:last], strides[a], hidden, unknown, values, persons, rule_numbers
            ):
                return True
    return False
