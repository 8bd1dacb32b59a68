"""Before separate codes are tried: can every small count of a cube be protected at all?

Hides every non-zero cell, which is the most that can be done, and asks which small counts stay narrow even then. Bounds
and walks settle nearly all of them; linear programs over slices (``impossible``) the rest.
"""

from __future__ import annotations

import numpy as np

from include.opendata.disclosure.protect.cube.impossible import Limits, narrow_by_bounds, narrow_by_slices
from include.opendata.disclosure.protect.cube.pattern import PatternSearch


def limits(search: PatternSearch) -> Limits:
    """Which small cells no pattern can protect in the mode of ``search``; leaves ``search`` as it was."""
    shape = search.cube.values.shape
    everything = search.small | search.allowed
    low, high = search._constraints(everything)
    small = search.small
    width = np.where(small, search.rule.width, 0)
    narrow, tight_low, tight_high = narrow_by_bounds(
        low.reshape(shape), high.reshape(shape), search.cube.axes, width.reshape(shape)
    )
    search.hidden = everything
    search._measure()
    search.width = width.copy()
    search.width[narrow] = 0
    search.walk(search.effort.passes, 4)
    unsure = search.unproven()
    search.tables, search.hidden = [], search.start.copy()
    shown_narrow = narrow_by_slices(
        unsure, search.cube.values, tight_low, tight_high, search.cube.axes, search.rule.width
    )
    return Limits(np.union1d(narrow, shown_narrow), np.setdiff1d(unsure, shown_narrow))
