"""Portal staging: where a release becomes visible, whole and at once."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from include.opendata.errors import DeclarationError
from include.opendata.staging.base import Drift, Pointer, Published, Staging
from include.opendata.staging.local import LocalStaging

__all__ = ["Drift", "LocalStaging", "Pointer", "Published", "Staging", "open_staging"]


def open_staging(address: str) -> Staging:
    """Staging at ``address``: a folder's path, or a ``file://`` address.

    Raises DeclarationError (``staging-unsupported``) for any other kind of address.
    """
    scheme, host, path, query, fragment = urlsplit(address)
    if "://" not in address:
        if address.strip():
            return LocalStaging(Path(address))
    elif scheme == "file" and host in ("", "localhost") and path and not (query or fragment):
        return LocalStaging(Path(unquote(path)))
    raise DeclarationError(
        "this kind of address cannot be used for portal staging",
        remedy="Give a folder, or a file:// address, in OPENDATA_STAGING or with --staging.",
        slug="staging-unsupported",
    )
