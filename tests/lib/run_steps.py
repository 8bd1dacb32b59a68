"""Performing the steps of a refresh one by one, as tasks of Airflow do, and replacing one of them."""

from __future__ import annotations

import importlib
from collections.abc import Iterable

import pytest

from include.opendata.pipeline import door
from include.opendata.pipeline.results import Result
from include.opendata.pipeline.run import Run
from include.opendata.pipeline.run_context import open_run
from include.opendata.pipeline.steps import step_named


def perform(run: Run, *names: str) -> list[Result]:
    """Perform the named steps, for every table where a step works table by table; their results in order."""
    results = []
    for name in names:
        step = step_named(name)
        tables: Iterable[str | None] = open_run(run).tables if step.per_table else (None,)
        results += [door.perform(step, run, table) for table in tables]
    return results


class Killed(BaseException):
    """Not an Exception: nothing in the pipeline may catch it, as nothing catches SIGKILL."""


def kill_at(monkeypatch: pytest.MonkeyPatch, name: str, *, after: bool) -> None:
    """Let the step of that name die, before or after it did its work, until ``monkeypatch`` is undone."""
    module = importlib.import_module(step_named(name).module or "")
    real = module.perform

    def dies(*arguments: object) -> None:
        if after:
            real(*arguments)
        raise Killed

    monkeypatch.setattr(module, "perform", dies)
