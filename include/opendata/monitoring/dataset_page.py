"""Everything known of one dataset: releases and what each changed, the decisions, scores, groups hidden, quality, approvals.

Reads declaration, ledger and staging; decides nothing. A part that cannot be read says so in its place and takes no other
part of the page with it: whoever looks here looks because something is wrong.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, TypeVar

from include.opendata.changes.report import TableChange, read_differences
from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.load import load
from include.opendata.declaration.tables import Table
from include.opendata.errors import InputError, OpendataError
from include.opendata.ledger import Decision, Ledger, ReleaseEntry, RunEntry
from include.opendata.ledger.approvals import Answer, answers, requests
from include.opendata.ledger.pointer_moves import withdrawn
from include.opendata.ledger.quality_results import QualityResult, quality_results
from include.opendata.monitoring.declared_facts import facts_of
from include.opendata.monitoring.equity import TableShares, equity
from include.opendata.monitoring.overview import Line, TableFigures, overview
from include.opendata.pipeline.approvals import Position, position
from include.opendata.rules.scoring import scoring_criteria
from include.opendata.staging import open_staging
from include.opendata.storage.manifest import Manifest

DIFFS_SHOWN = 8
RELEASES_SHOWN = 24
RUNS_SHOWN = 15
LARGEST_FILE_LOOKED_AT = 20_000_000


ReleaseState = Literal["current", "rolled back", "removed", "earlier"]
T = TypeVar("T")


@dataclass(frozen=True)
class ReleaseView:
    """A release. ``changed``: a sentence per table."""

    release: str
    staged_at: str
    state: ReleaseState
    rows: int
    hidden: int
    cells: int
    changed: tuple[str, ...]


@dataclass(frozen=True)
class ScoreView:
    """A table's publication score line by line."""

    table: str
    conclusion: str
    total: int | None
    lines: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True)
class ExpectationHistory:
    """One expectation over the runs, the oldest first: ``met``, ``noted``, ``failed``, ``undecided`` or empty (not asked)."""

    table: str
    columns: str
    sentence: str
    marks: tuple[str, ...]
    failing: tuple[int | None, ...]

    @property
    def steady(self) -> bool:
        """Whether every run that asked it met it."""
        return set(self.marks) <= {"met", ""}


@dataclass(frozen=True)
class QualityView:
    """``runs``: (run id, day) from the oldest to the newest · ``met`` and ``asked``: expectations per run."""

    runs: tuple[tuple[str, str], ...] = ()
    met: tuple[int, ...] = ()
    asked: tuple[int, ...] = ()
    expectations: tuple[ExpectationHistory, ...] = ()


@dataclass(frozen=True)
class DatasetPage:
    """What the page shows. ``unread``: a sentence for every part that could not be read."""

    line: Line
    declared: Dataset | None
    runs: tuple[RunEntry, ...]
    releases: tuple[ReleaseView, ...]
    manifest: Manifest | None
    decisions: tuple[Decision, ...]
    scores: tuple[ScoreView, ...]
    equity: tuple[TableShares, ...]
    advice: Mapping[str, tuple[str, tuple[str, ...]]]
    quality: QualityView
    position: Position | None
    answers: tuple[Answer, ...]
    rollback: str
    unread: tuple[str, ...] = field(default=())


def dataset_page(dataset: str, ledger: Ledger, *, now: dt.datetime) -> DatasetPage:
    """The page of a declared dataset. Raises StorageError when the ledger is out of reach."""
    parts = _Parts()
    (line,) = overview(ledger, [facts_of(dataset)], now=now)
    declared = parts.read("The declaration", lambda: load(dataset), None)
    entries = _once(ledger.releases(dataset))
    runs = [run for run in ledger.runs(dataset) if run.outcome != "previewed"][:RUNS_SHOWN]
    manifest = parts.read("The current release", lambda: _manifest(line), None)
    decisions = _decisions(ledger, dataset, runs)
    nothing: tuple[TableShares, ...] = ()
    shares = parts.read("The published files", lambda: _equity(declared, manifest, line.staging or ""), nothing)
    return DatasetPage(
        line=line,
        declared=declared,
        runs=tuple(runs),
        releases=parts.read("Staging", lambda: tuple(_releases(ledger, line, entries)), ()),
        manifest=manifest,
        decisions=tuple(decisions),
        scores=tuple(_scores(decisions)),
        equity=shares,
        advice=_advice(decisions),
        quality=_quality(ledger, dataset),
        position=parts.read("The approvals", lambda: _position(ledger, declared), None),
        answers=tuple(reversed(answers(ledger, dataset))),
        rollback=f'bin/opendata rollback {dataset} --reason "what is wrong with it"' if len(entries) > 1 else "",
        unread=tuple(parts.unread),
    )


@dataclass
class _Parts:
    """Reads the parts of a page. ``unread``: a sentence for every part that could not be read."""

    unread: list[str] = field(default_factory=list)

    def read(self, name: str, get: Callable[[], T], otherwise: T) -> T:
        """What ``get`` answers; ``otherwise`` where it fails."""
        try:
            return get()
        except OpendataError as error:
            self.unread.append(f"{name} could not be read: {error.what}.")
            return otherwise


def _once(entries: list[ReleaseEntry]) -> list[ReleaseEntry]:
    return list({entry.release: entry for entry in entries}.values())


def _manifest(line: Line) -> Manifest | None:
    """The manifest of the current release; None without one."""
    if line.release is None or line.staging is None:
        return None
    return open_staging(line.staging).read_manifest(line.dataset, line.release)


def _releases(ledger: Ledger, line: Line, entries: list[ReleaseEntry]) -> Iterator[ReleaseView]:
    states = _states(ledger, line, entries)
    for number, entry in enumerate(entries[:RELEASES_SHOWN]):
        tables: list[TableFigures] = entry.figures.get("tables", [])
        state = states.get(entry.release, "earlier")
        yield ReleaseView(
            release=entry.release,
            staged_at=entry.staged_at,
            state=state,
            rows=sum(t["rows"] for t in tables),
            hidden=sum(t["small"] + t["complementary"] + t["unstable"] for t in tables),
            cells=sum(t["cells"] for t in tables),
            changed=_changes_shown(entry, state, number),
        )


def _states(ledger: Ledger, line: Line, entries: list[ReleaseEntry]) -> Mapping[str | None, ReleaseState]:
    """Release → its state, the stronger word where two apply; those not named are earlier ones."""
    moves = ledger.pointer_moves.of(line.dataset, line.staging or "")
    states: dict[str | None, ReleaseState] = {}
    states |= dict.fromkeys(withdrawn(moves, {entry.release: entry.previous for entry in entries}), "rolled back")
    states |= {move.from_release: "removed" for move in moves if move.action == "prune" and move.done_at}
    return states | {line.release: "current"}


def _changes_shown(entry: ReleaseEntry, state: ReleaseState, number: int) -> tuple[str, ...]:
    """What a release changed, in sentences. ``number``: how many newer ones there are; of old ones nothing is read."""
    if entry.previous is None:
        return ("The first release.",)
    if number >= DIFFS_SHOWN or state == "removed":
        return ()
    return _changed(entry.staging, entry.dataset, entry.release)


@lru_cache(maxsize=512)
def _changed(staging: str, dataset: str, release: str) -> tuple[str, ...]:
    """A sentence per table of the release's ``diff.json``; a release never changes, so this is read once."""
    try:
        differences = read_differences(open_staging(staging).read_file(dataset, release, "diff.json"))
    except InputError:
        return ()
    return tuple(_sentence(table) for table in differences.tables)


def _sentence(table: TableChange) -> str:
    if table.status != "compared":
        return f"{table.table}: {table.status}."
    rows, hidden, totals = table.rows, table.hidden, table.totals
    moved = _counted(added=rows.added, changed=rows.changed, removed=rows.removed)
    parts = [f"rows: {', '.join(moved)}" if moved else "no row changed"]
    parts += _counted(
        newly_hidden=sum(change.newly_hidden for change in hidden),
        newly_shown=sum(change.newly_shown for change in hidden),
    )
    parts += [f"{total.measure} {total.percent:+.1f} %" for total in totals if total.percent][:2]
    return f"{table.table}: {'; '.join(parts)}."


def _counted(**counts: int | None) -> list[str]:
    """“3 added”, “2 newly hidden”: the counts that are not zero."""
    return [f"{count:,} {kind.replace('_', ' ')}" for kind, count in counts.items() if count]


def _decisions(ledger: Ledger, dataset: str, runs: list[RunEntry]) -> list[Decision]:
    """The decisions of the newest run that came as far as an assessment, else those of the newest run."""
    newest: list[Decision] = []
    for run in runs:
        decisions = ledger.decisions(dataset, run.run_id)
        newest = newest or decisions
        if any(decision.slug == "assessed" for decision in decisions):
            return decisions
    return newest


def _scores(decisions: list[Decision]) -> Iterator[ScoreView]:
    labels = {row.variable: row.label for row in scoring_criteria().rows}
    for decision in decisions:
        if decision.slug == "assessed":
            yield ScoreView(
                table=decision.table or "",
                conclusion=decision.sentence,
                total=decision.figures.get("score"),
                lines=tuple(
                    (labels.get(line["variable"], line["variable"].replace("_", " ")), line["band"], line["score"])
                    for line in decision.figures.get("variables", [])
                ),
            )


def _advice(decisions: list[Decision]) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Table → (how it stands, what coarser designs would show, the best first)."""
    return {
        decision.table or "": (
            decision.sentence,
            tuple(proposal["sentence"] for proposal in decision.figures.get("proposals", [])),
        )
        for decision in decisions
        if decision.slug == "advice"
    }


def _equity(declared: Dataset | None, manifest: Manifest | None, staging: str) -> tuple[TableShares, ...]:
    """The equity view of every declared table that is published now and not too large to look at for a page."""
    if declared is None or manifest is None:
        return ()
    files = {file.path: file for file in manifest.files if file.bytes <= LARGEST_FILE_LOOKED_AT}
    tables = {f"data/{table.table}.csv": table for table in declared.tables}
    return tuple(
        _shares(staging, manifest.dataset, manifest.release, path, tables[path].model_dump_json())
        for path in files
        if path in tables
    )


@lru_cache(maxsize=64)
def _shares(staging: str, dataset: str, release: str, path: str, table: str) -> TableShares:
    """The equity view of a staged file, worked out once: a release never changes."""
    return equity(Table.model_validate_json(table), open_staging(staging).read_file(dataset, release, path))


def _quality(ledger: Ledger, dataset: str) -> QualityView:
    results = list(reversed(quality_results(ledger, dataset, runs=RUNS_SHOWN)))
    runs = tuple(dict.fromkeys((result.run_id, result.started_at[:10]) for result in results))
    met, asked = dict.fromkeys(dict(runs), 0), dict.fromkeys(dict(runs), 0)
    for result in results:
        met[result.run_id] += result.successful
        asked[result.run_id] += result.declared
    return QualityView(
        runs=runs,
        met=tuple(met.values()),
        asked=tuple(asked.values()),
        expectations=tuple(sorted(_histories(results, list(met)), key=lambda history: (history.steady, history.table))),
    )


def _histories(results: list[QualityResult], runs: list[str]) -> Iterator[ExpectationHistory]:
    """Every expectation over the runs; one that a run did not ask has an empty mark there."""
    marks: dict[tuple[str, str, str], dict[str, tuple[str, int | None]]] = {}
    for result in results:
        for expectation in result.expectations:
            key = (result.data_table, ", ".join(expectation["columns"]), expectation["sentence"])
            marks.setdefault(key, {})[result.run_id] = (_mark(expectation), expectation["failing_rows"])
    for (table, columns, sentence), by_run in marks.items():
        seen = [by_run.get(run, ("", None)) for run in runs]
        yield ExpectationHistory(
            table, columns, sentence, marks=tuple(mark for mark, _ in seen), failing=tuple(rows for _, rows in seen)
        )


def _mark(expectation: Mapping[str, Any]) -> str:
    if not expectation["decided"]:
        return "undecided"
    if expectation["success"]:
        return "met"
    return "failed" if expectation["severity"] == "critical" else "noted"


def _position(ledger: Ledger, declared: Dataset | None) -> Position | None:
    asked = requests(ledger, declared.dataset) if declared is not None else []
    return position(declared, ledger, asked[0]) if declared is not None and asked else None
