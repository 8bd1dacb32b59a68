"""The population references are complete and add up to the census totals."""

from __future__ import annotations

from collections import Counter

import pytest

from include.opendata.errors import DeclarationError
from include.opendata.rules.reference import (
    california_counties,
    california_regions,
    population_reference,
    population_references,
    us_census_regions,
)
from include.opendata.rules.regions import region_by_county


def test_california_has_58_counties_and_39_538_223_people():
    counties = california_counties()
    assert len(counties.areas) == len(set(counties.population_by_code)) == 58
    assert counties.total == 39_538_223


def test_county_codes_keep_their_leading_zeros_and_names_leave_off_the_word_county():
    counties = california_counties()
    assert "Sacramento" in [area.name for area in counties.areas if area.code == "067"]
    assert all(len(area.code) == 3 and area.code.isdigit() for area in counties.areas)
    assert not any(area.name.endswith(("County", "Co.")) or len(area.name) > 20 for area in counties.areas)
    assert counties.population_by_name["Alpine"] == 1_204


def test_the_four_census_regions_add_up_to_the_nation():
    regions = us_census_regions()
    assert regions.population_by_code == {
        "northeast": 57_609_148,
        "midwest": 68_985_454,
        "south": 126_266_107,
        "west": 78_588_572,
    }
    assert regions.total == 331_449_281


def test_each_county_lies_in_one_of_ten_regions_and_a_region_has_the_people_of_its_counties():
    regions, counties = california_regions(), california_counties()
    region_of = region_by_county()
    assert set(region_of) == set(counties.population_by_code)
    people = Counter(dict.fromkeys(region_of.values(), 0))
    for code, region in region_of.items():
        people[region] += counties.population_by_code[code]
    assert regions.population_by_name == dict(people)
    assert len(regions.areas) == 10
    assert regions.total == counties.total


def test_a_reference_nobody_knows_is_an_error_with_a_suggestion():
    assert population_references() == ("california_counties", "california_regions", "us_census_regions")
    with pytest.raises(DeclarationError, match="did you mean 'california_counties'"):
        population_reference("california_county")
