"""A ledger with a past: datasets that were refreshed so many times, written in few statements."""

from __future__ import annotations

import datetime as dt

from include.opendata.ledger.schema import POINTER_MOVES, RELEASES, RUNS
from include.opendata.monitoring.declared_facts import DeclaredFacts

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


def stamp(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def facts_of(dataset: str, **more) -> DeclaredFacts:
    values = {"title": dataset.replace("_", " "), "frequency": "monthly", "level": 1, "department": "Public Health"}
    return DeclaredFacts(dataset, **{**values, **more})


def run(dataset: str, days_ago: float, outcome: str = "staged", message: str | None = None, run_id: str = "") -> dict:
    at = stamp(NOW - dt.timedelta(days=days_ago))
    return {
        "dataset": dataset,
        "run_id": run_id or f"{outcome}-{days_ago}",
        "started_at": at,
        "finished_at": at,
        "outcome": outcome,
        "message": message,
    }


def release(dataset: str, name: str, rows: int = 100, previous: str | None = None, **table) -> dict:
    figures = {"table": "t", "rows": rows, "cells": 100, "masked": True, "score": 9}
    figures |= {"small": 3, "complementary": 2, "unstable": 0, **table}
    return {
        "dataset": dataset,
        "release": name,
        "staged_at": stamp(NOW),
        "staging": "place",
        "manifest_sha256": "m" * 64,
        "source_sha256": "s" * 64,
        "declaration_sha256": "d" * 64,
        "code_version": "c",
        "previous": previous,
        "figures": {"tables": [figures]},
    }


def moved(dataset: str, to: str, came_from: str | None = None, action: str = "publish") -> dict:
    facts = {"dataset": dataset, "staging": "place", "action": action, "from_release": came_from, "to_release": to}
    return {**facts, "by": "somebody", "reason": "", "asked_at": stamp(NOW), "done_at": stamp(NOW)}


def seed(ledger, *, runs=(), releases=(), moves=()) -> None:
    with ledger.writing() as connection:
        for table, rows in ((RUNS, runs), (RELEASES, releases), (POINTER_MOVES, moves)):
            if rows:
                connection.execute(table.insert(), list(rows))
