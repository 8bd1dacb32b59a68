"""How soon a new table should be published: what the data tell of the priority score, and what people must add.

Nothing is guessed for a line only people can answer, and readiness is scored apart (Handbook, priority scoring template).
"""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, ConfigDict

from include.opendata.declaration.choices import Frequency
from include.opendata.onboarding.design import Design
from include.opendata.onboarding.profile import Profile
from include.opendata.rules.priority import priority_criteria


class PriorityPart(BaseModel):
    """One line: its points, None while it is open, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    line: str
    label: str
    most: int
    points: int | None
    reason: str


class Priority(BaseModel):
    """The priority score so far. ``points``: of the lines that are settled; ``reachable``: with the open ones at their best."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    points: int
    reachable: int
    parts: tuple[PriorityPart, ...]
    readiness: PriorityPart
    section: str


def priority(
    profile: Profile, design: Design, *, frequency: Frequency, years: tuple[int, int] | None, as_of: dt.date
) -> Priority:
    """The priority score. ``years``: the first and last year the data cover; ``as_of``: the day their age is counted from."""
    criteria = priority_criteria()
    settled = {
        "years": _years(years),
        "geography": _geography(profile, design),
        "data_points": _data_points(profile),
        "frequency": _frequency(frequency),
        "timeliness": _timeliness(years, as_of),
    }
    parts = []
    for line in criteria.lines:
        points, reason = settled.get(line.line, (None, line.asks))
        parts.append(PriorityPart(line=line.line, label=line.label, most=line.points, points=points, reason=reason))
    done = sum(part.points or 0 for part in parts)
    ready = criteria.readiness
    return Priority(
        points=done,
        reachable=done + sum(part.most for part in parts if part.points is None),
        parts=tuple(parts),
        readiness=PriorityPart(line="readiness", label=ready.label, most=ready.points, points=None, reason=ready.asks),
        section=criteria.section,
    )


Settled = tuple[int | None, str]


def _years(years: tuple[int, int] | None) -> Settled:
    line = priority_criteria().line("years")
    if years is None:
        return None, line.asks
    count = years[1] - years[0] + 1
    return line.of_number(count), f"The data cover {count} year{'s' if count > 1 else ''}."


def _geography(profile: Profile, design: Design) -> Settled:
    line = priority_criteria().line("geography")
    county = next((m for m in design.meanings if m.role == "county" or m.scores.get("reference")), None)
    if county is None:
        return None, line.asks
    shown = len(profile.column(county.column).values or ()) - len(county.totals)
    if shown == 1:
        return line.choices["one_county"], "One county is covered."
    if shown < 58:
        return line.choices["several_counties"], f"{shown} counties are covered."
    return line.choices["county"], "Every county is covered, and nothing finer."


def _data_points(profile: Profile) -> Settled:
    many = profile.rows > 5 and len(profile.columns) > 2
    reason = "It has more than five rows and two columns." if many else "It has no more than five rows or two columns."
    return priority_criteria().line("data_points").choices["many" if many else "few"], reason


def _frequency(frequency: Frequency) -> Settled:
    line = priority_criteria().line("frequency")
    if frequency == "other":
        return None, line.asks
    choice = {"annually": "annual", "point in time": "rarer"}.get(frequency, "more_than_annual")
    reason = (
        "It is not brought up to date." if frequency == "point in time" else f"It is brought up to date {frequency}."
    )
    return line.choices[choice], reason


def _timeliness(years: tuple[int, int] | None, as_of: dt.date) -> Settled:
    line = priority_criteria().line("timeliness")
    if years is None:
        return None, line.asks
    age = max(as_of.year - years[1] - 1, 0)
    how_old = f"{age} year(s)" if age else "under a year"
    return line.of_number(age), f"The newest data are of {years[1]}: {how_old} old."
