"""What CKAN needs of Solr to start and to write: a small HTTP server that takes every document and finds none.

Search is the one part of the portal that is not real here, because Solr cannot be had from a package registry. Database,
permissions, validation, uploads, activities and the DataStore do not use it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

CORE = "ckan"


@contextmanager
def solr(schema: Path) -> Iterator[str]:
    """A running stand-in that shows CKAN's own ``schema``; yields the core's address."""
    shown = schema.read_bytes()

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if urlsplit(self.path).path.endswith("/schema"):
                self._answer(shown, "application/xml")
            else:
                self._nothing_found()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self._nothing_found()

        def _nothing_found(self) -> None:
            answer = {
                "responseHeader": {"status": 0, "QTime": 0},
                "response": {"numFound": 0, "start": 0, "docs": []},
                "facet_counts": {"facet_queries": {}, "facet_fields": {}},
                "status": "OK",
            }
            self._answer(json.dumps(answer).encode(), "application/json")

        def _answer(self, body: bytes, media_type: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """The tests are interested in what CKAN says."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/solr/{CORE}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
