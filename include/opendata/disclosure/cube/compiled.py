"""How the loops of this package become machine code, and where that code is kept.

Decides only the compiler's settings. The first use on a machine compiles (half a minute) and keeps the result in the
project's own folder (``.cache/numba``, or ``OPENDATA_CACHE``), later uses load it. No fast-math and no threads: integer
arithmetic in a fixed order gives the same bytes on every machine. Only this package imports numba, so that whoever
protects small tables never pays for it.
"""

from __future__ import annotations

import os
from pathlib import Path

from include.opendata.places import ROOT


def cache_folder() -> Path:
    """Where compiled loops are kept: ``OPENDATA_CACHE`` or ``.cache`` of the project, then ``numba``."""
    return Path(os.environ.get("OPENDATA_CACHE") or ROOT / ".cache") / "numba"


# numba reads its settings when it is first imported, and its cache folder when a function is decorated
os.environ.setdefault("NUMBA_CACHE_DIR", str(cache_folder()))

import numba  # noqa: E402

compiled = numba.njit(cache=True, nogil=True, boundscheck=False)
