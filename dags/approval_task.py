"""The task a run waits at for a person: one per role whose approval is not given yet.

Decides who may answer (the Variable ``opendata_approvers`` maps each role to users of this Airflow, for all datasets or for
one) and what an answer becomes: an entry in the ledger, which is all that staging trusts. A task set to success by hand
has answered nothing. A rejection, and a deadline no one met, fail the run with their reason. While it waits it holds no
worker, no pool slot and no triggerer.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.configuration import conf
from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Param

from dags.approvers import APPROVERS_VARIABLE, approvers
from dags.step_task import fail, read_run, translate_errors
from include.opendata.storage.clock import stamp

if TYPE_CHECKING:
    from airflow.sdk import Context

    from dags.task_types import Question, RunReference, TaskOptions
    from include.opendata.pipeline.results import ApprovalsAsked

STEP = "ask_approvers"
APPROVE, REJECT = "Approve", "Reject"
EVIDENCE_PAGE = "/opendata/datasets/{dataset}/runs/{run_id}/evidence"


class AskForApproval(HITLOperator):
    """Asks one role; mapped over the roles still open. An answer recorded meanwhile from a signed form is enough."""

    def __init__(self, *, run: RunReference, role: str, role_name: str, **kwargs: Any):
        kwargs.setdefault("options", [APPROVE, REJECT])
        # Set, not a default: a mapped task comes with params already, and they are empty.
        kwargs["params"] = {"comment": _comment()}
        super().__init__(**kwargs)
        self.run, self.role, self.role_name = run, role, role_name

    def execute(self, context: Context) -> object:
        """Ask, and wait; unless the approval is in the ledger by now."""
        from include.opendata.pipeline import ask_approvers

        run = read_run(self.run)
        if not translate_errors(STEP, run, lambda: ask_approvers.approval_needed(run, self.role)):
            self.log.info("The approval as %s is in the ledger already; no one is asked.", self.role_name)
            return None
        return super().execute(context)

    def process_trigger_event_error(self, event: dict[str, str]) -> None:
        """A deadline that passed is final: asking again would only start another wait."""
        if event["error_type"] == "timeout":
            days = self.response_timeout.days if self.response_timeout else 0
            self._fail(
                f"No one answered as {self.role_name} within {days} days.\nWhat to do: start the refresh again; a run that "
                f"waits can also be answered by a signed form (`bin/opendata approve`)."
            )
        super().process_trigger_event_error(event)

    def execute_complete(self, context: Context, event: dict[str, object]) -> str:
        """Record the answer, if it came from a user who has the role. A rejection fails the task, once it is recorded."""
        answered = super().execute_complete(context, event)
        user = answered["responded_by_user"]
        if not user or user["id"] not in self._assigned():
            self._fail(f"The answer as {self.role_name} did not come from a user who has that role; it does not count.")
        name, comment = user["name"] or user["id"], (answered["params_input"] or {}).get("comment") or ""
        approved = answered["chosen_options"] == [APPROVE]
        self._record(
            choice="approve" if approved else "reject",
            name=name,
            identity=user["id"],
            comment=comment,
            given_on=stamp(answered["responded_at"]),
        )
        if not approved:
            reason = f" Reason: {comment}" if comment else " No reason was given."
            self._fail(
                f"{name} rejected the release as {self.role_name}.{reason}\nWhat to do: change what was "
                f"objected to and start the refresh again; nothing was published."
            )
        return f"approved by {name}"

    def _assigned(self) -> set[str]:
        return {user["id"] for user in self.assigned_users or []}

    def _record(self, **answer: Any) -> None:
        from include.opendata.pipeline import ask_approvers

        run, given = read_run(self.run), ask_approvers.AnswerInAirflow(role=self.role, **answer)
        translate_errors(STEP, run, lambda: ask_approvers.record_answer(run, given))

    def _fail(self, message: str) -> NoReturn:
        fail(STEP, read_run(self.run), message)


def asked_of_each(reference: RunReference, asked: ApprovalsAsked) -> list[Question]:
    """What :class:`AskForApproval` is mapped over: one entry per open role, with the users who may answer.

    Fails when no one is named for an open role: a question no one may answer would only wait for its deadline.
    """
    run = read_run(reference)
    users = approvers(run.dataset)
    unnamed = [name for role, name in asked.open_roles.items() if not users.get(role)]
    if unnamed:
        fail(
            "request_approvals",
            run,
            f"Approval is needed as {', '.join(unnamed)}, and the Variable `{APPROVERS_VARIABLE}` names no user who may "
            f'answer.\nWhat to do: name them there, e.g. {{"legal_counsel": ["their user name"]}}, or record the signed '
            f"form with `bin/opendata approve {run.dataset}`; then start the refresh again.",
        )
    base = (conf.get("api", "base_url", fallback="") or "").rstrip("/")
    page = base + EVIDENCE_PAGE.format(dataset=run.dataset, run_id=run.run_id)
    return [
        {
            "run": reference,
            "role": role,
            "role_name": name,
            "subject": f"Approve the release of {run.dataset} as {name}",
            "body": question(asked, name, page),
            "assigned_users": [{"id": user, "name": user} for user in users[role]],
        }
        for role, name in asked.open_roles.items()
    ]


def question(asked: ApprovalsAsked, role_name: str, page: str) -> str:
    """What the approver reads, as Markdown: what changed, what each table came to, where the evidence is."""
    by = f" Answer by {asked.answer_by[:10]}." if asked.answer_by else ""
    lines = [f"You are asked as **{role_name}**, permission level {asked.level}.{by}", ""]
    if asked.first:
        lines += ["This dataset was never approved by all roles before.", ""]
    elif asked.changes:
        lines += ["**Changed since the last approval**", "", *(f"- {change}" for change in asked.changes), ""]
    else:
        lines += ["Nothing changed since it was last approved; that approval expired or was taken back.", ""]
    for name, table in asked.tables.items():
        lines += [f"**{table.title}** (`{name}`)", "", table.conclusion, ""]
        lines += [*(f"- {line}" for line in table.score), ""]
    lines += [f"[Evidence page of this run]({page})", "", f"What is approved: `{asked.digest[:12]}`"]
    return "\n".join(lines)


def waits(days: int, retries: int) -> TaskOptions:
    """How long the task waits, and that a hiccup of the answer's delivery (an answer within a second or two) is met by
    asking again: an answer that reached the ledger is not asked for twice."""
    return {"response_timeout": timedelta(days=days), "retries": retries, "retry_delay": timedelta(seconds=5)}


def _comment() -> Param:
    return Param(
        None,
        type=["null", "string"],
        format="multiline",
        title="Comment",
        description="The reason; it is kept in the ledger and shown with the decision.",
        source="task",
    )
