"""The way to an S3 server, and what its refusals and silences mean in the words of this project.

Requests are signed and retried by botocore (standard mode, five tries, or ``AWS_MAX_ATTEMPTS``). What is left after that is
either a matter of how the installation is set up (:class:`SetupError`: keys, bucket, rights, region; no further try can
help) or of a place out of reach (:class:`StorageError`). Only the server's error code is quoted, never its message, an
address or a header: those may hold keys.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore import exceptions as found
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader, create_loader
from urllib3.exceptions import HTTPError

from include.opendata.errors import OpendataError, Place, SetupError, StorageError
from include.opendata.staging.access import S3Access


@dataclass(frozen=True)
class S3Limits:
    """``part_bytes``: files above this size go up in parts of it, and all files are read back in pieces of it · ``workers``:
    parts under way at once · seconds to wait for a connection and for the next byte · ``attempts`` per request."""

    part_bytes: int = 8 << 20
    workers: int = 4
    connect_seconds: float = 10.0
    read_seconds: float = 60.0
    attempts: int = 5


_KEYS_REFUSED = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "AuthFailure", "InvalidToken", "InvalidClientTokenId"}
_KEYS_REFUSED |= {"ExpiredToken", "TokenRefreshRequired", "RequestExpired", "InvalidSecurity", "NotSignedUp"}
_NO_RIGHT = {"AccessDenied", "AllAccessDisabled", "AccountProblem", "UnauthorizedAccess", "403", "Forbidden", "401"}
_NO_BUCKET = {"NoSuchBucket", "InvalidBucketName"}
_REGION = {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301"}
_CANNOT = {"NotImplemented", "501", "MethodNotAllowed"}
_DAMAGED = {"BadDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch", "IncompleteBody"}
_FULL = {"InsufficientStorage", "QuotaExceeded", "XMinioStorageFull", "507", "EntityTooLarge"}
_CHANGED = {"PreconditionFailed", "NoSuchKey", "InvalidRange", "404", "412", "416"}
_CLOCK = {"RequestTimeTooSkewed"}


def connect(access: S3Access, limits: S3Limits) -> BaseClient:
    """A client for ``access``. An endpoint that is not Amazon's is addressed by path: its buckets have no host names."""

    core = botocore.session.Session()
    core.register_component("data_loader", _descriptions())
    session = boto3.session.Session(
        botocore_session=core,
        aws_access_key_id=access.access_key,
        aws_secret_access_key=access.secret_key,
        aws_session_token=access.session_token,
        region_name=access.region,
    )
    retries: dict[str, object] = {"mode": "standard"}
    if not os.environ.get("AWS_MAX_ATTEMPTS"):
        retries["total_max_attempts"] = limits.attempts
    common = Config(
        connect_timeout=limits.connect_seconds,
        read_timeout=limits.read_seconds,
        retries=retries,
        max_pool_connections=2 * limits.workers + 2,
        tcp_keepalive=True,
    )
    client = session.client("s3", endpoint_url=access.endpoint_url, config=common)
    host = urlsplit(client.meta.endpoint_url).hostname or ""
    if not re.search(r"\.amazonaws\.com(\.cn)?$", host):
        by_path = common.merge(Config(s3={"addressing_style": "path"}))
        client = session.client("s3", endpoint_url=access.endpoint_url, config=by_path)
    return client


@cache
def _descriptions() -> Loader:
    """Botocore's descriptions of the services, read once: they take longer than a small publication."""

    return create_loader()


def code_of(error: Exception) -> str:
    """The server's error code, or an empty string."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


@contextmanager
def s3_errors(dataset: str | None, bucket: str) -> Iterator[None]:
    """Turn what boto3 raises into words. Raises SetupError or StorageError."""

    try:
        yield
    except (BotoCoreError, ClientError, HTTPError) as error:
        translated = _translated(error, dataset, bucket)
    except ValueError as error:
        if "endpoint" not in str(error).lower():  # botocore's word for an address that is none
            raise
        translated = _setup("the endpoint of the S3 server is not an address", _ENDPOINT, "endpoint-invalid", dataset)
    else:
        return
    raise translated from None  # the error it was may quote keys


_CHAIN = (
    "Put them into the Airflow connection, or into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or a profile "
    "(docs/staging.md, Credentials)."
)
_ENDPOINT = (
    "Look at AWS_ENDPOINT_URL_S3, or at endpoint_url in the Airflow connection: https://host or http://host:port."
)


def _translated(error: Exception, dataset: str | None, bucket: str) -> OpendataError:

    if isinstance(error, found.ClientError):
        return _server_error(error, dataset, bucket)
    if isinstance(error, _no_keys()):
        return _setup("there are no credentials for the S3 staging", _CHAIN, "credentials-missing", dataset)
    if isinstance(error, found.ProfileNotFound | found.ConfigParseError | found.ConfigNotFound):
        return _setup("the AWS profile or configuration file cannot be used", _CHAIN, "credentials-missing", dataset)
    if isinstance(error, found.InvalidEndpointDiscoveryConfigurationError | found.UnknownEndpointError):
        return _setup("the endpoint of the S3 server is not an address", _ENDPOINT, "endpoint-invalid", dataset)
    if isinstance(error, found.InvalidRegionError | found.NoRegionError):
        return _setup("the region of the bucket is not a region", "Set AWS_DEFAULT_REGION.", "region-wrong", dataset)
    if isinstance(error, found.SSLError):
        return _setup(
            "the S3 server's certificate is not trusted",
            "Name the authority's certificates in AWS_CA_BUNDLE; check whether the endpoint is the right one.",
            "certificate-untrusted",
            dataset,
        )
    slow = isinstance(error, found.ReadTimeoutError | found.ConnectTimeoutError)
    return StorageError(
        f"the S3 server of bucket {bucket} "
        + ("did not answer in time" if slow else f"cannot be reached ({type(error).__name__})"),
        remedy="Look at the server and the network, then run the refresh again; the current release is as it was.",
        slug="staging-slow" if slow else "staging-unreachable",
        place=Place(dataset=dataset),
    )


def _no_keys() -> tuple[type[Exception], ...]:

    return (
        found.NoCredentialsError,
        found.PartialCredentialsError,
        found.CredentialRetrievalError,
        found.TokenRetrievalError,
        found.NoAuthTokenError,
        found.SSOError,
    )


def _server_error(error: Exception, dataset: str | None, bucket: str) -> OpendataError:
    code = code_of(error)
    return _wrongly_set_up(code, dataset, bucket) or _failed(error, code, dataset, bucket)


def _wrongly_set_up(code: str, dataset: str | None, bucket: str) -> SetupError | None:
    """What people have to set right before it can work; None where the code says nothing of that."""
    if code in _KEYS_REFUSED:
        return _setup("the S3 server does not accept the credentials", _CHAIN, "credentials-refused", dataset)
    if code in _NO_BUCKET:
        return _setup(f"there is no bucket {bucket}", "Make it, or correct the address.", "bucket-missing", dataset)
    if code in _NO_RIGHT:
        rights = "s3:ListBucket, GetObject, PutObject, DeleteObject, AbortMultipartUpload, ListBucketMultipartUploads"
        what = f"the credentials may not do this in bucket {bucket}"
        return _setup(what, f"Give them the rights {rights} there.", "staging-denied", dataset)
    if code in _REGION:
        what = f"bucket {bucket} lies in another region than the one that was asked"
        return _setup(what, "Set AWS_DEFAULT_REGION, or region_name in the connection.", "region-wrong", dataset)
    if code in _CANNOT:
        return _setup(
            "the S3 server cannot do what staging needs: checksums and conditions on writes",
            "Use a server that honours If-Match and If-None-Match on uploads (docs/staging.md).",
            "staging-unsupported",
            dataset,
        )
    if code in _CLOCK:
        return _setup("this machine's clock is wrong", "Set the clock, then run it again.", "clock-wrong", dataset)
    return None


def _failed(error: Exception, code: str, dataset: str | None, bucket: str) -> StorageError:
    status = int(getattr(error, "response", {}).get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    what, slug = f"the S3 server refused a request (code {_plain(code)})", "staging-failed"
    if code in _DAMAGED:
        what, slug = "what arrived at the S3 server is not what was sent", "copy-damaged"
    elif code in _CHANGED:
        what, slug = "a staged file changed or went away while it was read", "staging-drifted"
    elif code in _FULL or status == 507:
        what, slug = f"bucket {bucket} is full", "disk-full"
    elif status >= 500 or code in ("SlowDown", "RequestTimeout", "Throttling"):
        what, slug = f"the S3 server failed at every try (code {_plain(code)})", "staging-unavailable"
    return StorageError(
        what,
        remedy="Look at the server, then run the refresh again; the current release is as it was.",
        slug=slug,
        place=Place(dataset=dataset),
    )


def _setup(what: str, remedy: str, slug: str, dataset: str | None) -> SetupError:
    return SetupError(what, remedy=remedy, slug=slug, place=Place(dataset=dataset))


def _plain(code: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]", "", code)[:40] or "none"
