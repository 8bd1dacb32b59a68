"""``bin/opendata show``: a dataset's declaration in short, its current release and its last run."""

from __future__ import annotations

from collections.abc import Sequence

from include.opendata import places
from include.opendata.cli.options import DatasetId, Json, StagingAddress, located
from include.opendata.cli.output import print_json, print_lines
from include.opendata.cli.release_view import StagedDataset, staged_dataset, staged_lines
from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.load import load
from include.opendata.ledger import Decision, RunEntry, open_ledger
from include.opendata.staging import open_staging


def show(id: DatasetId, staging: StagingAddress = None, json: Json = False) -> None:
    """Show a dataset: its tables, its current release, its last run and why it was decided so."""
    declared, ledger = load(id), open_ledger()
    runs = ledger.runs(id)
    last = runs[0] if runs else None
    decisions = ledger.decisions(id, last.run_id) if last else []
    current = staged_dataset(open_staging(located(staging) or places.staging()), id)
    if json:
        print_json(show_view(declared, current, last, decisions))
    else:
        print_lines(show_lines(declared, current, last, decisions))


def show_view(
    declared: Dataset, current: StagedDataset, last: RunEntry | None, decisions: Sequence[Decision]
) -> dict[str, object]:
    """The dataset for programs."""
    return {
        "dataset": declared.dataset,
        "title": declared.title,
        "department": declared.department,
        "steward": declared.steward.name,
        "frequency": declared.frequency,
        "schedule": declared.schedule,
        "tables": [t.table for t in declared.tables],
        "current": current.view(),
        "last_run": None if last is None else _run_view(last, decisions),
    }


def _run_view(last: RunEntry, decisions: Sequence[Decision]) -> dict[str, object]:
    return {
        "run_id": last.run_id,
        "outcome": last.outcome,
        "started_at": last.started_at,
        "finished_at": last.finished_at,
        "message": last.message,
        "decisions": [
            {"step": d.step, "table": d.table, "slug": d.slug, "sentence": d.sentence, "section": d.section}
            for d in decisions
        ],
    }


def show_lines(
    declared: Dataset, current: StagedDataset, last: RunEntry | None, decisions: Sequence[Decision]
) -> list[str]:
    """The dataset for people."""
    lines = [
        declared.title,
        f"  {declared.department} · data steward: {declared.steward.name}",
        f"  refreshed {declared.frequency}; schedule {declared.schedule or 'by hand'}",
        "",
        *staged_lines([current]),
        "",
    ]
    if last is None:
        return [*lines, "No run yet."]
    lines.append(f"Last run {last.run_id}: {last.outcome} ({last.started_at} to {last.finished_at or 'now'})")
    lines += ["  " + line for line in (last.message or "").splitlines()]
    return lines + [_decision_line(decision) for decision in decisions]


def _decision_line(decision: Decision) -> str:
    section = f" [{decision.section}]" if decision.section else ""
    where = f"{decision.step} {decision.table}".strip()
    return f"  - {where}: {decision.sentence}{section}"
