"""A heat map of the evidence page: two dimensions crossed, side by side for each category of a third one.

Suppressed cells are hatched and carry their mark, cells without a figure are white: neither can be taken for zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import altair as alt

from include.opendata.release.evidence.chart_subject import IN_THE_FILE, Chart, ChartCell, ChartSubject
from include.opendata.release.evidence.svg import GRID, INK, chart_of, draw
from include.opendata.vocabulary import TableDimension

FACETS_UP_TO = 4
CELLS_UP_TO = 2_000
NUMBERS_IN_CELLS_UP_TO = 60
WIDE_STEPS_UP_TO = 12
"""Columns of a heat map, over all its panels, that may be as wide as numbers need."""

SHADES = ["#eaf2fb", "#9cc4e8", "#3f87c5", "#0b4a86"]


@dataclass(frozen=True)
class _Shades:
    """The ends of the colour scale. ``beyond``: values lie above its upper end."""

    low: float
    top: float
    beyond: bool = False

    @classmethod
    def of(cls, values: list[float]) -> _Shades:
        """One extreme value must not fade all others: then the scale ends where the usual values do."""
        if not values:
            return cls(0.0, 1.0)
        ordered = sorted(values)
        low, top = ordered[0], ordered[-1]
        usual = ordered[int(0.97 * (len(ordered) - 1))]
        if low < usual < top / 1.5:
            return cls(low, usual, beyond=True)
        return cls(low, top if top > low else low + 1.0)

    @property
    def steps(self) -> list[float]:
        """The values that the colours of :data:`SHADES` stand for; between them colours run from one to the next."""
        last = len(SHADES) - 1
        return [self.low + number * (self.top - self.low) / last for number in range(len(SHADES))]

    @property
    def dark_from(self) -> float:
        """Above this value the colour is so dark that figures on it are white."""
        return self.low + 0.6 * (self.top - self.low)


@dataclass(frozen=True)
class _HeatMap:
    """A heat map before it is drawn: two dimensions crossed, side by side for each category of a third (``facet``)."""

    subject: ChartSubject
    down: TableDimension
    across: TableDimension
    facet: TableDimension | None
    rows: list[str]
    columns: list[str]
    panels: list[str]
    cells: list[ChartCell]
    shades: _Shades
    others: str

    def values(self) -> list[Mapping[str, object]]:
        """The cells as Vega-Lite reads them."""
        return [
            {
                "row": cell.labels[self.down.name],
                "column": cell.labels[self.across.name],
                "panel": cell.labels[self.facet.name] if self.facet else "",
                "value": cell.value,
                "kind": cell.kind,
                "mark": cell.mark,
                "dark": cell.value is not None and cell.value > self.shades.dark_from,
            }
            for cell in self.cells
        ]

    @property
    def hatched(self) -> int:
        """How many cells are suppressed."""
        return sum(cell.suppressed for cell in self.cells)

    @property
    def step(self) -> tuple[int, int]:
        """Width and height of a cell in pixels."""
        return (64, 30) if len(self.columns) * len(self.panels) <= WIDE_STEPS_UP_TO else (36, 17)

    def caption(self) -> str:
        """What the map shows, what is left out, and what its signs mean."""
        subject, facet = self.subject, self.facet
        part = ""
        if len(self.rows) < len(self.down.labels):
            part = f", the {len(self.rows)} largest of {len(self.down.labels)}"
        caption = f"{subject.label} by {subject.axis(self.down)}{part} and {subject.axis(self.across)}"
        caption += f", for each {subject.axis(facet)}" if facet else ""
        caption += f". {self.others}" if self.others else ""
        if self.shades.beyond:
            caption += f". The darkest shade stands for {self.shades.top:{subject.number_format}} and more"
        if self.hatched:
            caption += f". {'The hatched cell is' if self.hatched == 1 else 'Hatched cells are'} suppressed"
        empty = any(cell.kind == "none" for cell in self.cells)
        return caption + "." + (" Empty cells have no figure to show." if empty else "")


def heat_map_of(subject: ChartSubject, down: TableDimension, across: TableDimension) -> Chart:
    """The chart: a row for each category of ``down``, a column for each of ``across``."""
    facet = _facet(subject, down, across)
    fixed = subject.others_fixed(down, across, *([facet] if facet else []))
    panels = list(facet.labels) if facet else [""]
    columns = [*across.labels, *([across.total] if across.total else [])]
    rows = subject.rows_shown(down, fixed, max(1, CELLS_UP_TO // (len(columns) * len(panels))))
    cells = [
        cell
        for cell in subject.cells(fixed)
        if cell.labels[down.name] in rows and (facet is None or cell.labels[facet.name] in panels)
    ]
    shades = _Shades.of([cell.value for cell in cells if cell.value is not None])
    heat_map = _HeatMap(
        subject, down, across, facet, rows, columns, panels, cells, shades, others="; ".join(fixed.values())
    )
    caption = heat_map.caption()
    counted = f"{len(cells):,} cells, {heat_map.hatched:,} of them suppressed"
    return Chart(
        caption=caption,
        description=f"Heat map: {caption} {counted}. {IN_THE_FILE}",
        svg=draw(_heat_map_layers(heat_map)),
    )


def _facet(subject: ChartSubject, *shown: TableDimension) -> TableDimension | None:
    """The dimension to draw side by side: that of a percentage, or one without a total."""
    for dimension in subject.dimensions:
        if dimension in shown or len(dimension.labels) > FACETS_UP_TO:
            continue
        if dimension.name in subject.measure.within or dimension.total is None:
            return dimension
    return None


def _heat_map_layers(heat_map: _HeatMap) -> Any:
    base = chart_of(heat_map.values()).encode(x=_columns_axis(heat_map), y=_rows_axis(heat_map))
    layers = [
        base.transform_filter("datum.kind == 'shown'")
        .mark_rect(stroke="white", strokeWidth=1)
        .encode(color=_colour(heat_map)),
        base.transform_filter("datum.kind == 'hidden'").mark_rect(fill="url(#hatch)", stroke="white", strokeWidth=1),
        base.transform_filter("datum.kind == 'none'").mark_rect(fill="#ffffff", stroke=GRID, strokeWidth=1),
    ]
    if len(heat_map.rows) * len(heat_map.columns) <= NUMBERS_IN_CELLS_UP_TO:
        layers += _numbers_and_marks(heat_map, base)
    width, height = heat_map.step
    layered = alt.layer(*layers).properties(width=alt.Step(width), height=alt.Step(height))
    if heat_map.facet is None:
        return layered
    header = alt.Header(labelFontSize=12, labelFontWeight="bold")
    return layered.facet(column=alt.Column("panel:N", sort=heat_map.panels, title=None, header=header), spacing=24)


def _columns_axis(heat_map: _HeatMap) -> alt.X:
    # About 5.6 pixels a letter: labels that do not fit over their column are turned.
    fits = max(map(len, heat_map.columns)) * 5.6 <= heat_map.step[0]
    return alt.X(
        "column:N",
        sort=heat_map.columns,
        title=heat_map.subject.axis(heat_map.across),
        axis=alt.Axis(orient="top", labelAngle=0 if fits else -50, domain=False, ticks=False, labelLimit=130),
    )


def _rows_axis(heat_map: _HeatMap) -> alt.Y:
    axis = alt.Axis(domain=False, ticks=False, labelLimit=190)
    return alt.Y("row:N", sort=heat_map.rows, title=None, axis=axis)


def _colour(heat_map: _HeatMap) -> alt.Color:
    number_format = heat_map.subject.number_format
    return alt.Color(
        "value:Q",
        scale=alt.Scale(range=SHADES, domain=heat_map.shades.steps, clamp=True),
        title=heat_map.subject.label,
        legend=alt.Legend(orient="bottom", gradientLength=260, format=number_format, titleLimit=400),
    )


def _numbers_and_marks(heat_map: _HeatMap, base: alt.Chart) -> list[alt.Chart]:
    """The figures in the cells, and S or C in the hatched ones."""
    numbers = base.transform_filter("datum.kind == 'shown'").mark_text(fontSize=11)
    marks = base.transform_filter("datum.kind == 'hidden'").mark_text(fontSize=11, fontWeight="bold", color=INK)
    return [
        numbers.encode(
            text=alt.Text("value:Q", format=heat_map.subject.number_format),
            color=alt.condition("datum.dark", alt.value("white"), alt.value(INK)),
        ),
        marks.encode(text="mark:N"),
    ]
