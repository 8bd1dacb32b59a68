"""Which counts are small.

Decides primary suppression only: counts derived from 1 to 10 individuals (DDG 2.0 §4.4.1 (1)). Zero is a non-event that
identifies no one and is never small. What else must go so that these cannot be computed is left to ``suppress``.
"""

from __future__ import annotations

import numpy as np

from include.opendata.disclosure.protect.system import CellSystem
from include.opendata.rules.small_cells import SmallCellRule


def primary(system: CellSystem, rule: SmallCellRule) -> np.ndarray:
    """bool[n]: True where the count, or the number of distinct persons behind it, is small by ``rule``.

    Cells that are in no table are never True: there is nothing to blank. A count of zero events is never True, whatever
    the persons column says.
    """
    small: np.ndarray = (system.values >= 1) & (system.values < rule.below)
    if system.persons is not None:
        small |= (system.values >= 1) & (system.persons >= 1) & (system.persons < rule.below)
    small &= system.published
    return small
