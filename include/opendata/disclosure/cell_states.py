"""What can be said of a published cell: its states and the figures that stand for no figure.

Constants only: attack and proof agree on the states (the proof of a release stores these numbers), and the engine that
hides counts on what stands for no upper bound.
"""

from __future__ import annotations

import numpy as np

SHOWN, CODE_SMALL, CODE_COMPLEMENTARY, BLANK, ABSENT = 0, 1, 2, 3, 4
"""States of a cell: its value is shown; blank with code 1; blank with code 2; blank with a code that stands for
both; in no table, so that it exists only as a part of an equation."""

NOT_SHOWN = -1
"""The value of a cell that is not shown."""

UNBOUNDED = np.int64(2**62)
"""Stands for "no upper bound" wherever bounds are int64."""
