"""Which region a county lies in, for tables that show regions in place of counties.

The source is in ``regions/README.md``; the regions' populations are the reference ``california_regions``. Codes are text,
so that leading zeros survive.
"""

from __future__ import annotations

import csv
from functools import cache

from include.opendata.rules.criteria import FOLDER


@cache
def region_by_county() -> dict[str, str]:
    """County (FIPS number within the state, text of 3) → the name of its region, for all 58 counties of California."""
    with (FOLDER / "regions" / "california_county_regions.csv").open(encoding="utf-8", newline="") as lines:
        return {row["county_fips"]: row["region"] for row in csv.DictReader(lines)}


def counties_by_region() -> dict[str, tuple[str, ...]]:
    """Region → the FIPS numbers of its counties; regions and counties in the order of their references."""
    found: dict[str, list[str]] = {}
    with (FOLDER / "reference" / "california_regions.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            found[row["name"]] = []
    for county, region in region_by_county().items():
        found[region].append(county)
    return {region: tuple(counties) for region, counties in found.items()}
