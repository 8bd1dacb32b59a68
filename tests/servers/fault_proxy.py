"""A proxy before a real HTTP server that fails in the ways networks fail, where a test says so, and notes what was asked."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "server", "date"}


@dataclass(frozen=True)
class Request:
    """What a client asked. ``path``: without the query."""

    method: str
    path: str
    body: bytes

    @property
    def action(self) -> str:
        """The CKAN action asked for; empty for anything else."""
        return self.path.rpartition("/")[2] if "/api/" in self.path else ""


@dataclass
class Fault:
    """What happens to a request. ``cut_request``: the connection ends while it is sent · ``lose_answer``: the server does
    what was asked and the client never hears of it · ``status``: another answer in place of the server's · ``delay``:
    seconds before it is passed on · ``alter``: the answer's body, changed."""

    when: Callable[[Request], bool]
    times: int = 1_000_000
    cut_request: bool = False
    lose_answer: bool = False
    status: int | None = None
    delay: float = 0
    alter: Callable[[bytes], bytes] | None = None
    met: int = 0


@dataclass
class FaultProxy:
    """A running proxy: its address, the faults that are on, the requests so far."""

    url: str
    faults: list[Fault] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def fail(self, when: Callable[[Request], bool] | str, **how: object) -> Fault:
        """Switch a fault on; ``when``: a condition, or the name of a CKAN action."""
        condition = when if callable(when) else (lambda request: request.action == when)
        self.faults.append(Fault(condition, **how))  # type: ignore[arg-type]
        return self.faults[-1]

    def heal(self) -> None:
        self.faults.clear()

    def actions(self) -> list[str]:
        return [request.action for request in self.requests if request.action]


@contextmanager
def fault_proxy(target: str) -> Iterator[FaultProxy]:
    """A proxy before ``target``, on a free port of the loopback."""
    host, port = urlsplit(target).hostname, urlsplit(target).port
    lock = threading.Lock()
    proxy = FaultProxy("")

    class Passes(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._pass_on()

        do_POST = do_GET

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(self.command, urlsplit(self.path).path, body)
            with lock:
                proxy.requests.append(request)
                fault = next((f for f in proxy.faults if f.met < f.times and f.when(request)), None)
                if fault is not None:
                    fault.met += 1
            if fault is not None and fault.delay:
                time.sleep(fault.delay)
            if fault is not None and fault.cut_request:
                return self._hang_up()
            if fault is not None and fault.status:
                return self._answer(fault.status, [("Content-Type", "text/html")], b"<h1>secret detail</h1>")
            try:
                answer, content = self._ask(body)
            except (OSError, http.client.HTTPException):
                return self._hang_up()
            if fault is not None and fault.lose_answer:
                return self._hang_up()
            if fault is not None and fault.alter:
                content = fault.alter(content)
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in HOP_BY_HOP]
            self._answer(answer.status, kept, content)

        def _ask(self, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
            headers = {k: v for k, v in self.headers.items() if k.lower() not in ("connection", "host")}
            with closing(http.client.HTTPConnection(str(host), port, timeout=300)) as connection:
                connection.request(self.command, self.path, body or None, headers | {"Host": f"{host}:{port}"})
                answer = connection.getresponse()
                return answer, answer.read()

        def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
            with suppress(OSError):
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        def _hang_up(self) -> None:
            self.close_connection = True
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)

        def log_message(self, format: str, *args: object) -> None:
            """The tests read ``requests``."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Passes)
    server.daemon_threads = True
    proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
