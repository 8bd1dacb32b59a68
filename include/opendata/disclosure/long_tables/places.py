"""Where the cells of a published table lie: per cell its atoms in every column, which the attack on large tables steers by.

Groups and totals hold the atoms of their parts. Strata of one total are as many columns: a woman of any age, a child of any
sex. Where the sums of a table are no such tree there are no places, and the attack goes without.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from include.opendata.disclosure.long_tables.equations import Cells
from include.opendata.disclosure.long_tables.published_rows import Label, PublishedRows
from include.opendata.disclosure.long_tables.sums import Sum

Atoms = tuple[int, ...]
Places = tuple[tuple[Atoms, ...], ...]


def places_of(published: PublishedRows, cells: Cells, sums: Sequence[Sum]) -> Places | None:
    """Per cell its atoms in every column; None where there are none to speak of."""
    axes = list(dict.fromkeys(each.columns for each in sums))
    running = any(equation.sum is None for equation in cells.equations)
    if running or _columns_repeat(axes):
        return None
    of_sums = _columns_of_sums(published, cells, sums, axes)
    if of_sums is None:
        return None
    places = tuple(zip(*of_sums, *_plain_columns(published, cells, axes), strict=True))
    return places if places and len(set(places)) == len(places) else None


def _columns_repeat(axes: Sequence[tuple[str, ...]]) -> bool:
    """Whether a column is summed along more than one axis."""
    summed = [column for axis in axes for column in axis]
    return len(set(summed)) < len(summed)


def _columns_of_sums(
    published: PublishedRows, cells: Cells, sums: Sequence[Sum], axes: Sequence[tuple[str, ...]]
) -> list[list[Atoms]] | None:
    """Per column of the axes the atoms of every cell; None where the sums of one are no tree."""
    columns: list[list[Atoms]] = []
    for axis in axes:
        at = [published.dimensions.index(column) for column in axis]
        labels = [tuple(labels[k] for k in at) for labels in cells.labels]
        atoms = _atoms([each for each in sums if each.columns == axis], labels)
        if atoms is None:
            return None
        columns += [[of_label[label] for label in labels] for of_label in atoms]
    return columns


def _plain_columns(published: PublishedRows, cells: Cells, axes: Sequence[tuple[str, ...]]) -> list[list[Atoms]]:
    """The columns without sums that do not follow from an axis: every label is an atom."""
    summed = {column for axis in axes for column in axis}
    return [
        _plain([labels[k] for labels in cells.labels])
        for k, column in enumerate(published.dimensions)
        if column not in summed and not _follows(cells, published, k, axes)
    ]


def _plain(labels: Sequence[str]) -> list[Atoms]:
    number: dict[str, int] = {}
    return [(number.setdefault(label, len(number)),) for label in labels]


def _follows(cells: Cells, published: PublishedRows, column: int, axes: Sequence[tuple[str, ...]]) -> bool:
    """Whether a column's label follows from those of one axis."""
    for axis in axes:
        at = [published.dimensions.index(name) for name in axis]
        known: dict[Label, str] = {}
        if all(
            known.setdefault(tuple(labels[k] for k in at), labels[column]) == labels[column] for labels in cells.labels
        ):
            return True
    return False


def _atoms(sums: Sequence[Sum], labels: Sequence[Label]) -> list[dict[Label, Atoms]] | None:
    """Per column the atoms of every label: one column, or one per stratum of the single total."""
    parts = [part for each in sums for part in each.parts]
    if len(set(parts)) < len(parts):
        return None
    if _is_cyclic(sums):
        return None
    totals = [each.total for each in sums]
    several = {total for total, number in Counter(totals).items() if number > 1}
    known = list(dict.fromkeys([*labels, *parts, *totals]))
    roots = set(known) - set(parts)
    if len(several) > 1 or several not in (set(), roots):
        return None
    return [_column(of_column, known, several) for of_column in _sums_by_column(sums, several)]


def _is_cyclic(sums: Sequence[Sum]) -> bool:
    """Whether a label is, through others, a part of itself: so small figures can be each other's sums."""
    whole_of = {part: each.total for each in sums for part in each.parts}
    for label in whole_of:
        above, at = {label}, whole_of.get(label)
        while at is not None and at not in above:
            above.add(at)
            at = whole_of.get(at)
        if at is not None:
            return True
    return False


def _sums_by_column(sums: Sequence[Sum], several: set[Label]) -> list[list[Sum]]:
    """The sums of each column: all of them, or one of those of the total of ``several`` strata with all that are below."""
    if not several:
        return [list(sums)]
    below = [each for each in sums if each.total not in several]
    return [[each, *below] for each in sums if each.total in several]


def _column(sums: Sequence[Sum], known: Sequence[Label], several: set[Label]) -> dict[Label, Atoms]:
    """The atoms of one column; labels of other strata hold all of them."""
    below = {each.total: each.parts for each in sums}
    inside = set(_under(next(iter(several)), below)) if several else set(known)
    leaves = inside - below.keys()
    number_of = {leaf: number for number, leaf in enumerate(label for label in known if label in leaves)}
    whole = tuple(number_of.values())
    return {
        label: tuple(sorted(number_of[leaf] for leaf in _under(label, below) if leaf in leaves))
        if label in inside
        else whole
        for label in known
    }


def _under(label: Label, below: Mapping[Label, Sequence[Label]]) -> Iterator[Label]:
    """``label`` and everything in it."""
    yield label
    for part in below.get(label, ()):
        yield from _under(part, below)
