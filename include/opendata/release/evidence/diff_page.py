"""What a release says of the one before it: the change files, ``diff.json``, and the part of the evidence page about them.

What differs was found before and comes as plain values; this module decides how it is shown. The files hold what is
published in either release and nothing else, and are the same from the same two releases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import altair as alt
from markupsafe import Markup

from include.opendata.errors import Place
from include.opendata.release.evidence.chart_subject import DrawnChart
from include.opendata.release.evidence.svg import INK, chart_of, draw, finish
from include.opendata.release.formats.csv_files import write_text_csv
from include.opendata.release.inputs import ChangesSince, ReleaseInputs

DIFF_NAME = "diff.json"
BARS_AT_MOST = 12
_ROSE, _FELL = "#0b6bcb", "#b44d12"
_SAID = {
    "new": "The table is new.",
    "gone": "The table is no longer published.",
    "not comparable": "Other columns name its rows, so they cannot be compared.",
}


def write_changes(folder: Path, changes: ChangesSince, *, dataset: str) -> None:
    """Write ``diff.json`` and ``changes/<table>.csv``. Raises Refused (``formula-cell``)."""
    (folder / DIFF_NAME).write_bytes(changes.diff)
    if changes.files:
        (folder / "changes").mkdir()
    for table, (header, rows) in changes.files.items():
        write_text_csv(folder / "changes" / f"{table}.csv", header, rows, place=Place(dataset, table))


@dataclass(frozen=True)
class ChangedFigure:
    """A figure that moved, as it is shown. ``of``: a total is taken from the row of totals, or from what is shown ·
    ``row``: the labels that name a single figure."""

    table: str
    measure: str
    old: str
    new: str
    percent: str
    of: str = ""
    row: str = ""


@dataclass(frozen=True)
class ChangedTable:
    """What changed of one table. ``said``: why its rows are not compared, where they are not · ``schema``: a sentence for
    each column that came, went or changed its type."""

    title: str
    rows: Mapping[str, Any]
    compared: bool
    said: str
    newly_hidden: int
    newly_shown: int
    schema: tuple[str, ...]


@dataclass(frozen=True)
class ToleranceLine:
    """How far the figures of a table kept a declared tolerance."""

    table: str
    rule: str
    compared: int
    beyond: int
    where: Sequence[str]
    not_compared: int


@dataclass(frozen=True)
class ChangesView:
    """What the evidence page shows of the changes. ``beyond``: figures that moved as far as a tolerance, or further."""

    since: str
    beyond: int
    tables: tuple[ChangedTable, ...]
    totals: tuple[ChangedFigure, ...]
    movers: tuple[ChangedFigure, ...]
    tolerances: tuple[ToleranceLine, ...]
    chart: DrawnChart | None


@dataclass(frozen=True)
class _Mover:
    """A single figure that moved, with the title of its table."""

    title: str
    measure: str
    labels: tuple[str, ...]
    change: float


def changes_view(inputs: ReleaseInputs) -> ChangesView | None:
    """What the evidence page shows of the changes; None for a first release."""
    if inputs.changes is None:
        return None
    differences = inputs.changes.differences
    titles = {table.table: table.title for table in inputs.dataset.tables}
    tables = [(titles.get(table["table"], table["table"]), table) for table in differences["tables"]]
    tolerances = tuple(ToleranceLine(title, **result) for title, result in _each(tables, "tolerances"))
    movers = list(_each(tables, "movers"))
    return ChangesView(
        since=differences["from"],
        beyond=sum(line.beyond for line in tolerances),
        tables=tuple(_table(title, table) for title, table in tables),
        totals=tuple(_figure(title, total, of=total["of"]) for title, total in _each(tables, "totals")),
        movers=tuple(_figure(title, mover, row=", ".join(mover["row"].values())) for title, mover in movers),
        tolerances=tolerances,
        chart=_chart([_mover(title, mover) for title, mover in movers]),
    )


def _each(tables: Sequence[tuple[str, Mapping[str, Any]]], part: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(title of the table, entry) for every entry of one part of the differences, table by table."""
    for title, table in tables:
        for entry in table[part]:
            yield title, entry


def _table(title: str, table: Mapping[str, Any]) -> ChangedTable:
    columns = table["columns"]
    schema = [f"{name} is new" for name in columns["added"]] + [f"{name} is gone" for name in columns["removed"]]
    schema += [f"{column['column']} was {column['was']} and is {column['is']}" for column in columns["retyped"]]
    return ChangedTable(
        title=title,
        rows=table["rows"],
        compared=table["status"] == "compared",
        said=_SAID.get(table["status"], ""),
        newly_hidden=sum(measure["newly_hidden"] for measure in table["hidden"]),
        newly_shown=sum(measure["newly_shown"] for measure in table["hidden"]),
        schema=tuple(schema),
    )


def _figure(title: str, figure: Mapping[str, Any], *, of: str = "", row: str = "") -> ChangedFigure:
    old, new, percent = figure["old"], figure["new"], figure["percent"]
    return ChangedFigure(
        table=title,
        measure=figure["measure"],
        old="–" if old is None else f"{old:,}",
        new="–" if new is None else f"{new:,}",
        percent="–" if percent is None else f"{percent:+,.1f} %",
        of=of,
        row=row,
    )


def _mover(title: str, mover: Mapping[str, Any]) -> _Mover:
    return _Mover(title, mover["measure"], tuple(mover["row"].values()), mover["new"] - mover["old"])


def _chart(movers: list[_Mover]) -> DrawnChart | None:
    """Bars of the largest changes, up and down; those of the first measure that has any, for bars share one scale."""
    if not movers:
        return None
    measure = movers[0].measure
    largest = sorted((m for m in movers if m.measure == measure), key=lambda m: -abs(m.change))[:BARS_AT_MOST]
    several_tables = len({mover.title for mover in largest}) > 1
    values = [
        {
            "row": ", ".join([*mover.labels, *([mover.title] if several_tables else [])]),
            "change": mover.change,
            "said": f"{mover.change:+,}".replace("-", "\N{MINUS SIGN}"),
        }
        for mover in largest
    ]
    caption = f"The largest changes of {measure} since the last release, among figures shown in both."
    described = "; ".join(f"{value['row']}: {value['said']}" for value in values)
    svg = draw(_bars(measure, values, _scale([mover.change for mover in largest])))
    svg = finish(svg, f"Bar chart. {caption} {described}.", "changes")
    return DrawnChart(caption, Markup(svg))  # noqa: S704 - made here, escaped there


def _scale(changes: Sequence[float]) -> list[float]:
    """The ends of the axis, with room for the figures at the ends of the bars."""
    low, high = min(0.0, *map(float, changes)), max(0.0, *map(float, changes))
    room = 0.15 * (high - low)
    return [low - room * (low < 0), high + room * (high > 0)]


def _bars(measure: str, values: Sequence[Mapping[str, Any]], scale: list[float]) -> Any:
    order = list(dict.fromkeys(value["row"] for value in values))
    base = chart_of(values).encode(
        y=alt.Y("row:N", sort=order, title=None, axis=alt.Axis(domain=False, ticks=False, labelLimit=320)),
        x=alt.X(
            "change:Q",
            title=f"Change of {measure}",
            axis=alt.Axis(format=",.2~f", tickCount=5),
            scale=alt.Scale(domain=scale, nice=False),
        ),
    )
    bars = base.mark_bar(height=14).encode(
        color=alt.condition("datum.change > 0", alt.value(_ROSE), alt.value(_FELL)),
    )
    risen = base.mark_text(align="left", dx=4, fontSize=11, color=INK).encode(text="said:N")
    fallen = base.mark_text(align="right", dx=-4, fontSize=11, color=INK).encode(text="said:N")
    return alt.layer(
        bars,
        risen.transform_filter("datum.change > 0"),
        fallen.transform_filter("datum.change < 0"),
    ).properties(width=420, height=alt.Step(22))
