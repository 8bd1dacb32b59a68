"""Reads a source from an object store that speaks S3: an ``s3://bucket/key`` address.

The credentials are those boto3 finds on the machine; an address carries none.
"""

from __future__ import annotations

from contextlib import closing
from typing import Any
from urllib.parse import unquote, urlsplit

import boto3
from botocore import exceptions as s3
from botocore.config import Config

from include.opendata.errors import Place
from include.opendata.sources.places.protocol import (
    CHUNK,
    CONNECT_SECONDS,
    READ_SECONDS,
    Chunks,
    check_status,
    denied,
    missing,
    network_errors,
)

_MAY_PASS = (
    s3.HTTPClientError,
    s3.ConnectionError,
    s3.ReadTimeoutError,
    s3.ResponseStreamingError,
    s3.IncompleteReadError,
)


class S3Place:
    """Buckets."""

    schemes = ("s3",)

    def chunks(self, location: str, place: Place) -> Chunks:
        """The object's bytes; raises as the protocol says."""
        with network_errors(place, _MAY_PASS), closing(_body(location, place)) as body:
            yield from body.iter_chunks(CHUNK)


def _body(location: str, place: Place) -> Any:
    parts = urlsplit(location)
    config = Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries={"max_attempts": 2})
    try:
        client = boto3.client("s3", config=config)
        return client.get_object(Bucket=parts.netloc, Key=unquote(parts.path.lstrip("/")))["Body"]
    except (s3.NoCredentialsError, s3.PartialCredentialsError, s3.NoRegionError):
        raise denied(place) from None
    except s3.ParamValidationError:
        raise missing(place) from None
    except s3.ClientError as error:
        check_status(int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)), place)
        raise missing(place) from None
