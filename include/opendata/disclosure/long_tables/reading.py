"""Reads a CSV file as a table in long form, with the dimensions and hierarchies the caller names."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from include.opendata.disclosure.long_tables.dimensions import UNPUBLISHED, Dimension, dimension_of
from include.opendata.disclosure.long_tables.table import LongTable
from include.opendata.errors import DeclarationError, InputError, Place

MOST_CELLS = 2_000_000
"""Combinations of all categories, groups and totals that can be worked on."""


@dataclass(frozen=True)
class _Records:
    """The text of a CSV file; ``lines``: the line each row begins on."""

    file: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]

    def column(self, name: str) -> list[str]:
        at = self.header.index(name)
        return [row[at].strip() for row in self.rows]


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
    return parse_long_table(_text(path), str(path), dimensions, hierarchies, unseen=unseen)


def parse_long_table(
    text: str, file: str, dimensions: Sequence[str], hierarchies: Sequence[str], *, unseen: bool = False
) -> LongTable:
    """As :func:`read_long_table`, of text in memory."""
    records = _records(text, file)
    named = _named_dimensions(dimensions, records)
    above = _hierarchies(hierarchies, [name.column for name in named], file)
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


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as broken:
        raise InputError(
            "the file cannot be read as UTF-8 text",
            remedy="Check the path; save the table as CSV in UTF-8.",
            slug="file-unreadable",
            place=Place(file=str(path)),
        ) from broken


def _records(text: str, file: str) -> _Records:
    lines: list[int] = []
    rows: list[tuple[str, ...]] = []
    for line, row in _numbered_rows(text, file):
        if rows and len(row) != len(rows[0]):
            raise _malformed(f"{len(row)} values for {len(rows[0])} columns", file, line)
        lines.append(line)
        rows.append(tuple(row))
    if len(rows) < 2:
        raise _malformed("no rows", file, 1)
    header = tuple(name.strip() for name in rows[0])
    if len(set(header)) < len(header):
        raise _malformed("two columns of the same name", file, lines[0])
    return _Records(file, header, tuple(rows[1:]), tuple(lines[1:]))


def _numbered_rows(text: str, file: str) -> Iterator[tuple[int, list[str]]]:
    """(the line a row begins on, its values), without empty lines."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as broken:
            raise _malformed("a line that is not CSV", file, line) from broken
        if row is None:
            return
        if row:
            yield line, row


def _malformed(what: str, file: str, line: int) -> InputError:
    return InputError(
        f"the file has {what}",
        remedy="Give a CSV file with a line of column names and a row per cell.",
        slug="table-malformed",
        place=Place(file=file, line=line),
    )


def _usage(what: str, remedy: str, file: str, column: str | None = None) -> DeclarationError:
    return DeclarationError(what, remedy=remedy, slug="bad-dimension", place=Place(file=file, column=column))


def _named_dimensions(given: Sequence[str], records: _Records) -> list[_Named]:
    file = records.file
    if not given:
        raise _usage("no dimension is named", "Name each with --dimension NAME or NAME:TOTAL_LABEL.", file)
    named = [_named(text, records.header, file) for text in given]
    if len({name.column for name in named}) < len(named):
        raise _usage("a dimension is named twice", "Name each dimension once.", file)
    return named


def _named(given: str, header: Sequence[str], file: str) -> _Named:
    """``NAME`` or ``NAME:TOTAL_LABEL``; names and labels may hold colons themselves."""
    if given in header:
        return _Named(given, None)
    for at in (match.start() for match in re.finditer(":", given)):
        if given[:at] in header and given[at + 1 :].strip():
            return _Named(given[:at], given[at + 1 :].strip())
    raise _usage("a dimension is named that is no column of the file", "Give --dimension NAME[:TOTAL_LABEL].", file)


def _hierarchies(given: Sequence[str], columns: Sequence[str], file: str) -> dict[str, dict[str, str]]:
    """Per column: label → the group it goes into."""
    hierarchies: dict[str, dict[str, str]] = {}
    for text in given:
        column, _, path = text.partition("=")
        if column not in columns or not path or column in hierarchies:
            raise _usage("a hierarchy is not NAME=FILE of one dimension", "Give --hierarchy NAME=CSV.", file)
        hierarchies[column] = _parents(_records(_text(Path(path)), path))
    return hierarchies


def _parents(records: _Records) -> dict[str, str]:
    if not {"child", "parent"} <= set(records.header):
        raise _malformed("no columns `child` and `parent`", records.file, 1)
    parents: dict[str, str] = {}
    for child, parent, line in zip(records.column("child"), records.column("parent"), records.lines, strict=True):
        if not child or not parent or parents.get(child, parent) != parent:
            raise _malformed("a child with no parent or with two", records.file, line)
        parents[child] = parent
    return parents


def _tree(named: _Named, records: _Records, above: Mapping[str, str], unseen: bool) -> Dimension:
    labels = list(dict.fromkeys(records.column(named.column)))
    if named.total is not None and named.total not in labels:
        what = f"no row has the total label of dimension {named.column}"
        raise _usage(what, "Spell it as the file does.", records.file, named.column)
    if unseen:
        labels += [label for label in above if label not in labels]
    without_total = [label for label in labels if label != named.total]
    return dimension_of(named.column, without_total, named.total, above, records.file)


def _cells(records: _Records, trees: Sequence[Dimension]) -> np.ndarray:
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


def _refuse_two_rows(records: _Records, cell: np.ndarray) -> None:
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
