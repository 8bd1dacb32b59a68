"""The field standards hold in the source and in what is published: every element by a value it takes and values it refuses."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest

from include.opendata.declaration.choices import FieldStandardName
from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.load import load_file
from include.opendata.errors import Refused
from include.opendata.quality import check_source, write_suites
from include.opendata.rules.portal import field_standards
from tests.lib.facilities import CLINICS, FACILITIES

VALUES: dict[str, tuple[object, tuple[object, ...]]] = {
    "address": ("1500 Capitol Ave, Ste 1", ("1 " + "x" * 80, "200 Main Street", "7 OAK BOULEVARD", "9 Elm Rd Suite")),
    "address2": ("Ste 200", ("x" * 21,)),
    "city": ("San Luis Obispo", ("x" * 31,)),
    "state": ("CA", ("Ca", "California", "C")),
    "zip": ("00501", ("501", "95814-1234", "9581A")),
    "zip3": ("958", ("95", "9581")),
    "zip_4": ("0000", ("0", "12345")),
    "country": ("US", ("USA", "us")),
    "county": ("San Bernardino", ("San Bernardino County", "Alpine CO", "alpine", "Washoe")),
    "county_fips": ("071", ("71", "06071", "072")),
    "latitude": (38.573936, (91.0, -90.5, float("nan"))),
    "longitude": (-121.490738, (-181.0, 180.5)),
    "geoid": ("06067001101", ("6067001101", "06067001101234", "0606700110123", "06067 01101")),
    "mssa_id": ("78.2aaaaa", ("78.2aaaaaa",)),
    "mssa_name": ("Sacramento Central", ("x" * 161,)),
    "mssa_definition": ("Frontier", ("frontier", "Suburban")),
}
GEOIDS = ("06067001101", "060670011012", "060670011012345")


def _declared(folder: Path, text: str) -> Dataset:
    path = folder / "dataset.yaml"
    path.write_text(text, encoding="utf-8")
    return load_file(path)


def _of_standards(folder: Path) -> Dataset:
    """A dataset whose source has one column of every standard."""
    columns = "\n".join(
        f"    - {{name: {name}, type: {'number' if name.endswith('itude') else 'text'}, label: {name}, "
        f"definition: x., privacy: public, standard: {name}}}"
        for name in VALUES
    )
    head, rest = FACILITIES.split("  columns:\n", 1)
    tables = rest[rest.index("quality: ") : rest.index("tables:\n")]
    table = """tables:
  - table: counties
    title: Counties
    description: Counties.
    dimensions:
      - {name: Town, label: Town, definition: Town., column: city,
         scores_as: {variable: not_personal, reason: A town.}}
    measures:
      - {name: Latitudes, kind: sum, of: amount, column: latitude, label: Sum, definition: Sum.}
"""
    text = f"{head}  columns:\n{columns}\n{tables}{table}".replace("key: [license, year]", "key: [city]")
    return _declared(folder, text)


@pytest.fixture
def all_standards(project, tmp_path) -> Dataset:
    dataset = _of_standards(tmp_path)
    write_suites(dataset)
    return dataset


def _row(**changes: object) -> pd.DataFrame:
    return pd.DataFrame([{**{name: good for name, (good, _) in VALUES.items()}, **changes}])


def _refused(dataset: Dataset, warehouse_of, frame: pd.DataFrame) -> Refused | None:
    try:
        with warehouse_of(frame) as warehouse:
            check_source(dataset, warehouse)
    except Refused as refused:
        assert refused.slug == "quality-failed"
        return refused
    return None


def test_every_standard_has_its_name_for_declarations():
    names = {field.element.lower() for field in field_standards().fields}
    assert set(FieldStandardName.__args__) == names == set(VALUES)


def test_values_as_the_standards_have_them_pass(all_standards, warehouse_of):
    frames = [_row(geoid=geoid, city=f"Town {n}") for n, geoid in enumerate(GEOIDS)]
    assert _refused(all_standards, warehouse_of, pd.concat(frames)) is None


@pytest.mark.parametrize("name", list(VALUES))
def test_a_value_that_is_not_as_its_standard_has_it_is_refused(name, all_standards, warehouse_of):
    _good, bad = VALUES[name]
    frames = [_row(**{"city": f"Town {n}", name: value}) for n, value in enumerate(bad)]
    refused = _refused(all_standards, warehouse_of, pd.concat([_row(), *frames]))
    assert refused is not None
    standard = next(f"{name}: it is written as the standard for {f.element} says" for f in field_standards().fields
                    if f.element.lower() == name)  # fmt: skip
    lines = [line for line in refused.details if line.startswith(f"{name}:") or f"{name}," in line]
    assert lines, refused.details
    if name in ("county", "county_fips"):
        known = next(line for line in lines if f"{name}: every value is one of" in line)
        assert f"{len(bad)} of {len(bad) + 1}" in known
    else:
        expected = len([value for value in bad if value == value])
        assert any(standard in line and f"{expected} of" in line for line in lines), lines
    assert not any(str(value) in line for value in bad for line in refused.details if len(str(value)) > 12)


def test_a_county_beside_the_code_of_another_is_refused(all_standards, warehouse_of):
    refused = _refused(all_standards, warehouse_of, _row(county_fips="067"))
    assert refused is not None and any("each name stands beside its own" in line for line in refused.details)


INSIDE = {
    "Crescent City": (41.7558, -124.2026), "Alturas": (41.4871, -120.5425), "Cedarville": (41.5290, -120.1733),
    "Fort Bidwell": (41.8610, -120.1527), "South Lake Tahoe": (38.9399, -119.9772), "Bridgeport": (38.2557, -119.2313),
    "Bishop": (37.3635, -118.3951), "Death Valley": (36.4572, -116.8656), "Nipton": (35.4664, -115.2719),
    "Needles": (34.8481, -114.6142), "Earp": (34.1650, -114.3010), "Parker Dam": (34.2870, -114.1420),
    "Blythe": (33.6103, -114.5964), "Winterhaven": (32.7390, -114.6349), "Calexico": (32.6789, -115.4989),
    "Tecate, California": (32.5770, -116.6275), "San Ysidro": (32.5520, -117.0431), "Imperial Beach": (32.5839, -117.1131),
    "San Clemente Island": (32.8180, -118.3510), "San Nicolas Island": (33.2400, -119.4580), "Avalon": (33.3428, -118.3276),
    "San Miguel Island": (34.0376, -120.3724), "Lompoc": (34.6391, -120.4579), "Point Sur": (36.3063, -121.9017),
    "Farallones": (37.6989, -123.0034), "Point Reyes": (37.9960, -123.0220), "Point Arena": (38.9546, -123.7404),
    "Cape Mendocino": (40.4401, -124.4095), "Eureka": (40.8021, -124.1637), "Sacramento": (38.5816, -121.4944),
    "Los Angeles": (34.0537, -118.2428), "San Francisco": (37.7793, -122.4193), "Fresno": (36.7378, -119.7871),
}  # fmt: skip
OUTSIDE = {
    "Reno": (39.5296, -119.8138), "Carson City": (39.1638, -119.7674), "Las Vegas": (36.1716, -115.1391),
    "Pahrump": (36.2083, -115.9839), "Laughlin": (35.1678, -114.5730), "Yuma": (32.6927, -114.6277),
    "Phoenix": (33.4484, -112.0740), "Medford": (42.3265, -122.8756), "Klamath Falls": (42.2249, -121.7817),
    "Brookings": (42.0526, -124.2839), "Tijuana": (32.5027, -117.0037), "Mexicali": (32.6245, -115.4523),
    "Honolulu": (21.3069, -157.8583), "at sea": (36.0, -124.0), "minus forgotten": (38.58, 121.49), "null island": (0.0, 0.0),
}  # fmt: skip


@pytest.fixture
def clinics(project, tmp_path) -> Dataset:
    dataset = _declared(tmp_path, FACILITIES)
    write_suites(dataset)
    return dataset


def _clinics_at(points: dict[str, tuple[float, float]]) -> pd.DataFrame:
    text = dict.fromkeys(("license", "zip", "fips", "tract"), str)
    one = pd.read_csv(io.StringIO(CLINICS), dtype=text).iloc[:1]
    return pd.concat([one.assign(license=f"{n:04}", lat=lat, lon=lon) for n, (lat, lon) in enumerate(points.values())])


def test_places_in_california_lie_inside(clinics, warehouse_of):
    assert _refused(clinics, warehouse_of, _clinics_at(INSIDE)) is None


def test_places_outside_california_do_not(clinics, warehouse_of):
    refused = _refused(clinics, warehouse_of, _clinics_at(OUTSIDE))
    assert refused is not None
    count = len(OUTSIDE)
    assert any(
        f"lie inside California, or are both blank; {count} of {count} (100.0 %) rows" in line
        for line in refused.details
    ), refused.details


def test_half_a_point_is_no_point(clinics, warehouse_of):
    frame = _clinics_at(INSIDE)
    frame.loc[frame["license"] == "0003", "lon"] = None
    refused = _refused(clinics, warehouse_of, frame)
    assert refused is not None and any("lie inside California" in line and "1 of" in line for line in refused.details)
