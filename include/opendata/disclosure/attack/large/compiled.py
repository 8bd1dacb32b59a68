"""How the attack's loops become machine code.

Decides only the compiler's settings: compiled on first use, kept in the project's own folder (``OPENDATA_CACHE`` or
``.cache``), whole numbers in a fixed order, no threads, so that every machine gives the same answer.
"""

from __future__ import annotations

import os
from pathlib import Path

from include.opendata.places import ROOT

# numba asks for its folder when it is first imported
os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(os.environ.get("OPENDATA_CACHE") or ROOT / ".cache") / "numba"))

import numba

compiled = numba.njit(cache=True, nogil=True)
