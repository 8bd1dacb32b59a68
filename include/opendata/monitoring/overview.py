"""The overview of all datasets: how each stands, problems first. Reads ledger and declarations, a fixed number of queries.

A line tells the same as the daily watch (``watch.py``), as far as it can be told without opening staging or a declaration
in full: a thousand datasets must not keep a person waiting.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from include.opendata.gate.approval import standings
from include.opendata.ledger import Ledger
from include.opendata.ledger.approvals import Answer
from include.opendata.ledger.schema import APPROVAL_REQUESTS, APPROVALS, POINTER_MOVES, RELEASES, RUNS
from include.opendata.monitoring.declared_facts import DeclaredFacts
from include.opendata.monitoring.freshness import Freshness, freshness
from include.opendata.monitoring.watch import ENDED_WELL, RUN_LOST_AFTER

DatasetStatus = Literal["problem", "waits", "due", "fine"]
DATASET_STATUSES: tuple[DatasetStatus, ...] = ("problem", "waits", "due", "fine")
SIZES_SHOWN = 24


@dataclass(frozen=True)
class Line:
    """One dataset. ``refreshed``: the day of the last run that ended well · ``gate``: what the rules said of the current
    release · ``hidden`` of ``cells``: counts suppressed in it · ``rows``: of its tables · ``problems``: sentences."""

    facts: DeclaredFacts
    status: DatasetStatus
    problems: tuple[str, ...]
    freshness: Freshness | None
    refreshed: dt.date | None
    outcome: str
    release: str | None
    staging: str | None
    gate: str
    hidden: int
    cells: int
    rows: int

    @property
    def dataset(self) -> str:
        return self.facts.dataset

    @property
    def share(self) -> float | None:
        """The share of cells suppressed in the current release; None without one."""
        return self.hidden / self.cells if self.cells else None


def overview(ledger: Ledger, declared: Sequence[DeclaredFacts], *, now: dt.datetime) -> list[Line]:
    """A line per dataset: those with problems first (what stopped, then what is late, the latest first), then those that
    wait for people or are due, each by id."""
    with ledger.reading() as connection:
        last = _newest(connection, RUNS, RUNS.c.outcome != "previewed")
        good = _newest(connection, RUNS, RUNS.c.outcome.in_(ENDED_WELL))
        moved = _newest(
            connection, POINTER_MOVES, POINTER_MOVES.c.done_at.is_not(None), POINTER_MOVES.c.action != "prune"
        )
        releases = _newest(connection, RELEASES)
        releases |= _elsewhere(connection, moved, releases)
        asked = _asked(connection, now.date())
    lines = [
        _line(
            facts,
            last.get(facts.dataset),
            good.get(facts.dataset),
            releases.get(facts.dataset),
            asked.get(facts.dataset),
            now,
        )
        for facts in declared
    ]
    return sorted(lines, key=_rank)


def sizes(ledger: Ledger, datasets: Iterable[str]) -> dict[str, list[int]]:
    """Rows of the last releases of each dataset, the oldest first, for as few datasets as a page shows."""
    columns = RELEASES.c
    query = (
        sa.select(columns.dataset, columns.release, columns.figures)
        .where(columns.dataset.in_(list(datasets)))
        .order_by(columns.id)
    )
    found: dict[str, dict[str, int]] = {}
    with ledger.reading() as connection:
        for row in connection.execute(query):
            found.setdefault(row.dataset, {})[row.release] = sum(t["rows"] for t in _tables(row.figures))
    return {dataset: list(rows.values())[-SIZES_SHOWN:] for dataset, rows in found.items()}


def chosen(
    lines: Sequence[Line], *, search: str = "", status: str = "", department: str = "", level: str = ""
) -> list[Line]:
    """The lines that a search (every word, in id, title, department, topic or steward) and the filters leave."""
    words = search.lower().split()
    return [
        line
        for line in lines
        if (not status or line.status == status)
        and (not department or line.facts.department == department)
        and (not level or str(line.facts.level or "none") == level)
        and all(word in _text(line.facts) for word in words)
    ]


def _text(facts: DeclaredFacts) -> str:
    parts = (facts.dataset, facts.title, facts.department, facts.topic, facts.steward)
    return " ".join(parts).lower()


def _newest(connection: sa.Connection, table: sa.Table, *conditions: Any) -> dict[str, Any]:
    """Dataset → its newest row that meets the conditions."""
    newest = sa.select(sa.func.max(table.c.id)).where(*conditions).group_by(table.c.dataset)
    return {row.dataset: row for row in connection.execute(sa.select(table).where(table.c.id.in_(newest)))}


def _elsewhere(connection: sa.Connection, moved: dict[str, Any], newest: dict[str, Any]) -> dict[str, Any]:
    """The current release of the datasets whose pointer is not at the newest one: they were rolled back."""
    back = [(d, move.to_release) for d, move in moved.items() if d in newest and newest[d].release != move.to_release]
    if not back:
        return {}
    named = sa.tuple_(RELEASES.c.dataset, RELEASES.c.release).in_(back)
    return {row.dataset: row for row in connection.execute(sa.select(RELEASES).where(named).order_by(RELEASES.c.id))}


@dataclass(frozen=True)
class _Asked:
    """What a run that is under way put before its approvers. ``waits``: a role has not approved it · ``since``: when it was
    asked for, or last answered."""

    run_id: str
    waits: bool
    since: str


def _asked(connection: sa.Connection, today: dt.date) -> dict[str, _Asked]:
    """Dataset → what a run that is under way put before its approvers."""
    columns = APPROVAL_REQUESTS.c
    same = sa.and_(RUNS.c.dataset == columns.dataset, RUNS.c.run_id == columns.run_id)
    query = (
        sa.select(columns.dataset, columns.run_id, columns.asked_at, columns.digest, columns.required)
        .join(RUNS, same)
        .where(RUNS.c.outcome == "running")
        .order_by(columns.id)
    )
    asked = {row.dataset: row for row in connection.execute(query)}
    answers: dict[str, list[Answer]] = {}
    for row in connection.execute(
        sa.select(APPROVALS).where(APPROVALS.c.dataset.in_(list(asked))).order_by(APPROVALS.c.id)
    ):
        answers.setdefault(row.dataset, []).append(Answer(**{k: v for k, v in row._mapping.items() if k != "id"}))
    found = {}
    for dataset, row in asked.items():
        states = standings(row.required, answers.get(dataset, []), row.digest, today=today)
        given = [state.answer.recorded_at for state in states if state.answer is not None]
        found[dataset] = _Asked(row.run_id, any(s.state != "given" for s in states), max(row.asked_at, *given))
    return found


def _rank(line: Line) -> tuple[int, bool, int, str]:
    late = line.freshness.days_late if line.freshness is not None else 0
    only_late = late > 0 and len(line.problems) == 1
    return DATASET_STATUSES.index(line.status), only_late, -late if only_late else 0, line.dataset


def _line(facts: DeclaredFacts, last: Any, good: Any, release: Any, asked: _Asked | None, now: dt.datetime) -> Line:
    found = None if facts.broken else _freshness(facts, good, now)
    mine = asked if last is not None and asked is not None and asked.run_id == last.run_id else None
    waits = mine is not None and mine.waits
    problems = tuple(_problems(facts, last, found, mine, now))
    status: DatasetStatus = (
        "problem" if problems else "waits" if waits else "due" if found is not None and found.worst == "due" else "fine"
    )
    tables = _tables(release.figures) if release is not None else []
    return Line(
        facts=facts,
        status=status,
        problems=problems,
        freshness=found,
        refreshed=_moment(good.started_at).date() if good is not None else None,
        outcome="waits for approval" if waits else last.outcome if last is not None else "never run",
        release=release.release if release is not None else None,
        staging=release.staging if release is not None else None,
        gate=_gate(tables),
        hidden=sum(t["small"] + t["complementary"] + t["unstable"] for t in tables),
        cells=sum(t["cells"] for t in tables),
        rows=sum(t["rows"] for t in tables),
    )


def _problems(
    facts: DeclaredFacts, last: Any, found: Freshness | None, asked: _Asked | None, now: dt.datetime
) -> Iterable[str]:
    if facts.broken:
        yield f"Its declaration cannot be used: {facts.broken}."
    if last is None:
        yield "It is declared and was never refreshed."
        return
    day = last.started_at[:10]
    if last.outcome in ("failed", "refused"):
        why = (last.message or "no reason was recorded").split("\n", 1)[0]
        yield f"Its last run ({day}) {'was refused' if last.outcome == 'refused' else 'failed'}: {why}"
    elif last.outcome == "running" and not (asked is not None and asked.waits):
        # A run that waited for people for days is at work again since they answered.
        since = max(last.started_at, asked.since if asked is not None else "")
        if now - _moment(since) > RUN_LOST_AFTER:
            yield f"Its run of {day} neither ended nor waits for anybody."
    if found is not None and found.worst == "late":
        yield found.sentence


def _freshness(facts: DeclaredFacts, good: Any, now: dt.datetime) -> Freshness | None:
    try:
        return freshness(
            facts.frequency,
            refreshed=_moment(good.started_at).date() if good is not None else None,
            data_end=dt.date.fromisoformat(facts.data_end) if facts.data_end else None,
            today=now.date(),
        )
    except (KeyError, ValueError):
        return None  # a frequency or a date nobody knows: `bin/opendata check` says so


def _gate(tables: Sequence[dict[str, Any]]) -> str:
    """What the rules made of a release, in few words."""
    if not tables:
        return "Nothing is staged"
    scores = [table["score"] for table in tables if table["score"] is not None]
    score = f", score up to {max(scores)}" if scores else ""
    masked = sum(bool(table["masked"]) for table in tables)
    if not masked:
        return f"Shown in full{score}"
    return f"Small counts hidden{'' if masked == len(tables) else f' in {masked} of {len(tables)} tables'}{score}"


def _tables(figures: Any) -> list[dict[str, Any]]:
    found = figures.get("tables") if isinstance(figures, dict) else None
    return list(found or [])


def _moment(stamp: str) -> dt.datetime:
    return dt.datetime.fromisoformat(stamp.replace("Z", "+00:00"))
