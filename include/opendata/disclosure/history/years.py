"""Years that one release reads as numbers and another as time.

Whether a column says when depends on a release's other tables and on its coverage: a filter by years far from the coverage is
a filter by numbers. Where any release shows the column as its time, it is one in all of them.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping
from dataclasses import replace

from include.opendata.disclosure.history.extents import Extent, TableExtents, union
from include.opendata.disclosure.history.published import PublishedTable

_LAST_YEAR = 9999
_YEAR = re.compile(r"^\d{4}$")


def years_as_days(tables: list[PublishedTable], column: str) -> list[PublishedTable]:
    """The years of a column that is the time of some table, as days in all of them."""
    if all(table.extents.time != column for table in tables):
        return tables
    return [table if table.extents.time == column else _in_days(table, column) for table in tables]


def _in_days(table: PublishedTable, column: str) -> PublishedTable:
    extents = table.extents
    labels = {
        d.name: tuple(map(_days, extents.labels[d.name])) if d.column == column else extents.labels[d.name]
        for d in table.structure.dimensions
    }
    tied = {axis: tuple(_of_column(one, column) for one in known) for axis, known in extents.tied.items()}
    whole, there = _of_column(extents.whole, column), _of_column(extents.there, column)
    return table.with_extents(TableExtents(labels, whole, extents.time, there, tied))


def _of_column(extents: Mapping[str, Extent], column: str) -> dict[str, Extent]:
    return {name: _days(extent) if name == column else extent for name, extent in extents.items()}


def _days(extent: Extent) -> Extent:
    """Ranges of years, and years that are names, as days; anything else as it is."""
    years = extent.ranges
    if not extent.others and all(_YEAR.match(name) for name in extent.names):
        years = (*years, *((int(name), int(name) + 1) for name in extent.names))
        extent = replace(extent, names=frozenset())
    if not all(_is_year(end) for bounds in years for end in bounds):
        return extent
    days = union(Extent(((_first_day(a), _first_day(b)),)) for a, b in years)
    return replace(extent, ranges=days.ranges)


def _is_year(end: float) -> bool:
    return math.isinf(end) or 1 <= end <= _LAST_YEAR


def _first_day(year: float) -> float:
    return year if math.isinf(year) else dt.date(math.ceil(year), 1, 1).toordinal()
