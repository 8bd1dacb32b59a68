"""How a dataset's tables are protected, as its declaration and the criteria have it."""

from __future__ import annotations

from dataclasses import dataclass

from include.opendata.rules.small_cells import SmallCellRule


@dataclass(frozen=True)
class Policy:
    """How a dataset's tables are protected: declared beforehand, never chosen by looking at the result.

    ``annotation`` separate or combined · ``rule`` which counts are small, and how far a hidden one must stay open · ``seed``
    breaks near-ties · ``unstable_below``: for a survey, estimates over fewer cases are blank with code 4; None for a full
    count.
    """

    annotation: str
    rule: SmallCellRule
    seed: int
    unstable_below: int | None = None
