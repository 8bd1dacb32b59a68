"""What the command line shows of staging and of the ledger, as plain values for programs and as lines for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from include.opendata.declaration.load import load
from include.opendata.ledger import open_ledger
from include.opendata.staging import open_staging
from include.opendata.storage.manifest import Manifest


def table_figures(manifest: Manifest) -> dict[str, Any]:
    """Release and, per table, rows, score and suppression."""
    return {
        "release": manifest.release,
        "tables": [
            {
                "table": t.table,
                "rows": t.rows,
                "score": t.score,
                "cells": t.cells,
                "small": t.small,
                "complementary": t.complementary,
                "unstable": t.unstable,
                "annotation": t.annotation,
            }
            for t in manifest.tables
        ],
    }


def summary_view(ids: list[str], staging: str, outcome: dict[str, str]) -> dict[str, Any]:
    """Per dataset: what is current in staging. ``outcome``: how the run just made ended, where one was made."""
    place = open_staging(staging)
    datasets: list[dict[str, Any]] = []
    for dataset in ids:
        current = place.current(dataset)
        entry: dict[str, Any] = {"dataset": dataset, "outcome": outcome.get(dataset), "release": None}
        if current is not None:
            manifest = place.read_manifest(dataset, current)
            entry |= table_figures(manifest) | {
                "files": place.address_of(dataset, current, "data"),
                "evidence": place.address_of(dataset, current, "evidence/index.html"),
            }
        datasets.append(entry)
    return {"staging": staging, "datasets": datasets}


def summary_lines(view: dict[str, Any]) -> list[str]:
    """The summary as people read it."""
    lines: list[str] = []
    for entry in view["datasets"]:
        if entry["release"] is None:
            lines += [f"{entry['dataset']}: nothing is staged yet", ""]
            continue
        said = {
            "unchanged": "unchanged since the last release; nothing new is staged",
            "staged": "staged",
            None: "current",
        }[entry["outcome"]]
        lines.append(f"{entry['dataset']} · release {entry['release']} · {said}")
        lines += _table_lines(entry["tables"])
        lines += [f"  files     {_near(entry['files'])}", f"  evidence  {_near(entry['evidence'])}", ""]
    return lines[:-1] if lines and not lines[-1] else lines


def manifest_lines(manifest: Manifest, folder: str, said: str) -> list[str]:
    """One release that is not in staging, as people read it."""
    return [
        f"{manifest.dataset} · release {manifest.release} · {said}",
        *_table_lines(table_figures(manifest)["tables"]),
        f"  files     {folder}/data",
        f"  evidence  {folder}/evidence/index.html",
    ]


def _table_lines(tables: list[dict[str, Any]]) -> list[str]:
    width = max(len(t["table"]) for t in tables)
    lines = [f"  {'table':<{width}}  {'rows':>6}  {'score':>5}  suppressed: small / complementary"]
    for t in tables:
        score = "–" if t["score"] is None else t["score"]
        hidden = f"{t['small']} / {t['complementary']} of {t['cells']} cells"
        lines.append(f"  {t['table']:<{width}}  {t['rows']:>6}  {score:>5}  {hidden}")
    return lines


def dataset_view(dataset: str, staging: str) -> dict[str, Any]:
    """A dataset's declaration in short, its current release and its last run with every decision."""
    declared, ledger = load(dataset), open_ledger()
    runs = ledger.runs(dataset)
    last = runs[0] if runs else None
    return {
        "dataset": dataset,
        "title": declared.title,
        "department": declared.department,
        "steward": declared.steward.name,
        "frequency": declared.frequency,
        "schedule": declared.schedule,
        "tables": [t.table for t in declared.tables],
        "current": summary_view([dataset], staging, {})["datasets"][0],
        "last_run": None
        if last is None
        else {
            "run_id": last.run_id,
            "outcome": last.outcome,
            "started_at": last.started_at,
            "finished_at": last.finished_at,
            "message": last.message,
            "decisions": [
                {"step": d.step, "table": d.table, "slug": d.slug, "sentence": d.sentence, "section": d.section}
                for d in ledger.decisions(dataset, last.run_id)
            ],
        },
    }


def view_lines(view: dict[str, Any]) -> list[str]:
    """A dataset as people read it."""
    lines = [
        view["title"],
        f"  {view['department']} · data steward: {view['steward']}",
        f"  refreshed {view['frequency']}; schedule {view['schedule'] or 'by hand'}",
        "",
        *summary_lines({"datasets": [view["current"]], "staging": ""}),
    ]
    run = view["last_run"]
    if run is None:
        return [*lines, "", "No run yet."]
    lines += ["", f"Last run {run['run_id']}: {run['outcome']} ({run['started_at']} to {run['finished_at'] or 'now'})"]
    if run["message"]:
        lines += ["  " + line for line in run["message"].splitlines()]
    for d in run["decisions"]:
        section = f" [{d['section']}]" if d["section"] else ""
        where = f"{d['step']} {d['table']}".strip()
        lines.append(f"  - {where}: {d['sentence']}{section}")
    return lines


def _near(path: str) -> str:
    """The path from where the reader stands, when it lies below; an address as it is."""
    if "://" in path:
        return path
    try:
        return "./" + str(Path(path).resolve().relative_to(Path.cwd()))
    except ValueError:
        return path
