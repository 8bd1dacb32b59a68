"""What a chart of the evidence page is of: a table, the one measure it shows, and the cells as they are published.

Decides which measure is shown, which categories there is room for, and at which category the dimensions stand that a chart
does not show. Nothing but the protected table is read, so a hidden count cannot be drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from include.opendata.declaration.tables import Table
from include.opendata.rules.portal import annotation_codes
from include.opendata.vocabulary import ANNOTATION_SUFFIX, ProtectedTable, TableDimension, TableMeasure

ROWS_UP_TO = 60

IN_THE_FILE = "The values are in the published file."

_SHOWN_FIRST = ("rate", "percent", "mean", "count", "amount", "population")
"""A rate or a percentage compares groups of different size; else the count."""


@dataclass(frozen=True)
class Chart:
    """A drawn chart: its caption, what it says to someone who cannot see it, and the SVG."""

    caption: str
    description: str
    svg: str


@dataclass(frozen=True)
class DrawnChart:
    """A chart with its caption; the SVG is written by our own code, which escapes every word in it."""

    caption: str
    svg: Markup


@dataclass(frozen=True)
class ChartCell:
    """One published cell as a chart sees it: labels by dimension, the value or why there is none."""

    labels: dict[str, str]
    value: float | None
    mark: str
    """S or C where the value is suppressed (in a table with one code for both, always S); empty otherwise."""

    @property
    def suppressed(self) -> bool:
        """Whether the value is withheld."""
        return self.mark != ""

    @property
    def kind(self) -> str:
        """``shown``, ``hidden`` (withheld) or ``none`` (no figure)."""
        if self.value is not None:
            return "shown"
        return "hidden" if self.suppressed else "none"


@dataclass(frozen=True)
class ChartSubject:
    """What the charts of a table are of: the table and the one measure they show."""

    table: Table
    protected: ProtectedTable
    measure: TableMeasure

    @classmethod
    def of(cls, table: Table, protected: ProtectedTable) -> ChartSubject:
        """The table with the measure that compares its groups best."""
        by_role = {measure.role: measure for measure in reversed(protected.structure.measures)}
        return cls(table, protected, next(by_role[role] for role in _SHOWN_FIRST if role in by_role))

    @property
    def dimensions(self) -> tuple[TableDimension, ...]:
        """The dimensions of the table, in its order."""
        return self.protected.structure.dimensions

    @property
    def crossing(self) -> list[TableDimension]:
        """The dimensions a chart may run along: without those whose categories a percentage adds up over."""
        return [dimension for dimension in self.dimensions if dimension.name not in self.measure.within]

    @property
    def label(self) -> str:
        """The measure's name for people."""
        return self.table.measure(self.measure.name).label

    @property
    def number_format(self) -> str:
        """How its figures are written: thousands grouped, the declared decimals."""
        return f",.{self.measure.decimals}f" if self.measure.decimals else ",.0f"

    def axis(self, dimension: TableDimension) -> str:
        """A dimension's name for people."""
        return self.table.dimension(dimension.name).label

    def scores_as(self, dimension: TableDimension) -> str:
        """The variable of the scoring criteria that a dimension is."""
        return self.table.dimension(dimension.name).scores_as.variable

    def others_fixed(self, *shown: TableDimension) -> dict[str, str]:
        """The dimensions a chart does not show, at their totals or, without one, at their first category."""
        names = [dimension.name for dimension in shown]
        return {
            dimension.name: dimension.total if dimension.total is not None else dimension.labels[0]
            for dimension in self.dimensions
            if dimension.name not in names
        }

    def first_within(self) -> dict[str, str]:
        """The dimensions a percentage adds up over, at their first category: at their total it is always 100."""
        return {d.name: d.labels[0] for d in self.dimensions if d.name in self.measure.within}

    def cells(self, fixed: dict[str, str], measure: TableMeasure | None = None) -> list[ChartCell]:
        """The cells of the rows where the ``fixed`` dimensions have these labels, in the table's order."""
        measure = measure or self.measure
        frame = self.protected.frame
        for name, label in fixed.items():
            frame = frame[frame[name] == label]
        annotation = f"{measure.name}{ANNOTATION_SUFFIX}"
        codes = frame[annotation].tolist() if annotation in frame.columns else [""] * len(frame)
        labels = frame[[dimension.name for dimension in self.dimensions]].astype(str).to_dict("records")
        values = frame[measure.name].astype("Float64")
        return [
            ChartCell(
                {str(name): label for name, label in named.items()},
                None if missing else float(value),
                _mark(missing, code),
            )
            for named, value, missing, code in zip(labels, values, values.isna(), codes, strict=True)
        ]

    def largest(self, dimension: TableDimension, fixed: dict[str, str], number: int) -> list[str]:
        """The categories with the largest published counts, the largest first: they are seldom suppressed."""
        measures = self.protected.structure.measures
        count = next((measure for measure in measures if measure.role == "count"), measures[0])
        sums = dict.fromkeys((*dimension.labels, dimension.total), 0.0)
        for cell in self.cells(fixed, count):
            sums[cell.labels[dimension.name]] += cell.value or 0.0
        # Sorting is stable: of two with the same count the first one of the table comes first.
        return sorted(dimension.labels, key=lambda label: -sums[label])[:number]

    def rows_shown(self, dimension: TableDimension, fixed: dict[str, str], room: int) -> list[str]:
        """The categories there is room for, in the table's order, the total last: all of them, or the largest."""
        total = [dimension.total] if dimension.total is not None else []
        room = min(room, ROWS_UP_TO) - len(total)
        if len(dimension.labels) <= room:
            return [*dimension.labels, *total]
        largest = set(self.largest(dimension, fixed, max(room, 1)))
        return [*(label for label in dimension.labels if label in largest), *total]


def _mark(missing: bool, code: object) -> str:
    return annotation_codes().code(int(str(code))).letter if missing and code else ""
