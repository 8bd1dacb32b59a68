"""What stands in a count column: a count, or a token in its place and what the token says of the count.

Agencies write ``<11``, ``1-10``, ``n<5``, ``10 or fewer``, ``*``, ``S``, ``--``, ``Suppressed`` where a count is hidden. A
token with numbers in it bounds the count; the others say that there is a count and no more. What a text means that is
neither is for the caller to say (``TEXT=MEANING``), never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor

from include.opendata.errors import DeclarationError

SMALL, COMPLEMENTARY, ANY, NO_DATA = "1", "2", "", "3"
"""What a blank is coded as: small, complementary, either, and no data (nothing follows of it)."""

LONGEST_COUNT = 18
"""Digits and commas of a count that surely fits into 64 bits."""

_WHOLE = re.compile(r"(\d+|\d{1,3}(,\d{3})+)(\.0+)?")
_ANY_TOKENS = frozenset({
    "", "-", "--", "---", "–", "—", "−", ".", "..", "...", "…", "n/a", "na", "n_a", "n.a.", "nan", "null", "none",
    "not available", "not shown", "missing",
})  # fmt: skip
_SMALL_TOKENS = frozenset({
    "s", "(s)", "*", "**", "***", "†", "‡", "#", "x", "d", "(d)", "ds", "nr", "suppressed", "suppr.", "supp", "masked",
    "hidden", "redacted", "withheld", "confidential", "small", "low", "small number", "small cell", "data suppressed",
    "not reported", "insufficient data",
})  # fmt: skip
_COMPLEMENTARY_TOKENS = frozenset({"c", "(c)", "complementary", "secondary"})
_NUMBER = r"(\d+(?:\.\d+)?)%?"
_LOWER_OPEN = re.compile(rf"(?:n|count)?\s*(?:<|＜|less than|fewer than|under|below)\s*{_NUMBER}")
_LOWER = re.compile(
    rf"(?:n|count)?\s*(?:<=|=<|≤|⩽|at most|up to)\s*{_NUMBER}|{_NUMBER}\s*(?:or (?:fewer|less)|and (?:under|below))"
)
_UPPER_OPEN = re.compile(rf"(?:n|count)?\s*(?:>|more than|over|above)\s*{_NUMBER}")
_UPPER = re.compile(
    rf"(?:n|count)?\s*(?:>=|=>|≥|⩾|at least)\s*{_NUMBER}|{_NUMBER}\s*(?:\+|or more|or greater|or higher|and (?:over|above))"
)
_RANGE = re.compile(rf"(?:n|count)?\s*=?\s*{_NUMBER}\s*(?:-|–|—|−|to|\.\.)\s*{_NUMBER}")


@dataclass(frozen=True)
class Figure:
    """What one text says of a count: ``value`` where it is shown; else ``low`` and ``high`` (None: no upper bound) as the
    token states them, None where it states none, and ``code``."""

    value: int | None = None
    low: int | None = None
    high: int | None = None
    code: str = ANY


def count_of(text: str, tokens: Mapping[str, Figure]) -> Figure | None:
    """What ``text`` says of a count; ``tokens``: what the caller says of texts. None where it says nothing known."""
    if text in tokens:
        return tokens[text]
    if _WHOLE.fullmatch(text) and len(text) <= LONGEST_COUNT:
        return Figure(int(text.partition(".")[0].replace(",", "")))
    plain = _plain(text)
    if plain in _ANY_TOKENS:
        return Figure()
    if plain in _SMALL_TOKENS or text == "*":
        return Figure(code=SMALL)
    if plain in _COMPLEMENTARY_TOKENS:
        return Figure(code=COMPLEMENTARY)
    return _bounded(text)


def _bounded(text: str) -> Figure | None:
    """A hidden count that a token bounds by whole numbers; None where it is no such token."""
    bounds = stated_bounds(text)
    if bounds is None or any(bound is not None and bound != int(bound) for bound in bounds):
        return None
    low, high = (None if bound is None else int(bound) for bound in bounds)
    return Figure(low=low, high=high)


def stated_bounds(text: str, *, whole: bool = True) -> tuple[float | None, float | None] | None:
    """The least and the most a token states (None: nothing), such as 95 and nothing for ``≥95%``; None where it is no such
    token. A ``whole`` number that is ``<11`` is 10 at most; any other is 11 at most."""
    plain = re.sub(r"(?<=\d),(?=\d{3})", "", _plain(text))
    if match := _LOWER_OPEN.fullmatch(plain):
        limit = float(match[1])
        return None, float(ceil(limit) - 1) if whole else limit
    if match := _LOWER.fullmatch(plain):
        return None, float(match[1] or match[2])
    if match := _RANGE.fullmatch(plain):
        return float(match[1]), float(match[2])
    if match := _UPPER_OPEN.fullmatch(plain):
        return float(floor(float(match[1])) + 1) if whole else float(match[1]), None
    if match := _UPPER.fullmatch(plain):
        return float(match[1] or match[2]), None
    return None


def _plain(text: str) -> str:
    """Without case, outer brackets, marks of footnotes and spaces."""
    plain = " ".join(text.casefold().split())
    stripped = plain.strip("()[]{}\"'").strip()
    shorter = stripped.rstrip("*†‡^ ").strip()
    return shorter or stripped or plain


def tokens_of(given: Sequence[str]) -> dict[str, Figure]:
    """``TEXT=MEANING``: a number (0), ``LOW-HIGH`` (1-10), ``LOW+`` (11+), ``small``, ``complementary``, ``hidden`` (1 or
    more) or ``unknown`` (nothing follows of it). Raises DeclarationError (``bad-token``)."""
    words = {
        "small": Figure(code=SMALL), "complementary": Figure(code=COMPLEMENTARY), "hidden": Figure(),
        "unknown": Figure(code=NO_DATA),
    }  # fmt: skip
    tokens: dict[str, Figure] = {}
    for pair in given:
        text, _, meaning = pair.rpartition("=")
        figure = words.get(meaning.strip().casefold())
        if figure is None and meaning.strip():
            figure = count_of(meaning.strip(), {})
        stated = figure is not None and (
            figure.value is not None
            or figure.low is not None
            or figure.high is not None
            or meaning.strip().casefold() in words
        )
        if figure is None or not stated:
            raise DeclarationError(
                "a token is not given as TEXT=MEANING",
                remedy='Say what stands for what: --token "-=0", --token "*=1-10", --token "X=hidden", --token "u=unknown".',
                slug="bad-token",
            )
        tokens[text.strip()] = figure
    return tokens
