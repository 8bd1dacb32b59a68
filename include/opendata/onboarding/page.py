"""The page of a bundle: what was found out and proposed, and what is still open, for the steward who decides.

It says what ``onboarding.json`` says and nothing else; the template decides how it looks. One file: no script, font or image
from elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from include.opendata.rules.release import thresholds
from include.opendata.rules.scoring import scoring_criteria

TEMPLATES = Path(__file__).resolve().parent / "templates"

_ROLES = {
    "county": "county",
    "area": "area",
    "time": "time",
    "age": "age",
    "group": "characteristic of persons",
    "category": "category",
    "count": "count",
    "population": "population",
    "person": "number of a person",
    "event_id": "number of an event",
    "none": "no part of a table",
}
_VARIABLES = {"other": "other variable", "unlisted": "for an expert to review"}


def page(bundle: Mapping[str, object]) -> str:
    """The page as HTML, from what ``bundle.as_json`` gives."""
    return _template().render(bundle=bundle, limits=thresholds())


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["thousands"] = lambda number: f"{number:,}" if isinstance(number, int) else str(number)
    environment.filters["role"] = lambda role: _ROLES[role]
    environment.filters["variable"] = _variable
    environment.filters["asked"] = _asked
    return environment.get_template("bundle.html.j2")


def _asked(question: str) -> Markup:
    """A question as a sentence; what stands in backquotes is code."""
    sentence = str(escape(question[:1].upper() + question[1:]))
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", sentence))  # noqa: S704 - escaped the line before


def _variable(name: str) -> str:
    row = next((row for row in scoring_criteria().rows if row.variable == name), None)
    return _VARIABLES.get(name) or (row.label if row is not None else name.replace("_", " ").capitalize())
