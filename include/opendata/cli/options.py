"""What commands share of their arguments and options."""

from __future__ import annotations

from pathlib import Path


def located(address: str | None) -> str | None:
    """A path as the caller means it: from the folder the command is given in. Addresses are left as they are."""
    return address if address is None or "://" in address else str(Path(address).absolute())
