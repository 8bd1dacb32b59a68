"""The DAG ``watch_portal``: looks once a day at everything that is published, and informs the people; repairs nothing.

One message a person, errors and reminders only, none where nothing is wrong; one message to the channel. What is looked at is
decided in ``include/opendata/monitoring``, who receives a message in ``notifications.py``. Messages are sent once: a task that
failed in the middle is not tried again, whatever Airflow's default is, because some people have had theirs. A watch that
failed sends the channel a message.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast

from airflow.sdk import DAG, Variable, get_parsing_context, task

from dags.dag_builder import FIRST_DAY
from dags.notifications import overview, send_mail, send_to_channel, watch_failed, watchers
from dags.staging_access import staging_access
from dags.step_task import (
    PORTAL_VARIABLE,
    airflow_task,
    portal_connection,
    portal_target,
    run_step_without_run,
    staging_place,
)
from include.opendata import places

if TYPE_CHECKING:
    from dags.task_types import Mail, WatchReport

DAG_ID = "watch_portal"


@airflow_task(retries=2)
def look() -> WatchReport:
    """Look at everything; the messages to be sent."""
    return run_step_without_run("look", _looked)


@task
def send_mails(found: WatchReport) -> int:
    """Send each person their mail; the number sent."""
    return run_step_without_run("send_mails", lambda: send_mail(found["messages"]))


@task
def post(found: WatchReport) -> bool:
    """Post to the channel; whether anything was posted."""
    return run_step_without_run("post", lambda: bool(found["text"]) and send_to_channel(found["text"]))


def _looked() -> WatchReport:
    from include.opendata.monitoring.daily_watch import watch

    address = staging_place() or places.staging()
    portal = Variable.get(PORTAL_VARIABLE, default=None)
    with staging_access(address):
        target = portal_target(portal_connection(portal)) if portal else None
        findings = watch(address, target, everything_to=watchers(), link=overview())
    return {
        "problems": findings.problems,
        "messages": [cast("Mail", asdict(message)) for message in findings.messages],
        "text": findings.channel_text,
    }


if get_parsing_context().dag_id in (None, DAG_ID):
    with DAG(
        dag_id=DAG_ID,
        description="What is late, changed without our knowledge, waiting or broken; one message a person.",
        doc_md=__doc__,
        schedule="0 7 * * *",
        start_date=FIRST_DAY,
        catchup=False,
        max_active_runs=1,
        default_args={"owner": "open data", "retries": 0},
        on_failure_callback=watch_failed,
        tags=["monitoring"],
    ):
        found: Any = look()
        send_mails(found)
        post(found)
