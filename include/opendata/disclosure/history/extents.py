"""Which raw values a category stands for: how a cell of one release is known to be a cell of another.

Atoms (see ``vocabulary``) are numbered anew for every run, so they name nothing outside it. What lasts is what a category
means: a set of the source's values. An :class:`Extent` is such a set: ranges of numbers, of days for a time, or names;
blanks apart. Two releases' categories are then the same, one inside the other, or overlapping, whatever they are called.

A period that the declared coverage cuts off ends where the coverage ends: the year to date of April and that of May are
two figures, and their difference is a month. A dataset without a time among its dimensions speaks of its coverage. A
total stands for every value of its column that is in the data at all; a table that leaves a column out does so too, and a
release that never uses a column is taken to hold the same values of it as are in the data of those that do, which is the
reading that helps an attacker most.
"""

from __future__ import annotations

import calendar
import datetime as dt
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.source import SourceColumn
from include.opendata.declaration.tables import Condition, Dimension, Table
from include.opendata.rules.reference import california_counties
from include.opendata.vocabulary import Structure

COVERED = "(period covered)"
"""Stands for the time of a dataset none of whose dimensions or filters is a time."""

NEAR_COVERAGE = 366
"""Days by which a filter may reach beyond the declared coverage and still say which part of it is counted."""

_YEAR = re.compile(r"^\d{4}$")
_PERIOD = re.compile(r"^(\d{4})(?:-(?:H([12])|Q([1-4])|(0[1-9]|1[0-2])))?$")
_TRUE = {"true", "yes", "t", "1"}

Range = tuple[float, float]
"""From the first to just before the second; days are counted as ``date.toordinal`` does."""


@dataclass(frozen=True)
class Extent:
    """A set of raw values: ``ranges`` of numbers or days, ascending and apart; ``names``, or with ``others`` every name
    but those; ``blank``: the values that are not there."""

    ranges: tuple[Range, ...] = ()
    names: frozenset[str] = frozenset()
    others: bool = False
    blank: bool = False

    def joined(self, other: Extent) -> Extent:
        """Values of either."""
        names, others = _either(self, other)
        return Extent(_merged([*self.ranges, *other.ranges]), names, others, self.blank or other.blank)

    def common(self, other: Extent) -> Extent:
        """Values of both."""
        both = [(max(a, c), min(b, d)) for a, b in self.ranges for c, d in other.ranges]
        names, others = _either(self.without_names(), other.without_names())
        return Extent(_merged(both), names, not others, self.blank and other.blank)

    def without_names(self) -> Extent:
        """The same names turned round: those left out for those put in."""
        return Extent((), self.names, not self.others)

    def to_json(self) -> dict[str, Any]:
        """Ends without limit are null."""
        return {
            "ranges": [[_finite(a), _finite(b)] for a, b in self.ranges],
            "names": sorted(self.names),
            "others": self.others,
            "blank": self.blank,
        }

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> Extent:
        """The inverse of :meth:`to_json`."""
        ranges = tuple((-math.inf if a is None else a, math.inf if b is None else b) for a, b in given["ranges"])
        return cls(ranges, frozenset(given["names"]), given["others"], given["blank"])


ALL = Extent(((-math.inf, math.inf),), frozenset(), True, True)


@dataclass(frozen=True)
class TableExtents:
    """Of one table: ``labels``: dimension → the extent of each label in published order; ``whole``: source column → what
    the table keeps of it, for every column some table of the dataset uses · ``time``: the column that says when, which may
    be ``COVERED``; None in what was kept before it was noted · ``there``: column → what is in the data, filters or not; of
    columns that are filtered by."""

    labels: dict[str, tuple[Extent, ...]]
    whole: dict[str, Extent]
    time: str | None = None
    there: dict[str, Extent] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """For the ledger and the evidence store."""
        return {
            "labels": {name: [one.to_json() for one in extents] for name, extents in self.labels.items()},
            "whole": {column: extent.to_json() for column, extent in self.whole.items()},
            "time": self.time,
            "there": {column: extent.to_json() for column, extent in self.there.items()},
        }

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> TableExtents:
        """The inverse of :meth:`to_json`."""
        return cls(
            {name: tuple(Extent.from_json(one) for one in extents) for name, extents in given["labels"].items()},
            {column: Extent.from_json(extent) for column, extent in given["whole"].items()},
            given.get("time") or (COVERED if COVERED in given["whole"] else None),
            {column: Extent.from_json(extent) for column, extent in given.get("there", {}).items()},
        )


def table_extents(dataset: Dataset, structures: Sequence[Structure]) -> dict[str, TableExtents]:
    """Table → its extents, from the declaration and the labels that were published."""
    columns = {column.name: column for column in dataset.source.columns}
    tables = {structure.table: dataset.table(structure.table) for structure in structures}
    shown = {d.column for t in tables.values() for d in t.dimensions if _is_time(d, columns[d.column])}
    kept_by = {c.column for t in tables.values() for c in t.filter if _says_when(c, columns[c.column], dataset)} - {
        d.column for t in tables.values() for d in t.dimensions
    }
    times = shown | kept_by
    time = next(iter([*sorted(shown), *sorted(kept_by)]), COVERED)
    raw = {
        (s.table, d.name): tuple(
            _of_label(tables[s.table].dimension(d.name), label, columns[d.column], dataset, d.column in times)
            for label in d.labels
        )
        for s in structures
        for d in s.dimensions
    }
    kept = {
        (name, column): _kept([c for c in table.filter if c.column == column], columns[column], column in times)
        for name, table in tables.items()
        for column in columns
    }
    used = {d.column for t in tables.values() for d in t.dimensions} | {
        c.column for t in tables.values() for c in t.filter
    }
    covered = Extent(((dataset.coverage.start.toordinal(), dataset.coverage.end.toordinal() + 1),))
    everything = {
        (s.table, column): _everything(
            tables, _of_same_records(dataset, s, structures, column), column, raw, kept,
            covered if column in times else None,
        )
        for s in structures
        for column in sorted(used)
    }  # fmt: skip
    for s in structures:
        for column in sorted(used):
            held = _in_extract(dataset, s, structures, column, raw)
            if held is not None:
                everything[s.table, column] = held
    found: dict[str, TableExtents] = {}
    for s in structures:
        labels = {
            d.name: tuple(
                one.common(everything[s.table, d.column]).common(kept[s.table, d.column])
                for one in raw[s.table, d.name]
            )
            for d in s.dimensions
        }
        whole = {column: everything[s.table, column].common(kept[s.table, column]) for column in sorted(used)}
        if not times:
            whole[COVERED] = covered
        there = {c: everything[s.table, c] for c in sorted({one.column for one in tables[s.table].filter})}
        found[s.table] = TableExtents(labels, whole, time, there)
    return found


def replaced_beside_merged(dataset: Dataset) -> bool:
    """Whether some tables hold the last extract's records alone, and others those of every extract there was."""
    return len({table.refresh.merges for table in dataset.tables}) > 1


def _of_same_records(
    dataset: Dataset, one: Structure, structures: Sequence[Structure], column: str
) -> Sequence[Structure]:
    """The tables that tell which values of ``column`` the records of ``one`` have: those refreshed as it is, merged or
    replaced, where any of them is made of the column; else all."""
    merges = dataset.table(one.table).refresh.merges
    same = [s for s in structures if dataset.table(s.table).refresh.merges == merges]
    return same if any(d.column == column for s in same for d in s.dimensions) else structures


def _in_extract(
    dataset: Dataset,
    one: Structure,
    structures: Sequence[Structure],
    column: str,
    raw: dict[tuple[str, str], tuple[Extent, ...]],
) -> Extent | None:
    """The values of ``column`` in the extract that ``one`` is replaced by, where only tables it is merged into are made of
    the column: of those categories whose atoms are all of the extract. None where that is not the question."""
    own = one.filter_atoms.get(column)
    if dataset.table(one.table).refresh.merges or not replaced_beside_merged(dataset) or own is None:
        return None
    made = [(s, d) for s in structures for d in s.dimensions if d.column == column]
    if not made or not all(dataset.table(s.table).refresh.merges for s, _ in made):
        return None
    held = set(own)
    return union(
        extent
        for s, d in made
        for label, extent in zip(d.labels, raw[s.table, d.name], strict=True)
        if d.atoms.get(label) and held.issuperset(d.atoms[label])
    )


def _everything(
    tables: dict[str, Table],
    structures: Sequence[Structure],
    column: str,
    raw: dict[tuple[str, str], tuple[Extent, ...]],
    kept: dict[tuple[str, str], Extent],
    covered: Extent | None,
) -> Extent:
    """All values of a column that are in the data, as far as the published categories tell.

    A table without any filter has a category for every record, so what such tables have in common is all there is;
    failing that, what the tables that do not filter this column have together; failing that, all values there can be, which
    for a time is the declared coverage, ``covered``, and every period that is shown.
    """
    complete: Extent | None = None
    together: Extent | None = None
    for s in structures:
        for d in s.dimensions:
            if d.column == column and kept[s.table, column] == ALL:
                own = union(raw[s.table, d.name])
                together = own if together is None else together.joined(own)
                if not tables[s.table].filter:
                    complete = own if complete is None else complete.common(own)
    if covered is not None and complete is None and together is None:
        shown = [one for s in structures for d in s.dimensions if d.column == column for one in raw[s.table, d.name]]
        return covered.joined(union(shown))
    return complete or together or ALL


def union(extents: Iterable[Extent]) -> Extent:
    """Values of any of ``extents``."""
    together = Extent()
    for one in extents:
        together = together.joined(one)
    return together


def _is_time(dimension: Dimension, column: SourceColumn) -> bool:
    return column.type == "date" or dimension.scores_as.variable == "time"


def _says_when(condition: Condition, column: SourceColumn, dataset: Dataset) -> bool:
    """Whether a condition keeps a part of the time covered: days or years in it or near it, as a date of birth is not."""
    ends = [one for one in (condition.from_, condition.to) if one is not None]
    given = [str(one) for one in condition.in_ or condition.not_in or ends]
    years = column.type in ("integer", "text") and all(_YEAR.match(one) for one in given)
    if not given or not (years or column.type == "date"):
        return False
    first, last = dataset.coverage.start.toordinal() - NEAR_COVERAGE, dataset.coverage.end.toordinal() + NEAR_COVERAGE
    return all(first <= a and b <= last for a, b in _values(given, column, True).ranges)


def _of_label(dimension: Dimension, label: str, column: SourceColumn, dataset: Dataset, time: bool) -> Extent:
    if dimension.missing is not None and label == dimension.missing:
        return Extent(blank=True)
    if dimension.labels is not None:
        found = _values([raw for raw, shown in dimension.labels.items() if shown == label], column, time)
    elif dimension.recode is not None:
        found = _values(dimension.recode[label], column, time)
    elif dimension.bins is not None:
        one = next(one for one in dimension.bins if one.label == label)
        found = _span(one.from_, one.to, time)
    elif dimension.standard == "county":
        code = next(area.code for area in california_counties().areas if area.name == label)
        ways = [str(int(code)), str(6000 + int(code))] if column.type in ("integer", "number") else [code, f"06{code}"]
        found = _values(ways, column, time)
    elif dimension.standard == "zip3":
        found = Extent(names=frozenset({label, *(f"{label}{rest:02}" for rest in range(100))}))
    elif dimension.period is not None:
        found = Extent((_period(label),))
    else:
        found = _values([label], column, time)
    return _cut(found, dataset) if time else found


def _values(values: Iterable[str], column: SourceColumn, time: bool) -> Extent:
    return union(_value(text, column, time) for text in values)


def _value(text: str, column: SourceColumn, time: bool) -> Extent:
    if column.type == "date":
        day = dt.date.fromisoformat(text).toordinal()
        return Extent(((day, day + 1),))
    if time and _YEAR.match(text):
        return Extent((_period(text),))
    if column.type == "boolean":
        return Extent(names=frozenset({"true" if text.lower() in _TRUE else "false"}))
    if column.type == "integer":
        return Extent(((int(text), int(text) + 1),))
    if column.type == "number":
        return Extent(((float(text), math.nextafter(float(text), math.inf)),))
    return Extent(names=frozenset({text}))


def _span(start: int, end: int | None, time: bool) -> Extent:
    """A bin: both ends included, 25.9 counts as 25; of a time, whole years."""
    if time and 1 <= start <= 9999 and (end is None or end <= 9999):
        first = dt.date(start, 1, 1).toordinal()
        return Extent(((first, math.inf if end is None else dt.date(end, 12, 31).toordinal() + 1),))
    return Extent(((start, math.inf if end is None else end + 1),))


def _period(label: str) -> Range:
    matched = _PERIOD.match(label)
    if matched is None:
        raise ValueError("a period's label is a year, half-year, quarter or month")
    year, half, quarter, month = matched.groups()
    first, last = 1, 12
    if half:
        first, last = 6 * int(half) - 5, 6 * int(half)
    elif quarter:
        first, last = 3 * int(quarter) - 2, 3 * int(quarter)
    elif month:
        first = last = int(month)
    start = dt.date(int(year), first, 1).toordinal()
    return start, dt.date(int(year), last, calendar.monthrange(int(year), last)[1]).toordinal() + 1


def _cut(extent: Extent, dataset: Dataset) -> Extent:
    """Cut off where the coverage begins or ends within a period; a period wholly outside is left as it is."""
    start, end = dataset.coverage.start.toordinal(), dataset.coverage.end.toordinal() + 1
    ranges = tuple(
        (start if a < start < b else a, end if a < end < b and not math.isinf(b) else b) for a, b in extent.ranges
    )
    return Extent(ranges, extent.names, extent.others, extent.blank)


def _kept(conditions: Sequence[Condition], column: SourceColumn, time: bool) -> Extent:
    extent = ALL
    for condition in conditions:
        if condition.in_ is not None:
            extent = extent.common(_values(condition.in_, column, time))
        elif condition.not_in is not None:
            gone = _values(condition.not_in, column, time)
            extent = extent.common(Extent(_outside(gone.ranges), gone.names, True, True))
        else:
            extent = extent.common(_between(condition, column, time))
    return extent


def _between(condition: Condition, column: SourceColumn, time: bool) -> Extent:
    low, high = -math.inf, math.inf
    if condition.from_ is not None:
        low = _value(str(condition.from_), column, time).ranges[0][0]
    if condition.to is not None:
        high = _value(str(condition.to), column, time).ranges[0][1]
    return Extent(((low, high),))


def _merged(ranges: Iterable[Range]) -> tuple[Range, ...]:
    apart: list[Range] = []
    for a, b in sorted(r for r in ranges if r[0] < r[1]):
        if apart and a <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(b, apart[-1][1]))
        else:
            apart.append((a, b))
    return tuple(apart)


def _outside(ranges: Sequence[Range]) -> tuple[Range, ...]:
    ends = [-math.inf, *(end for one in _merged(ranges) for end in one), math.inf]
    return _merged(zip(ends[::2], ends[1::2], strict=True))


def _either(one: Extent, other: Extent) -> tuple[frozenset[str], bool]:
    if one.others and other.others:
        return one.names & other.names, True
    if one.others or other.others:
        cofinite, finite = (one, other) if one.others else (other, one)
        return cofinite.names - finite.names, True
    return one.names | other.names, False


def _finite(end: float) -> float | None:
    return None if math.isinf(end) else end
