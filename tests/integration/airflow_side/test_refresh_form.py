"""A refresh started by hand in Airflow: what the form offers, what reaches the run, what a dry run leaves undone."""

from __future__ import annotations

import json
import time

import pytest

DAG = "refresh__clinic_visits"


@pytest.fixture(autouse=True)
def clinic_visits(declare):
    return declare("clinic_visits")


@pytest.fixture
def trigger(bag, pipeline, monkeypatch):
    """Runs the DAG with these fields filled in; the state of the run and of its tasks."""
    sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.02)))

    def run(**conf):
        dag = bag().dags[DAG]
        dag_run = dag.test(run_conf=conf)
        return str(dag_run.state), {ti.task_id: str(ti.state) for ti in dag_run.get_task_instances()}

    return run


def test_the_form_offers_the_tables_and_asks_for_nothing(bag):
    params = bag().dags[DAG].params
    assert sorted(params) == ["accept_changes", "dry_run", "force", "note", "only", "source", "whole"]
    assert params.get_param("only").schema["enum"] == [None, "visits_by_region", "visits_by_county"]
    assert {name: params[name] for name in params if params[name]} == {}, "a scheduled run has no options"


def test_what_is_filled_in_reaches_the_run(trigger, pipeline):
    state, _ = trigger(force=True, only="visits_by_region", source="/data/late.csv", note="a correction")
    assert state == "success"
    told = {name: pipeline.started_with[name] for name in ("force", "only", "source", "note")}
    assert told == {"force": True, "only": "visits_by_region", "source": "/data/late.csv", "note": "a correction"}
    assert "by" not in pipeline.started_with


@pytest.fixture
def approvers():
    """Writes the Variable that maps roles to users, and empties it again."""
    from airflow.models import Variable

    yield lambda mapping: Variable.set("opendata_approvers", json.dumps(mapping))
    Variable.set("opendata_approvers", "{}")


def test_an_approver_of_the_dataset_accepts_changes_in_their_name(trigger, pipeline, approvers):
    approvers(
        {"*": {}, "clinic_visits": {"data_steward": ["dag_test"]}}
    )  # whom `dag.test()` names as having started it
    state, _ = trigger(accept_changes="two clinics merged", whole=True)
    assert state == "success"
    assert pipeline.started_with["accept_changes"] == "two clinics merged"
    assert pipeline.started_with["by"] == "dag_test"
    assert pipeline.started_with["whole"] is True


@pytest.mark.parametrize(
    "mapping", [{}, {"data_steward": ["steward"]}, {"*": {}, "births": {"data_steward": ["dag_test"]}}]
)
def test_nobody_else_accepts_changes(trigger, pipeline, approvers, capfd, mapping):
    approvers(mapping)
    state, _ = trigger(accept_changes="two clinics merged")
    assert state == "failed"
    assert pipeline.started_with == {}
    assert "Changes are accepted by an approver of clinic_visits; dag_test is not one." in "".join(capfd.readouterr())


def test_a_dry_run_asks_nobody_stages_nothing_and_publishes_nothing(trigger, pipeline, embedded_airflow):
    from airflow.models import Variable

    Variable.set("opendata_portal", "test_portal")
    try:
        state, states = trigger(dry_run=True)
    finally:
        Variable.set("opendata_portal", "")
    assert state == "success"
    steps = [step for step, _ in pipeline.calls]
    assert steps[-2:] == ["build_release", "finish"]
    for step in ("request_approvals", "check_approvals", "stage", "publish"):
        assert states[step] == "skipped"


def test_a_field_the_form_does_not_have_stops_the_run_before_it_begins(trigger, pipeline, capfd):
    state, _ = trigger(dryrun=True, forced=True)
    assert state == "failed"
    assert pipeline.calls == []
    assert pipeline.started_with == {}
    log = "".join(capfd.readouterr())
    assert "the form has no field called 'dryrun' (did you mean 'dry_run'?), 'forced' (did you mean 'force'?)" in log
