"""The worked totals of the guidelines (DDG 2.0 Appendix I): annual data, events under 11.

The interaction credit for tables of only events, time and population starts at a smallest count of 3; the appendix
takes none, so these tables have a smallest count of 1.
"""

from __future__ import annotations

import pytest

from include.opendata.gate.facts import narrowest_age_band
from include.opendata.gate.scoring import Facts, score

STATEWIDE = {"residence_geography": {"population": 39_538_223}}
MEDI_CAL, CALFRESH, WIC, SMALL_PROGRAM = 14_000_000, 5_500_000, 1_000_000, 13_000


def total(**variables: object) -> int:
    return score(Facts.model_validate({"events": 1, "time": "year", "variables": variables})).total


@pytest.mark.parametrize(("population", "expected"), [(3_900, 14), (10_000, 12), (30_000, 11)])
def test_counties(population, expected):
    assert total(residence_geography={"population": population}) == expected


@pytest.mark.parametrize(("enrollment", "expected"), [(MEDI_CAL, 2), (CALFRESH, 4), (WIC, 5), (SMALL_PROGRAM, 10)])
def test_the_state_by_program(enrollment, expected):
    assert total(**STATEWIDE, means_tested_program={"enrollment": enrollment}) == expected


@pytest.mark.parametrize(("enrollment", "expected"), [(MEDI_CAL, 14), (CALFRESH, 16), (WIC, 17), (SMALL_PROGRAM, 22)])
def test_a_county_of_1_163_by_program(enrollment, expected):
    found = total(residence_geography={"population": 1_163}, means_tested_program={"enrollment": enrollment})
    assert found == expected


@pytest.mark.parametrize(("members", "expected"), [(3_900, 12), (10_000, 12), (30_000, 11)])
def test_health_plans(members, expected):
    assert total(insurance_coverage={"members": members}) == expected


@pytest.mark.parametrize(("members", "expected"), [(10_000, 15), (30_000, 14), (150_000, 11)])
def test_health_plans_by_wic(members, expected):
    found = total(insurance_coverage={"members": members}, means_tested_program={"enrollment": WIC})
    assert found == expected


def test_age_groups_of_twelve_three_and_four_years_score_as_three():
    narrowest = narrowest_age_band([(0, 11), (12, 14), (15, 18)])
    facts = Facts.model_validate(
        {"events": 1, "time": "year", "variables": {"age_range": {"narrowest_years": narrowest}}}
    )
    assert narrowest == 3
    assert score(facts).component("age_range").score == 5
