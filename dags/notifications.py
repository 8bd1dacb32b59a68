"""How people outside the UI are informed: by mail to persons, by webhook to a channel; each only where it is configured.

Variables: ``opendata_mail_connection`` (an SMTP connection; its extra ``from_email`` is the sender),
``opendata_webhook_connection`` (a Slack-compatible incoming webhook: the address in host, the token in password),
``opendata_watchers`` (addresses that hear of every dataset). Empty: no such message is sent, and the log says so.

Words come from declarations and error sentences and are sent as they are: nothing in them is rendered as a template.
Decides nothing about data; the sentences were written to hold no value of a record.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from airflow.configuration import conf
from airflow.sdk import Variable

from include.opendata.errors import OpendataError, StorageError

if TYPE_CHECKING:
    from airflow.sdk import Context

    from dags.task_types import Mail

log = logging.getLogger(__name__)

MAIL_VARIABLE = "opendata_mail_connection"
WEBHOOK_VARIABLE = "opendata_webhook_connection"
WATCHERS_VARIABLE = "opendata_watchers"


def watchers() -> list[str]:
    """The addresses that hear of every dataset: a JSON list, or as people write them, with commas between."""
    written = Variable.get(WATCHERS_VARIABLE, default=None) or ""
    try:
        named = json.loads(written)
    except ValueError:
        named = written
    return re.findall(r"[^\s,;]+", named) if isinstance(named, str) else [str(address) for address in named or []]


def overview() -> str:
    """The address of the overview page."""
    return (conf.get("api", "base_url", fallback="") or "").rstrip("/") + "/opendata"


def send_mail(messages: Sequence[Mail]) -> int:
    """Send each message to its one person; how many went out. A person whose server refuses does not keep the mail of the
    others back; raises StorageError at the end, with the number that failed and no address."""
    connection = Variable.get(MAIL_VARIABLE, default=None)
    if not connection or not messages:
        log.info(
            "No mail is sent: %s.",
            "there is no message to send" if connection else f"{MAIL_VARIABLE} names no connection",
        )
        return 0
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    failed: list[str] = []
    for message in messages:
        notifier = SmtpNotifier(
            to=message["to"], subject=message["subject"], html_content=message["html"], smtp_conn_id=connection
        )
        try:
            notifier.notify(cast("Any", {}))  # called by name, so that no text is rendered as a template
        except Exception as error:  # noqa: BLE001 - whatever the server says, the others must get theirs
            failed.append(type(error).__name__)
    if failed:
        raise StorageError(
            f"{len(failed)} of {len(messages)} mails were not sent ({', '.join(sorted(set(failed)))})",
            remedy=f"Look at the connection `{connection}` and at the mail server; the others have had theirs, so this is not "
            f"tried again before tomorrow.",
            slug="mail-not-sent",
        )
    return len(messages)


def send_to_channel(text: str) -> bool:
    """Post one message to the configured webhook; whether there is one."""
    connection = Variable.get(WEBHOOK_VARIABLE, default=None)
    if not connection:
        log.info("Nothing is posted: %s names no connection.", WEBHOOK_VARIABLE)
        return False
    from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier

    notifier = SlackWebhookNotifier(slack_webhook_conn_id=connection, text=text)
    notifier.notify(cast("Any", {}))  # type: ignore[no-untyped-call]  # the provider's, without types
    return True


def refresh_failed(context: Context) -> None:
    """What the channel hears of a failed refresh: the sentence the ledger has of it. Called by Airflow when the run failed."""
    from dags.dag_builder import PREFIX
    from dags.step_task import pipeline_run_id

    run = context["dag_run"]
    dataset = run.dag_id.removeprefix(PREFIX)
    send_to_channel(f"The refresh of {dataset} failed. {reason_of(dataset, pipeline_run_id(run.run_id))}")


def reason_of(dataset: str, run_id: str) -> str:
    """Why a run ended as it did, in the ledger's words; a pointer to the log where the ledger does not know."""
    from include.opendata.ledger import open_ledger

    try:
        entry = open_ledger().run(dataset, run_id)
    except OpendataError as error:  # perhaps the very reason; people must hear of it all the same
        return f"Why is in the log of its failed task: {error.what}."
    if entry is None or not entry.message:
        return "The log of its failed task says why."
    return entry.message


def watch_failed(context: Context) -> None:
    """What the channel receives when the daily watch did not end well: its silence must not be taken for good news."""
    send_to_channel(
        f"The daily watch of the open data failed ({context['dag_run'].run_id}): what it found, if it could look at all, did "
        f"not reach every person. The log of its failed task in Airflow says why."
    )
