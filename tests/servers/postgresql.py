"""A real PostgreSQL for tests: its own cluster in a temporary folder, on a free port of the loopback, stopped by its own
process id. PostgreSQL refuses to run as root, so root lends it to the ``nobody`` of Debian's package."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

USER = "opendata"


def programs() -> Path:
    """Where Debian keeps the newest PostgreSQL. Raises FileNotFoundError with the remedy when there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[4]))
    if not found:
        raise FileNotFoundError("PostgreSQL is not installed: run `make system-deps`")
    return found[-1].parent


def free_port() -> int:
    """A port of the loopback nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@contextmanager
def postgresql() -> Iterator[str]:
    """A running server; yields its SQLAlchemy address."""
    folder = Path(tempfile.mkdtemp(prefix="opendata-postgresql-"))
    owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    if owner is not None:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    lend: dict[str, Any] = (
        {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner is not None else {}
    )
    data, port, bin_ = folder / "data", free_port(), programs()
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT, "cwd": folder}
    subprocess.run(
        [bin_ / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync"], check=True, **quiet, **lend
    )
    server = subprocess.Popen(
        [bin_ / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", folder, "-c", "fsync=off"],
        **quiet,
        **lend,
    )
    try:
        _wait_until_ready(bin_, port, server)
        yield f"postgresql+psycopg://{USER}@127.0.0.1:{port}/postgres"
    finally:
        server.send_signal(signal.SIGINT)  # PostgreSQL's "fast" shutdown
        server.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_ready(bin_: Path, port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if server.poll() is not None:
            raise RuntimeError(f"PostgreSQL ended with code {server.returncode}")
        ready = subprocess.run([bin_ / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port), "-U", USER], check=False)
        if ready.returncode == 0:
            return
        time.sleep(0.1)
    raise RuntimeError("PostgreSQL did not become ready")
