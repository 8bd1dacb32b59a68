"""Years that one release reads as numbers and another as time.

Whether a column says when depends on a release's other tables and on its coverage: a filter by years far from the coverage is
a filter by numbers. Where any release shows the column as its time, it is one in all of them.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import replace

from include.opendata.disclosure.history.extents import Extent, union
from include.opendata.disclosure.history.published import PublishedTable
from include.opendata.disclosure.history.same_values import with_extents_of

_LAST_YEAR = 9999
_YEAR = re.compile(r"^\d{4}$")


def years_as_days(tables: list[PublishedTable], column: str) -> list[PublishedTable]:
    """The years of a column that is the time of some table, as days in all of them."""
    if all(table.extents.time != column for table in tables):
        return tables
    return [table if table.extents.time == column else with_extents_of(table, column, _days) for table in tables]


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
