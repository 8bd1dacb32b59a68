"""What an S3 server or the network says, turned into words and a slug; nothing of the original is handed on, for it may
quote keys."""

from __future__ import annotations

import pytest
from botocore import exceptions as aws

from include.opendata.errors import OpendataError, SetupError, StorageError
from include.opendata.staging.s3_client import s3_errors


def said(error: Exception) -> OpendataError:
    with pytest.raises(OpendataError) as refused, s3_errors("visits", "bucket"):
        raise error
    assert refused.value.__cause__ is None
    assert refused.value.remedy
    assert "AKIA" not in str(refused.value)
    return refused.value


def answered(code: str, status: int = 400) -> aws.ClientError:
    answer = {"Error": {"Code": code, "Message": "AKIA…"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return aws.ClientError(answer, "PutObject")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "status", "kind", "slug"),
    [
        ("SignatureDoesNotMatch", 403, SetupError, "credentials-refused"),
        ("ExpiredToken", 400, SetupError, "credentials-refused"),
        ("AccessDenied", 403, SetupError, "staging-denied"),
        ("NoSuchBucket", 404, SetupError, "bucket-missing"),
        ("PermanentRedirect", 301, SetupError, "region-wrong"),
        ("NotImplemented", 501, SetupError, "staging-unsupported"),
        ("RequestTimeTooSkewed", 403, SetupError, "clock-wrong"),
        ("BadDigest", 400, StorageError, "copy-damaged"),
        ("NoSuchKey", 404, StorageError, "staging-drifted"),
        ("QuotaExceeded", 403, StorageError, "disk-full"),
        ("Whatever", 507, StorageError, "disk-full"),
        ("SlowDown", 503, StorageError, "staging-unavailable"),
        ("InternalError", 500, StorageError, "staging-unavailable"),
        ("MalformedXML", 400, StorageError, "staging-failed"),
        ("<script>", 400, StorageError, "staging-failed"),
    ],
)
def test_what_the_server_says(code, status, kind, slug):
    refused = said(answered(code, status))
    assert (type(refused), refused.slug) == (kind, slug)
    assert "<" not in str(refused)


@pytest.mark.parametrize(
    ("error", "slug"),
    [
        (aws.NoCredentialsError(), "credentials-missing"),
        (aws.ProfileNotFound(profile="p"), "credentials-missing"),
        (aws.InvalidRegionError(region_name="no region"), "region-wrong"),
        (aws.NoRegionError(), "region-wrong"),
        (aws.SSLError(endpoint_url="https://x", error="AKIA"), "certificate-untrusted"),
        (aws.ReadTimeoutError(endpoint_url="https://x"), "staging-slow"),
        (aws.EndpointConnectionError(endpoint_url="https://x"), "staging-unreachable"),
        (ValueError("Invalid endpoint: x"), "endpoint-invalid"),
    ],
)
def test_what_the_network_and_the_settings_say(error, slug):
    assert said(error).slug == slug


def test_a_defect_of_ours_is_not_taken_for_the_servers():
    with pytest.raises(ValueError, match="another"), s3_errors("visits", "bucket"):
        raise ValueError("another mistake")
