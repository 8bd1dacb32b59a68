"""What a release calls things, in the words of a later one: source columns, counts, and the time it speaks of.

A column or measure that changed its source's name but is published under the same one is the same, release by release: a
release between may know both names. A count that is gone where another one is new is refused, for it may be the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from include.opendata.disclosure.history.extents import ALL, COVERED, Extent, TableExtents
from include.opendata.disclosure.history.published import PublishedRelease, PublishedTable
from include.opendata.errors import Place, Refused
from include.opendata.vocabulary import Structure, TableMeasure, axis_of, columns_of


def same_names(releases: Sequence[PublishedRelease]) -> list[PublishedRelease]:
    """Earlier releases in the newest one's words, where a source column or a measure was only renamed: by what is published
    under the same name now, or was in a release between."""
    named, words = [releases[-1]], _Words.of(releases[-1])
    for release in reversed(releases[:-1]):
        named.insert(0, _in_words_of(words, release))
        words = words.with_older(_Words.of(named[0]))
    return named


@dataclass(frozen=True)
class _Words:
    """What a release calls things: ``columns`` of the source · ``dimensions``: name → column · ``counts``: name → identity."""

    columns: frozenset[str]
    dimensions: dict[str, str]
    counts: dict[str, str]

    @classmethod
    def of(cls, release: PublishedRelease) -> _Words:
        structures = [t.structure for t in release.tables]
        return cls(
            frozenset(column for t in release.tables for column in t.extents.whole),
            {d.name: d.column for s in structures for d in s.dimensions},
            {m.name: m.identity for m in _counts(structures)},
        )

    def with_older(self, then: _Words) -> _Words:
        """With what an older release called things besides."""
        return _Words(self.columns | then.columns, then.dimensions | self.dimensions, then.counts | self.counts)


def _in_words_of(newest: _Words, release: PublishedRelease) -> PublishedRelease:
    """A column or count that the newest release does not know is the one it publishes under the same name, unless this
    release has that one as well."""
    then = _Words.of(release)
    dimensions = [(d.name, d.column) for t in release.tables for d in t.structure.dimensions]
    counts = [(m.name, m.identity) for m in _counts(t.structure for t in release.tables)]
    columns = _new_words(dimensions, newest.dimensions, newest.columns, then.columns)
    measures = _new_words(counts, newest.counts, newest.counts.values(), {identity for _, identity in counts})
    return PublishedRelease(release.release, tuple(renamed(t, columns, measures) for t in release.tables))


def _new_words(
    named: Iterable[tuple[str, str]], newest: Mapping[str, str], known: Collection[str], taken: Collection[str]
) -> dict[str, str]:
    """What is no longer ``known`` → what the newest release has under the same name, where that is not ``taken``."""
    return {
        old: newest[name] for name, old in named if old not in known and name in newest and newest[name] not in taken
    }


def _counts(structures: Iterable[Structure]) -> Iterator[TableMeasure]:
    """Every count that tables publish."""
    return (m for s in structures for m in s.measures if m.role == "count")


def refuse_replaced(releases: Sequence[PublishedRelease], dataset: str) -> None:
    """Refuse a count that was never published before in the place of one that is gone: it may be the same count under
    another name, made in another way, and then no one would attack the earlier releases beside it."""
    then, now = (_count_names(some) for some in (releases[:-1], releases[-1:]))
    new = sorted(name for identity, name in now.items() if identity not in then)
    gone = sorted(name for identity, name in then.items() if identity not in now)
    if new and gone:
        raise Refused(
            f"{', '.join(new)} was never published, and {', '.join(gone)} that was is gone: whether they count the same "
            "persons or events cannot be told, so earlier releases cannot be attacked beside this one",
            remedy="Where it counts the same, keep the measure's name, and the releases are compared. Where it counts "
            "something else, publish both in one release before the old one goes.",
            slug="count-replaced",
            place=Place(dataset=dataset),
        )


def _count_names(releases: Sequence[PublishedRelease]) -> dict[str, str]:
    """Identity of every count → the name it was last published under."""
    return {m.identity: m.name for m in _counts(t.structure for r in releases for t in r.tables)}


def same_time(releases: Sequence[PublishedRelease]) -> list[PublishedRelease]:
    """Releases that show no time, and so speak of all that was covered, in the time column of those that do.

    Which days a release without months speaks of is told by its coverage, and months of another lie in it or outside.
    """
    tables = [table for release in releases for table in release.tables]
    times = [t.extents.time for t in tables if t.extents.time != COVERED]
    if not times:
        return list(releases)
    time = times[-1]
    undated = any(time in t.extents.whole and t.extents.whole[time].blank for t in tables)
    return [PublishedRelease(r.release, tuple(_dated(t, time, blank=undated) for t in r.tables)) for r in releases]


def _dated(table: PublishedTable, time: str, *, blank: bool) -> PublishedTable:
    """A table that speaks of all that was covered, saying so of the column ``time``; any other one as it is."""
    if table.extents.time != COVERED or COVERED not in table.extents.whole:
        return table
    whole = {column: extent for column, extent in table.extents.whole.items() if column != COVERED}
    kept = whole.get(time, ALL)
    whole[time] = replace(table.extents.whole[COVERED], blank=blank).common(kept)
    return table.with_extents(replace(table.extents, whole=whole, time=time))


def renamed(table: PublishedTable, columns: Mapping[str, str], measures: Mapping[str, str]) -> PublishedTable:
    """The table, source columns and identities of counts called otherwise."""
    if not columns and not measures:
        return table
    structure = replace(
        table.structure,
        dimensions=tuple(replace(d, column=columns.get(d.column, d.column)) for d in table.structure.dimensions),
        measures=tuple(replace(m, identity=measures.get(m.identity, m.identity)) for m in table.structure.measures),
    )
    time = columns.get(table.extents.time, table.extents.time)
    whole, there = _of_columns(table.extents.whole, columns), _of_columns(table.extents.there, columns)
    tied = {
        axis_of([columns.get(column, column) for column in columns_of(axis)]): tuple(
            _of_columns(combination, columns) for combination in combinations
        )
        for axis, combinations in table.extents.tied.items()
    }
    return table.with_extents(TableExtents(table.extents.labels, whole, time, there, tied), structure)


def _of_columns(extents: Mapping[str, Extent], columns: Mapping[str, str]) -> dict[str, Extent]:
    """Extents by column, the columns called otherwise."""
    return {columns.get(column, column): extent for column, extent in extents.items()}
