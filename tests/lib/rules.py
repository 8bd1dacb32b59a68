"""The rule about small counts for tests: the rule book's, or one with other numbers."""

from __future__ import annotations

from include.opendata.rules.release import thresholds
from include.opendata.rules.small_cells import SmallCellRule

RULE = thresholds().small_cell


def rule(**numbers: int) -> SmallCellRule:
    """The rule book's rule with other ``numbers``, such as ``rule(width=5)``; not checked, so that a
    test can ask for a width that no rule book may have."""
    return RULE.model_copy(update=numbers)
