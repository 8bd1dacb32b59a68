"""Small drawings of the pages, SVG made by hand: they need no library, no script, and take the page's colours.

Every drawing says in words what it shows; the same figures give the same text.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from include.opendata.monitoring.equity import DimensionShares

_WIDTH, _HEIGHT, _MARGIN = 96, 24, 3
BARS_AT_MOST = 20


def sparkline(values: Sequence[int], what: str) -> str:
    """A line of the values, the last one marked; empty without at least one. ``what``: of what, such as “rows”."""
    if not values:
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1
    step = (_WIDTH - 2 * _MARGIN) / max(len(values) - 1, 1)
    level = [0.5 if high == low else (value - low) / span for value in values]
    points = [
        (_MARGIN + number * step, _HEIGHT - _MARGIN - part * (_HEIGHT - 2 * _MARGIN))
        for number, part in enumerate(level)
    ]
    if len(points) == 1:
        points = [(_WIDTH - _MARGIN, points[0][1])]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    description = f"{what.capitalize()} of the last {len(values)} releases: from {values[0]:,} to {values[-1]:,}."
    if len(values) == 1:
        description = f"One release of {values[0]:,} {what}."
    x, y = points[-1]
    return (
        f'<svg class="spark" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" role="img" '
        f'aria-label="{escape(description, quote=True)}"><polyline points="{line}"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5"/></svg>'
    )


def group_bars(dimension: DimensionShares) -> str:
    """Bars of the share hidden, the groups hidden most first; empty where nothing is hidden.

    A list with a bar in every line: its words stay as large as the page's on a phone, and are read out as they stand.
    """
    groups = dimension.touched[:BARS_AT_MOST]
    if not groups:
        return ""
    lines = [
        f'<li><span class="label">{escape(group.label)}</span>'
        f'<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="back" width="100" height="10"/>'
        f'<rect class="{"gone" if group.gone else "part"}" width="{100 * group.share:.1f}" height="10"/></svg>'
        f'<span class="figure">{100 * group.share:.0f} %</span></li>'
        for group in groups
    ]
    return f'<ul class="bars">{"".join(lines)}</ul>'


def quality_line(met: Sequence[int], asked: Sequence[int]) -> str:
    """One bar per run: how many expectations were met of those asked."""
    if not asked:
        return ""
    width, height, step = 24 * len(asked) + 8, 60, 24
    most = max(asked)
    description = "; ".join(f"{m} of {a}" for m, a in zip(met, asked, strict=True))
    parts = [
        f'<svg class="quality" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{escape(f"Expectations met, run by run, the oldest first: {description}.", quote=True)}">'
    ]
    for number, (good, all_) in enumerate(zip(met, asked, strict=True)):
        x, tall, ok = 4 + number * step, 52 * all_ / most, 52 * good / most
        parts.append(
            f'<rect class="gone" x="{x}" y="{56 - tall:.1f}" width="18" height="{tall:.1f}"/>'
            f'<rect class="met" x="{x}" y="{56 - ok:.1f}" width="18" height="{ok:.1f}"/>'
        )
    return "".join(parts) + "</svg>"
