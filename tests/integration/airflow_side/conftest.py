"""An embedded Airflow of its own for these tests, declarations written for one test, and a pipeline that obeys it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dev.airflow_env import Home, embedded_environment
from include.opendata import places
from include.opendata.pipeline import ask_approvers, door, ledger_summary, run_context, start
from include.opendata.pipeline.ask_approvers import AnswerInAirflow
from include.opendata.pipeline.results import ApprovalsAsked, Comparison, Finished, Result, Staged
from include.opendata.pipeline.run import Run
from include.opendata.pipeline.steps import Step
from tests.integration.airflow_side.whole_airflow import running_airflow, whole_airflow  # noqa: F401 - fixtures

DECLARATION = """\
dataset: {dataset}
title: Visits to clinics
description: Visits to the clinics of a county.
department: Department of Public Health
topic: Health Care
schedule: "{schedule}"
tags: [clinics]
tables:
  - table: visits_by_region
  - table: visits_by_county
"""


@pytest.fixture(scope="session")
def embedded_airflow(airflow_of_this_process: Home) -> Iterator[Home]:
    """A migrated home with the settings of airflow_settings.yaml, and this process configured to use it."""
    before = dict(os.environ)
    os.environ.update(embedded_environment(airflow_of_this_process))
    os.environ["OPENDATA_AIRFLOW_HOME"] = str(airflow_of_this_process.folder)
    from dev.airflow_home import make_ready

    make_ready()
    yield airflow_of_this_process
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def declarations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of declarations that the DAG files read."""
    folder = tmp_path / "datasets"
    folder.mkdir()
    monkeypatch.setenv("OPENDATA_DATASETS", str(folder))
    monkeypatch.delenv("OPENDATA_STAGING", raising=False)
    return folder


@pytest.fixture
def declare(declarations: Path) -> Callable[..., str]:
    """Write a declaration; its text may be given, and is broken when it says so."""

    def write(dataset: str, text: str = DECLARATION, schedule: str = "0 6 1 * *") -> str:
        (declarations / dataset).mkdir()
        (declarations / dataset / "dataset.yaml").write_text(text.format(dataset=dataset, schedule=schedule))
        return dataset

    return write


class ScriptedPipeline:
    """Stands in for the steps: notes every call, and fails where a test says so."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str | None]] = []
        self.failures: list[tuple[str, str]] = []
        self.raises: dict[str, list[Exception]] = {}
        self.is_changed = True
        self.during: dict[str, Callable[[], None]] = {}
        self.open_roles: dict[str, str] = {}
        self.answers: list[AnswerInAirflow] = []
        self.started_with: dict[str, Any] = {}

    def start(
        self, dataset: str, run_id: str, source: str | None = None, staging: str | None = None, **options: Any
    ) -> Run:
        self.started_with = {"dataset": dataset, "run_id": run_id, "source": source, "staging": staging, **options}
        return Run(
            dataset=dataset, run_id=run_id, staging=staging or places.staging(), preview=options.get("dry_run", False)
        )

    def perform(self, step: Step, run: Run, table: str | None = None) -> Result:
        self.calls.append((step.name, table))
        self.during.get(step.name, lambda: None)()
        if self.raises.get(step.name):
            raise self.raises[step.name].pop(0)
        return self.results().get(step.name, Result())

    def results(self) -> dict[str, Result]:
        """What the steps return whose results the DAG reads."""
        return {
            "has_changed": Comparison(changed=self.is_changed),
            "request_approvals": ApprovalsAsked(
                digest="0" * 64,
                level=1,
                open_roles=dict(self.open_roles),
                changes=(),
                first=True,
                answer_by="2026-05-15T00:00:00Z",
                tables={},
            ),
            "stage": Staged(release="r1", staged=True),
            "finish": Finished(outcome="staged"),
        }

    def record_failure(self, run: Run, step: str, message: str) -> None:
        self.failures.append((step, message))

    def approval_needed(self, run: Run, role: str) -> bool:
        return role in self.open_roles

    def record_answer(self, run: Run, answer: AnswerInAirflow) -> None:
        self.answers.append(answer)

    def sentences(self, run: Run, step: str, table: str | None = None) -> list[str]:
        return [f"What {step} recorded in the ledger."]


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> ScriptedPipeline:
    scripted = ScriptedPipeline()
    monkeypatch.setattr(door, "perform", scripted.perform)
    monkeypatch.setattr(start, "start", scripted.start)
    monkeypatch.setattr(run_context, "record_failure", scripted.record_failure)
    monkeypatch.setattr(ask_approvers, "approval_needed", scripted.approval_needed)
    monkeypatch.setattr(ask_approvers, "record_answer", scripted.record_answer)
    monkeypatch.setattr(ledger_summary, "sentences", scripted.sentences)
    return scripted


@pytest.fixture
def bag(embedded_airflow: Home, declarations: Path) -> Callable[[], Any]:
    """Parses the DAG files as the dag-processor does."""

    def parse() -> Any:
        from airflow.dag_processing.dagbag import BundleDagBag

        folder = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
        return BundleDagBag(dag_folder=folder, bundle_path=folder, bundle_name="dags-folder")

    return parse


@pytest.fixture
def run_dag(bag: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, list[str]]]:
    """Runs a DAG in this process; its tasks may be tried again at once. Returns the states of its tasks."""
    sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.02)))  # between rounds that found nothing

    def run(dag_id: str) -> dict[str, list[str]]:
        from datetime import timedelta

        dag = bag().dags[dag_id]
        for task in dag.tasks:
            if task.retries:
                task.retry_delay = timedelta(seconds=0)
                task.max_retry_delay = timedelta(seconds=1)
        dag_run = dag.test()
        states: dict[str, list[str]] = {"": [str(dag_run.state)]}
        for instance in dag_run.get_task_instances():
            states.setdefault(instance.task_id, []).append(str(instance.state))
        return states

    return run
