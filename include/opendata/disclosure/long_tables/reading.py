"""Reads a CSV file as a table in long form, with the dimensions and hierarchies the caller names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from include.opendata.disclosure.long_tables.dimensions import UNPUBLISHED, Dimension, dimension_of
from include.opendata.disclosure.long_tables.published_rows import bad_dimension, named_dimension
from include.opendata.disclosure.long_tables.records import Records, malformed, records_of_file, records_of_text
from include.opendata.disclosure.long_tables.table import LongTable
from include.opendata.errors import InputError, Place

MOST_CELLS = 2_000_000
"""Combinations of all categories, groups and totals that can be worked on."""


@dataclass(frozen=True)
class _Named:
    """A dimension as the caller names it; ``total`` None where no total is published."""

    column: str
    total: str | None


def read_long_table(
    path: Path, dimensions: Sequence[str], hierarchies: Sequence[str], *, unseen: bool = False
) -> LongTable:
    """``dimensions``: ``NAME`` or ``NAME:TOTAL_LABEL`` · ``hierarchies``: ``NAME=CSV`` of child,parent lines.

    ``unseen``: categories only a hierarchy names are cells too. Raises InputError and DeclarationError.
    """
    return long_table_of(records_of_file(path), dimensions, hierarchies, unseen=unseen)


def parse_long_table(
    text: str, file: str, dimensions: Sequence[str], hierarchies: Sequence[str], *, unseen: bool = False
) -> LongTable:
    """As :func:`read_long_table`, of text in memory."""
    return long_table_of(records_of_text(text, file), dimensions, hierarchies, unseen=unseen)


def long_table_of(
    records: Records, dimensions: Sequence[str], hierarchies: Sequence[str], *, unseen: bool = False
) -> LongTable:
    """As :func:`read_long_table`, of records that were read."""
    file = records.file
    named = _named_dimensions(dimensions, records)
    above = hierarchies_of(hierarchies, [name.column for name in named], file)
    trees = tuple(_tree(name, records, above.get(name.column, {}), unseen) for name in named)
    size = int(np.prod([float(len(tree.nodes)) for tree in trees]))
    if size > MOST_CELLS:
        raise InputError(
            f"the dimensions make {size:,} combinations; {MOST_CELLS:,} are possible",
            remedy="Take fewer dimensions or coarser categories.",
            slug="too-many-cells",
            place=Place(file=file),
        )
    return LongTable(file, records.header, records.rows, records.lines, trees, _cells(records, trees), _leaves(trees))


def _leaves(trees: Sequence[Dimension]) -> np.ndarray:
    """bool[cells]: no dimension stands at a group or total."""
    leaf = np.ones([len(tree.nodes) for tree in trees], dtype=bool)
    for axis, tree in enumerate(trees):
        np.moveaxis(leaf, axis, 0)[tree.sums] = False
    return leaf.ravel()


def _named_dimensions(given: Sequence[str], records: Records) -> list[_Named]:
    file = records.file
    if not given:
        raise bad_dimension("no dimension is named", "Name each with --dimension NAME or NAME:TOTAL_LABEL.", file)
    named = [_Named(*named_dimension(text, records.header, file)) for text in given]
    if len({name.column for name in named}) < len(named):
        raise bad_dimension("a dimension is named twice", "Name each dimension once.", file)
    return named


def hierarchies_of(given: Sequence[str], columns: Sequence[str], file: str) -> dict[str, dict[str, str]]:
    """Per column: label → the group it goes into."""
    hierarchies: dict[str, dict[str, str]] = {}
    for text in given:
        column, _, path = text.partition("=")
        if column not in columns or not path or column in hierarchies:
            raise bad_dimension("a hierarchy is not NAME=FILE of one dimension", "Give --hierarchy NAME=CSV.", file)
        hierarchies[column] = _parents(records_of_file(Path(path)))
    return hierarchies


def _parents(records: Records) -> dict[str, str]:
    if not {"child", "parent"} <= set(records.header):
        raise malformed("no columns `child` and `parent`", records.file, 1)
    parents: dict[str, str] = {}
    for child, parent, line in zip(records.column("child"), records.column("parent"), records.lines, strict=True):
        if not child or not parent or parents.get(child, parent) != parent:
            raise malformed("a child with no parent or with two", records.file, line)
        parents[child] = parent
    return parents


def _tree(named: _Named, records: Records, above: Mapping[str, str], unseen: bool) -> Dimension:
    labels = list(dict.fromkeys(records.column(named.column)))
    if named.total is not None and named.total not in labels:
        what = f"no row has the total label of dimension {named.column}"
        raise bad_dimension(what, "Spell it as the file does.", records.file, named.column)
    if unseen:
        labels += [label for label in above if label not in labels]
    without_total = [label for label in labels if label != named.total]
    return dimension_of(named.column, without_total, named.total, above, records.file)


def _cells(records: Records, trees: Sequence[Dimension]) -> np.ndarray:
    """int64[rows]: the cell of each row. Raises InputError where a row has no label, or a cell has two rows."""
    cell = np.zeros(len(records.rows), dtype=np.int64)
    for tree in trees:
        labels = records.column(tree.column)
        if UNPUBLISHED in tree.nodes and UNPUBLISHED in labels:
            raise InputError(
                "a row has no label",
                remedy="Label every row in every dimension.",
                slug="label-missing",
                place=Place(file=records.file, line=records.lines[labels.index(UNPUBLISHED)], column=tree.column),
            )
        number = {label: i for i, label in enumerate(tree.nodes)}
        cell = cell * len(tree.nodes) + np.array([number[label] for label in labels], dtype=np.int64)
    _refuse_two_rows(records, cell)
    return cell


def _refuse_two_rows(records: Records, cell: np.ndarray) -> None:
    first: dict[int, int] = {}
    for row, number in enumerate(cell.tolist()):
        if number in first:
            raise InputError(
                f"this row is about the same cell as line {records.lines[first[number]]}",
                remedy="Name every dimension that tells the rows apart.",
                slug="cell-twice",
                place=Place(file=records.file, line=records.lines[row]),
            )
        first[number] = row
