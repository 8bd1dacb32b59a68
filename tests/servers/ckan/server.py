"""A real CKAN for tests: PostgreSQL and Redis from Debian's packages, CKAN in its own environment, a stand-in for Solr, all
on free ports of the loopback and each stopped by its own process id.

Needs ``make system-deps``. The first start makes CKAN's environment; later ones take about ten seconds.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.ckan.environment import environment, schema_of_solr
from tests.servers.ckan.solr import solr
from tests.servers.postgresql import free_port, postgresql

HERE = Path(__file__).resolve().parent
MAX_RESOURCE_MEGABYTES = 2_000
ROWS_MAX = 32_000
"""What CKAN gives a reader at once, its own default."""


@dataclass(frozen=True)
class CkanServer:
    """A running portal. ``tokens``: of the users admin, publisher and outsider (see ``prepare.py``)."""

    url: str
    tokens: Mapping[str, str]
    log: Path
    uploads: Path
    """Where the portal keeps uploaded files."""
    process: int
    """The process id of the web server, to measure or to stop it."""


@contextmanager
def ckan(schema: Path = HERE / "chhs.yaml") -> Iterator[CkanServer]:
    """A running CKAN whose package form is ``schema`` (of ckanext-scheming)."""
    home = environment()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="opendata-ckan-")))
        database = stack.enter_context(postgresql()).replace("postgresql+psycopg://", "postgresql://")
        _make_databases(home, database)
        core = stack.enter_context(solr(schema_of_solr(home)))
        redis = stack.enter_context(_redis(folder))
        port = free_port()
        configuration = folder / "ckan.ini"
        configuration.write_text(_configuration(folder, database, core, redis, port, schema), encoding="utf-8")
        prepared = subprocess.run(
            [home / "bin" / "python", HERE / "prepare.py", configuration, database.replace("/postgres", "/datastore")],
            cwd=folder,
            env=_environment(home, configuration),
            capture_output=True,
            text=True,
            check=False,
        )
        if prepared.returncode:
            raise RuntimeError(f"CKAN could not be prepared:\n{prepared.stderr[-4000:]}")
        facts = json.loads(prepared.stdout.strip().splitlines()[-1])
        yield stack.enter_context(_web_server(home, folder, configuration, port, facts["tokens"]))


@contextmanager
def _web_server(
    home: Path, folder: Path, configuration: Path, port: int, tokens: Mapping[str, str]
) -> Iterator[CkanServer]:
    log = folder / "ckan.log"
    with log.open("wb") as written:
        process = subprocess.Popen(
            [
                *(home / "bin" / "ckan", "-c", configuration, "run", "--host", "127.0.0.1", "--port", str(port)),
                *("--disable-reloader", "--threaded"),
            ],
            cwd=folder,
            env=_environment(home, configuration),
            stdout=written,
            stderr=subprocess.STDOUT,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_ready(url, process, log)
            yield CkanServer(url, tokens, log, folder / "storage" / "resources", process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def _redis(folder: Path) -> Iterator[str]:
    program = shutil.which("redis-server")
    if program is None:
        raise FileNotFoundError("Redis is not installed: run `make system-deps`")
    port = free_port()
    process = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    )
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


def _make_databases(home: Path, database: str) -> None:
    statements = (
        "CREATE ROLE ckan LOGIN",
        "CREATE ROLE datastore_ro LOGIN",
        "CREATE DATABASE ckan OWNER ckan",
        "CREATE DATABASE datastore OWNER ckan",
    )
    script = (
        "import sys, psycopg2\n"
        "connection = psycopg2.connect(sys.argv[1])\n"
        "connection.autocommit = True\n"
        "for statement in sys.argv[2:]: connection.cursor().execute(statement)\n"
    )
    subprocess.run([home / "bin" / "python", "-c", script, database, *statements], check=True)


def _configuration(folder: Path, database: str, core: str, redis: str, port: int, schema: Path) -> str:
    server = database.rpartition("@")[2].partition("/")[0]
    return f"""\
[app:main]
use = egg:ckan
SECRET_KEY = {secrets.token_urlsafe(24)}
ckan.site_id = default
ckan.site_title = Open data portal of the tests
ckan.site_url = http://127.0.0.1:{port}
sqlalchemy.url = postgresql://ckan@{server}/ckan
ckan.datastore.write_url = postgresql://ckan@{server}/datastore
ckan.datastore.read_url = postgresql://datastore_ro@{server}/datastore
ckan.datastore.sqlsearch.enabled = true
ckan.datastore.search.rows_max = {ROWS_MAX}
solr_url = {core}
ckan.redis.url = {redis}
ckan.storage_path = {folder / "storage"}
ckan.max_resource_size = {MAX_RESOURCE_MEGABYTES}
ckan.webassets.path = {folder / "webassets"}
ckan.plugins = activity scheming_datasets datastore datatables_view text_view
ckan.views.default_views = datatables_view
ckan.auth.public_activity_stream_detail = true
ckan.auth.create_unowned_dataset = false
ckan.auth.user_create_organizations = false
ckan.auth.user_create_groups = false
scheming.dataset_schemas = file://{schema}
scheming.presets = ckanext.scheming:presets.json
ckan.devserver.threaded = true

[loggers]
keys = root
[handlers]
keys = console
[formatters]
keys = plain
[logger_root]
level = WARNING
handlers = console
[handler_console]
class = StreamHandler
args = (sys.stderr,)
formatter = plain
[formatter_plain]
format = %(asctime)s %(levelname)s [%(name)s] %(message)s
"""


def _environment(home: Path, configuration: Path) -> dict[str, str]:
    """Nothing of the project's own environment reaches CKAN."""
    return {
        "PATH": f"{home / 'bin'}:{os.environ.get('PATH', '')}",
        "HOME": str(configuration.parent),
        "LANG": "C.UTF-8",
        "CKAN_INI": str(configuration),
        "NO_PROXY": "127.0.0.1,localhost",
        "MAGIC": os.environ.get("MAGIC", ""),
    }


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"CKAN ended with code {process.returncode}:\n{log.read_text()[-4000:]}")
        try:
            with urllib.request.urlopen(f"{url}/api/3/action/status_show", timeout=10) as answer:
                if json.load(answer)["success"]:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise RuntimeError("CKAN did not become ready")


def main() -> None:
    """``python -m tests.servers.ckan.server``: a portal to look at, until it is interrupted or terminated."""
    with ckan() as server:
        sys.stdout.write(json.dumps({"url": server.url, "tokens": dict(server.tokens), "log": str(server.log)}) + "\n")
        sys.stdout.flush()
        for ending in (signal.SIGINT, signal.SIGTERM):
            signal.signal(ending, lambda *_: None)
        signal.pause()


if __name__ == "__main__":
    main()
