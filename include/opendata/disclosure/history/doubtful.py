"""Other ways to read an earlier release, where its declaration may say what it did not mean.

A coverage that is declared anew is another period, or the correction of a date. A column that is gone, while a new one has
the same categories, is another column, or the old one under a new name and label. The declarations do not tell; the public
looks at the figures and knows. So both readings are attacked: what the release said, and a second release beside it that says
the same figures of the newest one's period or column.
"""

from __future__ import annotations

import itertools
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
    then, now = _columns(release), _columns(newest)
    for gone, new in itertools.product(sorted(then - now), sorted(now - then)):
        if _categories(release.tables, gone) & _categories(newest.tables, new):
            yield gone, new


def _columns(release: PublishedRelease) -> set[str]:
    """The source columns a release knows."""
    return {column for table in release.tables for column in table.extents.whole} - {COVERED}


def _categories(tables: Iterable[PublishedTable], column: str) -> set[str]:
    """What tables show or keep of a column, by label and by value."""
    return {category for table in tables for category in _categories_of(table, column)}


def _categories_of(table: PublishedTable, column: str) -> set[str]:
    dimensions = [d for d in table.structure.dimensions if d.column == column]
    labels = {plain(label) for d in dimensions for label in d.labels}
    shown = [extent for d in dimensions for extent in table.extents.labels[d.name]]
    return labels.union(*map(_values_named, [*shown, table.extents.whole.get(column, ALL)]))


def _values_named(extent: Extent) -> set[str]:
    """The names of an extent, and its ranges as text; that of all numbers names none."""
    ranges = {f"{a}:{b}" for a, b in extent.ranges if (a, b) not in ALL.ranges}
    return ranges | set(map(plain, extent.names))


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


_Labels = frozenset[tuple[str, str]]
"""Of every column its label."""

_Place = tuple[str, _Labels]
"""A measure, and of every column its label."""


def _figures(tables: Iterable[PublishedTable], label: str) -> dict[_Place, set[int]]:
    """The counts shown of a period that are not zero."""
    figures: dict[_Place, set[int]] = {}
    for table in tables:
        for identity, where, count in _counts_shown(table):
            if not label or (table.extents.time, label) in where:
                figures.setdefault((identity, where), set()).add(count)
    return figures


def _counts_shown(table: PublishedTable) -> Iterator[tuple[str, _Labels, int]]:
    """The counts of a table that are not zero: the measure, of every column its label, and the count."""
    columns = {d.name: d.column for d in table.structure.dimensions}
    for measure in table.structure.measures:
        if measure.role == "count" and measure.name in table.frame:
            rows = table.frame[table.frame[measure.name].fillna(0) > 0]
            for row in rows.to_dict("records"):
                where = frozenset((column, str(row[name])) for name, column in columns.items())
                yield measure.identity, where, int(row[measure.name])


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
