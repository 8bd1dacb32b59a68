"""What another dataset published, said in the words of one dataset, as if it were an earlier release of it.

Where both are made of the same columns, their categories are compared by the source's values, as those of two releases are.
Where only the figures or a person say that the records are the same, columns are taken for one another by the labels of
their dimensions, and categories by their spelling; columns that only one of them has stay apart. Categories that stand on
both sides without a counterpart could overlap in any way: the two cannot be compared, and that is refused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from include.opendata.disclosure.agency.equal_figures import plain
from include.opendata.disclosure.agency.public import PublicDataset, counts_of
from include.opendata.disclosure.agency.ties import Relation
from include.opendata.disclosure.history.extents import COVERED, Extent, TableExtents, union
from include.opendata.disclosure.history.published import PublishedRelease, PublishedTable
from include.opendata.errors import Place, Refused
from include.opendata.vocabulary import TableDimension


def in_words_of(dataset: PublicDataset, other: PublicDataset, tie: Relation) -> tuple[PublishedRelease, ...]:
    """The releases of ``other`` that carry a count of ``dataset``, named ``dataset/release``, the oldest first.

    Releases with the same figures as a later one are left out. Raises Refused (``datasets-not-comparable``).
    """
    identities = {m.identity for table in dataset.newest.tables for m in counts_of(table)}
    translation = None if tie.exact else _Translation.between(dataset, other, tie)
    restated = []
    for release in other.releases:
        tables = tuple(_renamed(table, other.dataset) for table in release.tables)
        if translation is not None:
            tables = tuple(map(translation.table, tables))
        elif other.sources.get(release.release) in set(dataset.sources.values()):
            tables = _of_one_time(tables, dataset.newest)
        carrying = tuple(table for table in (_with_counts(table, identities) for table in tables) if counts_of(table))
        if carrying:
            restated.append(PublishedRelease(f"{other.dataset}/{release.release}", carrying))
    return _distinct(restated)


def _distinct(releases: Sequence[PublishedRelease]) -> tuple[PublishedRelease, ...]:
    """Without those of which a later one says the same."""
    kept: list[PublishedRelease] = []
    said: list[object] = []
    for release in reversed(releases):
        says = [(t.structure, t.extents, t.annotation, t.frame.to_csv(index=False)) for t in release.tables]
        if says not in said:
            kept.append(release)
            said.append(says)
    return tuple(reversed(kept))


def _renamed(table: PublishedTable, dataset: str) -> PublishedTable:
    """With dimensions that are called after their dataset, so that a common name makes no two columns the same."""
    names = {d.name: f"{dataset}.{d.name}" for d in table.structure.dimensions}
    structure = replace(
        table.structure,
        dimensions=tuple(replace(d, name=names[d.name]) for d in table.structure.dimensions),
        measures=tuple(
            replace(m, within=tuple(names.get(name, name) for name in m.within)) for m in table.structure.measures
        ),
    )
    extents = replace(table.extents, labels={names[name]: labels for name, labels in table.extents.labels.items()})
    return PublishedTable.about_to_be(
        structure, extents, table.annotation, table.frame.rename(columns=names), table.limits
    )


def _with_counts(table: PublishedTable, identities: set[str]) -> PublishedTable:
    """Without the counts that are none of ``identities``: nothing is compared with them."""
    measures = tuple(m for m in table.structure.measures if m.role != "count" or m.identity in identities)
    return table.with_extents(table.extents, replace(table.structure, measures=measures))


def _of_one_time(release: tuple[PublishedTable, ...], newest: PublishedRelease) -> tuple[PublishedTable, ...]:
    """Tables that are made of the very same source as ``newest`` speak of the same time, whatever the coverage says.

    Where neither shows a time, or only ``newest`` does, what is covered is what ``newest`` is about; where only the other
    one does, its first day is the first of the coverage, and its last the last.
    """
    times_here = {table.extents.time for table in newest.tables}
    covered = union(t.extents.whole[t.extents.time] for t in newest.tables if t.extents.time in t.extents.whole)
    times = {table.extents.time for table in release}
    if times == {COVERED}:
        return tuple(t.with_extents(replace(t.extents, whole=t.extents.whole | {COVERED: covered})) for t in release)
    if times_here != {COVERED} or len(times) > 1 or not covered.ranges:
        return release
    (time,) = times
    shown = union(t.extents.there.get(time, t.extents.whole.get(time, Extent())) for t in release)
    ends = shown.ranges and (shown.ranges[0][0], shown.ranges[-1][1])
    if not ends or math.isinf(ends[0]) or math.isinf(ends[1]):
        return release
    fitted = _Fitted(ends, (covered.ranges[0][0], covered.ranges[-1][1]))
    return tuple(fitted.table(table, time) for table in release)


@dataclass(frozen=True)
class _Fitted:
    """Days from the first to the last of ``ends``, fitted into ``covered``."""

    ends: tuple[float, float]
    covered: tuple[float, float]

    def table(self, table: PublishedTable, time: str) -> PublishedTable:
        """With every extent of the column ``time`` fitted."""
        extents = table.extents
        labels = {
            d.name: tuple(map(self._extent, extents.labels[d.name])) if d.column == time else extents.labels[d.name]
            for d in table.structure.dimensions
        }
        tied = {
            axis: tuple(self._of_column(one, time) for one in combinations)
            for axis, combinations in extents.tied.items()
        }
        whole, there = self._of_column(extents.whole, time), self._of_column(extents.there, time)
        return table.with_extents(TableExtents(labels, whole, extents.time, there, tied))

    def _of_column(self, extents: Mapping[str, Extent], time: str) -> dict[str, Extent]:
        return {column: self._extent(e) if column == time else e for column, e in extents.items()}

    def _extent(self, extent: Extent) -> Extent:
        return replace(extent, ranges=tuple((self._day(a), self._day(b)) for a, b in extent.ranges))

    def _day(self, day: float) -> float:
        (first, last), (start, end) = self.ends, self.covered
        if day <= first or day >= last:
            return day if math.isinf(day) else start if day <= first else end
        inside = start <= first and last <= end
        return day if inside else start + (day - first) * (end - start) / (last - first)


# -- by labels --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Translation:
    """``columns``: column of the other dataset → that of this one, or a name of its own · ``values``: of a column that is
    taken for one of this dataset, plain label → what it stands for here · ``whole``: column here → all its values ·
    ``counts``: identity there → identity here."""

    columns: Mapping[str, str]
    values: Mapping[str, Mapping[str, Extent]]
    whole: Mapping[str, Extent]
    counts: Mapping[str, str]

    @classmethod
    def between(cls, dataset: PublicDataset, other: PublicDataset, tie: Relation) -> _Translation:
        """Raises Refused (``datasets-not-comparable``)."""
        here, there = _labels_by_column(dataset), _labels_by_column(other)
        pairs: dict[str, str] = {}
        for column, labels in sorted(there.items()):
            if column == _time_column(other):
                continue
            common = {known: len(labels.keys() & of.keys()) for known, of in here.items()}
            best = max(sorted(common), key=lambda known: common[known], default=None)
            if best is not None and common[best] > 1 and best not in pairs.values():
                pairs[column] = best
        values = {c: _counterparts(there[c], here[known], dataset, other) for c, known in pairs.items()}
        whole = {
            known: union(t.extents.whole[known] for t in dataset.newest.tables if known in t.extents.whole)
            for known in pairs.values()
        }
        every = {c for release in other.releases for t in release.tables for c in t.extents.whole}
        apart = {c: f"{other.dataset}.{c}" for c in every - pairs.keys() - {COVERED}}
        time, time_here = _time_column(other), _time_column(dataset)
        if time != COVERED:
            apart[time] = time_here if time_here != COVERED else time
        return cls(apart | pairs | {COVERED: COVERED}, values, whole, _same_counts(dataset, other, tie))

    def table(self, table: PublishedTable) -> PublishedTable:
        """The table in this dataset's words."""
        extents, structure = table.extents, table.structure
        labels = {d.name: self._labels(d, extents.labels[d.name]) for d in structure.dimensions}
        whole = {self.columns[c]: self._whole(table, c, labels) for c in extents.whole}
        there = {self.columns[c]: extent for c, extent in extents.there.items() if c not in self.values}
        said = TableExtents(labels, whole, self.columns[extents.time], there, {})
        return table.with_extents(
            said,
            replace(
                structure,
                dimensions=tuple(replace(d, column=self.columns[d.column]) for d in structure.dimensions),
                measures=tuple(
                    replace(m, identity=self.counts.get(m.identity, f"{m.identity} of another dataset"), apart=None)
                    for m in structure.measures
                ),
            ),
        )

    def _labels(self, dimension: TableDimension, extents: tuple[Extent, ...]) -> tuple[Extent, ...]:
        known = self.values.get(dimension.column)
        if known is None:
            return extents
        return tuple(known[plain(label)] for label in dimension.labels)

    def _whole(self, table: PublishedTable, column: str, labels: Mapping[str, tuple[Extent, ...]]) -> Extent:
        if column not in self.values:
            return table.extents.whole[column]
        shown = [union(labels[d.name]) for d in table.structure.dimensions if d.column == column]
        if column in table.extents.there:  # a filter keeps a part, which its categories tell
            return union(shown)
        return union([self.whole[self.columns[column]], *shown])


def _labels_by_column(dataset: PublicDataset) -> dict[str, dict[str, Extent]]:
    """Column → plain label → what it stands for, over all releases."""
    found: dict[str, dict[str, Extent]] = {}
    for release in dataset.releases:
        for table in release.tables:
            for d in table.structure.dimensions:
                of_labels = zip(map(plain, d.labels), table.extents.labels[d.name], strict=True)
                found.setdefault(d.column, {}).update(of_labels)
    return found


def _time_column(dataset: PublicDataset) -> str:
    return dataset.newest.tables[0].extents.time


def _counterparts(
    there: Mapping[str, Extent], here: Mapping[str, Extent], dataset: PublicDataset, other: PublicDataset
) -> dict[str, Extent]:
    """Plain label of the other dataset → what it stands for here; one that is left over is all that is left over here."""
    known = {label: here[label] for label in there if label in here}
    mine = [here[label] for label in here if label not in there and not _within(here[label], known.values())]
    left = [label for label in there if label not in here]
    if left and mine and len(left) > 1:
        raise Refused(
            f"the dataset counts the same records as {other.dataset}, and {len(left)} categories of {other.dataset} have no "
            "counterpart of the same name here, so the two cannot be compared",
            remedy="Give the categories the same labels in both datasets (`labels`, `recode`), or make both of one source.",
            slug="datasets-not-comparable",
            place=Place(dataset=dataset.dataset),
        )
    return known | {
        label: union(mine) if mine else Extent(names=frozenset({f"{other.dataset}: {label}"})) for label in left
    }


def _within(extent: Extent, others: Sequence[Extent] | object) -> bool:
    """Whether an extent lies in those of known categories: a finer or coarser category of them."""
    return extent.common(union(others)) == extent  # type: ignore[arg-type]


def _same_counts(dataset: PublicDataset, other: PublicDataset, tie: Relation) -> dict[str, str]:
    """Identity of a count of ``other`` → of the one it is here: known by figures, or else by name or by what is counted."""
    here = {m.name: m.identity for table in dataset.newest.tables for m in counts_of(table)}
    there = {m.name: m.identity for release in other.releases for t in release.tables for m in counts_of(t)}
    if tie.measures:
        return {there[name]: here[known] for known, name in tie.measures if name in there and known in here}
    named = {identity: here[name] for name, identity in there.items() if name in here}
    return {identity: identity for identity in there.values() if identity in here.values()} | named
