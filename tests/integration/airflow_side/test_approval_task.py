"""Who is asked, who may answer, and what an answer becomes."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from include.opendata.pipeline.ask_approvers import AnswerInAirflow
from include.opendata.pipeline.results import ApprovalsAsked, TableToApprove

RUN = {"dataset": "clinic_visits", "run_id": "manual-1", "staging": "/nowhere"}
WHEN = dt.datetime(2026, 5, 2, 9, 30, tzinfo=dt.UTC)
ASKED = ApprovalsAsked(
    digest="ab" * 32,
    level=2,
    open_roles={"legal_counsel": "legal counsel"},
    changes=("tables, visits, annotation: combined became separate.",),
    first=False,
    answer_by="2026-05-15T00:00:00Z",
    tables={
        "visits": TableToApprove(title="Visits", conclusion="It may be published.", score=("Score 9", "sex: 2 (yes)"))
    },
)


@pytest.fixture
def named(embedded_airflow, monkeypatch):
    """Sets the Variable that maps roles to users."""

    def write(value: Any) -> None:
        monkeypatch.setenv("AIRFLOW_VAR_OPENDATA_APPROVERS", json.dumps(value))

    return write


@pytest.fixture
def task(embedded_airflow, pipeline):
    from dags.approval_task import AskForApproval, waits

    pipeline.open_roles = {"legal_counsel": "legal counsel"}
    return AskForApproval(
        task_id="ask_approvers",
        run=RUN,
        role="legal_counsel",
        role_name="legal counsel",
        subject="Approve",
        body="…",
        assigned_users=[{"id": "counsel", "name": "counsel"}],
        **waits(14, 2),
    )


def event(choice: str = "Approve", user: str | None = "counsel", comment: str | None = None) -> dict[str, Any]:
    return {
        "chosen_options": [choice],
        "params_input": {"comment": comment},
        "responded_at": WHEN,
        "responded_by_user": {"id": user, "name": user} if user else None,
    }


def test_an_approval_reaches_the_ledger_with_who_and_when(task, pipeline):
    assert task.execute_complete({}, event(comment="Fine.")) == "approved by counsel"
    assert pipeline.answers == [
        AnswerInAirflow(
            role="legal_counsel",
            choice="approve",
            name="counsel",
            identity="counsel",
            comment="Fine.",
            given_on="2026-05-02T09:30:00Z",
        )
    ]


def test_a_rejection_is_recorded_and_fails_the_run_with_its_reason(task, pipeline):
    from airflow.sdk.exceptions import AirflowFailException

    with pytest.raises(AirflowFailException, match=r"counsel rejected .* as legal counsel. Reason: Too fine"):
        task.execute_complete({}, event("Reject", comment="Too fine"))
    assert pipeline.answers[0].choice == "reject"
    assert pipeline.failures[0][0] == "ask_approvers"


@pytest.mark.parametrize("user", ["steward", "admin", None])
def test_an_answer_of_somebody_else_does_not_count(task, pipeline, user):
    from airflow.sdk.exceptions import AirflowFailException

    with pytest.raises(AirflowFailException, match="does not count"):
        task.execute_complete({}, event(user=user))
    assert pipeline.answers == []


def test_a_deadline_nobody_met_fails_the_run_and_is_not_asked_again(task, pipeline):
    from airflow.sdk.exceptions import AirflowFailException

    with pytest.raises(AirflowFailException, match="No one answered as legal counsel within 14 days"):
        task.execute_complete({}, {"error_type": "timeout", "error": "timeout"})
    assert pipeline.answers == []


def test_a_form_recorded_meanwhile_is_enough(task, pipeline):
    pipeline.open_roles = {}
    assert task.execute({}) is None


def test_every_open_role_is_a_question_to_its_own_users(named):
    from dags.approval_task import asked_of_each

    named({"legal_counsel": ["counsel", "deputy_counsel"], "agency": "agency"})
    (question,) = asked_of_each(RUN, ASKED)
    assert [user["id"] for user in question["assigned_users"]] == ["counsel", "deputy_counsel"]
    assert "combined became separate" in question["body"]
    assert "Score 9" in question["body"]
    assert "/opendata/datasets/clinic_visits/runs/manual-1/evidence" in question["body"]


def test_a_dataset_can_have_approvers_of_its_own(named):
    from dags.approvers import approvers

    named({"*": {"legal_counsel": "counsel", "agency": "a"}, "clinic_visits": {"legal_counsel": ["clinics_counsel"]}})
    assert approvers("clinic_visits") == {"legal_counsel": ["clinics_counsel"], "agency": ["a"]}
    assert approvers("births") == {"legal_counsel": ["counsel"], "agency": ["a"]}


@pytest.mark.parametrize(
    "mapping",
    [
        ["counsel"],
        {"legal_counsel": None},
        {"legal_counsel": [["counsel"]]},
        {"*": {"legal_counsel": None}, "births": {}},
        {"legal_counsel": ["counsel"], "births": {"agency": ["a"]}},
    ],
)
def test_a_mapping_nobody_can_read_is_refused_in_words(named, mapping):
    from airflow.sdk.exceptions import AirflowFailException

    from dags.approvers import approvers

    named(mapping)
    with pytest.raises(AirflowFailException, match="is not an object of roles and users"):
        approvers("births")


def test_a_mapping_that_is_no_json_is_refused_in_words(embedded_airflow, monkeypatch):
    from airflow.sdk.exceptions import AirflowFailException

    from dags.approvers import approvers

    monkeypatch.setenv("AIRFLOW_VAR_OPENDATA_APPROVERS", "legal_counsel: counsel")
    with pytest.raises(AirflowFailException, match="is not an object of roles and users"):
        approvers("births")


@pytest.mark.parametrize("mapping", [{}, {"agency": ["a"]}, {"legal_counsel": []}])
def test_a_role_nobody_may_answer_for_fails_at_once_and_says_what_to_do(named, pipeline, mapping):
    from airflow.sdk.exceptions import AirflowFailException

    from dags.approval_task import asked_of_each

    named(mapping)
    with pytest.raises(AirflowFailException, match="names no user who may answer"):
        asked_of_each(RUN, ASKED)
    assert pipeline.failures[0][0] == "request_approvals"
