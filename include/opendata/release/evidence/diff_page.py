"""What a release says of the one before it: the change files, ``diff.json``, and the part of the evidence page about them.

What differs was found before and comes as plain values; this module decides how it is shown. The files hold what is
published in either release and nothing else, and are the same from the same two releases.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import altair as alt
from markupsafe import Markup

from include.opendata.errors import Place
from include.opendata.release.evidence.chart_subject import Chart
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


def changes_view(inputs: ReleaseInputs) -> dict[str, Any] | None:
    """What the evidence page shows of the changes; None for a first release."""
    if inputs.changes is None:
        return None
    told = inputs.changes.told
    titles = {table.table: table.title for table in inputs.dataset.tables}
    named = [(titles.get(table["table"], table["table"]), table) for table in told["tables"]]
    totals = [
        {"table": title, "measure": one["measure"], "of": one["of"], **_figures(one)}
        for title, table in named
        for one in table["totals"]
    ]
    movers = [
        {"table": title, "measure": one["measure"], "row": ", ".join(one["row"].values()), **_figures(one)}
        for title, table in named
        for one in table["movers"]
    ]
    chart = _chart(named)
    return {
        "since": told["from"],
        "beyond": sum(result["beyond"] for _, table in named for result in table["tolerances"]),
        "tables": [_table(title, table) for title, table in named],
        "totals": totals,
        "movers": movers,
        "tolerances": [{"table": title, **result} for title, table in named for result in table["tolerances"]],
        "chart": chart and {"caption": chart.caption, "svg": Markup(chart.svg)},  # noqa: S704 - made here, escaped there
    }


def _table(title: str, table: Mapping[str, Any]) -> dict[str, Any]:
    columns = table["columns"]
    schema = [f"{name} is new" for name in columns["added"]] + [f"{name} is gone" for name in columns["removed"]]
    schema += [f"{one['column']} was {one['was']} and is {one['is']}" for one in columns["retyped"]]
    return {
        "title": title,
        "rows": table["rows"],
        "compared": table["status"] == "compared",
        "said": _SAID.get(table["status"], ""),
        "newly_hidden": sum(one["newly_hidden"] for one in table["hidden"]),
        "newly_shown": sum(one["newly_shown"] for one in table["hidden"]),
        "schema": schema,
    }


def _figures(one: Mapping[str, Any]) -> dict[str, str]:
    return {
        "old": "–" if one["old"] is None else f"{one['old']:,}",
        "new": "–" if one["new"] is None else f"{one['new']:,}",
        "percent": "–" if one["percent"] is None else f"{one['percent']:+,.1f} %",
    }


def _chart(named: list[tuple[str, Mapping[str, Any]]]) -> Chart | None:
    """Bars of the largest changes, up and down; those of the first measure that has any, for bars share one scale."""

    moved = [(title, one) for title, table in named for one in table["movers"]]
    if not moved:
        return None
    measure = moved[0][1]["measure"]
    chosen = [(title, one) for title, one in moved if one["measure"] == measure]
    chosen = sorted(chosen, key=lambda pair: -abs(pair[1]["new"] - pair[1]["old"]))[:BARS_AT_MOST]
    several = len({title for title, _ in chosen}) > 1
    values = [
        {
            "row": ", ".join([*one["row"].values(), *([title] if several else [])]),
            "change": one["new"] - one["old"],
            "said": f"{one['new'] - one['old']:+,}".replace("-", "\N{MINUS SIGN}"),
        }
        for title, one in chosen
    ]
    changes = [0.0, *(float(value["change"]) for value in values)]
    room = 0.15 * (max(changes) - min(changes))
    ends = [min(changes) - room * (min(changes) < 0), max(changes) + room * (max(changes) > 0)]
    order = list(dict.fromkeys(value["row"] for value in values))
    base = chart_of(values).encode(
        y=alt.Y("row:N", sort=order, title=None, axis=alt.Axis(domain=False, ticks=False, labelLimit=320)),
        x=alt.X(
            "change:Q",
            title=f"Change of {measure}",
            axis=alt.Axis(format=",.2~f", tickCount=5),
            scale=alt.Scale(domain=ends, nice=False),  # room for the figures at the ends of the bars
        ),
    )
    bars = base.mark_bar(height=14).encode(
        color=alt.condition("datum.change > 0", alt.value(_ROSE), alt.value(_FELL)),
    )
    labels = base.mark_text(align="left", dx=4, fontSize=11, color=INK).encode(text="said:N")
    fallen = base.mark_text(align="right", dx=-4, fontSize=11, color=INK).encode(text="said:N")
    drawn = alt.layer(
        bars,
        labels.transform_filter("datum.change > 0"),
        fallen.transform_filter("datum.change < 0"),
    ).properties(width=420, height=alt.Step(22))
    caption = f"The largest changes of {measure} since the last release, among figures shown in both."
    described = "; ".join(f"{value['row']}: {value['said']}" for value in values)
    return Chart(caption, caption, finish(draw(drawn), f"Bar chart. {caption} {described}.", "changes"))
