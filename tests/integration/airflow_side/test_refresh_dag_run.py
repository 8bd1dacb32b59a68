"""A refresh as Airflow runs it: what is done in which order, what is tried again, what a person reads of a failure."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter

import pytest

from include.opendata.errors import Place, Refused, StorageError

WHERE = Place(dataset="clinic_visits", table="visits_by_county")


def refusal():
    return Refused("a cell can be worked out", remedy="Suppress its neighbour.", slug="cell-recoverable", place=WHERE)


@pytest.fixture(autouse=True)
def clinic_visits(declare):
    return declare("clinic_visits")


def test_the_mapped_tasks_bear_the_names_of_their_tables(run_dag, pipeline, declare):
    from airflow.models import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    dag_id = f"refresh__{declare('named_visits')}"
    run_dag(dag_id)
    with create_session() as session:
        named = select(TaskInstance.rendered_map_index).where(
            TaskInstance.dag_id == dag_id, TaskInstance.task_id == "assess"
        )
        assert set(session.scalars(named)) == {"visits_by_region", "visits_by_county"}


def test_every_step_is_done_once_and_for_every_table(run_dag, pipeline):
    states = run_dag("refresh__clinic_visits")
    assert states[""] == ["success"]
    assert [step for step, _ in groupby(pipeline.calls, key=itemgetter(0))] == [
        "extract",
        "has_changed",
        "check_quality",
        "tabulate",
        "assess",
        "protect",
        "check_publishable",
        "build_release",
        "request_approvals",
        "check_approvals",
        "stage",
        "finish",
    ]
    for step in ("tabulate", "assess", "check_publishable"):
        assert sorted(table for done, table in pipeline.calls if done == step) == [
            "visits_by_county",
            "visits_by_region",
        ]


def test_an_unchanged_source_ends_the_run_well_and_stages_nothing(run_dag, pipeline):
    pipeline.is_changed = False
    states = run_dag("refresh__clinic_visits")
    assert states[""] == ["success"]
    assert states["stage"] == ["skipped"]
    assert pipeline.calls == [("extract", None), ("has_changed", None), ("finish", None)]


@pytest.mark.parametrize("step", ["extract", "stage"])
def test_what_was_refused_once_is_not_tried_again(run_dag, pipeline, step):
    pipeline.raises[step] = [refusal()]
    states = run_dag("refresh__clinic_visits")
    assert states[step] == ["failed"]
    assert [done for done, _ in pipeline.calls].count(step) == 1
    assert states[""] == ["failed"]


@pytest.mark.parametrize("step", ["extract", "stage"])
def test_a_place_out_of_reach_is_tried_again_and_the_run_goes_on(run_dag, pipeline, step):
    pipeline.raises[step] = [StorageError("no answer", remedy="Wait.", slug="out-of-reach")]
    states = run_dag("refresh__clinic_visits")
    assert states[""] == ["success"]
    assert [done for done, _ in pipeline.calls].count(step) == 2
    assert pipeline.failures == []


def test_a_refusal_is_a_failed_task_that_says_what_to_do_and_nothing_is_staged(run_dag, pipeline, capfd):
    pipeline.raises["check_publishable"] = [refusal()]
    states = run_dag("refresh__clinic_visits")
    assert states[""] == ["failed"]
    assert sorted(states["check_publishable"]) == ["failed", "success"]
    assert states["stage"] == ["upstream_failed"]
    assert "stage" not in [step for step, _ in pipeline.calls]
    assert pipeline.failures == [("check_publishable", str(refusal()))]
    log = "".join(capfd.readouterr())
    assert "dataset clinic_visits, table visits_by_county: a cell can be worked out" in log
    assert "What to do: Suppress its neighbour." in log


def test_the_ledger_is_told_of_an_outage_only_when_no_try_is_left(run_dag, pipeline):
    pipeline.raises["stage"] = [StorageError("no answer", remedy="Wait.", slug="out-of-reach") for _ in range(4)]
    states = run_dag("refresh__clinic_visits")
    assert states["stage"] == ["failed"]
    assert [step for step, _ in pipeline.calls].count("stage") == 4
    assert [step for step, _ in pipeline.failures] == ["stage"]


def test_the_message_of_a_foreign_exception_reaches_neither_log_nor_ledger(run_dag, pipeline, capfd):
    try:
        raise KeyError("Jane Roe, born 1951")
    except KeyError as cause:
        foreign = ValueError("could not convert string to float: 'Jane Roe'")
        foreign.__cause__ = cause
    pipeline.raises["build_release"] = [foreign]
    states = run_dag("refresh__clinic_visits")
    assert states["build_release"] == ["failed"]
    log = "".join(capfd.readouterr())
    assert "Jane" not in log
    assert "An unexpected ValueError in step build_release" in log
    assert "Jane" not in "".join(message for _, message in pipeline.failures)


def test_a_run_keeps_its_name_so_that_a_second_try_finds_its_folder(run_dag, pipeline):
    run_dag("refresh__clinic_visits")
    name = pipeline.started_with["run_id"]
    assert name.startswith("manual__")
    assert not set(name) & set("/:+ ")


def test_the_staging_place_comes_from_airflows_variable(run_dag, pipeline, embedded_airflow):
    from airflow.models import Variable

    run_dag("refresh__clinic_visits")
    assert pipeline.started_with["staging"] is None
    Variable.set("opendata_staging", "/srv/portal-staging")
    try:
        run_dag("refresh__clinic_visits")
    finally:
        Variable.set("opendata_staging", "")
    assert pipeline.started_with["staging"] == "/srv/portal-staging"


def test_the_workers_environment_goes_before_airflows_variable(run_dag, pipeline, monkeypatch):
    monkeypatch.setenv("OPENDATA_STAGING", "/srv/mine")
    run_dag("refresh__clinic_visits")
    assert pipeline.started_with["staging"] is None
