"""Portal staging: where a release becomes visible, whole and at once."""

from __future__ import annotations

import re

from include.opendata.errors import DeclarationError
from include.opendata.staging.access import S3Access, access_at_hand, handed_over
from include.opendata.staging.base import Drift, Pointer, Published, Staging
from include.opendata.staging.local import LocalStaging
from include.opendata.staging.s3 import S3Staging
from include.opendata.storage.staging_address import folder_of, split_address

__all__ = [
    "Drift",
    "LocalStaging",
    "Pointer",
    "Published",
    "S3Access",
    "S3Staging",
    "Staging",
    "handed_over",
    "open_staging",
]

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*/?")


def open_staging(address: str) -> Staging:
    """Staging at ``address``: a folder's path, a ``file://`` address, or ``s3://bucket/prefix``.

    S3 is asked with the keys that were :func:`handed_over`, else with those boto3 finds. Raises DeclarationError
    (``staging-unsupported``) for any other kind of address; the message never holds it, for it might hold a secret.
    """
    folder = folder_of(address)
    if folder is not None:
        return LocalStaging(folder)
    parts = split_address(address)
    if parts and parts.scheme == "s3" and _BUCKET.fullmatch(parts.netloc) and _PREFIX.fullmatch(parts.path):
        return S3Staging(parts.netloc, parts.path.strip("/"), access=access_at_hand())
    raise DeclarationError(
        "this kind of address cannot be used for portal staging",
        remedy="Give a folder, a file:// address or s3://bucket/prefix, in OPENDATA_STAGING or with --staging; "
        "credentials never belong into it.",
        slug="staging-unsupported",
    )
