"""One real S3 server for all tests of this folder, and a place of its own in its bucket for every test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from include.opendata.staging import S3Access, S3Staging, Staging
from include.opendata.staging.s3_client import S3Limits
from tests.lib.staged_release import make_release
from tests.servers.s3 import BUCKET, REGION, S3Server, client, s3_server

QUICK = S3Limits(part_bytes=5 << 20, workers=4, connect_seconds=2, read_seconds=2, attempts=2)


@pytest.fixture(scope="session")
def server() -> Iterator[S3Server]:
    with s3_server() as running:
        yield running


def access_to(server: S3Server, **changes: Any) -> S3Access:
    keys = {"access_key": server.writer.access_key, "secret_key": server.writer.secret_key}
    return S3Access(**{**keys, "endpoint_url": server.endpoint, "region": REGION, **changes})


@dataclass
class Place:
    """A prefix of the bucket, staging in it, and a plain client to look behind staging's back."""

    server: S3Server
    prefix: str
    folder: Path

    @property
    def address(self) -> str:
        return f"s3://{BUCKET}/{self.prefix}"

    def staging(self, **changes: Any) -> S3Staging:
        """Staging here, with the writer's keys; ``changes`` are of its limits and keys."""
        if not changes:
            return self._usual
        limits = changes.pop("limits", QUICK)
        return S3Staging(BUCKET, self.prefix, access=access_to(self.server, **changes), limits=limits)

    @cached_property
    def _usual(self) -> S3Staging:
        return self.staging(limits=QUICK)

    def publish(self, release: str, expected: str | None, staging: Staging | None = None, **changes: Any):
        folder = self.folder / f"work-{release}"
        return (staging or self.staging()).publish(folder, make_release(folder, release, **changes), expected)

    @property
    def client(self) -> Any:
        return client(self.server)

    def listed(self) -> dict[str, str]:
        """Key → ETag, which is another one where the bytes are others."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{self.prefix}/")
        found = [one for page in pages for one in page.get("Contents", ())]
        return {one["Key"].removeprefix(f"{self.prefix}/"): one["ETag"] for one in found}

    def tree(self) -> dict[str, bytes]:
        return {key: self.read(key) for key in self.listed()}

    def read(self, key: str) -> bytes:
        return self.client.get_object(Bucket=BUCKET, Key=f"{self.prefix}/{key}")["Body"].read()

    def write(self, key: str, content: bytes) -> None:
        self.client.put_object(Bucket=BUCKET, Key=f"{self.prefix}/{key}", Body=content)

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=BUCKET, Key=f"{self.prefix}/{key}")

    def head(self, key: str) -> dict[str, Any]:
        return self.client.head_object(Bucket=BUCKET, Key=f"{self.prefix}/{key}", ChecksumMode="ENABLED")

    def unfinished(self) -> list[str]:
        found = self.client.list_multipart_uploads(Bucket=BUCKET, Prefix=f"{self.prefix}/").get("Uploads", ())
        return [one["Key"].removeprefix(f"{self.prefix}/") for one in found]


@pytest.fixture
def place(server, tmp_path) -> Place:
    return Place(server, f"t-{uuid.uuid4().hex[:12]}", tmp_path)
