"""The refreshes of a month: when each was done, when the next are due, which were missed. ``freshness`` knows when that is."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import sqlalchemy as sa

from include.opendata.ledger import Ledger
from include.opendata.ledger.schema import RUNS
from include.opendata.monitoring.freshness import WITHOUT_PROMISE, after
from include.opendata.monitoring.overview import Line
from include.opendata.monitoring.watch import ENDED_WELL

Kind = Literal["late", "due", "scheduled", "stopped", "done"]
KINDS: dict[Kind, str] = {
    "late": "late since",
    "due": "due",
    "scheduled": "next run",
    "stopped": "run failed or refused",
    "done": "refreshed",
}
_MOST_PERIODS = 40


@dataclass(frozen=True)
class Entry:
    """One dataset on one day."""

    dataset: str
    title: str
    kind: Kind


@dataclass(frozen=True)
class Month:
    """``weeks``: of seven days each, Sunday first; None outside the month · ``days``: day → its entries."""

    first: dt.date
    weeks: tuple[tuple[dt.date | None, ...], ...]
    days: Mapping[dt.date, tuple[Entry, ...]]

    @property
    def before(self) -> dt.date:
        return (self.first - dt.timedelta(days=1)).replace(day=1)

    @property
    def after(self) -> dt.date:
        return (self.first + dt.timedelta(days=31)).replace(day=1)


def month(
    ledger: Ledger,
    lines: Sequence[Line],
    first: dt.date,
    *,
    today: dt.date,
    next_runs: Mapping[str, dt.date] = MappingProxyType({}),
) -> Month:
    """The month that begins on ``first``. ``next_runs``: dataset → the day Airflow runs it next."""
    ends = (first + dt.timedelta(days=31)).replace(day=1)
    shown = {line.dataset: line.facts.title for line in lines}
    found: dict[dt.date, set[Entry]] = {}

    def put(day: dt.date, dataset: str, kind: Kind) -> None:
        if first <= day < ends:
            found.setdefault(day, set()).add(Entry(dataset, shown[dataset], kind))

    for dataset, day, outcome in _runs(ledger, first, ends):
        if dataset in shown:
            put(day, dataset, "done" if outcome in ENDED_WELL else "stopped")
    for line in lines:
        for day, kind in _due(line, ends, today):
            put(day, line.dataset, kind)
        if line.dataset in next_runs:
            put(next_runs[line.dataset], line.dataset, "scheduled")
    order = list(KINDS)
    weeks = calendar.Calendar(firstweekday=6).monthdatescalendar(first.year, first.month)
    return Month(
        first,
        tuple(tuple(day if day.month == first.month else None for day in week) for week in weeks),
        {day: tuple(sorted(e, key=lambda one: (order.index(one.kind), one.dataset))) for day, e in found.items()},
    )


def _runs(ledger: Ledger, first: dt.date, ends: dt.date) -> list[tuple[str, dt.date, str]]:
    query = sa.select(RUNS.c.dataset, RUNS.c.started_at, RUNS.c.outcome).where(
        RUNS.c.started_at >= first.isoformat(),
        RUNS.c.started_at < ends.isoformat(),
        RUNS.c.outcome.in_((*ENDED_WELL, "failed", "refused")),
    )
    with ledger.reading() as connection:
        return [(r.dataset, dt.date.fromisoformat(r.started_at[:10]), r.outcome) for r in connection.execute(query)]


def _due(line: Line, ends: dt.date, today: dt.date) -> list[tuple[dt.date, Kind]]:
    """The day the next refresh is due and, as the promise goes on, those after it until the month ends."""
    found = line.freshness
    if found is None or found.refresh_due is None or line.facts.frequency in WITHOUT_PROMISE:
        return []
    days: list[tuple[dt.date, Kind]] = [(found.refresh_due, "late" if found.by_refresh == "late" else "due")]
    for number in range(1, _MOST_PERIODS):
        day = after(found.refresh_due, line.facts.frequency, periods=number)
        if day >= ends:
            break
        if day > today:
            days.append((day, "due"))
    return days
