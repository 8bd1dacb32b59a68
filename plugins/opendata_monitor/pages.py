"""The templates, and the words they share. Everything that goes into a page is escaped; the only markup are our drawings."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from include.opendata.monitoring.charts import group_bars, quality_line, sparkline
from include.opendata.rules.release import permission_rules

STATUS_WORDS = {"problem": "Problem", "waits": "Waits for approval", "due": "Due", "fine": "Fine"}
OUTCOMES = {
    "staged": "Staged",
    "unchanged": "Unchanged",
    "refused": "Refused",
    "failed": "Failed",
    "running": "Running",
    "waits for approval": "Waits for approval",
    "never run": "Never run",
}
FRESHNESS = {"late": "Late", "never": "Never", "due": "Due", "fresh": "On time", "no promise": "No promise"}


def _drawing(drawn: str) -> Markup:
    return Markup(drawn)  # noqa: S704 - drawn by our own code, which escapes every word in it


def _day(moment: Any) -> str:
    """A date, or a time in UTC, as people read it."""
    if moment is None:
        return "–"
    if isinstance(moment, str):
        return moment.replace("T", " ").removesuffix("Z")[:16]
    if isinstance(moment, dt.datetime):
        return moment.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M")
    return str(moment)


def _percent(share: float | None) -> str:
    if share is None:
        return "–"
    return "under 0.1 %" if 0 < share < 0.0005 else f"{100 * share:.1f} %" if share else "0 %"


PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).resolve().parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
PAGES.filters |= {"day": _day, "percent": _percent, "thousands": lambda number: f"{number:,}"}
PAGES.globals |= {
    "spark": lambda values: _drawing(sparkline(values, "rows")),
    "bars": lambda dimension: _drawing(group_bars(dimension)),
    "quality_line": lambda met, asked: _drawing(quality_line(met, asked)),
    "status_words": STATUS_WORDS,
    "outcomes": OUTCOMES,
    "freshness_words": FRESHNESS,
    "roles": permission_rules().roles,
}
