"""Which groups a release hides: the share of suppressed cells for every category of every dimension.

Worked out from the published file alone, as any reader could: no true figure is needed, so none can leak. A group of which
nothing is shown at all has disappeared from the table; small counties and small groups do so first, and the people behind
them are then not counted in any discussion of the figures. What to do about it is the advisor's matter.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from include.opendata.declaration.tables import Table
from include.opendata.rules.portal import annotation_codes
from include.opendata.vocabulary import ANNOTATION_SUFFIX

SHARES_OF_OTHERS = ("rate", "percent", "mean")
"""Measures that are blank because a count is; the counts are what is looked at, where there are any."""


@dataclass(frozen=True)
class GroupShare:
    """A category, and how many of its cells are suppressed."""

    label: str
    hidden: int
    cells: int
    total: bool

    @property
    def share(self) -> float:
        return self.hidden / self.cells if self.cells else 0.0

    @property
    def gone(self) -> bool:
        """Nothing of it is shown."""
        return self.hidden == self.cells > 0


@dataclass(frozen=True)
class DimensionShares:
    """The categories of a dimension, those that are hidden most first; the total is not a group and comes last."""

    name: str
    label: str
    groups: tuple[GroupShare, ...]

    @property
    def gone(self) -> tuple[GroupShare, ...]:
        return tuple(group for group in self.groups if group.gone and not group.total)

    @property
    def touched(self) -> tuple[GroupShare, ...]:
        return tuple(group for group in self.groups if group.hidden and not group.total)


@dataclass(frozen=True)
class TableShares:
    """The equity view of one table. ``counted``: the measures whose cells were looked at."""

    table: str
    title: str
    counted: tuple[str, ...]
    dimensions: tuple[DimensionShares, ...]


def equity(table: Table, published: bytes) -> TableShares:
    """The view of a published table (its CSV file). Columns that the file does not have are left out."""
    reader = csv.DictReader(io.StringIO(published.decode("utf-8-sig")))
    columns = set(reader.fieldnames or ())
    annotated = [m for m in table.measures if f"{m.name}{ANNOTATION_SUFFIX}" in columns]
    counts = [m for m in annotated if m.kind not in SHARES_OF_OTHERS] or annotated
    dimensions = [d for d in table.dimensions if d.name in columns]
    hidden: dict[str, dict[str, list[int]]] = {d.name: {} for d in dimensions}
    for row in reader:
        blanks = sum(_suppressed(row[f"{m.name}{ANNOTATION_SUFFIX}"]) for m in counts)
        for name, groups in hidden.items():
            tally = groups.setdefault(row[name], [0, 0])
            tally[0] += blanks
            tally[1] += len(counts)
    totals = {d.name: getattr(d, "total", None) for d in dimensions}
    return TableShares(
        table=table.table,
        title=table.title,
        counted=tuple(m.label for m in counts),
        dimensions=tuple(DimensionShares(d.name, d.label, _ranked(hidden[d.name], totals[d.name])) for d in dimensions),
    )


def _ranked(groups: Mapping[str, list[int]], total: str | None) -> tuple[GroupShare, ...]:
    made = [GroupShare(label, hid, cells, label == total) for label, (hid, cells) in groups.items()]
    return tuple(sorted(made, key=lambda group: (group.total, -group.share, group.label)))


@lru_cache(maxsize=16)
def _suppressed(code: str) -> bool:
    """Whether an annotation says that a value was withheld; a blank for want of data withholds nothing."""
    if not code.isdigit():
        return False
    try:
        return annotation_codes().code(int(code)).letter in ("S", "C")
    except KeyError:
        return False
