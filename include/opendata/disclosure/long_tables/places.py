"""Where the cells of a published table lie: per cell its atoms in every column, which the attack on large tables steers by.

Groups and totals hold the atoms of their parts. Strata of one total are as many columns: a woman of any age, a child of any
sex. Where the sums of a table are no such tree there are no places, and the attack goes without.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from include.opendata.disclosure.long_tables.equations import Cells
from include.opendata.disclosure.long_tables.published_rows import Label, PublishedRows
from include.opendata.disclosure.long_tables.sums import Sum

Atoms = tuple[int, ...]
Places = tuple[tuple[Atoms, ...], ...]


def places_of(published: PublishedRows, cells: Cells, sums: Sequence[Sum]) -> Places | None:
    """Per cell its atoms in every column; None where there are none to speak of."""
    axes = list(dict.fromkeys(each.columns for each in sums))
    summed = [column for axis in axes for column in axis]
    if len(set(summed)) < len(summed) or any(equation.sum is None for equation in cells.equations):
        return None
    columns: list[list[Atoms]] = []
    for axis in axes:
        at = [published.dimensions.index(column) for column in axis]
        labels = [tuple(labels[k] for k in at) for labels in cells.labels]
        atoms = _atoms([each for each in sums if each.columns == axis], labels)
        if atoms is None:
            return None
        columns += [[of_label[label] for label in labels] for of_label in atoms]
    for k, column in enumerate(published.dimensions):
        if column not in summed and not _follows(cells, published, k, axes):
            columns.append(_plain([labels[k] for labels in cells.labels]))
    places = tuple(zip(*columns, strict=True))
    return places if places and len(set(places)) == len(places) else None


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
    parents: dict[Label, int] = {}
    for number, each in enumerate(sums):
        for part in each.parts:
            if part in parents:
                return None
            parents[part] = number
    several = {each.total for each in sums if sum(other.total == each.total for other in sums) > 1}
    known = list(dict.fromkeys([*labels, *parents, *(each.total for each in sums)]))
    roots = {label for label in known if label not in parents}
    if several and (several != roots or len(roots) > 1):
        return None
    groups = [[number] for number, each in enumerate(sums) if each.total in several] or [list(range(len(sums)))]
    return [_column(sums, tops, known, several) for tops in groups]


def _column(
    sums: Sequence[Sum], tops: Sequence[int], known: Sequence[Label], several: set[Label]
) -> dict[Label, Atoms]:
    """The atoms of one column; labels of other strata hold all of them."""
    below: dict[Label, list[Label]] = {}
    for number, each in enumerate(sums):
        if each.total not in several or number in tops:
            below[each.total] = list(each.parts)
    number_of: dict[Label, int] = {}
    inside = set(_under(next(iter(several)), below)) if several else set(known)
    whole = tuple(number_of.setdefault(leaf, len(number_of)) for leaf in known if leaf in inside and leaf not in below)
    atoms: dict[Label, Atoms] = {}
    for label in known:
        if label in inside:
            atoms[label] = tuple(sorted(number_of[leaf] for leaf in _under(label, below) if leaf not in below))
        else:
            atoms[label] = whole
    return atoms


def _under(label: Label, below: dict[Label, list[Label]]) -> Iterator[Label]:
    """``label`` and everything in it."""
    yield label
    for part in below.get(label, ()):
        yield from _under(part, below)
