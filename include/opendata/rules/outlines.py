"""Coarse outlines of areas, to tell whether a point can lie in one at all.

What an outline is good for, and where it is generous, is in ``outlines/README.md``.
"""

from __future__ import annotations

import csv
from functools import cache

from include.opendata.rules.criteria import FOLDER

Point = tuple[float, float]
"""(latitude, longitude) in degrees, WGS 84."""


@cache
def outline(area: str) -> tuple[Point, ...]:
    """The corners of ``area`` (``California``), in order; the last is joined to the first. KeyError for an unknown one."""
    path = FOLDER / "outlines" / f"{area.lower()}.csv"
    if not path.is_file():
        raise KeyError(area)
    with path.open(encoding="utf-8", newline="") as lines:
        return tuple((float(row["latitude"]), float(row["longitude"])) for row in csv.DictReader(lines))


def edges(area: str) -> tuple[tuple[Point, Point], ...]:
    """The sides of the outline of ``area``, without the level ones, which a ray along a latitude never crosses."""
    corners = outline(area)
    sides = zip(corners, (*corners[1:], corners[0]), strict=True)
    return tuple((a, b) for a, b in sides if a[0] != b[0])
