"""Means, rates and percentages, computed from the exact counts.

Rounding is half away from zero at the declared decimals, in whole-number arithmetic: 0.25 with one decimal is 0.3 on every
machine. Where the denominator is zero there is no figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from include.opendata.tables.figures import Grid


def rounded(numerator: int | Decimal, denominator: int, *, times: int = 1, decimals: int = 0) -> float | None:
    """``numerator / denominator * times``, rounded half away from zero; None where the denominator is zero."""
    if denominator == 0:
        return None
    top: int | Fraction = numerator if isinstance(numerator, int) else Fraction(numerator)
    bottom = denominator
    if isinstance(top, Fraction):
        top, bottom = top.numerator, bottom * top.denominator
    scaled = abs(top) * times * 10**decimals
    whole = (2 * scaled + bottom) // (2 * bottom)
    signed = -whole if top < 0 else whole
    return (
        float(signed / 10**decimals) if decimals else signed
    )  # a division makes a float, which holds 15 digits of a sum


def per_cell(
    numerators: Iterable[Any], denominators: Iterable[Any], *, times: int = 1, decimals: int = 0
) -> list[float | None]:
    """The quotient of each cell."""
    return [
        None if bottom is None else rounded(top, int(bottom), times=times, decimals=decimals)
        for top, bottom in zip(numerators, denominators, strict=True)
    ]


def at_totals(grid: Grid, values: np.ndarray[Any, Any], dimensions: Sequence[int]) -> np.ndarray[Any, Any]:
    """For each cell, the value of the cell that stands at the total of ``dimensions`` and where it does in all others."""
    places = list(grid.places)
    for dimension in dimensions:
        places[dimension] = np.full_like(places[dimension], grid.totals[dimension])
    at_total: np.ndarray[Any, Any] = values[grid.rows_of(np.ravel_multi_index(tuple(places), grid.shape))]
    return at_total
