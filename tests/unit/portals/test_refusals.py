"""What a portal lacks or has lost is said with a slug, before or while something is sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from include.opendata.errors import InputError
from include.opendata.portals.ckan import PortalAccess
from tests.integration.portal.packages import Trial
from tests.servers.ckan.prepare import DEPARTMENT

Answer = tuple[int, dict[str, Any]]
NOT_FOUND: Answer = (404, {"success": False, "error": {"__type": "Not Found Error", "message": "Not found"}})


@pytest.fixture
def portal() -> Iterator[tuple[str, dict[str, Answer]]]:
    """The address of a server that answers CKAN's actions by a table: action → (status, body)."""
    answers: dict[str, Answer] = {}

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, body = answers.get(self.path.rpartition("/")[2], NOT_FOUND)
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", answers
    finally:
        server.shutdown()
        server.server_close()


def result(value: object) -> Answer:
    return 200, {"success": True, "result": value}


def published(address: str, tmp_path) -> str:
    """The slug with which publishing the package of a small release is refused."""
    trial = Trial.of("refusals", tmp_path)
    with pytest.raises(InputError) as refused:
        trial.publish(PortalAccess(address, "token", attempts=1))
    return refused.value.slug


READY = {
    "status_show": result({"extensions": ["datastore"]}),
    "user_show": result({"name": "editor"}),
    "organization_show": result({"id": "d", "name": DEPARTMENT}),
    "organization_list_for_user": result([{"id": "d"}]),
}


def test_a_portal_without_a_datastore_is_refused_before_anything_is_sent(portal, tmp_path):
    address, answers = portal
    answers |= READY | {"status_show": result({"extensions": ["activity"]})}
    assert published(address, tmp_path) == "portal-no-datastore"


def test_what_vanishes_from_the_portal_meanwhile_is_said(portal, tmp_path):
    address, answers = portal
    answers |= READY | {"group_show": result({"id": "g"})}
    assert published(address, tmp_path) == "portal-missing"
