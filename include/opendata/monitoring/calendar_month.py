"""The refreshes of a month: when each was done, when the next are due, which were missed. ``freshness`` knows when that is."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import sqlalchemy as sa

from include.opendata.ledger import Ledger
from include.opendata.ledger.schema import RUNS
from include.opendata.monitoring.freshness import WITHOUT_PROMISE, after
from include.opendata.monitoring.judgement import ENDED_WELL
from include.opendata.monitoring.overview import Line

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
        """The first day of the month before."""
        return (self.first - dt.timedelta(days=1)).replace(day=1)

    @property
    def after(self) -> dt.date:
        """The first day of the month after."""
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
    titles = {line.dataset: line.facts.title for line in lines}
    events = [
        *_runs(ledger, first, ends),
        *(event for line in lines for event in _due(line, ends, today)),
        *(_Event(dataset, day, "scheduled") for dataset, day in next_runs.items()),
    ]
    days: dict[dt.date, set[Entry]] = {}
    for event in events:
        if event.dataset in titles and first <= event.day < ends:
            days.setdefault(event.day, set()).add(Entry(event.dataset, titles[event.dataset], event.kind))
    return Month(first, _weeks(first), {day: tuple(sorted(entries, key=_rank)) for day, entries in days.items()})


def _weeks(first: dt.date) -> tuple[tuple[dt.date | None, ...], ...]:
    weeks = calendar.Calendar(firstweekday=6).monthdatescalendar(first.year, first.month)
    return tuple(tuple(day if day.month == first.month else None for day in week) for week in weeks)


@dataclass(frozen=True)
class _Event:
    dataset: str
    day: dt.date
    kind: Kind


def _rank(entry: Entry) -> tuple[int, str]:
    return list(KINDS).index(entry.kind), entry.dataset


def _runs(ledger: Ledger, first: dt.date, ends: dt.date) -> list[_Event]:
    """The runs of the month that ended, previews left out."""
    query = sa.select(RUNS.c.dataset, RUNS.c.started_at, RUNS.c.outcome).where(
        RUNS.c.started_at >= first.isoformat(),
        RUNS.c.started_at < ends.isoformat(),
        RUNS.c.outcome.in_((*ENDED_WELL, "failed", "refused")),
    )
    with ledger.reading() as connection:
        return [
            _Event(
                run.dataset,
                dt.date.fromisoformat(run.started_at[:10]),
                "done" if run.outcome in ENDED_WELL else "stopped",
            )
            for run in connection.execute(query)
        ]


def _due(line: Line, ends: dt.date, today: dt.date) -> Iterator[_Event]:
    """The day the next refresh is due and, as the promise goes on, those after it until the month ends."""
    fresh, frequency = line.freshness, line.facts.frequency
    if fresh is None or fresh.refresh_due is None or frequency in WITHOUT_PROMISE:
        return
    yield _Event(line.dataset, fresh.refresh_due, "late" if fresh.by_refresh == "late" else "due")
    for number in range(1, _MOST_PERIODS):
        day = after(fresh.refresh_due, frequency, periods=number)
        if day >= ends:
            return
        if day > today:
            yield _Event(line.dataset, day, "due")
