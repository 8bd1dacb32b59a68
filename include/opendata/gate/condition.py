"""The numerator–denominator condition (DDG 2.0 §4, step 2) and the survey rule for unstable estimates.

Decides whether a table has small cells or small denominators, on the true figures. What it hands on is fit for an
evidence page: numbers of cells and bands, never the smallest count itself, which may be the one that is to be hidden.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict

from include.opendata.errors import InputError
from include.opendata.rules.release import thresholds
from include.opendata.rules.small_cells import SmallCellRule

NONE_BAND = "none"
UNKNOWN_BAND = "unknown"


class ConditionFindings(BaseModel):
    """What step 2 finds. ``met``: a small cell, a small denominator, or denominators that are unknown.

    ``smallest_count_band`` and ``smallest_denominator_band`` are bands in words: “under 11”, “11 or more”, “11–19,999”,
    “20,000 or more”, “none” (no such figure) or “unknown”. Those of the counts tell no more than whether one is small.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    met: bool
    cells: int
    small_cells: int
    smallest_count_band: str
    denominators_known: bool
    denominators: int
    small_denominators: int
    smallest_denominator_band: str
    section: str


def numerator_denominator(counts: ArrayLike, denominators: ArrayLike | None, rule: SmallCellRule) -> ConditionFindings:
    """The findings on all cells of a table.

    ``counts``: persons (or events; where events of persons are counted, append the counts of distinct persons) in every
    cell, totals included, as whole numbers of 0 or more, any shape. ``denominators``: the populations they arise from,
    any shape, NaN where unknown; None where none is known. Unknown denominators meet the condition: nothing shows that
    they are large enough. ``rule``: which counts are small. Raises InputError when a count is negative, blank or no whole
    number.
    """
    numbers = thresholds()
    cells = whole_counts(counts)
    small = int(((cells > 0) & (cells < rule.below)).sum())
    known = _known(denominators)
    all_known = denominators is not None and known.size == np.asarray(denominators).size
    small_denominators = int((known < numbers.denominator.below).sum())
    return ConditionFindings(
        met=small > 0 or small_denominators > 0 or not all_known,
        cells=int(cells.size),
        small_cells=small,
        smallest_count_band=_count_band(cells, rule),
        denominators_known=all_known,
        denominators=int(known.size),
        small_denominators=small_denominators,
        smallest_denominator_band=_denominator_band(known, rule) if all_known else UNKNOWN_BAND,
        section=numbers.denominator.section,
    )


def unstable(denominators: ArrayLike) -> NDArray[np.bool_]:
    """Which survey estimates rest on fewer than 30 sample cases (annotation 4); an unknown number counts as few.

    ``denominators``: unweighted sample cases per cell, NaN where unknown; the mask has the same shape.
    """
    cases = np.asarray(denominators, dtype=float)
    return ~(cases >= thresholds().survey.sample_cases_below)


def whole_counts(counts: ArrayLike) -> NDArray[np.int64]:
    """``counts`` as one row of whole numbers. Raises InputError when one is negative, blank or no whole number."""
    given: NDArray[Any] = np.asarray(counts).reshape(-1)
    if given.dtype.kind not in "iuf":
        raise _not_counts("they are not numbers")
    if given.dtype.kind == "f" and not bool(np.all(np.isfinite(given) & (given == np.floor(given)))):
        raise _not_counts("a blank or a number with decimals is among them")
    if given.size and given.min() < 0:
        raise _not_counts("a negative number is among them")
    return given.astype(np.int64)


def _count_band(cells: NDArray[np.int64], rule: SmallCellRule) -> str:
    """Whether the smallest count is small; finer bands would tell how large the hidden counts are at least."""
    positive = cells[cells > 0]
    return _band(float(positive.min()), [rule.below], rule) if positive.size else NONE_BAND


def _band(figure: float, edges: Iterable[int], rule: SmallCellRule) -> str:
    """The band of a figure in words, between the edges from ``rule.below`` on."""
    steps = sorted({edge for edge in edges if edge >= rule.below})
    above = [edge for edge in steps if edge > figure]
    if len(above) == len(steps):
        return f"under {steps[0]:,}"
    if not above:
        return f"{steps[-1]:,} or more"
    return f"{steps[-len(above) - 1]:,}–{above[0] - 1:,}"


def _not_counts(why: str) -> InputError:
    return InputError(
        f"the cells of the table cannot be read as counts: {why}",
        remedy="Count records or persons; write zero where nothing was counted.",
        slug="counts-invalid",
    )


def _known(denominators: ArrayLike | None) -> NDArray[np.float64]:
    values: NDArray[np.float64] = np.asarray([] if denominators is None else denominators, dtype=float).reshape(-1)
    finite: NDArray[np.float64] = values[np.isfinite(values)]
    return finite


def _denominator_band(known: NDArray[np.float64], rule: SmallCellRule) -> str:
    if not known.size:
        return NONE_BAND
    return _band(float(known.min()), [rule.below, thresholds().denominator.below], rule)
