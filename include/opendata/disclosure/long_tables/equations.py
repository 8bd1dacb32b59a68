"""The cells of a published table and the equations between them.

Every row is a cell. Where a sum is known along some columns, it holds for every combination of the other columns that stands
at one of its parts; columns that follow from the summed ones are not held fixed. A total without a row is a cell in no table:
it may be the total of other rows as well. A part without a row is zero, unless the caller says it is unknown.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from include.opendata.disclosure.long_tables.published_rows import Label, PublishedRows
from include.opendata.disclosure.long_tables.sums import Sum
from include.opendata.errors import InputError, Place

MOST_CELLS = 2_000_000
"""Cells, with those in no row, that can be worked on."""


@dataclass(frozen=True)
class CellEquation:
    """The cell ``total`` is the sum of ``parts``; ``sum`` is the number of the sum that says so, None for a running count."""

    total: int
    parts: tuple[int, ...]
    sum: int | None


@dataclass(frozen=True, repr=False)
class Cells:
    """``labels``: of every cell, rows first, then the cells in no row · ``rows``: how many are rows."""

    labels: tuple[Label, ...]
    rows: int
    equations: tuple[CellEquation, ...]


@dataclass(repr=False)
class _Axis:
    """The columns of a sum: where they stand, where the others stand that are held fixed, and what follows from them."""

    at: tuple[int, ...]
    others: tuple[int, ...]
    following: tuple[int, ...]
    followed: dict[Label, Label]
    sums_of: dict[Label, list[int]] = field(default_factory=dict)

    def label(self, labels: Label) -> Label:
        return tuple(labels[k] for k in self.at)

    def other(self, labels: Label) -> Label:
        return tuple(labels[k] for k in self.others)

    def labels(self, label: Label, other: Label) -> Label:
        """The labels of the cell at ``label`` and ``other``."""
        whole = dict(zip((*self.at, *self.others), (*label, *other), strict=True))
        whole.update(zip(self.following, self.followed.get(label, ("",) * len(self.following)), strict=True))
        return tuple(whole[k] for k in sorted(whole))


def cells_of(
    published: PublishedRows, sums: Sequence[Sum], running: Sequence[str] = (), *, absent_unknown: bool = False
) -> Cells:
    """The cells of ``published`` and what ``sums`` say of them. Raises InputError (``too-many-cells``)."""
    builder = _Builder(published, sums, absent_unknown)
    builder.add_cells()
    equations = [*builder.equations(), *_running(builder, published, running)]
    return Cells(tuple(builder.labels), len(published.rows), tuple(equations))


class _Builder:
    def __init__(self, published: PublishedRows, sums: Sequence[Sum], absent_unknown: bool):
        self.published, self.sums, self.absent_unknown = published, sums, absent_unknown
        self.labels = [row.labels for row in published.rows]
        self.number = {labels: number for number, labels in enumerate(self.labels)}
        self.axes: dict[tuple[str, ...], _Axis] = {}
        self.members = [(each.total, *each.parts) for each in sums]
        self.groups: list[dict[Label, dict[Label, int]]] = [{} for _ in sums]
        for number, each in enumerate(sums):
            axis = self.axes.setdefault(each.columns, _axis(published, each.columns))
            for label in self.members[number]:
                axis.sums_of.setdefault(label, []).append(number)

    def add_cells(self) -> None:
        """The cells in no row that equations need, until there are no more."""
        queue = deque(range(len(self.labels)))
        while queue:
            cell = queue.popleft()
            for axis in self.axes.values():
                label = axis.label(self.labels[cell])
                numbers = axis.sums_of.get(label, ())
                if not numbers:
                    continue
                other = axis.other(self.labels[cell])
                for number in numbers:
                    group = self.groups[number].setdefault(other, {})
                    group[label] = cell
                    queue.extend(self._missing(axis, number, other, group, label))

    def _missing(self, axis: _Axis, number: int, other: Label, group: dict[Label, int], label: Label) -> Iterator[int]:
        """The cells a group still lacks."""
        each = self.sums[number]
        wanted = [part for part in (each.parts if self.absent_unknown else each.unknown) if part not in group]
        if each.total not in group and label != each.total:
            wanted.append(each.total)
        for part in wanted:
            labels = axis.labels(part, other)
            if labels in self.number:
                continue  # a row that the queue has not come to
            if len(self.labels) >= MOST_CELLS:
                raise InputError(
                    f"the table and its totals make more than {MOST_CELLS:,} cells",
                    remedy="Audit fewer dimensions at a time, or a part of the file.",
                    slug="too-many-cells", place=Place(file=self.published.files[0].file),
                )  # fmt: skip
            self.number[labels] = len(self.labels)
            self.labels.append(labels)
            yield self.number[labels]

    def equations(self) -> Iterator[CellEquation]:
        seen: set[tuple[int, frozenset[int]]] = set()
        for number, each in enumerate(self.sums):
            for group in self.groups[number].values():
                parts = tuple(group[part] for part in each.parts if part in group)
                total = group.get(each.total)
                if total is None or not parts or total in parts or (total, frozenset(parts)) in seen:
                    continue
                seen.add((total, frozenset(parts)))
                yield CellEquation(total, parts, number)


def _axis(published: PublishedRows, columns: tuple[str, ...]) -> _Axis:
    at = tuple(published.dimensions.index(column) for column in columns)
    rest = [k for k in range(len(published.dimensions)) if k not in at]
    following = _following(published, at, rest)
    labels = set[Label]().union(*following.values())
    followed = {label: tuple(of_label[label] for of_label in following.values()) for label in labels}
    return _Axis(at, tuple(k for k in rest if k not in following), tuple(following), followed)


def _following(published: PublishedRows, at: Sequence[int], rest: Sequence[int]) -> dict[int, dict[Label, str]]:
    """The columns of ``rest`` whose label follows from those that stand ``at`` a row, and that label."""
    known: dict[int, dict[Label, str]] = {k: {} for k in rest}
    for row in published.rows:
        label = tuple(row.labels[k] for k in at)
        for k in tuple(known):
            if known[k].setdefault(label, row.labels[k]) != row.labels[k]:
                del known[k]
    # a column of one label follows from everything, and is held fixed all the same
    return {k: of_label for k, of_label in known.items() if len(set(of_label.values())) > 1}


def _running(builder: _Builder, published: PublishedRows, running: Sequence[str]) -> Iterator[CellEquation]:
    """A count that goes on from label to label: every row is the row before and what came in between."""
    for column in running:
        at = published.dimensions.index(column)
        ordered = list(dict.fromkeys(row.labels[at] for row in published.rows))
        rest: dict[Label, dict[str, int]] = {}
        for cell, labels in enumerate(builder.labels[: len(published.rows)]):
            rest.setdefault((*labels[:at], *labels[at + 1 :]), {})[labels[at]] = cell
        for other, cells in rest.items():
            steps = [label for label in ordered if label in cells]
            for before, after in itertools.pairwise(steps):
                builder.labels.append((*other[:at], f"after {before}, up to {after}", *other[at:]))
                yield CellEquation(cells[after], (cells[before], len(builder.labels) - 1), None)
