"""How the loops of this package become machine code, and where that code is kept.

Decides only the compiler's settings. The first use on a machine compiles (half a minute) and keeps the result in the
project's own folder (``.cache/numba``; ``OPENDATA_CACHE`` or ``NUMBA_CACHE_DIR`` move it), later uses load it; where
nothing can be written every process compiles again. No fast-math and no threads: integer arithmetic in a fixed order gives
the same bytes on every machine.
"""

from __future__ import annotations

import os
from pathlib import Path

import numba

from include.opendata.places import ROOT


def cache_folder() -> Path:
    """Where compiled loops are kept."""
    named = os.environ.get("NUMBA_CACHE_DIR")
    return Path(named) if named else Path(os.environ.get("OPENDATA_CACHE") or ROOT / ".cache") / "numba"


def _can_keep(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


numba.config.CACHE_DIR = str(cache_folder())  # type: ignore[attr-defined]
compiled = numba.njit(cache=_can_keep(cache_folder()), nogil=True, boundscheck=False)
