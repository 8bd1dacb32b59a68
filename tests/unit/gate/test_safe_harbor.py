"""Ages over 89, thinly peopled ZIP areas, dates finer than the year (HIPAA Safe Harbor)."""

from __future__ import annotations

import pytest

from include.opendata.gate.safe_harbor import safe_harbor_findings


def slugs(**shown: object) -> list[str]:
    return [finding.slug for finding in safe_harbor_findings(**shown)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "bands",
    [[(0, 89), (90, None)], [(0, 64), (65, None)], [(85, None)], [(0, None)], [(0, 17), (18, 64)], [(80, 89)]],
)
def test_ages_over_89_in_one_group_or_a_wider_one_pass(bands):
    assert slugs(age_bands=bands) == []


@pytest.mark.parametrize(
    "bands", [[(0, 90)], [(85, 94), (95, None)], [(91, None)], [(95, 99)], [(90, 99), (100, None)], [(90, 90)]]
)
def test_ages_over_89_told_apart_are_refused(bands):
    assert slugs(age_bands=bands) == ["ages-over-89"]


@pytest.mark.parametrize(("people", "expected"), [(20_000, ["zip3-small"]), (20_001, [])])
def test_three_digit_zip_areas_need_more_than_20_000_people(people, expected):
    assert slugs(zip3_populations=[people, 500_000]) == expected


@pytest.mark.parametrize("time", ["five_years", "two_to_four_years", "year", None])
def test_a_year_or_longer_passes(time):
    assert slugs(time=time) == []


@pytest.mark.parametrize("time", ["half_year", "quarter", "month", "week", "day"])
def test_a_period_shorter_than_a_year_is_noted_and_left_to_the_score(time):
    (finding,) = safe_harbor_findings(time=time)
    assert (finding.slug, finding.severity) == ("date-finer-than-year", "note")
