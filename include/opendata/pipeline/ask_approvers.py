"""What the step ``ask_approvers`` records: the answers people give in Airflow. Asking itself is Airflow's work."""

from __future__ import annotations

from dataclasses import dataclass

from include.opendata.gate.approval import SECTION
from include.opendata.ledger.approvals import Answer, Choice
from include.opendata.ledger.approvals import record_answer as record
from include.opendata.pipeline.approvals import position, request_of
from include.opendata.pipeline.run import Run
from include.opendata.pipeline.run_context import open_run
from include.opendata.rules.release import permission_rules


@dataclass(frozen=True)
class AnswerInAirflow:
    """What a person answered. ``identity``: the user of Airflow · ``given_on``: a time in UTC, ISO 8601."""

    role: str
    choice: Choice
    name: str
    identity: str
    comment: str
    given_on: str


def approval_needed(run: Run, role: str) -> bool:
    """Whether a role is still to be asked: its signed form may have been recorded meanwhile."""
    opened = open_run(run)
    return role in position(opened.declared, opened.ledger, request_of(opened)).open_roles


def record_answer(run: Run, answer: AnswerInAirflow) -> None:
    """Record the answer in the ledger, for exactly what the run asked."""
    opened = open_run(run)
    record(
        opened.ledger,
        Answer(
            dataset=run.dataset,
            role=answer.role,
            choice=answer.choice,
            name=answer.name,
            via="airflow",
            given_on=answer.given_on,
            digest=request_of(opened).digest,
            identity=answer.identity,
            comment=answer.comment,
            run_id=run.run_id,
        ),
    )
    verb = "approved" if answer.choice == "approve" else "rejected"
    comment = f" Comment: {answer.comment}" if answer.comment else ""
    sentence = f"{answer.name} {verb} it as {permission_rules().roles[answer.role]}.{comment}"
    opened.decide("ask_approvers", f"{verb}-by-{answer.role.replace('_', '-')}", sentence, section=SECTION)
