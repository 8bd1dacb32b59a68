"""Measures as one more column: the cells of counts that are sums of one another are those of one system.

Men and women add up to all; persons are the vaccinated and a rest that no table shows; visits are the clients and some more.
Such a sum holds in every cell (``vocabulary.MeasureSum``; found in the records by ``tables.measure_relations``), so that it
is one more equation wherever the whole and one of its parts stand: the parts that are missing there, and the rest, are cells
in no table. Nothing is added up over this column but what a sum says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from include.opendata.disclosure.cells.builder import CellBuilder
from include.opendata.disclosure.cells.nodes import Node, Partitions, Parts, node_of, replaced
from include.opendata.vocabulary import MeasureFamily, MeasureSum, Structure, TableMeasure

MEASURE = ""
"""The column's name, which no column of a source can have."""


def of_measure(structure: Structure, measure: TableMeasure) -> Structure:
    """``structure`` as the tables of a family are linked: as if it were filtered by its ``measure``."""
    if measure.family is None:
        return structure
    node = nodes_of(measure.family)[measure.identity]
    return replace(structure, filter_atoms=structure.filter_atoms | {MEASURE: node})


@lru_cache(maxsize=256)
def nodes_of(family: MeasureFamily) -> dict[str, Node]:
    """Identity → its set on the column. Where the sums are a tree, a whole is the union of its parts, so that the cells can
    make up one cube; else every measure has a number of its own, and the sums alone say what adds up."""
    return _of_tree(family) or _numbered(_names(family))


def _numbered(names: Iterable[str]) -> dict[str, Node]:
    return {name: (number,) for number, name in enumerate(names)}


def _names(family: MeasureFamily) -> tuple[str, ...]:
    rests = (_rest_name(family, s) for s in family.sums if s.rest)
    return (*family.identities, *rests)


def _rest_name(family: MeasureFamily, s: MeasureSum) -> str:
    return f"rest {family.sums.index(s)}"


def _of_tree(family: MeasureFamily) -> dict[str, Node] | None:
    parts = {s.whole: _parts_of(family, s) for s in family.sums}
    root = _root(parts)
    if root is None or len(parts) < len(family.sums):
        return None
    nodes = _numbered(name for name in _names(family) if name not in parts)

    def union(name: str) -> Node:
        if name not in nodes:
            nodes[name] = node_of(atom for part in parts[name] for atom in union(part))
        return nodes[name]

    union(root)
    return nodes if set(nodes) == set(_names(family)) else None


def _root(parts: Mapping[str, tuple[str, ...]]) -> str | None:
    """The only whole that is a part of no other, where nothing is a part of two; else None."""
    below = [part for of_whole in parts.values() for part in of_whole]
    roots = [identity for identity in parts if identity not in below]
    return roots[0] if len(set(below)) == len(below) and len(roots) == 1 else None


def _parts_of(family: MeasureFamily, s: MeasureSum) -> tuple[str, ...]:
    return (*s.parts, _rest_name(family, s)) if s.rest else s.parts


def _sums(family: MeasureFamily) -> Iterator[tuple[Node, Parts]]:
    nodes = nodes_of(family)
    for s in family.sums:
        parts = tuple(sorted(nodes[name] for name in _parts_of(family, s)))
        if parts != (nodes[s.whole],):  # two names of one figure have one cell
            yield nodes[s.whole], parts


def add_measure_sums(builder: CellBuilder, family: MeasureFamily, partitions: Partitions) -> None:
    """To ``partitions`` the sums of the family, and the cells that are missing of a sum that has its whole and a part. A
    total that no table has (young and old are as many as poor and rich) stands wherever one of its parts does."""
    column = builder.columns.index(MEASURE)
    sums = list(_sums(family))
    partitions[MEASURE].update(sums)
    _add_wholes_of_no_table(builder, column, sums)
    cells = -1
    while cells < len(builder.numbers):  # a part that was missing may be the whole of another sum
        cells = len(builder.numbers)
        for whole, parts in sums:
            _add_missing_parts(builder, column, whole, parts)


def _add_wholes_of_no_table(builder: CellBuilder, column: int, sums: Sequence[tuple[Node, Parts]]) -> None:
    of_tables = {key[column] for key in builder.numbers}
    for whole, parts in sums:
        if whole not in of_tables:
            for key in [key for key in builder.numbers if key[column] in parts]:
                builder.number(replaced(key, column, whole))


def _add_missing_parts(builder: CellBuilder, column: int, whole: Node, parts: Parts) -> None:
    """The other parts, wherever the whole and one of its parts stand."""
    for key in [key for key in builder.numbers if key[column] == whole]:
        places = [replaced(key, column, part) for part in parts]
        if any(place in builder.numbers for place in places):
            for place in places:
                builder.number(place)


def uncounted(builder: CellBuilder, family: MeasureFamily) -> frozenset[int]:
    """The cells of rests that count no one."""
    nodes, column = nodes_of(family), builder.columns.index(MEASURE)
    no_one = {nodes[_rest_name(family, s)] for s in family.sums if s.rest and not s.rest_counts}
    return frozenset(number for key, number in builder.numbers.items() if key[column] in no_one)
