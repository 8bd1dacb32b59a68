"""Who may answer for a dataset: the Variable ``opendata_approvers`` maps roles to users of this Airflow."""

from __future__ import annotations

import json

from airflow.sdk import Variable, get_current_context
from airflow.sdk.exceptions import AirflowFailException

APPROVERS_VARIABLE = "opendata_approvers"
EVERY_DATASET = "*"


def approvers(dataset: str) -> dict[str, list[str]]:
    """Role → the users of this Airflow who may answer for this dataset: those named for it, else those for all.

    The Variable holds ``{role: [user, …]}``, or ``{"*": {role: …}, dataset: {role: …}}`` where datasets differ.
    """
    roles = _roles_of(dataset, Variable.get(APPROVERS_VARIABLE, default=None) or "{}")
    users = {role: named for role, value in (roles or {}).items() if (named := _users(value)) is not None}
    if roles is None or len(users) < len(roles):
        raise AirflowFailException(
            f"The Variable `{APPROVERS_VARIABLE}` is not an object of roles and users.\nWhat to do: write it as JSON, such as "
            f'{{"legal_counsel": ["their user name"]}}, or as {{"*": {{role: [users]}}, dataset: {{role: [users]}}}}; then '
            f"start the refresh again."
        )
    return users


def _roles_of(dataset: str, text: str) -> dict[str, object] | None:
    """Role → users as they are written, for this dataset; None where the text is no such object."""
    try:
        named = json.loads(text)
    except ValueError:
        return None
    if not isinstance(named, dict):
        return None
    layered = [value for value in named.values() if isinstance(value, dict)]
    if not layered:
        return named
    if len(layered) < len(named):  # a role that stands beside datasets would belong to none and be left out unseen
        return None
    return {**named.get(EVERY_DATASET, {}), **named.get(dataset, {})}


def _users(named: object) -> list[str] | None:
    """The users named for a role: one, or a list; None for what is neither."""
    if isinstance(named, str):
        return [named]
    if isinstance(named, list) and all(isinstance(user, str) for user in named):
        return named
    return None


def accepting_user(dataset: str) -> str:
    """Who started this run by hand and accepts its changes. Fails unless that user approves for the dataset in some role."""
    user = getattr(get_current_context()["dag_run"], "triggering_user_name", None)
    if user is None or user not in {name for users in approvers(dataset).values() for name in users}:
        raise AirflowFailException(
            f"Changes are accepted by an approver of {dataset}; {user or 'the user who started this run'} is not one.\n"
            f"What to do: let a user start it whom the Variable `{APPROVERS_VARIABLE}` names for this dataset in any role."
        )
    return str(user)
