"""How a dataset stands today by its runs and its dates: the one judgement that pages, daily watch and command line share.

Decides whether the last run failed, was refused or got lost, whether anything was ever published, and whether the dataset
is late (``freshness`` knows the dates). Reads the ledger with a fixed number of queries, however many datasets there are: a
thousand must not keep a person waiting. What can only be seen elsewhere (staging, the portal, approvals that expire) is the
watch's matter.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from include.opendata.gate.approval import role_statuses
from include.opendata.ledger import RunEntry
from include.opendata.ledger.approvals import Answer
from include.opendata.ledger.schema import APPROVAL_REQUESTS, APPROVALS, RUNS
from include.opendata.monitoring.freshness import Freshness, freshness
from include.opendata.storage.clock import parse_stamp

ENDED_WELL = ("staged", "unchanged")
RUN_LOST_AFTER = dt.timedelta(hours=24)

Slug = Literal["never-run", "last-run-failed", "last-run-refused", "run-lost", "never-published", "late"]


@dataclass(frozen=True)
class MonitorFinding:
    """Something that is wrong with a dataset: what it is called, and a sentence for people."""

    slug: Slug
    sentence: str


@dataclass(frozen=True)
class OpenRequest:
    """What a run that is under way put before its approvers. ``waits``: a role has not approved it · ``since``: when it was
    asked for, or last answered (UTC, ISO 8601)."""

    waits: bool
    since: str


@dataclass(frozen=True)
class RunRecord:
    """What the ledger has of one dataset's runs. ``last``: the newest that was no preview · ``refreshed``: the day of the
    newest that ended well · ``request``: what the last run put before its approvers, while it is under way."""

    last: RunEntry | None = None
    refreshed: dt.date | None = None
    request: OpenRequest | None = None

    @property
    def waits(self) -> bool:
        """Whether the last run waits for an approver."""
        return self.request is not None and self.request.waits


@dataclass(frozen=True)
class Judgement:
    """``freshness``: None where the declaration promises no date that can be understood · ``findings``: what is wrong, the
    runs first."""

    freshness: Freshness | None
    findings: tuple[MonitorFinding, ...]


def judge(record: RunRecord, *, frequency: str | None, data_end: str, now: dt.datetime) -> Judgement:
    """How a dataset stands. ``frequency``: as declared, None where the declaration cannot be read · ``data_end``: the last
    day its data speak of, as an ISO date; empty where the declaration has none."""
    fresh = _freshness(frequency, record.refreshed, data_end, now.date())
    return Judgement(fresh, tuple(_findings(record, fresh, now)))


def run_records(connection: sa.Connection, *, today: dt.date) -> Mapping[str, RunRecord]:
    """The record of every dataset that was ever run. ``today``: approvals that end before it no longer count."""
    last = newest(connection, RUNS, RUNS.c.outcome != "previewed")
    ended_well = newest(connection, RUNS, RUNS.c.outcome.in_(ENDED_WELL))
    requests = _open_requests(connection, today)
    records = {}
    for dataset in last.keys() | ended_well.keys():
        run = last.get(dataset)
        good = ended_well.get(dataset)
        records[dataset] = RunRecord(
            last=None if run is None else RunEntry(**{k: v for k, v in run._mapping.items() if k != "id"}),
            refreshed=None if good is None else moment(good.started_at).date(),
            request=None if run is None else requests.get((dataset, run.run_id)),
        )
    return records


def newest(connection: sa.Connection, table: sa.Table, *conditions: sa.ColumnElement[bool]) -> dict[str, sa.Row[Any]]:
    """Dataset → its newest row that meets the conditions."""
    ids = sa.select(sa.func.max(table.c.id)).where(*conditions).group_by(table.c.dataset)
    return {row.dataset: row for row in connection.execute(sa.select(table).where(table.c.id.in_(ids)))}


def moment(stamp: str) -> dt.datetime:
    """A time of the ledger."""
    return parse_stamp(stamp)


def _freshness(frequency: str | None, refreshed: dt.date | None, data_end: str, today: dt.date) -> Freshness | None:
    if frequency is None:
        return None
    try:
        end = dt.date.fromisoformat(data_end) if data_end else None
        return freshness(frequency, refreshed=refreshed, data_end=end, today=today)
    except (KeyError, ValueError):
        return None  # an unknown frequency, or no date: `bin/opendata check` says so


def _findings(record: RunRecord, fresh: Freshness | None, now: dt.datetime) -> Iterator[MonitorFinding]:
    if record.last is None:
        yield MonitorFinding("never-run", "It is declared and was never refreshed.")
        return
    yield from _of_last_run(record.last, record.request, now)
    if record.refreshed is None:
        yield MonitorFinding("never-published", "No run of it ever ended well.")
    if fresh is not None and fresh.worst == "late":
        yield MonitorFinding("late", fresh.sentence)


def _of_last_run(last: RunEntry, request: OpenRequest | None, now: dt.datetime) -> Iterator[MonitorFinding]:
    day = last.started_at[:10]
    why = (last.message or "no reason was recorded").split("\n", 1)[0]
    if last.outcome == "failed":
        yield MonitorFinding("last-run-failed", f"Its last run ({day}) failed: {why}")
    elif last.outcome == "refused":
        yield MonitorFinding("last-run-refused", f"Its last run ({day}) was refused: {why}")
    elif last.outcome == "running" and not (request is not None and request.waits):
        # A run that waited for people for days is at work again only since they answered.
        since = max(last.started_at, request.since if request is not None else "")
        if now - moment(since) > RUN_LOST_AFTER:
            yield MonitorFinding("run-lost", f"Its run of {day} neither ended nor waits for anyone.")


def _open_requests(connection: sa.Connection, today: dt.date) -> dict[tuple[str, str], OpenRequest]:
    """(dataset, run) → what a run that is under way put before its approvers."""
    columns = APPROVAL_REQUESTS.c
    of_its_run = sa.and_(RUNS.c.dataset == columns.dataset, RUNS.c.run_id == columns.run_id)
    query = (
        sa.select(columns.dataset, columns.run_id, columns.asked_at, columns.digest, columns.required)
        .join(RUNS, of_its_run)
        .where(RUNS.c.outcome == "running")
        .order_by(columns.id)
    )
    rows = connection.execute(query).all()
    answers = _answers(connection, {row.dataset for row in rows})
    requests = {}
    for row in rows:
        roles = role_statuses(row.required, answers.get(row.dataset, []), row.digest, today=today)
        answered_at = [role.answer.recorded_at for role in roles if role.answer is not None]
        waits = any(role.state != "given" for role in roles)
        requests[row.dataset, row.run_id] = OpenRequest(waits, max(row.asked_at, *answered_at))
    return requests


def _answers(connection: sa.Connection, datasets: set[str]) -> dict[str, list[Answer]]:
    """Dataset → its approvers' answers, in the order they were recorded."""
    query = sa.select(APPROVALS).where(APPROVALS.c.dataset.in_(sorted(datasets))).order_by(APPROVALS.c.id)
    answers: dict[str, list[Answer]] = {}
    for row in connection.execute(query):
        values = {name: value for name, value in row._mapping.items() if name != "id"}
        answers.setdefault(row.dataset, []).append(Answer(**values))
    return answers
