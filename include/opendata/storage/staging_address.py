"""Which folder an address of staging names, and whether two addresses name one place.

A folder may be spelled in several ways, by a link or from elsewhere. The ledger keeps the address a release was staged under;
a release that was removed since is found by nothing but that.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit


def split_address(address: str) -> SplitResult | None:
    """The parts of an address that names its kind (``file://…``, ``s3://…``), None where it cannot be one of staging."""
    try:
        parts = urlsplit(address)
    except ValueError:  # such as a bracket that is not closed
        return None
    return None if "://" not in address or "?" in address or "#" in address else parts


def folder_of(address: str) -> Path | None:
    """The folder of this machine that an address names: a path, or ``file://…``; None for any other address."""
    if "://" not in address:
        return Path(address) if address.strip() else None
    parts = split_address(address)
    if parts is None or parts.scheme != "file" or parts.netloc not in ("", "localhost") or not parts.path:
        return None
    return Path(unquote(parts.path))


def same_place(address: str, other: str) -> bool:
    """Whether both name one place: the same address, or one folder of this machine."""
    if address.rstrip("/") == other.rstrip("/"):
        return True
    folder, other_folder = folder_of(address), folder_of(other)
    if folder is None or other_folder is None:
        return False
    return os.path.realpath(folder) == os.path.realpath(other_folder)
