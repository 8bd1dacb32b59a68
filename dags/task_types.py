"""The types of what is asked of Airflow's tasks and of what they hand on: names, paths, digests and counts as plain JSON."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

if TYPE_CHECKING:
    from airflow.sdk import TriggerRule
    from airflow.sdk.bases.decorator import Task
    from airflow.sdk.execution_time.hitl import HITLUser

    from include.opendata.release.metadata.json_document import JsonObject

HandedOn: TypeAlias = "JsonObject"
"""What a step's result is between tasks."""

RunReference: TypeAlias = "JsonObject"
"""A run (``pipeline.run.Run``) between tasks; ``step_task.read_run`` makes a run of it again."""

StepTask: TypeAlias = "Task[..., Any]"
"""What Airflow's ``@task`` makes of a function."""

StepFunction: TypeAlias = Callable[..., object]


class TaskOptions(TypedDict, total=False):
    """What is asked of Airflow for a task; what is left out is Airflow's default, or the DAG's."""

    retries: int
    retry_delay: timedelta
    retry_exponential_backoff: float
    max_retry_delay: timedelta
    response_timeout: timedelta
    pool: str
    map_index_template: str
    trigger_rule: TriggerRule
    doc_md: str


class Question(TypedDict):
    """One question to one role, and the users who may answer it."""

    run: RunReference
    role: str
    role_name: str
    subject: str
    body: str
    assigned_users: list[HITLUser]


class Mail(TypedDict):
    """One message to one person: the same words as text and as HTML."""

    to: str
    subject: str
    text: str
    html: str


class WatchReport(TypedDict):
    """What the daily watch found: how many problems, the mails, and the text for the channel; empty: nothing is wrong."""

    problems: int
    messages: list[Mail]
    text: str
