"""The DAG for new tables as Airflow runs it: from a filled-in form to a bundle, and a clear word where the form is wrong."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from include.opendata.onboarding.steps import ONBOARDING_STEPS

DAG = "onboard_table"
FORM = {
    "department": "Department of Public Health",
    "steward_name": "A steward",
    "steward_email": "steward@example.org",
    "topic": "Health Care",
    "frequency": "annually",
}


@pytest.fixture
def work(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("OPENDATA_WORK", str(tmp_path / "work"))
    return tmp_path / "work"


@pytest.fixture
def visits(tmp_path) -> Path:
    lines = ["year,sex,age"] + [f"{2019 + n % 3},{'fm'[n % 2]},{n % 80}" for n in range(4000)]
    path = tmp_path / "visits.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def trigger(bag, monkeypatch):
    """Runs the DAG with a form; the states of its tasks and what the last one handed on."""
    sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.02)))

    def run(**form):
        from airflow.models.xcom import XComModel
        from airflow.utils.session import create_session

        dag_run = bag().dags[DAG].test(run_conf=form)
        states = {ti.task_id: str(ti.state) for ti in dag_run.get_task_instances()}
        with create_session() as session:
            told = session.scalars(
                XComModel.get_many(
                    run_id=dag_run.run_id, key="return_value", task_ids="hand_over.write_bundle", dag_ids=DAG
                )
            ).one_or_none()
            return str(dag_run.state), states, XComModel.deserialize_value(told) if told else None

    return run


def test_the_tasks_are_grouped_as_the_story_is_told(bag, declarations):
    dag = bag().dags[DAG]
    assert [task.task_id for task in dag.topological_sort()] == [
        "check_request",
        "read_the_source.take_copy",
        "read_the_source.profile_columns",
        "draft.propose_tables",
        "draft.draft_declaration",
        "draft.draft_suites",
        "try_it_out.score_and_mask",
        "try_it_out.advise",
        "hand_over.write_bundle",
        "delete_records",
    ]
    assert {t.label for t in dag.tasks} - {"check_request", "delete_records"} == {s.name for s in ONBOARDING_STEPS}
    assert {t.label: t.retries for t in dag.tasks if t.retries} == {
        s.name: s.retries for s in ONBOARDING_STEPS if s.retries
    }
    assert dag.schedule is None
    assert "read_the_source.profile_columns" in dag.get_task("draft.propose_tables").upstream_task_ids
    assert "draft.draft_suites" in dag.get_task("try_it_out.score_and_mask").upstream_task_ids


def test_the_form_offers_the_topics_and_frequencies_of_the_declaration(bag, declarations):
    from typing import get_args

    from include.opendata.declaration.choices import Frequency, Topic

    params = bag().dags[DAG].params
    assert tuple(params.get_param("topic").schema["enum"]) == get_args(Topic)
    assert tuple(params.get_param("frequency").schema["enum"]) == get_args(Frequency)
    optional = {name for name in params if "null" in params.get_param(name).schema["type"]}
    assert optional == {"columns", "title", "id"}


@pytest.mark.slow
def test_a_new_source_becomes_a_bundle_and_its_records_are_deleted(trigger, declarations, work, visits):
    state, states, told = trigger(source=str(visits), id="clinic_visits", **FORM)
    assert state == "success", states
    assert states["delete_records"] == "skipped"
    assert set(told) == {"bundle", "page"}
    assert json.loads((Path(told["bundle"]) / "onboarding.json").read_text())["dataset"] == "clinic_visits"
    assert Path(told["page"]).is_file()
    assert list(work.rglob("*.parquet")) == []


def test_what_is_wrong_with_the_form_is_said_all_at_once(trigger, declarations, work, capfd):
    form = FORM | {"steward_email": "nobody", "columns": ["a", "b", "c", "d", "e", "f", "g"]}
    state, states, _ = trigger(source="visits.csv", **form)
    assert (state, states["check_request"]) == ("failed", "failed")
    log = "".join(capfd.readouterr())
    assert "the request has 2 problems" in log
    assert "steward_email: an e-mail address is needed" in log
    assert "columns: a list of at most 6" in log


def test_a_field_the_form_does_not_have_is_refused_by_name(trigger, declarations, work, capfd):
    state, _, _ = trigger(source="visits.csv", stewart_name="A slip of the pen", **FORM)
    assert state == "failed"
    log = "".join(capfd.readouterr())
    assert "the form has no field called 'stewart_name' (did you mean 'steward_name'?)" in log
    assert "A slip of the pen" not in log.split("the form has no field")[1]


def test_a_source_that_is_no_table_fails_once_and_leaves_nothing(trigger, declarations, work, tmp_path, capfd):
    (tmp_path / "empty.csv").write_text("")
    state, states, _ = trigger(source=str(tmp_path / "empty.csv"), id="clinic_visits", **FORM)
    assert (state, states["read_the_source.take_copy"]) == ("failed", "failed")
    assert states["draft.propose_tables"] == "upstream_failed"
    assert "the file is empty" in "".join(capfd.readouterr())
    assert [path for path in work.rglob("*") if path.is_file()] == []
