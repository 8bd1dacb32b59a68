"""What flows from room to room, named after what it is.

Tables travel as a :class:`DataTable` (true figures; work area only) and a :class:`ProtectedTable` (what the public may
see). Both are long-form frames with one row per cell; rows stand in a stable order: dimensions in the declared order,
categories in the declared order, a total after its categories.

*Atoms* are how cells of different tables are known to be the same. For every source column that any table of the dataset
uses as a dimension or in a filter, the distinct ways its values are sorted into categories, over all tables, are
numbered: each number is an atom. A category is then a set of atoms, a total the set of all atoms its table keeps, and two
cells are one and the same figure when their sets agree on every column. Columns that are tied, as counties and regions,
are numbered together and make one *axis*; where a table shows several columns of it, a cell is what its categories have in
common. ``Structure`` holds this; it says nothing of any record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

Annotation = Literal["separate", "combined"]

MeasureRole = Literal["count", "population", "amount", "mean", "rate", "percent"]
"""What protection makes of a measure: a protected count, a public population, or something derived from a count."""


@dataclass(frozen=True)
class Snapshot:
    """An immutable copy of the source as it was read. ``raw`` and ``parquet`` lie in the work area."""

    dataset: str
    sha256: str
    bytes: int
    rows: int
    schema: tuple[tuple[str, str], ...]
    """(column, declared type) in the declared order."""
    raw: Path
    parquet: Path
    """The declared columns, typed as declared: text → string, integer → int64, number → double, date, boolean."""


@dataclass(frozen=True)
class TableAttribute:
    """A published column that is a function of a dimension's category: a facility's address. Blank on the total's rows."""

    name: str
    column: str
    """The source column."""
    kind: Literal["text", "integer", "number"]
    decimals: int | None = None
    """For a number."""


@dataclass(frozen=True)
class TableDimension:
    """A dimension of a tabulated table."""

    name: str
    """The published column that holds the label."""
    column: str
    """The source column."""
    labels: tuple[str, ...]
    """The categories in published order, without the total."""
    total: str | None
    """The label of the published total; None when no total is published."""
    codes: tuple[str, ...] | None = None
    """For a field standard: the code of each label, e.g. the county's FIPS number as text of 3."""
    code_column: str | None = None
    """The published column that holds the code, e.g. ``County_FIPS``; empty on the total's rows."""
    total_code: str | None = None
    atoms: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """Atoms of each label; the total's label stands for all atoms the table keeps (also under ``""`` when unpublished)."""
    least_interesting: tuple[str, ...] = ()
    attributes: tuple[TableAttribute, ...] = ()
    tied: tuple[str, ...] = ()
    """The source columns whose atoms are numbered together with this one's, itself included; empty where none are."""

    @property
    def axis(self) -> str:
        """The name of what the atoms are numbers of: the source column, or the columns it is tied with."""
        return axis_of(self.tied or (self.column,))


def axis_of(columns: Sequence[str]) -> str:
    """The name of the axis that tied columns make, or a single one. No column's name has a ``+``."""
    return "+".join(columns)


def columns_of(axis: str) -> tuple[str, ...]:
    """The columns an axis is made of; the inverse of :func:`axis_of`."""
    return tuple(axis.split("+"))


@dataclass(frozen=True)
class MeasureSum:
    """One measure that is the sum of others in every cell, because it is in every record: all of men and women, visits of
    first visits and the rest. Measures are named by their identity."""

    whole: str
    parts: tuple[str, ...]
    rest: bool = False
    """Whether the whole is more than the parts: what it has besides is in no table."""
    rest_counts: bool = False
    """Whether the rest is a count of persons or events, and must not be small and known: persons without a vaccination.
    How many more visits there are than clients counts no one."""


@dataclass(frozen=True)
class MeasureFamily:
    """Measures that sums tie to one another, so that their cells are those of one system."""

    name: str
    """The identity of the measure that stands for all of them."""
    identities: tuple[str, ...]
    sums: tuple[MeasureSum, ...]


@dataclass(frozen=True)
class TableMeasure:
    """A measure of a tabulated table."""

    name: str
    role: MeasureRole
    identity: str
    """Two measures of one dataset with the same identity are the same figure over the same atoms, e.g. ``count:records``,
    ``sum:murders``, ``count_distinct:client``."""
    additive: bool
    """Whether a total is the sum of its parts (a count of distinct persons need not be)."""
    numerator: str | None = None
    """For rate and percent: the measure of the numerator; for amount and mean: the count it is derived from."""
    denominator: str | None = None
    """For rate: the measure of the denominator."""
    within: tuple[str, ...] = ()
    """For percent: the dimensions whose total is the denominator."""
    per: int | None = None
    decimals: int | None = None
    """None for whole numbers."""
    persons: bool = False
    """For a count of events: distinct persons are counted behind it, and few persons make a cell small as well."""
    apart: tuple[str, ...] | None = None
    """For a count of distinct persons: the axes, and their columns, whose categories share no person, so that figures add up
    over them. None where no one looked."""
    family: MeasureFamily | None = None
    """The sums that tie this count to others; None where nothing does."""
    at_most: tuple[str, ...] = ()
    """For a count of distinct persons: the identities of counts that are no less in any cell, beside that of records."""

    @property
    def system(self) -> str:
        """The name of the cell system a count belongs to: its family's, else its own."""
        return self.identity if self.family is None else self.family.name


@dataclass(frozen=True)
class Structure:
    """What a table is made of, public knowledge all of it (the data dictionary says as much)."""

    table: str
    dimensions: tuple[TableDimension, ...]
    measures: tuple[TableMeasure, ...]
    filter_atoms: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """For every axis that some table of the dataset uses but this one has no dimension on: the atoms it keeps."""

    def measure(self, name: str) -> TableMeasure:
        """The measure called ``name``; KeyError when there is none."""
        for measure in self.measures:
            if measure.name == name:
                return measure
        raise KeyError(name)

    @property
    def percentages_only(self) -> bool:
        """Whether the table publishes percentages whose counts it does not publish."""
        return any(m.role == "percent" and m.numerator is None for m in self.measures)

    def without_counts(self) -> Structure:
        """The same table with its percentages alone, which then name no numerator."""
        return replace(self, measures=tuple(replace(m, numerator=None) for m in self.measures if m.role == "percent"))

    @property
    def attributes(self) -> tuple[TableAttribute, ...]:
        """The attributes of all dimensions, in order."""
        return tuple(attribute for dimension in self.dimensions for attribute in dimension.attributes)

    def published_columns(self) -> list[str]:
        """The columns of the published file, in order: each dimension (its code, its attributes), then each measure and its
        annotation."""
        columns: list[str] = []
        for dimension in self.dimensions:
            columns.append(dimension.name)
            if dimension.code_column:
                columns.append(dimension.code_column)
            columns += [attribute.name for attribute in dimension.attributes]
        for measure in self.measures:
            columns.append(measure.name)
            if measure.role != "population":
                columns.append(f"{measure.name}{ANNOTATION_SUFFIX}")
        return columns


@dataclass(frozen=True)
class DataTable:
    """A tabulated table with its true figures. Never leaves the work area.

    ``frame`` columns: each dimension's name (string label), code column and attributes; each measure's name (Int64,
    or Float64 where ``decimals`` is set; missing where a denominator is zero); for a count of events with persons behind
    it, also ``PERSONS_PREFIX + measure`` (Int64).
    """

    structure: Structure
    frame: pd.DataFrame


@dataclass(frozen=True)
class ProtectedTable:
    """A table as the public may see it.

    ``frame`` has exactly ``structure.published_columns()``: labels and codes as string, attributes as string,
    Int64 or Float64, measures as nullable Int64 or Float64 (missing where suppressed), annotations as string: empty, or a
    code of Handbook, Guidelines §3.
    """

    structure: Structure
    annotation: Annotation
    frame: pd.DataFrame
    masked: bool
    """Whether masking applied to this table (its own assessment asked for it, or a table that shares cells with it did)."""
    small: int
    """Cells of protected counts annotated as small (in `combined`: that are small by the declared threshold)."""
    complementary: int
    unstable: int
    cells: int
    """Cells of protected counts in the table."""
    annotated_below: int
    """Counts below this are the ones that code 1 calls small; a declaration may raise the number later."""


ANNOTATION_SUFFIX = "_annotation"
PERSONS_PREFIX = "__persons__"


def denominator_rows(structure: Structure, frame: pd.DataFrame, within: Sequence[str]) -> np.ndarray:
    """For every row the row whose ``within`` dimensions stand at their total and all others are the same."""
    names = [d.name for d in structure.dimensions]
    totals = {d.name: d.total for d in structure.dimensions if d.name in within}
    position = {tuple(row): k for k, row in enumerate(frame[names].itertuples(index=False, name=None))}
    wanted = (
        tuple(totals.get(name, label) for name, label in zip(names, row, strict=True))
        for row in frame[names].itertuples(index=False, name=None)
    )
    return np.array([position[key] for key in wanted], dtype=np.int64)
