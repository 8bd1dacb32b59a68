"""The task a run waits at for a person: one per role whose approval is not given yet.

Decides who may answer (the Variable ``opendata_approvers`` maps each role to users of this Airflow, for all datasets or for
one) and what an answer becomes: an entry in the ledger, which is all that staging trusts. A task set to success by hand
has answered nothing. A rejection, and a deadline nobody met, fail the run with their reason. While it waits it holds no
worker, no pool slot and no triggerer.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from airflow.configuration import conf
from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Param

from dags.approvers import APPROVERS_VARIABLE, approvers
from dags.step_task import fail, perform

APPROVE, REJECT = "Approve", "Reject"
EVIDENCE_PAGE = "/opendata/datasets/{dataset}/runs/{run_id}/evidence"


class AskForApproval(HITLOperator):
    """Asks one role; mapped over the roles still open. An answer recorded meanwhile from a signed form is enough."""

    def __init__(self, *, run: Mapping[str, Any], role: str, role_name: str, **kwargs: Any):
        kwargs.setdefault("options", [APPROVE, REJECT])
        # Set, not a default: a mapped task comes with params already, and they are empty.
        kwargs["params"] = {"comment": _comment()}
        super().__init__(**kwargs)
        self.run, self.role, self.role_name = run, role, role_name

    def execute(self, context: Any) -> Any:
        if not perform("approval_needed", self.run, self.role):
            self.log.info("The approval as %s is in the ledger already; nobody is asked.", self.role_name)
            return None
        return super().execute(context)

    def process_trigger_event_error(self, event: dict[str, Any]) -> None:
        """A deadline that passed is final: asking again would only start another wait."""
        if event["error_type"] == "timeout":
            days = self.response_timeout.days if self.response_timeout else 0
            self._fail(
                f"Nobody answered as {self.role_name} within {days} days.\nWhat to do: start the refresh again; a run that "
                f"waits can also be answered by a signed form (`bin/opendata approve`)."
            )
        super().process_trigger_event_error(event)

    def execute_complete(self, context: Any, event: dict[str, Any]) -> str:
        answered = super().execute_complete(context, event)
        by = answered["responded_by_user"]
        if not by or by["id"] not in {user["id"] for user in self.assigned_users or []}:
            self._fail(f"The answer as {self.role_name} did not come from a user who has that role; it does not count.")
        chosen, comment = answered["chosen_options"], (answered["params_input"] or {}).get("comment") or ""
        approved = chosen == [APPROVE]
        perform(
            "record_answer",
            self.run,
            self.role,
            choice="approve" if approved else "reject",
            name=by["name"] or by["id"],
            identity=by["id"],
            comment=comment,
            given_on=answered["responded_at"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        )
        if not approved:
            reason = f" Reason: {comment}" if comment else " No reason was given."
            self._fail(
                f"{by['name'] or by['id']} rejected the release as {self.role_name}.{reason}\nWhat to do: change what was "
                f"objected to and start the refresh again; nothing was published."
            )
        return f"approved by {by['name'] or by['id']}"

    def _fail(self, message: str) -> None:
        fail("ask_approvers", self.run, message)


def asked_of_each(run: Mapping[str, Any], asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What :class:`AskForApproval` is mapped over: one entry per open role, with the users who may answer.

    Fails when nobody is named for an open role: a question nobody may answer would only wait for its deadline.
    """
    users = approvers(run["dataset"])
    nobody = [name for role, name in asked["open"].items() if not users.get(role)]
    if nobody:
        fail(
            "request_approvals",
            run,
            f"Approval is needed as {', '.join(nobody)}, and the Variable `{APPROVERS_VARIABLE}` names no user who may "
            f'answer.\nWhat to do: name them there, e.g. {{"legal_counsel": ["their user name"]}}, or record the signed '
            f"form with `bin/opendata approve {run['dataset']}`; then start the refresh again.",
        )
    page = (conf.get("api", "base_url", fallback="") or "").rstrip("/") + EVIDENCE_PAGE.format(**run)
    return [
        {
            "run": dict(run),
            "role": role,
            "role_name": name,
            "subject": f"Approve the release of {run['dataset']} as {name}",
            "body": question(asked, name, page),
            "assigned_users": [{"id": user, "name": user} for user in users[role]],
        }
        for role, name in asked["open"].items()
    ]


def question(asked: Mapping[str, Any], role_name: str, page: str) -> str:
    """What the approver reads, as Markdown: what changed, what each table came to, where the evidence is."""
    lines = [
        f"You are asked as **{role_name}**, permission level {asked['level']}. Answer by {asked['answer_by'][:10]}.",
        "",
    ]
    if asked["first"]:
        lines += ["This dataset was never approved by everybody before.", ""]
    elif asked["changes"]:
        lines += ["**Changed since the last approval**", "", *(f"- {change}" for change in asked["changes"]), ""]
    else:
        lines += ["Nothing changed since it was last approved; that approval expired or was taken back.", ""]
    for name, table in asked["tables"].items():
        lines += [f"**{table['title']}** (`{name}`)", "", table["conclusion"], ""]
        lines += [*(f"- {line}" for line in table["score"]), ""]
    lines += [f"[Evidence page of this run]({page})", "", f"What is approved: `{asked['digest'][:12]}`"]
    return "\n".join(lines)


def waits(days: int) -> dict[str, Any]:
    """How long the task waits, and that a hiccup of the answer's delivery (an answer within a second or two) is met by
    asking again: an answer that reached the ledger is not asked for twice."""
    return {"response_timeout": timedelta(days=days), "retries": 2, "retry_delay": timedelta(seconds=5)}


def _comment() -> Param:
    return Param(
        None,
        type=["null", "string"],
        format="multiline",
        title="Comment",
        description="The reason; it is kept in the ledger and shown with the decision.",
        source="task",
    )
