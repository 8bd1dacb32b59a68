"""Whether two addresses name one staging place.

A folder may be spelled in several ways, by a link or from elsewhere. The ledger keeps the address a release was staged under;
a release that was removed since is found by nothing but that.
"""

from __future__ import annotations

import os


def same_place(address: str, other: str) -> bool:
    """Whether both name one place: the same address, or one folder of this machine."""
    if address == other:
        return True
    return "://" not in address + other and os.path.realpath(address) == os.path.realpath(other)
