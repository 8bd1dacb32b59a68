"""What can be said of a published cell: its states and the figures that stand for no figure.

Data that whoever attacks and whoever re-checks a proof agree on: the proof of a release stores the states as these numbers.
"""

from __future__ import annotations

import numpy as np

SHOWN, CODE_SMALL, CODE_COMPLEMENTARY, BLANK, ABSENT = 0, 1, 2, 3, 4
"""States of a cell: its value is shown; blank with code 1; blank with code 2; blank with a code that does not tell the
two apart; in no table, so that it exists only as a part of an equation."""

NOT_SHOWN = -1
"""The value of a cell that is not shown."""

UNBOUNDED = np.int64(2**62)
"""An upper bound that is none."""
