"""The daily watch, told by mail and webhook: a real SMTP server and a real web server on loopback."""

from __future__ import annotations

import json
import threading
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from tests.lib.declarations import SOUND

CHANGED = SOUND.replace("dataset: clinic_visits", "dataset: {name}")


class Mailbox:
    """Takes every mail but those for an address that says no."""

    def __init__(self) -> None:
        self.mails: list[Any] = []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused"):
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=default)))
        return "250 OK"


@pytest.fixture
def mailbox(monkeypatch):
    box = Mailbox()
    server = Controller(box, hostname="127.0.0.1", port=0)
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server.port = free.getsockname()[1]
    server.start()
    connection = {
        "conn_type": "smtp",
        "host": "127.0.0.1",
        "port": server.port,
        "extra": {"disable_ssl": True, "disable_tls": True, "from_email": "opendata@example.org", "retry_limit": 1},
    }
    monkeypatch.setenv("AIRFLOW_CONN_TEST_MAIL", json.dumps(connection))
    monkeypatch.setenv("AIRFLOW_VAR_OPENDATA_MAIL_CONNECTION", "test_mail")
    yield box
    server.stop()


@pytest.fixture
def channel(monkeypatch):
    posted: list[dict[str, Any]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *arguments):
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    connection = {
        "conn_type": "slackwebhook",
        "host": f"http://127.0.0.1:{server.server_port}/services",
        "password": "T0/B0/secret",
    }
    monkeypatch.setenv("AIRFLOW_CONN_TEST_CHANNEL", json.dumps(connection))
    monkeypatch.setenv("AIRFLOW_VAR_OPENDATA_WEBHOOK_CONNECTION", "test_channel")
    yield posted
    server.shutdown()
    thread.join()


@pytest.fixture
def watched(embedded_airflow, declarations, tmp_path, monkeypatch):
    """Two declared datasets of two stewards, never run; a ledger and a staging of their own."""
    monkeypatch.setenv("OPENDATA_LEDGER", f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    monkeypatch.setenv("AIRFLOW_VAR_OPENDATA_STAGING", str(tmp_path / "staging"))
    for name in ("births", "deaths"):
        (declarations / name).mkdir()
        text = CHANGED.replace("{name}", name).replace("steward@", f"{name}.steward@")
        (declarations / name / "dataset.yaml").write_text(text)
    return declarations


def told(box: Mailbox) -> dict[str, str]:
    return {people[0]: mail.get_body(("html",)).get_content() for people, mail in box.mails}


def test_each_person_gets_one_mail_with_what_is_theirs(watched, run_dag, mailbox):
    states = run_dag("watch_portal")
    assert states["send_mails"] == ["success"]
    by_person = told(mailbox)
    assert len(by_person) == len(mailbox.mails)
    stewards = {person: text for person, text in by_person.items() if "steward" in person}
    assert len(stewards) == 2
    for person, text in stewards.items():
        own, other = ("births", "deaths") if person.startswith("births") else ("deaths", "births")
        assert own in text
        assert other not in text
        assert "never refreshed" in text


def test_a_watcher_hears_of_everything_in_one_mail(watched, run_dag, mailbox, monkeypatch):
    monkeypatch.setenv("AIRFLOW_VAR_OPENDATA_WATCHERS", '["coordinator@example.org"]')
    run_dag("watch_portal")
    mine = [mail for people, mail in mailbox.mails if people == ["coordinator@example.org"]]
    assert len(mine) == 1
    text = mine[0].get_body(("html",)).get_content()
    assert "births" in text
    assert "deaths" in text
    assert mine[0]["Subject"] == "Open data: 2 problems in 2 datasets"


def test_one_address_that_is_refused_does_not_keep_back_the_mail_of_others(watched, run_dag, mailbox, monkeypatch):
    monkeypatch.setenv("AIRFLOW_VAR_OPENDATA_WATCHERS", '["refused@example.org", "zoe@example.org"]')
    states = run_dag("watch_portal")
    assert states["send_mails"] == ["failed"]
    assert "zoe@example.org" in told(mailbox)


def test_the_channel_gets_one_message_for_all(watched, run_dag, channel):
    run_dag("watch_portal")
    assert len(channel) == 1
    assert "births" in channel[0]["text"]
    assert "deaths" in channel[0]["text"]


def test_where_nothing_is_wrong_nobody_is_told(watched, run_dag, mailbox, channel):
    for name in ("births", "deaths"):
        (watched / name / "dataset.yaml").unlink()
    assert run_dag("watch_portal")[""] == ["success"]
    assert (mailbox.mails, channel) == ([], [])


def test_without_mail_and_channel_the_watch_still_looks(watched, run_dag):
    assert run_dag("watch_portal")[""] == ["success"]


def test_a_watch_that_cannot_look_tells_the_channel_so(watched, run_dag, channel, monkeypatch, tmp_path):
    (tmp_path / "ledger.sqlite").write_text("no database at all, and longer than a header would be")
    states = run_dag("watch_portal")
    assert states[""] == ["failed"]
    assert ["failed" in one["text"] for one in channel] == [True]


def test_messages_are_sent_once_whatever_airflows_default_is(embedded_airflow, bag):
    dag = bag().dags["watch_portal"]
    assert dag.default_args["retries"] == 0  # else an installation's `default_task_retries` would send them again
    assert {task.task_id: task.retries for task in dag.tasks} == {"look": 2, "send_mails": 0, "post": 0}


def test_a_failed_refresh_is_told_to_the_channel_also_when_the_ledger_is_the_reason(watched, channel, tmp_path):
    from types import SimpleNamespace

    from dags.notifications import refresh_failed

    (tmp_path / "ledger.sqlite").write_text("no database at all, and longer than a header would be")
    refresh_failed({"dag_run": SimpleNamespace(dag_id="refresh__births", run_id="run")})
    (told,) = channel
    assert "The refresh of births failed." in told["text"]


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ('["a@example.org", "b@example.org"]', ["a@example.org", "b@example.org"]),
        ('"a@example.org"', ["a@example.org"]),
        ("a@example.org, b@example.org", ["a@example.org", "b@example.org"]),
        ("", []),
    ],
)
def test_watchers_are_written_as_a_list_or_as_people_write_addresses(embedded_airflow, monkeypatch, written, named):
    from dags.notifications import watchers

    monkeypatch.setenv("AIRFLOW_VAR_OPENDATA_WATCHERS", written)
    assert watchers() == named


def test_a_sentence_is_not_rendered_as_a_template(embedded_airflow, mailbox):
    from dags.notifications import send_mail

    body = "<p>{{ 7 * 7 }}</p>"
    send_mail([{"to": "a@example.org", "subject": "{{ 7 * 7 }}", "html": body}])
    assert mailbox.mails[0][1]["Subject"] == "{{ 7 * 7 }}"
    assert "{{ 7 * 7 }}" in told(mailbox)["a@example.org"]
