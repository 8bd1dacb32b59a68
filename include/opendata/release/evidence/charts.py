"""The charts of the evidence page: which ones fit a table, drawn from published values alone.

Decides by the table's structure: a trend where there is a time dimension with enough periods, a heat map where two
dimensions cross, bars where there is one. Suppressed cells are hatched and marked, never left to look like zero. Drawn
offline with Altair and vl-convert into inline SVG; the same table gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import altair as alt

from include.opendata.declaration.tables import Table
from include.opendata.release.evidence.svg import GRID, INK, LINE, draw, finish
from include.opendata.rules.portal import annotation_codes
from include.opendata.vocabulary import ANNOTATION_SUFFIX, ProtectedTable, TableDimension, TableMeasure

TREND_PERIODS_FROM = 4
LARGEST_AREAS = 4
FACETS_UP_TO = 4
CELLS_UP_TO = 2_000
ROWS_UP_TO = 60
NUMBERS_IN_CELLS_UP_TO = 60

LINES = [INK, "#0b6bcb", "#b44d12", "#2f7d4f", "#7b3fa0"]

IN_THE_FILE = "The values are in the published file."

_GEOGRAPHIES = ("residence_geography", "service_geography")


@dataclass(frozen=True)
class Chart:
    """A drawn chart: its caption, what it says to somebody who cannot see it, and the SVG."""

    caption: str
    description: str
    svg: str


@dataclass(frozen=True)
class _Cell:
    """One published cell as a chart sees it: labels by dimension, the value or why there is none."""

    labels: dict[str, str]
    value: float | None
    mark: str
    """S or C where the value is suppressed (in a table with one code for both, always S); empty otherwise."""

    @property
    def suppressed(self) -> bool:
        return self.mark != ""


def charts(table: Table, protected: ProtectedTable, *, prefix: str) -> tuple[Chart, ...]:
    """The charts of one table, at least one. ``prefix`` keeps the ids of several charts on one page apart."""
    drawn: list[Chart] = []
    measure = _shown_measure(protected)
    time, crossing = _axes(table, protected, measure)
    if time is not None and len(time.labels) >= TREND_PERIODS_FROM:
        drawn.append(_trend(table, protected, measure, time))
    if crossing is not None:
        drawn.append(_heat_map(table, protected, measure, *crossing))
    if not drawn:
        drawn.append(_bars(table, protected, measure))
    return tuple(
        replace(chart, svg=finish(chart.svg, chart.description, f"{prefix}-{number}"))
        for number, chart in enumerate(drawn, start=1)
    )


def _shown_measure(protected: ProtectedTable) -> TableMeasure:
    """A rate or a percentage compares groups of different size; else the count."""
    by_role = {measure.role: measure for measure in reversed(protected.structure.measures)}
    for role in ("rate", "percent", "mean", "count", "amount", "population"):
        if role in by_role:
            return by_role[role]
    raise ValueError("a table has at least one measure")


def _axes(
    table: Table, protected: ProtectedTable, measure: TableMeasure
) -> tuple[TableDimension | None, tuple[TableDimension, TableDimension] | None]:
    """The time dimension if there is one, and the two dimensions (rows, columns) a heat map crosses."""
    dimensions = [d for d in protected.structure.dimensions if d.name not in measure.within]
    time = next((d for d in dimensions if table.dimension(d.name).scores_as.variable == "time"), None)
    others = sorted((d for d in dimensions if d is not time), key=lambda d: -len(d.labels))
    if time is not None and others:
        return time, (others[0], time)
    if len(others) >= 2:
        return time, (others[0], others[1])
    return time, None


def _cells(protected: ProtectedTable, measure: TableMeasure, fixed: dict[str, str]) -> list[_Cell]:
    frame = protected.frame
    for name, label in fixed.items():
        frame = frame[frame[name] == label]
    annotation = f"{measure.name}{ANNOTATION_SUFFIX}"
    names = [d.name for d in protected.structure.dimensions]
    found = []
    for position in range(len(frame)):
        row = frame.iloc[position]
        missing = bool(frame[measure.name].isna().iloc[position])
        code = str(row[annotation]) if annotation in frame.columns else ""
        found.append(
            _Cell(
                labels={name: str(row[name]) for name in names},
                value=None if missing else float(row[measure.name]),
                mark=annotation_codes().code(int(code)).letter if missing and code else "",
            )
        )
    return found


def _fixed(
    protected: ProtectedTable, measure: TableMeasure, shown: list[str], facets: list[str]
) -> tuple[dict[str, str], str]:
    """The other dimensions at their totals (or, without one, at their first category), and a sentence that says so."""
    fixed: dict[str, str] = {}
    for dimension in protected.structure.dimensions:
        if dimension.name not in shown and dimension.name not in facets:
            fixed[dimension.name] = dimension.total if dimension.total is not None else dimension.labels[0]
    return fixed, "; ".join(fixed.values())


def _facet(protected: ProtectedTable, measure: TableMeasure, shown: list[str]) -> TableDimension | None:
    """The dimension to draw side by side: that of a percentage, or one without a total."""
    for dimension in protected.structure.dimensions:
        if dimension.name in shown or len(dimension.labels) > FACETS_UP_TO:
            continue
        if dimension.name in measure.within or dimension.total is None:
            return dimension
    return None


def _axis_label(table: Table, name: str) -> str:
    return table.dimension(name).label


def _format(measure: TableMeasure) -> str:
    return f",.{measure.decimals}f" if measure.decimals else ",.0f"


def _trend(table: Table, protected: ProtectedTable, measure: TableMeasure, time: TableDimension) -> Chart:

    label = table.measure(measure.name).label
    series = next(
        (
            d
            for d in protected.structure.dimensions
            if d is not time
            and table.dimension(d.name).scores_as.variable in _GEOGRAPHIES
            and d.name not in measure.within
        ),
        next((d for d in protected.structure.dimensions if d is not time and d.name not in measure.within), None),
    )
    shown = [time.name, *([series.name] if series else [])]
    fixed, others = _fixed(protected, measure, shown, [])
    for name in measure.within:
        dimension = next(d for d in protected.structure.dimensions if d.name == name)
        fixed[name] = dimension.labels[0]
    cells = [cell for cell in _cells(protected, measure, fixed) if cell.labels[time.name] in time.labels]
    names = [""] if series is None else [series.total] if series.total else []
    if series is not None:
        names = [*names, *_largest(protected, series, fixed)]
    rows = [
        {"x": cell.labels[time.name], "value": cell.value, "series": cell.labels[series.name] if series else ""}
        for cell in cells
        if series is None or cell.labels[series.name] in names
    ]
    kinds = [str(name) for name in names]
    encoded = {
        "x": alt.X("x:N", sort=list(time.labels), title=_axis_label(table, time.name), axis=alt.Axis(labelAngle=0)),
        "y": alt.Y(
            "value:Q", title=label, axis=alt.Axis(format=_format(measure), tickCount=5), scale=alt.Scale(zero=True)
        ),
        "color": alt.Color(
            "series:N",
            sort=kinds,
            scale=alt.Scale(domain=kinds, range=LINES[: len(kinds)]),
            title=None,
            legend=alt.Legend(orient="top", direction="horizontal", symbolType="stroke", labelLimit=220)
            if len(kinds) > 1
            else None,
        ),
    }
    base = alt.Chart(alt.Data(values=rows)).properties(width=660, height=260)
    lines = base.mark_line(strokeWidth=2.2, invalid="break-paths-show-domains").encode(**encoded)
    points = base.mark_point(size=34, filled=True, opacity=1, invalid="filter").encode(**encoded)
    who = f" for {_and(kinds)}" if series is not None else ""
    hidden = any(cell["value"] is None for cell in rows)
    return Chart(
        caption=f"{label} over time{who}"
        + (f" ({others})" if others else "")
        + (". A gap is a suppressed value." if hidden else "."),
        description=f"Line chart of {label} by {_axis_label(table, time.name)}{who}. {IN_THE_FILE}",
        svg=draw(alt.layer(lines, points)),
    )


def _largest(protected: ProtectedTable, series: TableDimension, fixed: dict[str, str]) -> list[str]:
    """The categories with the largest published counts: the total's neighbours in size, which are seldom suppressed."""
    counts = [m for m in protected.structure.measures if m.role == "count"] or list(protected.structure.measures)
    sums: dict[str, float] = {}
    for cell in _cells(protected, counts[0], fixed):
        sums[cell.labels[series.name]] = sums.get(cell.labels[series.name], 0.0) + (cell.value or 0.0)
    ranked = sorted(series.labels, key=lambda label: (-sums.get(label, 0.0), series.labels.index(label)))
    return ranked[:LARGEST_AREAS]


def _heat_map(
    table: Table, protected: ProtectedTable, measure: TableMeasure, down: TableDimension, across: TableDimension
) -> Chart:

    label = table.measure(measure.name).label
    facet = _facet(protected, measure, [down.name, across.name])
    fixed, others = _fixed(protected, measure, [down.name, across.name], [facet.name] if facet else [])
    panels = list(facet.labels) if facet else [""]
    columns = [*across.labels, *([across.total] if across.total else [])]
    rows_shown = _rows_shown(protected, down, fixed, max(1, CELLS_UP_TO // (len(columns) * len(panels))))
    cells = [
        cell
        for cell in _cells(protected, measure, fixed)
        if cell.labels[down.name] in rows_shown and (facet is None or cell.labels[facet.name] in panels)
    ]
    low, top, beyond = _shades([cell.value for cell in cells if cell.value is not None])
    values = [
        {
            "row": cell.labels[down.name],
            "column": cell.labels[across.name],
            "panel": cell.labels[facet.name] if facet else "",
            "value": cell.value,
            "kind": "shown" if cell.value is not None else "hidden" if cell.suppressed else "none",
            "mark": cell.mark,
            "dark": cell.value is not None and cell.value > low + 0.6 * (top - low),
        }
        for cell in cells
    ]
    step = (64, 30) if len(columns) * len(panels) <= 12 else (36, 17)
    longest = max(map(len, columns))
    many = len(rows_shown) * len(columns) > NUMBERS_IN_CELLS_UP_TO
    x = alt.X(
        "column:N",
        sort=columns,
        title=_axis_label(table, across.name),
        axis=alt.Axis(
            orient="top", labelAngle=0 if longest * 5.6 <= step[0] else -50, domain=False, ticks=False, labelLimit=130
        ),
    )
    y = alt.Y("row:N", sort=rows_shown, title=None, axis=alt.Axis(domain=False, ticks=False, labelLimit=190))
    data = alt.Data(values=values)
    base = alt.Chart(data).encode(x=x, y=y)
    rectangles = (
        base.transform_filter("datum.kind == 'shown'")
        .mark_rect(stroke="white", strokeWidth=1)
        .encode(
            color=alt.Color(
                "value:Q",
                scale=alt.Scale(
                    range=["#eaf2fb", "#9cc4e8", "#3f87c5", "#0b4a86"],
                    domain=[low + share * (top - low) / 3 for share in range(4)],
                    clamp=True,
                ),
                title=label,
                legend=alt.Legend(orient="bottom", gradientLength=260, format=_format(measure), titleLimit=400),
            )
        )
    )
    hidden = base.transform_filter("datum.kind == 'hidden'").mark_rect(
        fill="url(#hatch)", stroke="white", strokeWidth=1
    )
    absent = base.transform_filter("datum.kind == 'none'").mark_rect(fill="#ffffff", stroke=GRID, strokeWidth=1)
    layers = [rectangles, hidden, absent]
    if not many:
        layers.append(
            base.transform_filter("datum.kind == 'shown'")
            .mark_text(fontSize=11)
            .encode(
                text=alt.Text("value:Q", format=_format(measure)),
                color=alt.condition("datum.dark", alt.value("white"), alt.value(INK)),
            )
        )
        layers.append(
            base.transform_filter("datum.kind == 'hidden'")
            .mark_text(fontSize=11, fontWeight="bold", color=INK)
            .encode(text="mark:N")
        )
    layered = alt.layer(*layers).properties(width=alt.Step(step[0]), height=alt.Step(step[1]))
    chart: Any = layered
    if facet is not None:
        chart = layered.facet(
            column=alt.Column(
                "panel:N", sort=panels, title=None, header=alt.Header(labelFontSize=12, labelFontWeight="bold")
            ),
            spacing=24,
        )
    hatched = sum(cell.suppressed for cell in cells)
    part = "" if len(rows_shown) >= len(down.labels) else f", the {len(rows_shown)} largest of {len(down.labels)}"
    caption = f"{label} by {_axis_label(table, down.name)}{part} and {_axis_label(table, across.name)}"
    caption += f", for each {_axis_label(table, facet.name)}" if facet else ""
    caption += f". {others}" if others else ""
    caption += f". The darkest shade stands for {top:{_format(measure)}} and more" if beyond else ""
    caption += f". {'Hatched cells are' if hatched != 1 else 'The hatched cell is'} suppressed." if hatched else "."
    if any(cell.value is None and not cell.suppressed for cell in cells):
        caption += " Empty cells have no figure to show."
    return Chart(
        caption=caption,
        description=f"Heat map: {caption} {len(cells):,} cells, {hatched:,} of them suppressed. {IN_THE_FILE}",
        svg=draw(chart),
    )


def _shades(values: list[float]) -> tuple[float, float, bool]:
    """The ends of the colour scale, and whether values lie beyond it: one extreme value must not fade all others."""
    if not values:
        return 0.0, 1.0, False
    ordered = sorted(values)
    low, top = ordered[0], ordered[-1]
    usual = ordered[int(0.97 * (len(ordered) - 1))]
    if low < usual < top / 1.5:
        return low, usual, True
    return low, top if top > low else low + 1.0, False


def _rows_shown(protected: ProtectedTable, down: TableDimension, fixed: dict[str, str], room: int) -> list[str]:
    total = [down.total] if down.total is not None else []
    room = min(room, ROWS_UP_TO) - len(total)
    if len(down.labels) <= room:
        return [*down.labels, *total]
    largest: set[str] = set()
    counts = [m for m in protected.structure.measures if m.role == "count"] or list(protected.structure.measures)
    sums: dict[str, float] = {}
    for cell in _cells(protected, counts[0], fixed):
        sums[cell.labels[down.name]] = sums.get(cell.labels[down.name], 0.0) + (cell.value or 0.0)
    largest.update(
        sorted(down.labels, key=lambda label: (-sums.get(label, 0.0), down.labels.index(label)))[: max(room, 1)]
    )
    return [*(label for label in down.labels if label in largest), *total]


def _bars(table: Table, protected: ProtectedTable, measure: TableMeasure) -> Chart:

    label = table.measure(measure.name).label
    candidates = [d for d in protected.structure.dimensions if d.name not in measure.within] or list(
        protected.structure.dimensions
    )
    dimension = max(candidates, key=lambda d: len(d.labels))
    fixed, others = _fixed(protected, measure, [dimension.name], [])
    for name in measure.within:
        if name != dimension.name:
            fixed[name] = next(d for d in protected.structure.dimensions if d.name == name).labels[0]
    shown = _rows_shown(protected, dimension, fixed, ROWS_UP_TO)
    shown = [name for name in shown if name != dimension.total]
    cells = [cell for cell in _cells(protected, measure, fixed) if cell.labels[dimension.name] in shown]
    why_hidden = "less than 1 %" if protected.structure.percentages_only else "suppressed"
    values = [
        {
            "row": cell.labels[dimension.name],
            "value": 0.0 if cell.value is None else cell.value,
            "text": (why_hidden if cell.suppressed else "blank")
            if cell.value is None
            else f"{cell.value:{_format(measure)}}",
        }
        for cell in cells
    ]
    base = alt.Chart(alt.Data(values=values)).encode(
        y=alt.Y("row:N", sort=shown, title=None, axis=alt.Axis(domain=False, ticks=False, labelLimit=220)),
        x=alt.X("value:Q", title=label, axis=alt.Axis(format=_format(measure), tickCount=5)),
    )
    bars = base.mark_bar(color=LINE, height={"band": 0.7})
    texts = base.mark_text(align="left", dx=4, fontSize=11, color=INK).encode(text="text:N")
    caption = f"{label} by {_axis_label(table, dimension.name)}" + (f" ({others})" if others else "") + "."
    return Chart(
        caption=caption,
        description=f"Bar chart: {caption} {IN_THE_FILE}",
        svg=draw(alt.layer(bars, texts).properties(width=560, height=alt.Step(26))),
    )


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
