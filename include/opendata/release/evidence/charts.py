"""The charts of the evidence page: which ones fit a table, drawn from published values alone.

Decides by the table's structure: a trend where there is a time dimension with enough periods, a heat map where two
dimensions cross, bars where there is one. Suppressed cells are hatched and marked, never left to look like zero. Drawn
offline with Altair and vl-convert into inline SVG; the same table gives the same bytes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypedDict

import altair as alt

from include.opendata.declaration.tables import Table
from include.opendata.release.evidence.chart_subject import IN_THE_FILE, ROWS_UP_TO, Chart, ChartCell, ChartSubject
from include.opendata.release.evidence.heat_map import heat_map_of
from include.opendata.release.evidence.svg import INK, LINE, chart_of, draw, finish
from include.opendata.vocabulary import ProtectedTable, TableDimension

TREND_PERIODS_FROM = 4
LARGEST_AREAS = 4

LINES = [INK, "#0b6bcb", "#b44d12", "#2f7d4f", "#7b3fa0"]

_GEOGRAPHIES = ("residence_geography", "service_geography")


def charts(table: Table, protected: ProtectedTable, *, prefix: str) -> tuple[Chart, ...]:
    """The charts of one table, at least one. ``prefix`` keeps the ids of several charts on one page apart."""
    subject = ChartSubject.of(table, protected)
    time, crossing = _axes(subject)
    drawn: list[Chart] = []
    if time is not None and len(time.labels) >= TREND_PERIODS_FROM:
        drawn.append(_trend(subject, time))
    if crossing is not None:
        drawn.append(heat_map_of(subject, *crossing))
    if not drawn:
        drawn.append(_bars(subject))
    return tuple(
        replace(chart, svg=finish(chart.svg, chart.description, f"{prefix}-{number}"))
        for number, chart in enumerate(drawn, start=1)
    )


def _axes(subject: ChartSubject) -> tuple[TableDimension | None, tuple[TableDimension, TableDimension] | None]:
    """The time dimension if there is one, and the two dimensions (rows, columns) a heat map crosses."""
    time = next((d for d in subject.crossing if subject.scores_as(d) == "time"), None)
    others = sorted((d for d in subject.crossing if d is not time), key=lambda d: -len(d.labels))
    if time is not None and others:
        return time, (others[0], time)
    return time, (others[0], others[1]) if len(others) > 1 else None


# A trend


def _trend(subject: ChartSubject, time: TableDimension) -> Chart:
    series = _series(subject, time)
    fixed = subject.others_fixed(time, *([series] if series else []))
    others = "; ".join(fixed.values())
    fixed |= subject.first_within()
    names = [""] if series is None else _lines(subject, series, fixed)
    rows = [
        row
        for row in _trend_rows(subject.cells(fixed), time, series)
        if row["x"] in time.labels and row["series"] in names
    ]
    who = f" for {_and(names)}" if series is not None else ""
    caption = f"{subject.label} over time{who}" + (f" ({others})" if others else "")
    return Chart(
        caption=caption + (". A gap is a suppressed value." if any(row["value"] is None for row in rows) else "."),
        description=f"Line chart of {subject.label} by {subject.axis(time)}{who}. {IN_THE_FILE}",
        svg=draw(_trend_lines(subject, time, names, rows)),
    )


def _series(subject: ChartSubject, time: TableDimension) -> TableDimension | None:
    """The dimension with a line for each of its largest categories: a geography, else the first there is."""
    candidates = [dimension for dimension in subject.crossing if dimension is not time]
    geographies = [dimension for dimension in candidates if subject.scores_as(dimension) in _GEOGRAPHIES]
    return next(iter([*geographies, *candidates]), None)


class _TrendPoint(TypedDict):
    """A point of a line, as Vega-Lite reads it."""

    x: str
    value: float | None
    series: str


def _trend_rows(cells: list[ChartCell], time: TableDimension, series: TableDimension | None) -> list[_TrendPoint]:
    return [
        {"x": cell.labels[time.name], "value": cell.value, "series": cell.labels[series.name] if series else ""}
        for cell in cells
    ]


def _lines(subject: ChartSubject, series: TableDimension, fixed: dict[str, str]) -> list[str]:
    return [*([series.total] if series.total else []), *subject.largest(series, fixed, LARGEST_AREAS)]


def _trend_lines(subject: ChartSubject, time: TableDimension, names: list[str], rows: list[_TrendPoint]) -> Any:
    legend = alt.Legend(orient="top", direction="horizontal", symbolType="stroke", labelLimit=220)
    encoded = {
        "x": alt.X("x:N", sort=list(time.labels), title=subject.axis(time), axis=alt.Axis(labelAngle=0)),
        "y": alt.Y(
            "value:Q",
            title=subject.label,
            axis=alt.Axis(format=subject.number_format, tickCount=5),
            scale=alt.Scale(zero=True),
        ),
        "color": alt.Color(
            "series:N",
            sort=names,
            scale=alt.Scale(domain=names, range=LINES[: len(names)]),
            title=None,
            legend=legend if len(names) > 1 else None,
        ),
    }
    base = chart_of(rows).properties(width=660, height=260)
    lines = base.mark_line(strokeWidth=2.2, invalid="break-paths-show-domains").encode(**encoded)
    points = base.mark_point(size=34, filled=True, opacity=1, invalid="filter").encode(**encoded)
    return alt.layer(lines, points)


# Bars


def _bars(subject: ChartSubject) -> Chart:
    dimension = max(subject.crossing or subject.dimensions, key=lambda d: len(d.labels))
    fixed = subject.others_fixed(dimension)
    others = "; ".join(fixed.values())
    fixed |= {name: label for name, label in subject.first_within().items() if name != dimension.name}
    rows = [name for name in subject.rows_shown(dimension, fixed, ROWS_UP_TO) if name != dimension.total]
    values = [
        {
            "row": cell.labels[dimension.name],
            "value": 0.0 if cell.value is None else cell.value,
            "text": _bar_text(subject, cell),
        }
        for cell in subject.cells(fixed)
        if cell.labels[dimension.name] in rows
    ]
    base = chart_of(values).encode(
        y=alt.Y("row:N", sort=rows, title=None, axis=alt.Axis(domain=False, ticks=False, labelLimit=220)),
        x=alt.X("value:Q", title=subject.label, axis=alt.Axis(format=subject.number_format, tickCount=5)),
    )
    bars = base.mark_bar(color=LINE, height={"band": 0.7})
    texts = base.mark_text(align="left", dx=4, fontSize=11, color=INK).encode(text="text:N")
    caption = f"{subject.label} by {subject.axis(dimension)}" + (f" ({others})" if others else "") + "."
    return Chart(
        caption=caption,
        description=f"Bar chart: {caption} {IN_THE_FILE}",
        svg=draw(alt.layer(bars, texts).properties(width=560, height=alt.Step(26))),
    )


def _bar_text(subject: ChartSubject, cell: ChartCell) -> str:
    if cell.value is not None:
        return f"{cell.value:{subject.number_format}}"
    if not cell.suppressed:
        return "blank"
    return "less than 1 %" if subject.protected.structure.percentages_only else "suppressed"


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
