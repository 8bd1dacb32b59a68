"""Values of the source that are spelled otherwise in another release, and are the same to everyone who reads both.

The public sees labels. A category published under the label it had before is the category it was, though the source writes
its values in another way now (cleaned capitals, other codes); so is a value that only lost or gained capitals, blanks, signs
or leading zeros. Earlier releases are put into the newest one's values. Where a text value is gone, another one is new, and
nothing tells whether they are the same, the releases cannot be compared, and the new one is refused: one that was forgotten
would be read beside it by nobody but an attacker.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

from include.opendata.disclosure.history.extents import NOTHING, Extent, TableExtents, union
from include.opendata.disclosure.history.published import PublishedRelease, PublishedTable
from include.opendata.errors import Place, Refused


def same_values(releases: Sequence[PublishedRelease], *, dataset: str) -> list[PublishedRelease]:
    """Earlier releases in the newest one's values. Raises Refused (``releases-not-comparable``)."""
    restated = [releases[-1]]
    for release in reversed(releases[:-1]):
        for column in sorted(_columns([release]) & _columns(restated)):
            if _has_values(column, [release, *restated]):
                release = _in_values_of(restated, release, column, dataset)
        restated.insert(0, release)
    return restated


@dataclass(frozen=True)
class _Same:
    """What an earlier release means by all of ``before`` is what later ones mean by all of ``now``; ``gone``: the part of
    ``before`` that later ones do not know."""

    before: Extent
    gone: Extent
    now: Extent


def _in_values_of(
    later: Sequence[PublishedRelease], release: PublishedRelease, column: str, dataset: str
) -> PublishedRelease:
    release = _told_in(release, column, dataset, list(_spelled_alike(release, later, column)))
    while alike := list(_labelled_alike(release, later, column)):
        finest = [same for same in alike if not any(_is_part(other.before, same.before) for other in alike)]
        release = _told_in(release, column, dataset, finest)
    known = _known(later, column)
    gone, new = _known([release], column).without(known), _known(later[-1:], column).without(_known([release], column))
    together = [_known([one], column).names for one in later]
    if any(not any({old, name} <= of for of in together) for old in gone.names for name in new.names):
        raise _not_comparable(release, dataset, column)
    return release


def _spelled_alike(release: PublishedRelease, later: Sequence[PublishedRelease], column: str) -> Iterator[_Same]:
    """Names that are gone and differ from those of later releases in capitals, blanks, signs and leading zeros only."""
    then, known = _known([release], column), _known(later, column)
    for alike in sorted({plain(name) for name in then.without(known).names} - {""}):
        before, now = (Extent(names=frozenset(n for n in of.names if plain(n) == alike)) for of in (then, known))
        if now != NOTHING:
            yield _Same(before, before.without(known), now)


def _labelled_alike(release: PublishedRelease, later: Sequence[PublishedRelease], column: str) -> Iterator[_Same]:
    """Categories of one label, whose values are the same as far as both know them."""
    then, known = _known([release], column), _known(later, column)
    of_label: dict[str, list[Extent]] = {}
    for label, now in _labelled(reversed(later), column):
        of_label.setdefault(plain(label), []).append(now)
    for label, before in _labelled([release], column):
        for now in of_label.get(plain(label), []):
            gone, new = before.without(known), now.without(then)
            if before != NOTHING and (gone != NOTHING or new != NOTHING) and before.without(gone) == now.without(new):
                yield _Same(before, gone, now)


def _is_part(extent: Extent, whole: Extent) -> bool:
    """Whether ``extent`` lies in ``whole`` and is not all of it."""
    return extent != whole and extent.without(whole) == NOTHING


def _divides(same: _Same, extent: Extent) -> bool:
    """Whether a category has a part of what is only known as a whole by now."""
    return extent.common(same.gone) != NOTHING and same.before.without(extent) != NOTHING


def _not_comparable(release: PublishedRelease, dataset: str, column: str) -> Refused:
    return Refused(
        f"the column has other values than in release {release.release}, and whether those that are gone are the new ones in "
        "another spelling cannot be told, so the releases cannot be attacked together",
        remedy="Declare a `recode` (or `labels`) for the column: a category that is the same keeps the label it was published "
        "under; one that ended is listed under its old label beside the new ones.",
        slug="releases-not-comparable",
        place=Place(dataset=dataset, column=column),
    )


def plain(text: str) -> str:
    """A text without what a cleaning changes: letters and digits in one case, a number without leading zeros."""
    kept = "".join(c for c in unicodedata.normalize("NFKD", text).casefold() if c.isalnum())
    return str(int(kept)) if kept.isdecimal() else kept


# -- what releases know -----------------------------------------------------------------------------------------------


def _columns(releases: Iterable[PublishedRelease]) -> set[str]:
    return {column for r in releases for t in r.tables for column in t.extents.whole}


def _has_values(column: str, releases: Sequence[PublishedRelease]) -> bool:
    """Whether a column's categories are made of single values: no time, no bins."""
    tables = [t for r in releases for t in r.tables]
    ranges = [bounds for _, extent in _labelled(releases, column) for bounds in extent.ranges]
    return all(t.extents.time != column for t in tables) and all(b - a <= 1 for a, b in ranges)


def _labelled(releases: Iterable[PublishedRelease], column: str) -> Iterator[tuple[str, Extent]]:
    """The labels of every dimension of ``column``, with what they stand for."""
    for table in (table for release in releases for table in release.tables):
        for d in table.structure.dimensions:
            if d.column == column:
                yield from zip(d.labels, table.extents.labels[d.name], strict=True)


def _known(releases: Iterable[PublishedRelease], column: str) -> Extent:
    """The values that categories and filters of ``releases`` name."""
    tables = [t for r in releases for t in r.tables]
    of_filters = [t.extents.whole[column] for t in tables if column in t.extents.whole]
    named = [Extent(names=extent.names) for extent in of_filters]
    return union([Extent(e.ranges, e.names) for t in tables for e in _of_labels(t, column)] + named)


def _of_labels(table: PublishedTable, column: str) -> list[Extent]:
    return [e for d in table.structure.dimensions if d.column == column for e in table.extents.labels[d.name]]


# -- restating --------------------------------------------------------------------------------------------------------


def _told_in(release: PublishedRelease, column: str, dataset: str, alike: Sequence[_Same]) -> PublishedRelease:
    """Raises Refused (``releases-not-comparable``) where a category has only a part of what ``alike`` knows as a whole."""
    if any(_divides(same, extent) for same in alike for _, extent in _labelled([release], column)):
        raise _not_comparable(release, dataset, column)
    tables = (with_extents_of(table, column, lambda extent: _told(extent, alike)) for table in release.tables)
    return PublishedRelease(release.release, tuple(tables))


def _told(extent: Extent, alike: Sequence[_Same]) -> Extent:
    """``extent`` in later values; of all names but some, those left out."""
    if extent.others:
        return _told(extent.complement(), alike).complement()
    fitting = [same for same in alike if same.before != NOTHING and same.before.without(extent) == NOTHING]
    gone = reduce(Extent.joined, (same.gone for same in fitting), NOTHING)
    return reduce(Extent.joined, (same.now for same in fitting), extent.without(gone))


def with_extents_of(table: PublishedTable, column: str, told: Callable[[Extent], Extent]) -> PublishedTable:
    """The table, every extent of ``column`` told in other words."""
    extents = table.extents
    names = {d.name for d in table.structure.dimensions if d.column == column}
    return table.with_extents(
        TableExtents(
            {name: tuple(map(told, of)) if name in names else of for name, of in extents.labels.items()},
            _with(extents.whole, column, told),
            extents.time,
            _with(extents.there, column, told),
            {axis: tuple(_with(one, column, told) for one in of) for axis, of in extents.tied.items()},
        )
    )


def _with(extents: dict[str, Extent], column: str, told: Callable[[Extent], Extent]) -> dict[str, Extent]:
    return {name: told(extent) if name == column else extent for name, extent in extents.items()}
