"""Which groups a release hides: the share of suppressed cells for every category of every dimension.

Worked out from the published file alone, as any reader could: no true figure is needed, so none can leak. A group of which
nothing is shown at all has disappeared from the table; small counties and small groups do so first, and the people behind
them are then not counted in any discussion of the figures. What to do about it is the advisor's matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from include.opendata.declaration.tables import Measure, Table
from include.opendata.rules.portal import annotation_codes
from include.opendata.storage.published_csv import read_texts
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
        """The part of its cells that is suppressed, from 0 to 1."""
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
        """The groups of which nothing is shown."""
        return tuple(group for group in self.groups if group.gone and not group.total)

    @property
    def touched(self) -> tuple[GroupShare, ...]:
        """The groups of which something is suppressed."""
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
    texts = read_texts(published)
    columns = set(texts.columns)
    counts = _counts(table, columns)
    dimensions = [d for d in table.dimensions if d.name in columns]
    groups = _groups(texts.records(), [d.name for d in dimensions], [f"{m.name}{ANNOTATION_SUFFIX}" for m in counts])
    return TableShares(
        table=table.table,
        title=table.title,
        counted=tuple(measure.label for measure in counts),
        dimensions=tuple(DimensionShares(d.name, d.label, _ranked(groups[d.name], d.total)) for d in dimensions),
    )


def _counts(table: Table, columns: set[str]) -> list[Measure]:
    """The measures to look at: those with a column of annotations, without the shares of others where there are counts."""
    annotated = [measure for measure in table.measures if f"{measure.name}{ANNOTATION_SUFFIX}" in columns]
    return [measure for measure in annotated if measure.kind not in SHARES_OF_OTHERS] or annotated


def _groups(
    rows: Iterable[Mapping[str, str]], dimensions: Sequence[str], annotations: Sequence[str]
) -> dict[str, dict[str, tuple[int, int]]]:
    """Dimension → category → (suppressed cells, cells)."""
    groups: dict[str, dict[str, tuple[int, int]]] = {name: {} for name in dimensions}
    for row in rows:
        suppressed = sum(_suppressed(row[annotation]) for annotation in annotations)
        for name in dimensions:
            hidden, cells = groups[name].get(row[name], (0, 0))
            groups[name][row[name]] = (hidden + suppressed, cells + len(annotations))
    return groups


def _ranked(groups: Mapping[str, tuple[int, int]], total: str | None) -> tuple[GroupShare, ...]:
    shares = [GroupShare(label, hidden, cells, label == total) for label, (hidden, cells) in groups.items()]
    return tuple(sorted(shares, key=lambda group: (group.total, -group.share, group.label)))


@lru_cache(maxsize=16)
def _suppressed(code: str) -> bool:
    """Whether an annotation says that a value was withheld; a blank for want of data withholds nothing."""
    if not code.isdigit():
        return False
    try:
        return annotation_codes().code(int(code)).letter in ("S", "C")
    except KeyError:
        return False
