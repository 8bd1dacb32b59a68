"""Sources near and far: what arrives, what is refused, what is worth another try."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from include.opendata import places
from include.opendata.errors import InputError
from include.opendata.sources import SourceUnreachable
from include.opendata.sources.fetch import fetch, shown

DATA = b"name,visits\nA,1\n" * 1000


class _Server(BaseHTTPRequestHandler):
    def do_GET(self):
        path = self.path.partition("?")[0]
        if path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/bucket/source.csv")
            self.end_headers()
            return
        status = {"/missing": 404, "/denied": 403, "/busy": 503, "/teapot": 418}.get(path, 200)
        if path == "/bucket/gone.csv":
            body, status = b"<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>", 404
        else:
            body = DATA
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) + (10 if path == "/cut" else 0)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def web():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def bucket(web, monkeypatch):
    for name, value in {
        "AWS_ENDPOINT_URL": web,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    return "s3://bucket"


def refusal(location: str, tmp_path, **facts) -> InputError:
    with pytest.raises(InputError) as caught:
        fetch(location, dataset="demo", to=tmp_path / "source", **facts)
    assert list(tmp_path.iterdir()) == []
    return caught.value


@pytest.mark.parametrize("path", ["/source.csv?key=secret", "/moved"])
def test_a_web_address_is_read_whole(web, tmp_path, path):
    got = fetch(web + path, dataset="demo", to=tmp_path / "source")
    assert got.path.read_bytes() == DATA
    assert got.sha256 == hashlib.sha256(DATA).hexdigest()
    assert got.bytes == len(DATA)


def test_a_bucket_is_read_whole(bucket, tmp_path):
    assert fetch(f"{bucket}/source.csv", dataset="demo", to=tmp_path / "source").path.read_bytes() == DATA


def test_a_file_address_is_read(tmp_path):
    (tmp_path / "my source.csv").write_bytes(DATA)
    got = fetch(f"file://{tmp_path}/my%20source.csv", dataset="demo", to=tmp_path / "copy")
    assert got.path.read_bytes() == DATA


def test_a_relative_path_starts_at_the_projects_root(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "ROOT", tmp_path)
    (tmp_path / "data.csv").write_bytes(DATA)
    assert fetch("data.csv", dataset="demo", to=tmp_path / "copy").bytes == len(DATA)


@pytest.mark.parametrize(
    ("path", "slug", "retryable"),
    [
        ("/missing", "source-missing", False),
        ("/denied", "source-denied", False),
        ("/teapot", "source-missing", False),
        ("/busy", "source-unreachable", True),
        ("/cut", "source-unreachable", True),
    ],
)
def test_only_what_may_be_there_in_a_minute_is_worth_a_retry(web, tmp_path, path, slug, retryable):
    error = refusal(web + path, tmp_path)
    assert error.slug == slug
    assert getattr(error, "retryable", False) is retryable
    assert error.exit_code == 2


def test_a_server_that_is_down_is_worth_a_retry(tmp_path):
    assert isinstance(refusal("http://127.0.0.1:9/source.csv", tmp_path), SourceUnreachable)


def test_a_bucket_without_the_file(bucket, tmp_path):
    assert refusal(f"{bucket}/gone.csv", tmp_path).slug == "source-missing"


def test_a_source_larger_than_allowed_is_not_read_to_its_end(web, tmp_path):
    assert refusal(f"{web}/source.csv", tmp_path, max_bytes=100).slug == "source-too-large"


@pytest.mark.parametrize("location", ["ftp://example.org/a.csv", "file://elsewhere/a.csv"])
def test_other_addresses_are_refused(location, tmp_path):
    assert refusal(location, tmp_path).slug == "source-scheme"


def test_keys_and_passwords_of_an_address_are_never_shown(web, tmp_path):
    assert shown("https://me:pass@example.org:8443/a.csv?sig=key#x") == "https://example.org:8443/a.csv"
    assert "sig=" not in str(refusal(f"{web}/missing?sig=key", tmp_path))


def test_a_secure_address_may_not_lead_on_to_an_insecure_one(tmp_path, monkeypatch):
    import requests

    class Hop:
        def __init__(self, url, history=()):
            self.url, self.history, self.status_code = url, history, 200

        def iter_content(self, size):
            yield DATA

        def close(self):
            pass

    answer = Hop("http://example.org/a.csv", [Hop("https://example.org/a.csv")])
    monkeypatch.setattr(requests, "get", lambda *args, **kwargs: answer)
    assert refusal("https://example.org/a.csv", tmp_path).slug == "source-insecure"
