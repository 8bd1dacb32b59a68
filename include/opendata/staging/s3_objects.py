"""Objects below one prefix of an S3 bucket: put whole and checked, read in pieces, moved only under a condition.

Every upload carries SHA-256 checksums that the server checks before it keeps anything; what is larger than a part goes up
in parts, a few at a time, so that memory does not grow with the file. An object is only ever made, never overwritten
(``If-None-Match: *``), except the two documents that move, each on the condition that it still is what was read
(``If-Match``). Reading back asks for the bytes themselves, and for those of the very object that was listed.
"""

from __future__ import annotations

import base64
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypedDict

from botocore.client import BaseClient
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from urllib3.exceptions import HTTPError

from include.opendata.staging.s3_client import S3Limits, code_of
from include.opendata.storage.digests import RunningDigest, sha256_of

FOR_EVER = "public, max-age=31536000, immutable"
FOR_REVIEWERS = "private, max-age=31536000, immutable"
NEVER = "no-cache"
_TRIES = 4
_MOST_PARTS = 9_000  # of the 10,000 that S3 allows

_Count = Callable[[int], None]


class _Part(TypedDict):
    """A part that went up, as S3 wants it named when the upload is completed."""

    PartNumber: int
    ETag: str
    ChecksumSHA256: str


class _Headers(TypedDict):
    """What is kept beside an object's bytes."""

    ContentType: str
    CacheControl: str
    Metadata: Mapping[str, str]


class SourceChanged(Exception):
    """The file that was to go up is not what its manifest says."""


@dataclass(frozen=True)
class Stored:
    """An object as a listing tells it."""

    key: str
    size: int
    etag: str
    modified: datetime


class Objects:
    """The objects of ``bucket`` below ``prefix`` (empty, or ending in ``/``); keys are told and taken without it."""

    def __init__(self, client: BaseClient, bucket: str, prefix: str, limits: S3Limits):
        self._client: Any = client
        self._bucket, self._prefix, self._limits = bucket, prefix, limits

    # Reading

    def read(self, key: str) -> tuple[bytes, str] | None:
        """(bytes, ETag) of a small object; None when it is not there."""

        try:
            content, answer = self._body(self._at(key))
        except ClientError as error:
            if code_of(error) in ("NoSuchKey", "404"):
                return None
            raise
        return content, answer["ETag"]

    def folders(self, below: str = "") -> list[str]:
        """The names of the folders right below ``below``, sorted."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix + below, Delimiter="/"
        )
        start = len(self._prefix + below)
        return sorted(prefix["Prefix"][start:-1] for page in pages for prefix in page.get("CommonPrefixes", ()))

    def listed(self, below: str) -> dict[str, Stored]:
        """Everything below ``below``: the rest of its key → the object."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix + below)
        start = len(self._prefix)
        return {
            entry["Key"][start + len(below) :]: Stored(
                entry["Key"][start:], entry["Size"], entry["ETag"], entry["LastModified"]
            )
            for page in pages
            for entry in page.get("Contents", ())
        }

    def pieces(self, key: str, size: int, etag: str) -> Iterator[bytes]:
        """The bytes of one object in order, some pieces fetched ahead. Fails when it is replaced meanwhile."""

        def fetch(start: int) -> bytes:
            last = min(start + self._limits.part_bytes, size) - 1
            asked = {**self._at(key), "Range": f"bytes={start}-{last}", "IfMatch": etag}
            return self._body(asked)[0]

        starts = range(0, size, self._limits.part_bytes)
        if len(starts) == 1:
            yield fetch(0)
        elif starts:
            with ThreadPoolExecutor(self._limits.workers) as pool:
                ahead: deque[Future[bytes]] = deque()
                for start in starts:
                    ahead.append(pool.submit(fetch, start))
                    if len(ahead) > self._limits.workers:
                        yield ahead.popleft().result()
                while ahead:
                    yield ahead.popleft().result()

    def digest(self, stored: Stored, count: _Count = lambda _: None) -> str:
        """SHA-256 of the object's bytes as they come back from the server."""
        sent_back = RunningDigest()
        for piece in self.pieces(stored.key, stored.size, stored.etag):
            sent_back.update(piece)
            count(len(piece))
        return sent_back.sha256

    def _body(self, asked: Mapping[str, str]) -> tuple[bytes, Any]:
        """An answer with its bytes; botocore tries requests again by itself, but not an answer cut in the middle."""

        for attempt in range(_TRIES):
            answer = self._client.get_object(**asked)
            try:
                return answer["Body"].read(), answer
            except (IncompleteReadError, ReadTimeoutError, ResponseStreamingError, HTTPError):
                if attempt == _TRIES - 1:
                    raise
                time.sleep(0.2 * (attempt + 1))
        raise AssertionError("the last try returns or raises")

    # Writing

    def put(self, key: str, content: bytes, *, etag: str | None, media_type: str, cache: str) -> bool:
        """Put a small object if it still has ``etag`` (None: if there is none). False: the condition did not hold."""
        condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
        return self._when_condition_holds(
            lambda: self._client.put_object(
                **self._at(key),
                Body=content,
                ChecksumSHA256=_base64(sha256_of(content)),
                ContentType=media_type,
                CacheControl=cache,
                **condition,
            )
        )

    def upload(
        self, source: Path, key: str, *, sha256: str, size: int, media_type: str, cache: str, count: _Count
    ) -> bool:
        """Put a file where there is nothing yet; whether there was: an object that is there already stays as it is.

        Raises SourceChanged when the file has not the digest and size it should have.
        """
        headers: _Headers = {"ContentType": media_type, "CacheControl": cache, "Metadata": {"sha256": sha256}}
        if size > self._limits.part_bytes:
            return self._upload_in_parts(source, key, sha256, size, headers, count)
        content = source.read_bytes()
        if sha256_of(content) != sha256:
            raise SourceChanged
        checksum = _base64(sha256)
        new = self._when_condition_holds(
            lambda: self._client.put_object(
                **self._at(key), Body=content, ChecksumSHA256=checksum, IfNoneMatch="*", **headers
            )
        )
        count(size)
        return new

    def delete(self, keys: list[str]) -> None:
        """Delete objects; those that are not there are no error."""
        for key in keys:
            self._client.delete_object(**self._at(key))

    def abort_unfinished(self, below: str, before: datetime | None = None) -> int:
        """Abort unfinished uploads below ``below`` (begun before ``before``, if it is given); how many."""
        pages = self._client.get_paginator("list_multipart_uploads").paginate(
            Bucket=self._bucket, Prefix=self._prefix + below
        )
        left = [upload for page in pages for upload in page.get("Uploads", ())]
        left = [upload for upload in left if before is None or upload["Initiated"] < before]
        for upload in left:
            self._abort(upload["Key"], upload["UploadId"])
        return len(left)

    def _upload_in_parts(
        self, source: Path, key: str, sha256: str, size: int, headers: _Headers, count: _Count
    ) -> bool:

        for attempt in range(_TRIES):
            begun = self._client.create_multipart_upload(**self._at(key), ChecksumAlgorithm="SHA256", **headers)
            upload = begun["UploadId"]
            try:
                parts = self._send_parts(source, key, upload, sha256, size, count)
                finish = partial(
                    self._client.complete_multipart_upload,
                    **self._at(key),
                    UploadId=upload,
                    MultipartUpload={"Parts": parts},
                    IfNoneMatch="*",
                )
                done = self._when_condition_holds(finish)
            except BaseException as error:
                self._abort(self._prefix + key, upload)
                # Another publisher of the same release aborted it, or a try of ours whose answer was lost finished it.
                if not (isinstance(error, ClientError) and code_of(error) == "NoSuchUpload") or attempt == _TRIES - 1:
                    raise
                if "" in self.listed(key):
                    return False
            else:
                if not done:
                    self._abort(self._prefix + key, upload)
                return done
        raise AssertionError("the last try returns or raises")

    def _send_parts(self, source: Path, key: str, upload: str, sha256: str, size: int, count: _Count) -> list[_Part]:
        whole, length = RunningDigest(), max(self._limits.part_bytes, -(-size // _MOST_PARTS))
        sent: list[_Part] = []
        with source.open("rb") as stream, ThreadPoolExecutor(self._limits.workers) as pool:
            under_way: deque[Future[_Part]] = deque()
            try:
                while piece := stream.read(length):
                    if len(under_way) > self._limits.workers:
                        sent.append(under_way.popleft().result())
                    number = len(sent) + len(under_way) + 1
                    under_way.append(pool.submit(self._send_part, key, upload, number, piece, count))
                    whole.update(piece)
                sent += [future.result() for future in under_way]
            except BaseException:
                for future in under_way:
                    future.cancel()
                raise
        if whole.sha256 != sha256:
            raise SourceChanged
        return sent

    def _send_part(self, key: str, upload: str, number: int, piece: bytes, count: _Count) -> _Part:
        checksum = _base64(sha256_of(piece))
        answer = self._client.upload_part(
            **self._at(key), UploadId=upload, PartNumber=number, Body=piece, ChecksumSHA256=checksum
        )
        count(len(piece))
        return {"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": checksum}

    def _abort(self, whole_key: str, upload: str) -> None:
        """Give up an upload. Where the server does not answer, the next publisher finds it and aborts it."""

        with suppress(BotoCoreError, ClientError):
            self._client.abort_multipart_upload(Bucket=self._bucket, Key=whole_key, UploadId=upload)

    def _when_condition_holds(self, request: Callable[[], Any]) -> bool:
        """Whether the request's condition held. A conflict with a write under way is asked again (S3: 409)."""

        for attempt in range(_TRIES):
            try:
                request()
            except ClientError as error:
                if code_of(error) in ("PreconditionFailed", "412", "NoSuchKey"):  # NoSuchKey: there is nothing to match
                    return False
                if code_of(error) not in ("ConditionalRequestConflict", "OperationAborted") or attempt == _TRIES - 1:
                    raise
                time.sleep(0.2 * (attempt + 1))
            else:
                return True
        raise AssertionError("the last try returns or raises")

    def _at(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + key}


def _base64(sha256: str) -> str:
    """A digest as S3 wants it; everywhere else it is hexadecimal."""
    return base64.b64encode(bytes.fromhex(sha256)).decode()
