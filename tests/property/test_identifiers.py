"""Ordinary columns raise no alarm, whatever their values; a planted number is found wherever it stands."""

from __future__ import annotations

import string

from hypothesis import given, settings
from hypothesis import strategies as st

from include.opendata.rules.reference import population_reference
from tests.lib.personal_records import found

COUNTIES = population_reference("california_counties").areas
LENGTH = 60
QUICK = settings(max_examples=5, deadline=None)


def column(values: st.SearchStrategy) -> st.SearchStrategy:
    return st.lists(values, min_size=LENGTH, max_size=LENGTH)


DIAGNOSES = st.builds(
    lambda letter, number, rest: f"{letter}{number:02d}{rest}",
    st.sampled_from(string.ascii_uppercase),
    st.integers(0, 99),
    st.sampled_from(["", ".0", ".12", ".211", ".011A", ".9XXA"]),
)


@given(
    small=column(st.integers(-5, 5_000)),
    year=column(st.integers(1900, 2030)),
    year_text=column(st.integers(1900, 2030).map(str)),
    fips=column(st.sampled_from([area.code for area in COUNTIES])),
    geoid=column(st.integers(0, 999_999).map(lambda n: f"06067{n:06d}")),
    postal=column(st.integers(90001, 96162).map(str)),
    county=column(st.sampled_from([area.name for area in COUNTIES])),
    diagnosis=column(DIAGNOSES),
    procedure=column(st.integers(0, 99_999).map(lambda n: f"{n:05d}")),
    rate=column(st.floats(0, 1_000).map(lambda rate: round(rate, 1))),
    answer=column(st.sampled_from(["yes", "no", "don't know", ""])),
)
@QUICK
def test_ordinary_columns_of_figures_raise_no_alarm(**columns):
    assert found(columns, record="aggregate") == set()


SSN = st.builds(
    lambda area, group, serial: f"{area:03d}-{group:02d}-{serial:04d}",
    st.integers(1, 899).filter(lambda area: area != 666),
    st.integers(1, 99),
    st.integers(1, 9999),
)
FREE_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)


@given(number=SSN, before=FREE_TEXT, after=FREE_TEXT, place=st.integers(0, 199))
@QUICK
def test_a_planted_number_is_found_in_any_text(number, before, after, place):
    values = ["nothing to see"] * 200
    values[place] = f"{before} {number} {after}"
    assert ("remarks", "social-security-number", "refuse") in found({"remarks": values}, record="aggregate")
