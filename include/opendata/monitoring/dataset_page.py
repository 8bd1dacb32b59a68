"""Everything known of one dataset: releases and what each changed, the decisions, scores, groups hidden, quality, approvals.

Reads declaration, ledger and staging; decides nothing. A part that cannot be read says so in its place and takes no other
part of the page with it: whoever looks here looks because something is wrong.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.load import load
from include.opendata.declaration.tables import Table
from include.opendata.errors import InputError, OpendataError
from include.opendata.ledger import Ledger, ReleaseEntry, RunEntry
from include.opendata.ledger.approvals import Answer, answers, requests
from include.opendata.ledger.pointer_moves import withdrawn
from include.opendata.ledger.quality_results import quality_results
from include.opendata.monitoring.declared_facts import facts_of
from include.opendata.monitoring.equity import TableShares, equity
from include.opendata.monitoring.overview import Line, overview
from include.opendata.pipeline.approvals import Position, position
from include.opendata.rules.scoring import scoring_criteria
from include.opendata.staging import open_staging
from include.opendata.storage.manifest import Manifest

DIFFS_SHOWN = 8
RELEASES_SHOWN = 24
RUNS_SHOWN = 15
LARGEST_FILE_LOOKED_AT = 20_000_000


@dataclass(frozen=True)
class ReleaseView:
    """A release. ``state``: current, rolled back, removed or earlier · ``changed``: a sentence per table."""

    release: str
    staged_at: str
    state: str
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
    decisions: tuple[Any, ...]
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
    unread: list[str] = []

    def read(what: str, get: Callable[[], Any], otherwise: Any) -> Any:
        try:
            return get()
        except OpendataError as error:
            unread.append(f"{what} could not be read: {error.what}.")
            return otherwise

    (line,) = overview(ledger, [facts_of(dataset)], now=now)
    declared = read("The declaration", lambda: load(dataset), None)
    entries = _once(ledger.releases(dataset))
    runs = [run for run in ledger.runs(dataset) if run.outcome != "previewed"][:RUNS_SHOWN]
    current = line.release
    manifest = None
    if current is not None and line.staging is not None:
        manifest = read(
            "The current release", lambda: open_staging(line.staging or "").read_manifest(dataset, current), None
        )
    told = _told(ledger, dataset, runs)
    shares = ()
    if manifest is not None and declared is not None:
        shares = read("The published files", lambda: _equity(declared, manifest, line.staging or ""), ())
    return DatasetPage(
        line=line,
        declared=declared,
        runs=tuple(runs),
        releases=tuple(read("Staging", lambda: _releases(ledger, line, entries), [])),
        manifest=manifest,
        decisions=tuple(told),
        scores=tuple(_scores(told)),
        equity=shares,
        advice=_advice(told),
        quality=_quality(ledger, dataset),
        position=read("The approvals", lambda: _position(ledger, declared), None),
        answers=tuple(reversed(answers(ledger, dataset))),
        rollback=f'bin/opendata rollback {dataset} --reason "what is wrong with it"' if len(entries) > 1 else "",
        unread=tuple(unread),
    )


def _once(entries: list[ReleaseEntry]) -> list[ReleaseEntry]:
    return list({entry.release: entry for entry in entries}.values())


def _releases(ledger: Ledger, line: Line, entries: list[ReleaseEntry]) -> list[ReleaseView]:
    dataset, place = line.dataset, line.staging or ""
    moves = ledger.pointer_moves.of(dataset, place)
    back = withdrawn(moves, {entry.release: entry.previous for entry in entries})
    removed = {move.from_release for move in moves if move.action == "prune" and move.done_at}
    views = []
    for number, entry in enumerate(entries[:RELEASES_SHOWN]):
        tables = entry.figures.get("tables", [])
        state = (
            "current"
            if entry.release == line.release
            else "removed"
            if entry.release in removed
            else "rolled back"
            if entry.release in back
            else "earlier"
        )
        looked_at = number < DIFFS_SHOWN and state != "removed" and entry.previous is not None
        views.append(
            ReleaseView(
                release=entry.release,
                staged_at=entry.staged_at,
                state=state,
                rows=sum(t["rows"] for t in tables),
                hidden=sum(t["small"] + t["complementary"] + t["unstable"] for t in tables),
                cells=sum(t["cells"] for t in tables),
                changed=_changed(entry.staging, dataset, entry.release)
                if looked_at
                else ("The first release.",)
                if entry.previous is None
                else (),
            )
        )
    return views


@lru_cache(maxsize=512)
def _changed(staging: str, dataset: str, release: str) -> tuple[str, ...]:
    """A sentence per table of the release's ``diff.json``; a release never changes, so this is read once."""
    try:
        told = json.loads(open_staging(staging).read_file(dataset, release, "diff.json"))
    except InputError:
        return ()
    return tuple(_sentence(table) for table in told["tables"])


def _sentence(table: Mapping[str, Any]) -> str:
    if table["status"] != "compared":
        return f"{table['table']}: {table['status']}."
    rows = table["rows"]
    parts = [f"{rows[kind]:,} {kind}" for kind in ("added", "changed", "removed") if rows[kind]]
    said = f"rows: {', '.join(parts)}" if parts else "no row changed"
    hidden = sum(one["newly_hidden"] for one in table["hidden"])
    shown = sum(one["newly_shown"] for one in table["hidden"])
    more = [f"{hidden:,} newly hidden"] * bool(hidden) + [f"{shown:,} newly shown"] * bool(shown)
    more += [f"{t['measure']} {t['percent']:+.1f} %" for t in table["totals"] if t["percent"]][:2]
    return f"{table['table']}: {'; '.join([said, *more])}."


def _told(ledger: Ledger, dataset: str, runs: list[RunEntry]) -> list[Any]:
    """The decisions of the newest run that came as far as an assessment, else those of the newest run."""
    newest: list[Any] = []
    for run in runs:
        told = ledger.decisions(dataset, run.run_id)
        newest = newest or told
        if any(decision.slug == "assessed" for decision in told):
            return told
    return newest


def _scores(told: list[Any]) -> list[ScoreView]:
    labels = {row.variable: row.label for row in scoring_criteria().rows}
    return [
        ScoreView(
            table=d.table,
            conclusion=d.sentence,
            total=d.figures.get("score"),
            lines=tuple(
                (labels.get(line["variable"], line["variable"].replace("_", " ")), line["band"], line["score"])
                for line in d.figures.get("variables", [])
            ),
        )
        for d in told
        if d.slug == "assessed"
    ]


def _advice(told: list[Any]) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Table → (how it stands, what coarser designs would show, the best first)."""
    return {
        d.table: (d.sentence, tuple(one["sentence"] for one in d.figures.get("proposals", [])))
        for d in told
        if d.slug == "advice"
    }


def _equity(declared: Dataset, manifest: Manifest, staging: str) -> tuple[TableShares, ...]:
    found = []
    for file in manifest.files:
        name = file.path.removeprefix("data/").removesuffix(".csv")
        if file.path == f"data/{name}.csv" and file.bytes <= LARGEST_FILE_LOOKED_AT:
            table = next((table for table in declared.tables if table.table == name), None)
            if table is not None:
                found.append(_shares(staging, manifest.dataset, manifest.release, file.path, table.model_dump_json()))
    return tuple(found)


@lru_cache(maxsize=64)
def _shares(staging: str, dataset: str, release: str, path: str, table: str) -> TableShares:
    """The equity view of a staged file, worked out once: a release never changes."""

    return equity(Table.model_validate_json(table), open_staging(staging).read_file(dataset, release, path))


def _quality(ledger: Ledger, dataset: str) -> QualityView:
    found = list(reversed(quality_results(ledger, dataset, runs=RUNS_SHOWN)))
    runs = list(dict.fromkeys((one.run_id, one.started_at[:10]) for one in found))
    marks: dict[tuple[str, str, str], dict[str, tuple[str, int | None]]] = {}
    for result in found:
        for one in result.expectations:
            key = (result.data_table, ", ".join(one["columns"]), one["sentence"])
            marks.setdefault(key, {})[result.run_id] = (_mark(one), one["failing_rows"])
    histories = [
        ExpectationHistory(
            *key,
            marks=tuple(seen.get(run, ("", None))[0] for run, _ in runs),
            failing=tuple(seen.get(run, ("", None))[1] for run, _ in runs),
        )
        for key, seen in marks.items()
    ]
    return QualityView(
        runs=tuple(runs),
        met=tuple(sum(r.successful for r in found if r.run_id == run) for run, _ in runs),
        asked=tuple(sum(r.declared for r in found if r.run_id == run) for run, _ in runs),
        expectations=tuple(sorted(histories, key=lambda one: (one.steady, one.table))),
    )


def _mark(one: Mapping[str, Any]) -> str:
    if not one["decided"]:
        return "undecided"
    if one["success"]:
        return "met"
    return "failed" if one["severity"] == "critical" else "noted"


def _position(ledger: Ledger, declared: Dataset | None) -> Position | None:

    asked = requests(ledger, declared.dataset) if declared is not None else []
    return position(declared, ledger, asked[0]) if declared is not None and asked else None
