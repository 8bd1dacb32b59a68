"""Draws a chart as inline SVG: offline, in the page's look, with ids of its own and words for a screen reader.

Decides nothing of what a chart shows. The same chart gives the same text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import altair as alt
import vl_convert

INK, MUTED, GRID, LINE = "#1f2933", "#52606d", "#d9e2ec", "#0b5394"
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"


def chart_of(values: Sequence[Mapping[str, Any]]) -> alt.Chart:
    """A chart of these records, which stand in it."""
    return alt.Chart(alt.Data(values=list(values)))  # type: ignore[no-untyped-call]  # altair declares no types for it


def draw(chart: Any) -> str:
    """The chart as SVG, drawn offline: no address may be read, and nothing in it depends on the time."""
    configured = chart.configure(
        background="transparent",
        font=FONT,
        aria=False,
        view={"stroke": None},
        axis={
            "labelColor": INK,
            "titleColor": MUTED,
            "gridColor": GRID,
            "labelFontSize": 11,
            "titleFontSize": 11,
            "titleFontWeight": "normal",
            "domainColor": GRID,
            "tickColor": GRID,
        },
        legend={
            "labelColor": INK,
            "titleColor": MUTED,
            "labelFontSize": 11,
            "titleFontSize": 11,
            "titleFontWeight": "normal",
        },
        header={"labelColor": INK},
    )
    drawn: str = vl_convert.vegalite_to_svg(configured.to_dict(), allowed_base_urls=[])
    return drawn


_ID = re.compile(r'\bid="([^"]+)"')
_HATCH = (
    '<pattern id="{id}" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="6" height="6" fill="#eceff3"/><line x1="0" y1="0" x2="0" y2="6" stroke="#9aa5b1" stroke-width="2"/>'
    "</pattern>"
)


def finish(svg: str, description: str, prefix: str) -> str:
    """Makes the ids unique on the page, adds the hatching, and tells a screen reader what the chart shows."""
    svg = re.sub(r"^<\?xml[^>]*\?>\s*", "", svg)
    # The renderer counts its ids through the life of the process, so they are numbered again.
    for number, name in enumerate(dict.fromkeys(_ID.findall(svg))):
        svg = svg.replace(f'id="{name}"', f'id="{prefix}-{number}"').replace(
            f"url(#{name})", f"url(#{prefix}-{number})"
        )
    svg = svg.replace("url(#hatch)", f"url(#{prefix}-hatch)")
    opening, rest = svg.split(">", 1)
    opening = re.sub(r'\s(role|aria-[a-z]+|class)="[^"]*"', "", opening)
    opening += f' role="img" aria-label="{escape(description, quote=True)}"'
    defs = f"<defs>{_HATCH.format(id=f'{prefix}-hatch')}</defs>" if f"url(#{prefix}-hatch)" in rest else ""
    return f"{opening}>{defs}{rest}".strip()
