"""Which raw values a category stands for: how a cell of one release is known to be a cell of another.

Atoms (see ``vocabulary``) are numbered again for every run, so they name nothing outside it. What lasts is what a category
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
import functools
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.source import SourceColumn
from include.opendata.declaration.tables import Condition, Dimension, Table
from include.opendata.rules.reference import california_counties
from include.opendata.vocabulary import Structure, TableDimension, columns_of

COVERED = "(period covered)"
"""Stands for the time of a dataset none of whose dimensions or filters is a time."""

_YEAR = re.compile(r"^\d{4}$")
_PERIOD = re.compile(r"^(\d{4})(?:-(?:H([12])|Q([1-4])|(0[1-9]|1[0-2])))?$")
_TRUE = {"true", "yes", "t", "1"}

Range = tuple[float, float]
"""From the first to just before the second; days are counted as ``date.toordinal`` does."""


class KeptExtent(TypedDict):
    """An :class:`Extent` as JSON; ends without limit are null."""

    ranges: list[list[float | None]]
    names: list[str]
    others: bool
    blank: bool


class KeptTableExtents(TypedDict):
    """:class:`TableExtents` as JSON."""

    labels: dict[str, list[KeptExtent]]
    whole: dict[str, KeptExtent]
    time: str
    there: dict[str, KeptExtent]
    tied: dict[str, list[dict[str, KeptExtent]]]


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
        overlaps = [(max(a, c), min(b, d)) for a, b in self.ranges for c, d in other.ranges]
        names, others = _either(self.without_names(), other.without_names())
        return Extent(_merged(overlaps), names, not others, self.blank and other.blank)

    def complement(self) -> Extent:
        """All other values."""
        return Extent(_outside(self.ranges), self.names, not self.others, not self.blank)

    def without(self, other: Extent) -> Extent:
        """Values that are not of ``other``."""
        return self.common(other.complement())

    def without_names(self) -> Extent:
        """The same names turned round: those left out for those put in."""
        return Extent((), self.names, not self.others)

    def to_json(self) -> KeptExtent:
        """For the ledger and the evidence store."""
        return {
            "ranges": [[_finite(a), _finite(b)] for a, b in self.ranges],
            "names": sorted(self.names),
            "others": self.others,
            "blank": self.blank,
        }

    @classmethod
    def from_json(cls, given: KeptExtent) -> Extent:
        """The inverse of :meth:`to_json`."""
        ranges = tuple((-math.inf if a is None else a, math.inf if b is None else b) for a, b in given["ranges"])
        return cls(ranges, frozenset(given["names"]), given["others"], given["blank"])


NOTHING = Extent()
ALL = Extent(((-math.inf, math.inf),), frozenset(), True, True)


@dataclass(frozen=True)
class TableExtents:
    """Of one table: ``labels``: dimension → the extent of each label in published order; ``whole``: source column → what
    the table keeps of it, for every column some table of the dataset uses · ``time``: the column that says when, which may
    be ``COVERED`` · ``there``: column → what is in the data, filters or not; of
    columns that are filtered by · ``tied``: axis of several columns → the combinations of their values that occur."""

    labels: dict[str, tuple[Extent, ...]]
    whole: dict[str, Extent]
    time: str = COVERED
    there: dict[str, Extent] = field(default_factory=dict)
    tied: dict[str, tuple[dict[str, Extent], ...]] = field(default_factory=dict)

    def to_json(self) -> KeptTableExtents:
        """For the ledger and the evidence store."""
        return {
            "labels": {name: [extent.to_json() for extent in extents] for name, extents in self.labels.items()},
            "whole": {column: extent.to_json() for column, extent in self.whole.items()},
            "time": self.time,
            "there": {column: extent.to_json() for column, extent in self.there.items()},
            "tied": {
                axis: [{column: extent.to_json() for column, extent in one.items()} for one in combinations]
                for axis, combinations in self.tied.items()
            },
        }

    @classmethod
    def from_json(cls, given: KeptTableExtents) -> TableExtents:
        """The inverse of :meth:`to_json`."""
        return cls(
            {name: tuple(Extent.from_json(extent) for extent in extents) for name, extents in given["labels"].items()},
            {column: Extent.from_json(extent) for column, extent in given["whole"].items()},
            given["time"],
            {column: Extent.from_json(extent) for column, extent in given["there"].items()},
            {
                axis: tuple(
                    {column: Extent.from_json(extent) for column, extent in one.items()} for one in combinations
                )
                for axis, combinations in given["tied"].items()
            },
        )


def table_extents(dataset: Dataset, structures: Sequence[Structure]) -> dict[str, TableExtents]:
    """Table → its extents, from the declaration and the labels that were published."""
    return _Reading(dataset, structures).extents()


class _Reading:
    """The tables of a dataset, read together: which values their labels and filters name, and which are in the data at all.

    ``times``: the columns that say when · ``raw``: (table, dimension) → what each label names · ``kept``: (table, column) →
    what the filter keeps · ``everything``: (table, column) → the values there are.
    """

    def __init__(self, dataset: Dataset, structures: Sequence[Structure]):
        self.dataset, self.structures = dataset, structures
        self.columns = {column.name: column for column in dataset.source.columns}
        self.tables = {s.table: dataset.table(s.table) for s in structures}
        shown, kept_by = self._columns_that_say_when()
        self.times = {*shown, *kept_by}
        self.time = next(iter([*sorted(shown), *sorted(kept_by)]), COVERED)
        self.covered = Extent(((dataset.coverage.start.toordinal(), dataset.coverage.end.toordinal() + 1),))
        self.raw = {(s.table, d.name): self._labels(s, d) for s in structures for d in s.dimensions}
        self.kept = {
            (name, column): self._kept(table, column) for name, table in self.tables.items() for column in self.columns
        }
        self.used = sorted(set().union(*map(_used_columns, self.tables.values())))
        self.everything = {(s.table, column): self._everything(s, column) for s in structures for column in self.used}
        axes = sorted(set().union(*map(_tied_axes, structures)))
        self.combinations = {axis: self._combinations(axis) for axis in axes}

    def extents(self) -> dict[str, TableExtents]:
        """Table → its extents."""
        return {s.table: self._extents_of(s) for s in self.structures}

    def _extents_of(self, structure: Structure) -> TableExtents:
        name = structure.table
        kept = {column: self._kept_in_data(structure, column) for column in self.used}
        present = {column: self.everything[name, column].common(kept[column]) for column in self.used}
        labels = {
            d.name: tuple(
                extent.common(self.everything[name, d.column]).common(kept[d.column])
                for extent in self.raw[name, d.name]
            )
            for d in structure.dimensions
        }
        filtered = sorted({condition.column for condition in self.tables[name].filter})
        there = {column: self.everything[name, column] for column in filtered}
        whole = present if self.times else present | {COVERED: self.covered}
        tied = {axis: self.combinations[axis] for axis in _tied_axes(structure)}
        return TableExtents(labels, whole, self.time, there, tied)

    def _combinations(self, axis: str) -> tuple[dict[str, Extent], ...]:
        """The values that occur side by side in tied columns: of each atom of their axis, what all tables say of it."""
        said: dict[int, dict[str, Extent]] = {}
        for structure in self.structures:
            for atoms, column, extent in self._said_on(axis, structure):
                for atom in atoms:
                    of_atom = said.setdefault(atom, dict.fromkeys(columns_of(axis), ALL))
                    of_atom[column] = of_atom[column].common(extent)
        return tuple(said[atom] for atom in sorted(said))

    def _said_on(self, axis: str, structure: Structure) -> Iterator[tuple[tuple[int, ...], str, Extent]]:
        """What filter and labels of a table say of tied columns: atoms of their axis, a column, and its values there."""
        dimensions = [d for d in structure.dimensions if d.axis == axis]
        kept = dimensions[0].atoms[""] if dimensions else structure.filter_atoms.get(axis, ())
        for column in columns_of(axis):
            yield kept, column, self.kept[structure.table, column]
        for d in dimensions:
            for label, extent in zip(d.labels, self.raw[structure.table, d.name], strict=True):
                yield d.atoms[label], d.column, extent

    def _columns_that_say_when(self) -> tuple[set[str], set[str]]:
        """Columns of dimensions that are a time, and columns of no dimension by which a filter keeps a part of the time."""
        dimensions = [d for table in self.tables.values() for d in table.dimensions]
        conditions = [condition for table in self.tables.values() for condition in table.filter]
        shown = {d.column for d in dimensions if _is_time(d, self.columns[d.column])}
        kept_by = {c.column for c in conditions if _says_when(c, self.columns[c.column], self.dataset)}
        return shown, kept_by - {d.column for d in dimensions}

    def _labels(self, structure: Structure, dimension: TableDimension) -> tuple[Extent, ...]:
        declared = self.tables[structure.table].dimension(dimension.name)
        column, time = self.columns[dimension.column], dimension.column in self.times
        extents = (_of_label(declared, label, column, time) for label in dimension.labels)
        return tuple(_cut(extent, self.dataset) if time else extent for extent in extents)

    def _kept(self, table: Table, column: str) -> Extent:
        conditions = [condition for condition in table.filter if condition.column == column]
        return _kept(conditions, self.columns[column], column in self.times)

    def _kept_in_data(self, structure: Structure, column: str) -> Extent:
        """What the filter keeps of a column; all there is where it leaves out no record that a table without a filter has."""
        kept = self.kept[structure.table, column]
        atoms = self._atoms(structure, column)
        unfiltered = [self._atoms(s, column) for s in self.structures if not self.tables[s.table].filter]
        return ALL if atoms and atoms in unfiltered and column not in self.times else kept

    @staticmethod
    def _atoms(structure: Structure, column: str) -> set[int]:
        """The atoms a table keeps of a column that is on an axis of its own; empty where it is not, or atoms are not known."""
        dimensions = [d for d in structure.dimensions if d.axis == column]
        kept = dimensions[0].atoms.get("", ()) if dimensions else structure.filter_atoms.get(column, ())
        return set(kept)

    def _everything(self, structure: Structure, column: str) -> Extent:
        """The values of ``column`` that are in the data a table is made of."""
        extract = self._in_extract(structure, column)
        if extract is not None:
            return extract
        return self._told_by(self._of_same_records(structure, column), column)

    def _of_same_records(self, structure: Structure, column: str) -> Sequence[Structure]:
        """The tables that tell which values of ``column`` the records of ``structure`` have: those refreshed as it is, merged
        or replaced, where any of them is made of the column; else all."""
        same = [s for s in self.structures if self._merges(s) == self._merges(structure)]
        return same if _dimensions_of(same, column) else self.structures

    def _in_extract(self, structure: Structure, column: str) -> Extent | None:
        """The values of ``column`` in the extract that ``structure`` is replaced by, where only tables it is merged into are
        made of the column: of those categories whose atoms are all of the extract. None where that is not the question."""
        atoms = structure.filter_atoms.get(column)
        if self._merges(structure) or not replaced_beside_merged(self.dataset) or atoms is None:
            return None
        made_of = _dimensions_of(self.structures, column)
        if not made_of or not all(self._merges(s) for s, _ in made_of):
            return None
        return union(extent for s, d in made_of for extent in self._inside(s, d, frozenset(atoms)))

    def _inside(self, structure: Structure, dimension: TableDimension, atoms: frozenset[int]) -> list[Extent]:
        """The categories of a dimension that are not empty and lie in ``atoms``."""
        extents = self.raw[structure.table, dimension.name]
        of_label = [dimension.atoms.get(label, ()) for label in dimension.labels]
        return [extent for own, extent in zip(of_label, extents, strict=True) if own and atoms.issuperset(own)]

    def _merges(self, structure: Structure) -> bool:
        return self.tables[structure.table].refresh.merges

    def _told_by(self, structures: Sequence[Structure], column: str) -> Extent:
        """All values of a column that are in the data, as far as the published categories tell.

        A table without any filter has a category for every record, so what such tables have in common is all there is;
        failing that, what the tables that do not filter this column have together; failing that, all values there can be,
        which for a time is the declared coverage and every period that is shown.
        """
        told = [(self.tables[s.table], union(self.raw[s.table, d.name])) for s, d in _dimensions_of(structures, column)]
        unfiltered = [(table, extent) for table, extent in told if self._kept(table, column) == ALL]
        complete = [extent for table, extent in unfiltered if not table.filter]
        if complete:
            return functools.reduce(Extent.common, complete)
        if unfiltered:
            return union(extent for _, extent in unfiltered)
        return self._possible(column, union(extent for _, extent in told))

    def _possible(self, column: str, shown: Extent) -> Extent:
        """All values there can be: of a time those of the declared coverage, and what is shown."""
        return self.covered.joined(shown) if column in self.times else ALL


def _tied_axes(structure: Structure) -> list[str]:
    """The axes of several columns."""
    axes = {*(d.axis for d in structure.dimensions), *structure.filter_atoms}
    return sorted(axis for axis in axes if len(columns_of(axis)) > 1)


def _used_columns(table: Table) -> set[str]:
    """The columns a table is broken down or filtered by."""
    return {d.column for d in table.dimensions} | {condition.column for condition in table.filter}


def _dimensions_of(structures: Sequence[Structure], column: str) -> list[tuple[Structure, TableDimension]]:
    """Every dimension that is made of ``column``, with its table."""
    return [(s, d) for s in structures for d in s.dimensions if d.column == column]


def replaced_beside_merged(dataset: Dataset) -> bool:
    """Whether some tables hold the last extract's records alone, and others those of every extract there was."""
    return len({table.refresh.merges for table in dataset.tables}) > 1


def union(extents: Iterable[Extent]) -> Extent:
    """Values of any of ``extents``."""
    together = Extent()
    for extent in extents:
        together = together.joined(extent)
    return together


def _is_time(dimension: Dimension, column: SourceColumn) -> bool:
    return column.type == "date" or dimension.scores_as.variable == "time"


def _says_when(condition: Condition, column: SourceColumn, dataset: Dataset) -> bool:
    """Whether a condition keeps a part of the time covered: a day or year it names lies in it, as a date of birth does not."""
    ends = [end for end in (condition.from_, condition.to) if end is not None]
    given = [str(value) for value in condition.in_ or condition.not_in or ends]
    if not given or not _are_times(given, column):
        return False
    first, last = dataset.coverage.start.toordinal(), dataset.coverage.end.toordinal() + 1
    return any(start < last and first < end for start, end in _values(given, column, True).ranges)


def _are_times(values: Sequence[str], column: SourceColumn) -> bool:
    """Whether values of ``column`` can be days, or years written as numbers or text."""
    years = column.type in ("integer", "text") and all(_YEAR.match(value) for value in values)
    return years or column.type == "date"


def _of_label(dimension: Dimension, label: str, column: SourceColumn, time: bool) -> Extent:
    """What a label stands for by the declaration, wherever the coverage ends."""
    if label == dimension.missing:
        return Extent(blank=True)
    named = _named_values(dimension, label)
    if named is not None:
        return _values(named, column, time)
    if dimension.bins is not None:
        chosen = next(bin_ for bin_ in dimension.bins if bin_.label == label)
        return _span(chosen.from_, chosen.to, time)
    if dimension.standard == "county":
        return _values(_county_codes(label, column), column, time)
    if dimension.standard == "zip3":
        return Extent(names=frozenset({label, *(f"{label}{rest:02}" for rest in range(100))}))
    if dimension.period is not None:
        return Extent((_period(label),))
    return _values([label], column, time)


def _named_values(dimension: Dimension, label: str) -> Sequence[str] | None:
    """The raw values a label is declared to stand for; None where labels are not declared one by one."""
    if dimension.labels is not None:
        return [raw for raw, shown in dimension.labels.items() if shown == label]
    return dimension.recode[label] if dimension.recode is not None else None


def _county_codes(name: str, column: SourceColumn) -> list[str]:
    """How a county may be written in the source: by its code alone, or with the state's 06 before it."""
    code = next(area.code for area in california_counties().areas if area.name == name)
    return [str(int(code)), str(6000 + int(code))] if column.type in ("integer", "number") else [code, f"06{code}"]


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
    ends = [-math.inf, *(end for bounds in _merged(ranges) for end in bounds), math.inf]
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
