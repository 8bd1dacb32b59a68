"""The overview of all datasets: how each stands, problems first. Reads ledger and declarations, a fixed number of queries.

A line says what ``judgement`` says, as the daily watch does; it opens neither staging nor a declaration in full, for a
thousand datasets must not keep a person waiting.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

import sqlalchemy as sa

from include.opendata.ledger import Ledger
from include.opendata.ledger.schema import POINTER_MOVES, RELEASES
from include.opendata.monitoring.declared_facts import DeclaredFacts
from include.opendata.monitoring.freshness import Freshness
from include.opendata.monitoring.judgement import Judgement, RunRecord, judge, newest, run_records

DatasetStatus = Literal["problem", "waits", "due", "fine"]
DATASET_STATUSES: tuple[DatasetStatus, ...] = ("problem", "waits", "due", "fine")
SIZES_SHOWN = 24


class TableFigures(TypedDict):
    """What the ledger keeps of one table of a release: its rows, its cells of protected counts, and how many of them are
    blank and why."""

    rows: int
    cells: int
    small: int
    complementary: int
    unstable: int
    masked: bool
    score: int | None


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
        """The dataset's id."""
        return self.facts.dataset

    @property
    def share(self) -> float | None:
        """The share of cells suppressed in the current release; None without one."""
        return self.hidden / self.cells if self.cells else None


def overview(ledger: Ledger, declared: Sequence[DeclaredFacts], *, now: dt.datetime) -> list[Line]:
    """A line per dataset: those with problems first (what stopped, then what is late, the latest first), then those that
    wait for people or are due, each by id."""
    with ledger.reading() as connection:
        records = run_records(connection, today=now.date())
        moves = newest(
            connection, POINTER_MOVES, POINTER_MOVES.c.done_at.is_not(None), POINTER_MOVES.c.action != "prune"
        )
        releases = newest(connection, RELEASES)
        releases |= _rolled_back(connection, moves, releases)
    lines = [
        _line(facts, records.get(facts.dataset, RunRecord()), releases.get(facts.dataset), now) for facts in declared
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
    rows: dict[str, dict[str, int]] = {}
    with ledger.reading() as connection:
        for row in connection.execute(query):
            rows.setdefault(row.dataset, {})[row.release] = sum(t["rows"] for t in _tables(row.figures))
    return {dataset: list(by_release.values())[-SIZES_SHOWN:] for dataset, by_release in rows.items()}


def chosen(
    lines: Sequence[Line], *, search: str = "", status: str = "", department: str = "", level: str = ""
) -> list[Line]:
    """The lines that a search (every word, in id, title, department, topic or steward) and the filters leave."""
    words = search.lower().split()
    return [
        line
        for line in lines
        if _fits(status, line.status)
        and _fits(department, line.facts.department)
        and _fits(level, str(line.facts.level or "none"))
        and all(word in _text(line.facts) for word in words)
    ]


def _fits(asked: str, value: str) -> bool:
    """Whether a filter lets a value through; an empty one lets every value through."""
    return asked in ("", value)


def _text(facts: DeclaredFacts) -> str:
    parts = (facts.dataset, facts.title, facts.department, facts.topic, facts.steward)
    return " ".join(parts).lower()


def _rolled_back(
    connection: sa.Connection, moves: dict[str, sa.Row[Any]], releases: dict[str, sa.Row[Any]]
) -> dict[str, sa.Row[Any]]:
    """The current release of the datasets whose pointer is not at the newest one."""
    current = [
        (dataset, move.to_release)
        for dataset, move in moves.items()
        if dataset in releases and releases[dataset].release != move.to_release
    ]
    if not current:
        return {}
    named = sa.tuple_(RELEASES.c.dataset, RELEASES.c.release).in_(current)
    return {row.dataset: row for row in connection.execute(sa.select(RELEASES).where(named).order_by(RELEASES.c.id))}


def _rank(line: Line) -> tuple[int, bool, int, str]:
    late = line.freshness.days_late if line.freshness is not None else 0
    only_late = late > 0 and len(line.problems) == 1
    return DATASET_STATUSES.index(line.status), only_late, -late if only_late else 0, line.dataset


def _line(facts: DeclaredFacts, record: RunRecord, release: Any, now: dt.datetime) -> Line:
    frequency = None if facts.broken else facts.frequency
    judgement = judge(record, frequency=frequency, data_end=facts.data_end, now=now)
    problems = tuple(_problems(facts, judgement))
    tables = _tables(release.figures) if release is not None else []
    return Line(
        facts=facts,
        status=_status(problems, record.waits, judgement.freshness),
        problems=problems,
        freshness=judgement.freshness,
        refreshed=record.refreshed,
        outcome=_outcome(record),
        release=release.release if release is not None else None,
        staging=release.staging if release is not None else None,
        gate=_gate(tables),
        hidden=sum(t["small"] + t["complementary"] + t["unstable"] for t in tables),
        cells=sum(t["cells"] for t in tables),
        rows=sum(t["rows"] for t in tables),
    )


def _problems(facts: DeclaredFacts, judgement: Judgement) -> Iterator[str]:
    if facts.broken:
        yield f"Its declaration cannot be used: {facts.broken}."
    for finding in judgement.findings:
        # That nothing was ever published is no problem while the first run is under way; the column of refreshes says it.
        if finding.slug != "never-published":
            yield finding.sentence


def _status(problems: Sequence[str], waits: bool, fresh: Freshness | None) -> DatasetStatus:
    if problems:
        return "problem"
    if waits:
        return "waits"
    return "due" if fresh is not None and fresh.worst == "due" else "fine"


def _outcome(record: RunRecord) -> str:
    if record.waits:
        return "waits for approval"
    return record.last.outcome if record.last is not None else "never run"


def _gate(tables: Sequence[TableFigures]) -> str:
    """What the rules made of a release, in few words."""
    if not tables:
        return "Nothing is staged"
    scores = [table["score"] for table in tables if table["score"] is not None]
    score = f", score up to {max(scores)}" if scores else ""
    masked = sum(bool(table["masked"]) for table in tables)
    if not masked:
        return f"Shown in full{score}"
    return f"Small counts hidden{'' if masked == len(tables) else f' in {masked} of {len(tables)} tables'}{score}"


def _tables(figures: Any) -> list[TableFigures]:
    tables = figures.get("tables") if isinstance(figures, dict) else None
    return list(tables or [])
