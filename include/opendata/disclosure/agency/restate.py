"""What another dataset published, said in the words of one dataset, as if it were an earlier release of it.

Where both are made of the same columns, their categories are compared by the source's values, as those of two releases are.
Where only the figures or a person say that the records are the same, columns are taken for one another by the labels of
their dimensions, and categories by their spelling; columns that only one of them has stay apart. Categories that stand on
both sides without a counterpart could overlap in any way: the two cannot be compared, and that is refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from include.opendata.disclosure.agency.equal_figures import plain
from include.opendata.disclosure.agency.public import PublicDataset, counts_of, time_of
from include.opendata.disclosure.agency.ties import Relation
from include.opendata.disclosure.history.extents import COVERED, Extent, TableExtents, union
from include.opendata.disclosure.history.published import PublishedRelease, PublishedTable
from include.opendata.disclosure.history.same_values import with_extents_of
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
        carrying = _carrying(tables, identities)
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


def _carrying(tables: Iterable[PublishedTable], identities: set[str]) -> tuple[PublishedTable, ...]:
    """The tables that publish a count of ``identities``, without their other counts: nothing is compared with those."""
    return tuple(table for table in (_with_counts(table, identities) for table in tables) if counts_of(table))


def _with_counts(table: PublishedTable, identities: set[str]) -> PublishedTable:
    measures = tuple(m for m in table.structure.measures if m.role != "count" or m.identity in identities)
    return table.with_extents(table.extents, replace(table.structure, measures=measures))


def _of_one_time(release: tuple[PublishedTable, ...], newest: PublishedRelease) -> tuple[PublishedTable, ...]:
    """Tables that are made of the very same source as ``newest`` speak of the same time, whatever the coverage says.

    Where neither shows a time, or only ``newest`` does, what is covered is what ``newest`` is about; where only the other
    one does, its first day is the first of the coverage, and its last the last.
    """
    covered = union(map(time_of, newest.tables))
    times = _time_columns(release)
    if times == {COVERED}:
        return tuple(t.with_extents(replace(t.extents, whole=t.extents.whole | {COVERED: covered})) for t in release)
    if _time_columns(newest.tables) != {COVERED} or len(times) > 1 or not covered.ranges:
        return release
    (time,) = times
    shown = _ends(union(t.extents.there.get(time, t.extents.whole.get(time, Extent())) for t in release))
    if shown is None:
        return release
    fitted = _Fitted(shown, (covered.ranges[0][0], covered.ranges[-1][1]))
    return tuple(with_extents_of(table, time, fitted.extent) for table in release)


def _time_columns(tables: Iterable[PublishedTable]) -> set[str]:
    return {table.extents.time for table in tables}


def _ends(extent: Extent) -> tuple[float, float] | None:
    """Where the first range begins and the last one ends; None where that is without limit, or there is no range."""
    if not extent.ranges:
        return None
    first, last = extent.ranges[0][0], extent.ranges[-1][1]
    return None if math.isinf(first) or math.isinf(last) else (first, last)


@dataclass(frozen=True)
class _Fitted:
    """Days from the first to the last of ``ends``, fitted into ``covered``."""

    ends: tuple[float, float]
    covered: tuple[float, float]

    def extent(self, extent: Extent) -> Extent:
        """The extent, its days fitted."""
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
        pairs = _paired_columns(here, there, _time_column(other))
        values = {c: _counterparts(there[c], here[known], dataset, other) for c, known in pairs.items()}
        whole = {
            known: union(t.extents.whole[known] for t in dataset.newest.tables if known in t.extents.whole)
            for known in pairs.values()
        }
        return cls(_columns_here(dataset, other, pairs), values, whole, _same_counts(dataset, other, tie))

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


def _paired_columns(
    here: Mapping[str, Mapping[str, Extent]], there: Mapping[str, Mapping[str, Extent]], time: str
) -> dict[str, str]:
    """Column of the other dataset → the one of this dataset whose labels it has; the other one's time has none."""
    pairs: dict[str, str] = {}
    for column, labels in sorted(there.items()):
        alike = _most_alike(labels, here) if column != time else None
        if alike is not None and alike not in pairs.values():
            pairs[column] = alike
    return pairs


def _most_alike(labels: Mapping[str, Extent], here: Mapping[str, Mapping[str, Extent]]) -> str | None:
    """The column with the most of these labels; None where every one has a single one of them at most."""
    common = {column: len(labels.keys() & of.keys()) for column, of in here.items()}
    best = max(sorted(common), key=lambda column: common[column], default=None)
    return best if best is not None and common[best] > 1 else None


def _columns_here(dataset: PublicDataset, other: PublicDataset, pairs: Mapping[str, str]) -> dict[str, str]:
    """Column of the other dataset → what it is called here; those that stand apart are called after their dataset."""
    every = {c for release in other.releases for t in release.tables for c in t.extents.whole}
    apart = {c: f"{other.dataset}.{c}" for c in every - pairs.keys() - {COVERED}}
    time, time_here = _time_column(other), _time_column(dataset)
    if time != COVERED:
        apart[time] = time_here if time_here != COVERED else time
    return {**apart, **pairs, COVERED: COVERED}


def _counterparts(
    there: Mapping[str, Extent], here: Mapping[str, Extent], dataset: PublicDataset, other: PublicDataset
) -> dict[str, Extent]:
    """Plain label of the other dataset → what it stands for here; one that is left over is all that is left over here."""
    known = {label: here[label] for label in there if label in here}
    mine = _left_over(here, known)
    left = [label for label in there if label not in here]
    if mine and len(left) > 1:
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


def _left_over(here: Mapping[str, Extent], known: Mapping[str, Extent]) -> list[Extent]:
    """The categories of this dataset without a counterpart; not those made of known ones, finer or coarser."""
    together = union(known.values())
    return [extent for label, extent in here.items() if label not in known and extent.common(together) != extent]


def _same_counts(dataset: PublicDataset, other: PublicDataset, tie: Relation) -> dict[str, str]:
    """Identity of a count of ``other`` → of the one it is here: known by figures, or else by name or by what is counted."""
    here, there = _identities([dataset.newest]), _identities(other.releases)
    if tie.measures:
        return {there[name]: here[known] for known, name in tie.measures if name in there and known in here}
    named = {identity: here[name] for name, identity in there.items() if name in here}
    return {identity: identity for identity in there.values() if identity in here.values()} | named


def _identities(releases: Iterable[PublishedRelease]) -> dict[str, str]:
    """Name of every count → its identity."""
    return {m.name: m.identity for release in releases for t in release.tables for m in counts_of(t)}
