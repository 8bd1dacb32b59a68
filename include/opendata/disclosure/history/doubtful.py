"""Other ways to read an earlier release, where its declaration may say what it did not mean.

A coverage that is declared anew is another period, or the correction of a date. A column that is gone, while a new one has
the same categories, is another column, or the old one under a new name and label. The declarations do not tell; the public
looks at the figures and knows. So both readings are attacked: what the release said, and a second release beside it that says
the same figures of the newest one's period or column.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from include.opendata.disclosure.history.extents import ALL, COVERED, Extent, union
from include.opendata.disclosure.history.published import PublishedRelease, PublishedTable
from include.opendata.disclosure.history.same_names import renamed
from include.opendata.disclosure.history.same_values import plain

LEAST_EQUAL = 3
"""A period was corrected, not passed, where one figure in so many stayed what it was."""


def with_renamed_columns(releases: Sequence[PublishedRelease]) -> list[PublishedRelease]:
    """The releases, each earlier one followed by what it says if a column that is gone is a new one of the newest release."""
    newest = releases[-1]
    read: list[PublishedRelease] = []
    for release in releases[:-1]:
        read.append(release)
        for gone, new in _alike(release, newest):
            tables = tuple(renamed(t, {gone: new}, {}) for t in release.tables if _categories([t], gone))
            read.append(PublishedRelease(f"{release.release}, {gone} read as {new}", tables))
    return [*read, newest]


def _alike(release: PublishedRelease, newest: PublishedRelease) -> Iterator[tuple[str, str]]:
    """Columns that only one of both knows, with categories in common."""
    then, now = (sorted({c for t in r.tables for c in t.extents.whole} - {COVERED}) for r in (release, newest))
    for gone in (column for column in then if column not in now):
        for new in (column for column in now if column not in then):
            if _categories(release.tables, gone) & _categories(newest.tables, new):
                yield gone, new


def _categories(tables: Iterable[PublishedTable], column: str) -> set[str]:
    """What tables show or keep of a column, by label and by value."""
    categories: set[str] = set()
    for table in tables:
        dimensions = [d for d in table.structure.dimensions if d.column == column]
        extents = [e for d in dimensions for e in table.extents.labels[d.name]]
        kept = table.extents.whole.get(column, ALL)
        ranges = {f"{a}:{b}" for extent in (*extents, kept) for a, b in extent.ranges if (a, b) not in ALL.ranges}
        names = {name for extent in (*extents, kept) for name in extent.names}
        categories |= ranges | {plain(text) for text in (*names, *(label for d in dimensions for label in d.labels))}
    return categories


def with_corrected_periods(releases: Sequence[PublishedRelease]) -> list[PublishedRelease]:
    """The releases, each earlier one followed by what it says if its periods are those a later one tells of them."""
    read: list[PublishedRelease] = []
    for position, release in enumerate(releases):
        read.append(release)
        tables = tuple(_in_corrected_periods(release, releases[position + 1 :]))
        if tables:
            read.append(PublishedRelease(f"{release.release}, its period corrected", tables))
    return read


def _in_corrected_periods(release: PublishedRelease, later: Sequence[PublishedRelease]) -> Iterator[PublishedTable]:
    """The tables of which a period is told otherwise by a later release, and the figures are not."""
    for table in release.tables:
        periods = _periods(table)
        for then in reversed(later):
            corrected = {
                name: now
                for name, now in _all_periods(then.tables, table.extents.time).items()
                if name in periods and now != periods[name] and _stayed(table, then.tables, name)
            }
            if corrected:
                yield _told_of(table, corrected)
                break


def _periods(table: PublishedTable) -> dict[str, Extent]:
    """Label → the days it speaks of; without a label, of a table that shows no time."""
    time = table.extents.time
    shown = [d for d in table.structure.dimensions if d.column == time]
    if not shown:
        return {"": table.extents.whole[time]} if time in table.extents.whole else {}
    return {label: of for d in shown for label, of in zip(d.labels, table.extents.labels[d.name], strict=True)}


def _all_periods(tables: Iterable[PublishedTable], time: str) -> dict[str, Extent]:
    return {label: of for t in tables if t.extents.time == time for label, of in _periods(t).items()}


def _stayed(table: PublishedTable, later: Sequence[PublishedTable], label: str) -> bool:
    """Whether enough figures of a period are what they were; where there is hardly any to compare, they may be."""
    then, now = _figures([table], label), _figures(later, label)
    both = [(values, now[key]) for key, values in then.items() if key in now]
    return LEAST_EQUAL * sum(bool(values & others) for values, others in both) >= len(both)


_Place = tuple[str, frozenset[tuple[str, str]]]
"""A measure, and of every column its label."""


def _figures(tables: Iterable[PublishedTable], label: str) -> dict[_Place, set[int]]:
    """The counts shown of a period that are not zero."""
    figures: dict[_Place, set[int]] = {}
    for table in tables:
        columns = {d.name: d.column for d in table.structure.dimensions}
        counts = [m for m in table.structure.measures if m.role == "count" and m.name in table.frame]
        for measure in counts:
            rows = table.frame[table.frame[measure.name].fillna(0) > 0]
            for row in rows.to_dict("records"):
                where = frozenset((column, str(row[name])) for name, column in columns.items())
                if not label or (table.extents.time, label) in where:
                    figures.setdefault((measure.identity, where), set()).add(int(row[measure.name]))
    return figures


def _told_of(table: PublishedTable, corrected: dict[str, Extent]) -> PublishedTable:
    """The same figures, of other periods."""
    time, extents, periods = table.extents.time, table.extents, _periods(table)
    labels = {
        d.name: tuple(corrected.get(label, of) for label, of in zip(d.labels, extents.labels[d.name], strict=True))
        for d in table.structure.dimensions
        if d.column == time
    }
    kept = extents.whole[time]
    for label in corrected:
        kept = kept.without(periods[label])
    whole = union([kept, *corrected.values()])
    return table.with_extents(replace(extents, labels=extents.labels | labels, whole=extents.whole | {time: whole}))
