"""A table in long form, as anyone publishes it: a row per combination of categories, totals as rows.

Reads what ``bin/opendata audit`` and ``protect`` work on, and decides how rows become cells: every dimension is a tree (its
categories, the groups a hierarchy puts them into, its total), every cell one node per dimension. A combination of
categories that has no row counts as zero unless the caller says it is unknown; a total that has no row is not published.
Counts may carry thousands commas; an empty cell, "S" or "C" is a blank. Errors name column and line, never a value.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from include.opendata.errors import DeclarationError, InputError, Place

BLANK_TEXTS = {"": "", "S": "1", "C": "2"}
WHOLE = re.compile(r"\d+|\d{1,3}(,\d{3})+")
MOST_CELLS = 2_000_000
UNPUBLISHED = ""


@dataclass(frozen=True)
class Dimension:
    """``column`` · ``nodes``: labels, parts before the groups they go into, the total last ("" if it is not published) ·
    ``parent`` int64[nodes], -1 for the total."""

    column: str
    nodes: tuple[str, ...]
    parent: np.ndarray

    def atoms(self) -> list[tuple[int, ...]]:
        """Per node the categories (leaves) it holds."""
        held: list[list[int]] = [[] for _ in self.nodes]
        inner = set(self.parent.tolist())
        for leaf in range(len(self.nodes)):
            if leaf not in inner:
                node = leaf
                while node >= 0:
                    held[node].append(leaf)
                    node = int(self.parent[node])
        return [tuple(atoms) for atoms in held]


@dataclass(frozen=True)
class LongTable:
    """``header``, ``rows``: the file's text · ``lines``: the line each row begins on · ``cell`` int64[rows]: each row's cell
    among all combinations of nodes, last dimension fastest · ``leaf`` bool[cells]: no dimension at a group or total."""

    file: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    dimensions: tuple[Dimension, ...]
    cell: np.ndarray
    leaf: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(d.nodes) for d in self.dimensions)

    def column(self, name: str) -> list[str]:
        """The text of a column, stripped. Raises DeclarationError when there is none of that name."""
        if name not in self.header:
            raise DeclarationError(
                f"the file has no column {name}",
                remedy="Name a column of the file's first line, in its spelling.",
                slug="no-such-column",
                place=Place(file=self.file, column=name),
            )
        at = self.header.index(name)
        return [row[at].strip() for row in self.rows]

    def count(self, name: str, text: str, row: int) -> int | None:
        """A count, or None for a blank. Raises InputError."""
        if text in BLANK_TEXTS:
            return None
        if not WHOLE.fullmatch(text) or len(text) > 18:
            raise self.problem("neither a count (a whole number, 0 or more) nor a blank", name, row, "count-unreadable")
        return int(text.replace(",", ""))

    def problem(self, what: str, column: str, row: int, slug: str) -> InputError:
        return InputError(
            f"what stands here is {what}",
            remedy="Correct the file, or name another column.",
            slug=slug,
            place=Place(file=self.file, line=self.lines[row], column=column),
        )

    def equations(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        """(total, parts) of every group and total along every dimension, as cells."""
        index = np.arange(int(np.prod(self.shape))).reshape(self.shape)
        found: list[tuple[int, tuple[int, ...]]] = []
        for axis, dimension in enumerate(self.dimensions):
            front = np.moveaxis(index, axis, 0).reshape(len(dimension.nodes), -1)
            for node in sorted(set(dimension.parent.tolist()) - {-1}):
                parts = front[np.flatnonzero(dimension.parent == node)].T.tolist()
                found += [(w, tuple(p)) for w, p in zip(front[node].tolist(), parts, strict=True)]
        return tuple(found)

    def places(self) -> tuple[tuple[tuple[int, ...], ...], ...]:
        """Per cell its atoms in every dimension."""
        return tuple(itertools.product(*(d.atoms() for d in self.dimensions)))

    def names(self) -> tuple[tuple[str, ...], ...]:
        """Per cell its labels."""
        return tuple(itertools.product(*([n or "all" for n in d.nodes] for d in self.dimensions)))


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
    header, rows, lines = _records(text, file)
    if not dimensions:
        raise _usage("no dimension is named", "Name each with --dimension NAME or NAME:TOTAL_LABEL.", file)
    wanted = [_named(given, header, file) for given in dimensions]
    names = [name for name, _ in wanted]
    if len(set(names)) < len(names):
        raise _usage("a dimension is named twice", "Name each dimension once.", file)
    parents = _hierarchies(hierarchies, names, file)
    trees = []
    for name, total in wanted:
        at = header.index(name)
        labels = list(dict.fromkeys(row[at].strip() for row in rows))
        if total is not None and total not in labels:
            raise _usage(f"no row has the total label of dimension {name}", "Spell it as the file does.", file, name)
        trees.append(_tree(name, labels, total, parents.get(name, {}), unseen, file))
    size = int(np.prod([float(len(tree.nodes)) for tree in trees]))
    if size > MOST_CELLS:
        raise InputError(
            f"the dimensions make {size:,} combinations; {MOST_CELLS:,} are possible",
            remedy="Take fewer dimensions or coarser categories.", slug="too-many-cells", place=Place(file=file),
        )  # fmt: skip
    cell = _cells(header, rows, lines, trees, file)
    leaf = np.ones([len(tree.nodes) for tree in trees], dtype=bool)
    for axis, tree in enumerate(trees):
        inner = sorted(set(tree.parent.tolist()) - {-1})
        np.moveaxis(leaf, axis, 0)[inner] = False
    return LongTable(file, header, rows, lines, tuple(trees), cell, leaf.ravel())


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as broken:
        raise InputError(
            "the file cannot be read as UTF-8 text",
            remedy="Check the path; save the table as CSV in UTF-8.", slug="file-unreadable", place=Place(file=str(path)),
        ) from broken  # fmt: skip


def _records(text: str, file: str) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...], tuple[int, ...]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[str, ...]] = []
    lines: list[int] = []
    header: tuple[str, ...] | None = None
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as broken:
            raise _malformed("a line that is not CSV", file, line) from broken
        if row is None:
            break
        if not row:
            continue
        if header is None:
            header = tuple(name.strip() for name in row)
            if len(set(header)) < len(header):
                raise _malformed("two columns of the same name", file, line)
        elif len(row) != len(header):
            raise _malformed(f"{len(row)} values for {len(header)} columns", file, line)
        else:
            rows.append(tuple(row))
            lines.append(line)
    if header is None or not rows:
        raise _malformed("no rows", file, 1)
    return header, tuple(rows), tuple(lines)


def _malformed(what: str, file: str, line: int) -> InputError:
    return InputError(
        f"the file has {what}",
        remedy="Give a CSV file with a line of column names and a row per cell.",
        slug="table-malformed",
        place=Place(file=file, line=line),
    )


def _usage(what: str, remedy: str, file: str, column: str | None = None) -> DeclarationError:
    return DeclarationError(what, remedy=remedy, slug="bad-dimension", place=Place(file=file, column=column))


def _named(given: str, header: Sequence[str], file: str) -> tuple[str, str | None]:
    """``NAME`` or ``NAME:TOTAL_LABEL``; names and labels may hold colons themselves."""
    if given in header:
        return given, None
    for at in (m.start() for m in re.finditer(":", given)):
        if given[:at] in header and given[at + 1 :].strip():
            return given[:at], given[at + 1 :].strip()
    raise _usage("a dimension is named that is no column of the file", "Give --dimension NAME[:TOTAL_LABEL].", file)


def _hierarchies(given: Sequence[str], names: Sequence[str], file: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for one in given:
        name, _, path = one.partition("=")
        if name not in names or not path or name in found:
            raise _usage("a hierarchy is not NAME=FILE of one dimension", "Give --hierarchy NAME=CSV.", file)
        header, rows, lines = _records(_text(Path(path)), path)
        if not {"child", "parent"} <= set(header):
            raise _malformed("no columns `child` and `parent`", path, 1)
        child, parent = header.index("child"), header.index("parent")
        above = found[name] = {}
        for row, line in zip(rows, lines, strict=True):
            low, high = row[child].strip(), row[parent].strip()
            if not low or not high or above.get(low, high) != high:
                raise _malformed("a child with no parent or with two", path, line)
            above[low] = high
    return found


def _tree(
    name: str, labels: Sequence[str], total: str | None, above: Mapping[str, str], unseen: bool, file: str
) -> Dimension:
    """The dimension's nodes: labels of the table, and the groups between them that it does not publish left out."""
    known = list(labels)
    if unseen:
        known += [label for label in above if label not in known]
    known = [label for label in known if label != total]

    def parent(label: str) -> str | None:
        seen = {label}
        while label in above:
            label = above[label]
            if label in seen:
                raise _usage("a hierarchy leads in a circle", "Give every child one parent.", file, name)
            seen.add(label)
            if label in known:
                return label
            if label == total:
                return None
        return None

    over = {label: parent(label) for label in known}
    depth: dict[str, int] = {}
    for label in known:
        at, steps = over[label], 0
        while at is not None:
            at, steps = over[at], steps + 1
        depth[label] = steps
    groups = {group for group in over.values() if group is not None}
    ordered = [x for x in known if x not in groups] + sorted(groups, key=lambda g: (-depth[g], known.index(g)))
    tops = [label for label in ordered if over[label] is None]
    if total is None and len(tops) == 1:
        # one category, or one group over all: it is its own total
        total = tops[0]
        ordered.remove(total)
        over = {label: None if up == total else up for label, up in over.items() if label != total}
    number = {label: i for i, label in enumerate(ordered)}
    root = len(ordered)
    parents = [number[up] if (up := over[label]) is not None else root for label in ordered]
    return Dimension(name, (*ordered, total or UNPUBLISHED), np.array([*parents, -1], dtype=np.int64))


def _cells(
    header: Sequence[str], rows: Sequence[Sequence[str]], lines: Sequence[int], trees: Sequence[Dimension], file: str
) -> np.ndarray:
    cell = np.zeros(len(rows), dtype=np.int64)
    for tree in trees:
        at = header.index(tree.column)
        number = {label: i for i, label in enumerate(tree.nodes)}
        if "" in number and any(not row[at].strip() for row in rows):
            where = next(k for k, row in enumerate(rows) if not row[at].strip())
            raise InputError(
                "a row has no label", remedy="Label every row in every dimension.", slug="label-missing",
                place=Place(file=file, line=lines[where], column=tree.column),
            )  # fmt: skip
        cell = cell * len(tree.nodes) + np.array([number[row[at].strip()] for row in rows], dtype=np.int64)
    first: dict[int, int] = {}
    for k, c in enumerate(cell.tolist()):
        if c in first:
            raise InputError(
                f"this row is about the same cell as line {lines[first[c]]}",
                remedy="Name every dimension that tells the rows apart.", slug="cell-twice",
                place=Place(file=file, line=lines[k]),
            )  # fmt: skip
        first[c] = k
    return cell
