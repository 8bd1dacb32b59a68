"""What stands in the place of a count, and what it says."""

from __future__ import annotations

import pytest

from include.opendata.disclosure.long_tables.tokens import Figure, count_of, stated_bounds, tokens_of
from include.opendata.errors import DeclarationError


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("<11", None, 10), ("< 11", None, 10), ("n<5", None, 4), ("N < 5", None, 4), ("(<11)", None, 10), ("<11*", None, 10),
        ("fewer than 20", None, 19), ("less than 11", None, 10), ("<=10", None, 10), ("≤10", None, 10),
        ("10 or fewer", None, 10),
        ("1-10", 1, 10), ("1 – 10", 1, 10), ("0-4", 0, 4), ("1 to 10", 1, 10), (">10", 11, None), ("≥11", 11, None),
        ("11+", 11, None), ("11 or more", 11, None), ("<1,000", None, 999),
    ],
)  # fmt: skip
def test_a_token_with_numbers_bounds_the_count(text, low, high):
    assert count_of(text, {}) == Figure(low=low, high=high)


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("12", 12), ("1,234", 1234), ("123.0", 123)])
def test_a_count_is_shown(text, value):
    assert count_of(text, {}) == Figure(value)


@pytest.mark.parametrize(
    ("text", "code"),
    [("", ""), ("-", ""), ("--", ""), ("—", ""), ("N_A", ""), ("n/a", ""), (".", ""), ("S", "1"), ("*", "1"), ("**", "1"),
     ("Suppressed", "1"), ("(S)", "1"), ("C", "2")],
)  # fmt: skip
def test_a_token_without_numbers_says_that_there_is_a_count(text, code):
    assert count_of(text, {}) == Figure(code=code)


@pytest.mark.parametrize("text", ["seven", "7.5", "-3", "3 (2)", "1,23", "<10.5%x", "1e3"])
def test_what_is_not_known_is_not_guessed(text):
    assert count_of(text, {}) is None


def test_the_caller_says_what_a_text_means():
    tokens = tokens_of(["-=0", "Q=1-4", "Z=unknown", "H=hidden", "a=b=small"])
    assert count_of("-", tokens) == Figure(0)
    assert count_of("Q", tokens) == Figure(low=1, high=4)
    assert (tokens["Z"].code, tokens["H"].code, tokens["a=b"].code) == ("3", "", "1")


@pytest.mark.parametrize("given", ["-", "Q=", "Q=often", "Q=-"])
def test_a_token_without_a_meaning_is_refused(given):
    with pytest.raises(DeclarationError) as error:
        tokens_of([given])
    assert error.value.slug == "bad-token"


@pytest.mark.parametrize(
    ("text", "bounds"),
    [("≥95%", (95, None)), (">95%", (95, None)), ("<5%", (None, 5)), ("95+", (95, None)), ("3.2", None)],
)
def test_coded_percentages_keep_their_limit(text, bounds):
    assert stated_bounds(text, whole=False) == bounds
