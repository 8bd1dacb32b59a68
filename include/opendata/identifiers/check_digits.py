"""Check digits as SQL expressions: Luhn, the national provider identifier, vehicle numbers, DEA numbers.

Each takes a text expression whose shape is known already (its pattern matched) and gives a condition. Positions count from
one, as SQL does. Sources: ISO/IEC 7812-1 Annex B (Luhn); 45 CFR §162.406 (NPI); 49 CFR §565.15 (VIN); the DEA's own rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import add
from typing import Any

import sqlalchemy as sa

Text = sa.ColumnElement[Any]
Condition = sa.ColumnElement[bool]

_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_VIN_VALUES = "0123456789.ABCDEFGH..JKLMN.P.R..STUVWXYZ"
"""A character's place in this text, counted from zero, ends in its value."""


def luhn(digits: Text, lengths: Sequence[int]) -> Condition:
    """Whether a number of one of these lengths has a right last digit; spaces and hyphens must be gone."""
    right = [sa.and_(sa.func.length(digits) == n, _luhn_sum(digits, n) % 10 == 0) for n in lengths]
    return sa.or_(*right)


def npi(digits: Text) -> Condition:
    """A provider's ten digits are a Luhn number with 80840 before them, which adds 24."""
    return (_luhn_sum(digits, 10) + 24) % 10 == 0


def vin(text: Text) -> Condition:
    """The ninth character is the weighted sum of all, modulo 11, X standing for ten."""
    total = _sum([_vin_value(text, i) * weight for i, weight in enumerate(_VIN_WEIGHTS, 1) if weight])
    return _at(text, 9) == sa.func.substr(sa.literal("0123456789X"), total % 11 + 1, 1)


def dea(text: Text) -> Condition:
    """After two characters: the odd digits plus twice the even ones end in the seventh digit."""
    digit = [_digit(text, i) for i in range(3, 10)]
    odd, even = _sum([digit[0], digit[2], digit[4]]), _sum([digit[1], digit[3], digit[5]])
    return (odd + even * 2) % 10 == digit[6]


def _luhn_sum(digits: Text, length: int) -> sa.ColumnElement[int]:
    parts = []
    for i in range(1, length + 1):
        digit = _digit(digits, i)
        doubled = (length - i) % 2 == 1
        parts.append(digit * 2 - sa.case((digit > 4, 9), else_=0) if doubled else digit)
    return _sum(parts)


def _vin_value(text: Text, position: int) -> sa.ColumnElement[int]:
    return (sa.func.strpos(sa.literal(_VIN_VALUES), _at(text, position)) - 1) % 10


def _digit(text: Text, position: int) -> sa.ColumnElement[int]:
    """The digit at ``position``; never an error, even where an engine looks at values the pattern left out."""
    return sa.type_coerce(sa.func.strpos(sa.literal("0123456789"), _at(text, position)) - 1, sa.Integer)


def _at(text: Text, position: int) -> Text:
    return sa.func.substr(text, position, 1)


def _sum(parts: Sequence[sa.ColumnElement[int]]) -> sa.ColumnElement[int]:
    return reduce(add, parts)


CHECKS: dict[str, Callable[[Text], Condition]] = {
    "luhn": lambda text: luhn(text, (15, 16)),
    "npi": npi,
    "vin": vin,
    "dea": dea,
}
