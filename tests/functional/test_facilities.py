"""A table of places, from its declaration to every format: points are shown for facilities, never for people."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from decimal import Decimal

import pytest

from tests.lib import declarations
from tests.lib.facilities import CLINICS, FACILITIES


@pytest.fixture
def clinics(installation):
    """An installation with the dataset of clinics, its suites drafted."""

    def declare(text: str = FACILITIES, source: str = CLINICS):
        path = installation.folder / "clinics.csv"
        path.write_text(source, encoding="utf-8")
        declarations.write(
            installation.folder / "datasets",
            text.replace("location: clinics.csv", f"location: {path}"),
            name="licensed_clinics",
        )
        return installation.opendata("suites", "licensed_clinics", "--write")

    installation.declare_clinics = declare
    return installation


def _release(installation):
    pointer = json.loads((installation.staging / "licensed_clinics" / "current.json").read_text())
    return installation.staging / "licensed_clinics" / "releases" / pointer["release"]


def test_a_list_of_clinics_is_staged_and_its_points_are_the_same_in_every_format(clinics):
    import shapefile

    assert clinics.declare_clinics().code == 0
    answer = clinics.opendata("refresh", "licensed_clinics")
    assert answer.code == 0, answer.err
    folder = _release(clinics)
    names = {path.name for path in (folder / "data").iterdir()}
    assert names == {f"clinics.{e}" for e in ("csv", "json", "xlsx", "parquet", "xml", "geojson", "shp.zip")}
    with (folder / "data/clinics.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [(r["License_Number"], r["Year"], r["Exam_Rooms"]) for r in rows[:3]] == [
        ("0101", "2025", "12"),
        ("0101", "2026", "13"),
        ("0102", "2025", "4"),
    ]
    assert rows[0]["Facility_Name"] == 'Capitol "Oak" Clinic' and rows[0]["ZIP"] == "95814"
    assert (rows[0]["Latitude"], rows[0]["Longitude"]) == ("38.573936", "-121.490738")
    assert (rows[6]["License_Number"], rows[6]["Latitude"], rows[6]["Longitude"]) == ("0104", "", "")

    features = json.loads((folder / "data/clinics.geojson").read_text(encoding="utf-8"))["features"]
    with zipfile.ZipFile(folder / "data/clinics.shp.zip") as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert sorted(files) == ["clinics.cpg", "clinics.dbf", "clinics.prj", "clinics.shp", "clinics.shx", "fields.csv"]
    assert b"WGS_1984" in files["clinics.prj"] and files["clinics.dbf"][1:4] == bytes((100, 1, 1))
    columns = {row["column"]: row["field"] for row in csv.DictReader(io.StringIO(files["fields.csv"].decode()))}
    assert list(columns) == list(rows[0]) and max(map(len, columns.values())) <= 10
    assert len({field.upper() for field in columns.values()}) == len(columns)
    with shapefile.Reader(
        **{part: io.BytesIO(files[f"clinics.{part}"]) for part in ("shp", "shx", "dbf")}, encoding="utf-8"
    ) as reader:
        shapes, records = reader.shapes(), [record.as_dict() for record in reader.records()]
    for row, feature, shape, record in zip(rows, features, shapes, records, strict=True):
        if row["Longitude"] == "":
            assert feature["geometry"] is None and shape.shapeType == shapefile.NULL
        else:
            point = [float(row["Longitude"]), float(row["Latitude"])]
            assert feature["geometry"] == {"type": "Point", "coordinates": point}
            assert list(shape.points[0])[:2] == point
        for name, text in row.items():
            for value in (feature["properties"][name], record[columns[name]]):
                if text == "":
                    assert value in (None, ""), name
                elif isinstance(value, str):
                    assert value == text, name
                else:
                    assert Decimal(str(value)) == Decimal(text), name


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("personal_characteristics: no", "personal_characteristics: yes", "point by point"),
        ("record: aggregate", "record: event", "not of records of a event"),
        ("granularity: location point", "granularity: county", "granularity: location point"),
        ("kind: sum, of: amount", "kind: sum, of: persons", "a count of persons"),
        ("standard: latitude", "label: Latitude", "standard: latitude"),
        ("latitude: Latitude", "latitude: Lattitude", "did you mean"),
        ("column: year\n", "column: year\n        total: All years\n", None),
        ("column: license\n", "column: license\n        total: All\n", "would be a row without a place"),
        ("privacy: public, standard: longitude", "privacy: sensitive, standard: longitude", "public in every row"),
        (
            "    points: {latitude: Latitude, longitude: Longitude, inside: California}\n",
            "",
            "needs a table with `points`",
        ),
        ("          - {name: Longitude, ", "          - {name: East, ", "Lon"),
        ("name: tract, type: text", "name: tract, type: integer", "GEOID"),
    ],
)
def test_points_are_declared_for_places_alone(clinics, was, becomes, said):
    assert was in FACILITIES
    text = FACILITIES.replace(was, becomes, 1)
    if "label: Latitude" in becomes:
        text = FACILITIES.replace(", standard: latitude", "", 1)
    answer = clinics.declare_clinics(text)
    if said is None:
        assert answer.code == 0, answer.err
    else:
        assert answer.code == 2 and said in answer.err, answer.err


def test_people_are_not_located_by_attributes_either(clinics):
    """Without points and maps an address beside each category still says where."""
    lines = FACILITIES.splitlines(keepends=True)
    text = "".join(line for line in lines if "points:" not in line and "formats:" not in line)
    assert clinics.declare_clinics(text).code == 0
    for was, becomes in (
        ("personal_characteristics: no", "personal_characteristics: yes"),
        ("kind: sum, of: amount", "kind: sum, of: persons"),
        ("    absent_combinations: omit\n", "    high_risk_populations: [homelessness]\n"),
    ):
        assert was in text
        answer = clinics.declare_clinics(text.replace(was, becomes))
        assert answer.code == 2
        told = [line for line in answer.err.splitlines() if "where one place is" in line]
        assert len(told) == 5, "address, ZIP code, census tract, latitude, longitude"


def test_a_format_nobody_knows_is_told_with_those_there_are(clinics):
    answer = clinics.declare_clinics(FACILITIES.replace("formats: [json,", "formats: [jsn,"))
    assert answer.code == 2 and "json" in answer.err and "shapefile" in answer.err


def test_a_source_against_a_field_standard_is_refused_and_nothing_is_staged(clinics):
    assert clinics.declare_clinics(source=CLINICS.replace("38.573936,-121.490738", "38.573936,121.490738")).code == 0
    answer = clinics.opendata("refresh", "licensed_clinics")
    assert answer.code == 3, answer.err + answer.out
    assert "lie inside California, or are both blank; 2 of 8 (25.0 %) rows fall short" in answer.err
    assert not (clinics.staging / "licensed_clinics").exists()
    assert "121.4" not in answer.err, "no value of a record in a message"


def test_a_text_that_ends_with_a_blank_is_refused_by_name_because_a_shapefile_would_lose_it(clinics):
    assert clinics.declare_clinics(source=CLINICS.replace("Not yet geocoded,", "Not yet geocoded ,")).code == 0
    answer = clinics.opendata("refresh", "licensed_clinics")
    assert answer.code == 3 and "column Facility_Name: a text ends with a blank" in answer.err, answer.err
    assert json.loads(clinics.opendata("refresh", "licensed_clinics", "--json").out)["slug"] == "text-ends-blank"
    assert "geocoded" not in answer.err


@pytest.mark.parametrize(
    ("limit", "least", "slug"), [("MOST_FIELDS", 3, "too-many-columns"), ("MOST_BYTES", 500, "file-too-large")]
)
def test_a_shapefile_that_would_be_larger_than_its_form_allows_is_refused(clinics, monkeypatch, limit, least, slug):
    monkeypatch.setattr(f"include.opendata.release.formats.shapefile_files.{limit}", least)
    assert clinics.declare_clinics().code == 0
    answer = clinics.opendata("refresh", "licensed_clinics", "--json")
    assert (answer.code, json.loads(answer.out)["slug"]) == (3, slug)
    assert not (clinics.staging / "licensed_clinics").exists()
