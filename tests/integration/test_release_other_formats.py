"""The other formats of a table, read back by other people's tools: every cell is the CSV's, and what is hidden is nowhere."""

from __future__ import annotations

import csv
import dataclasses
import json
import time
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest

from include.opendata.errors import Refused
from include.opendata.release import Release, build_release
from include.opendata.release.formats.registry import require_fits
from include.opendata.release.formats.xlsx_files import MOST_ROWS
from include.opendata.rules.formats import FILE_FORMATS
from include.opendata.vocabulary import ProtectedTable
from tests.lib.small_release import homicides, homicides_dataset, inputs

TABLE = "homicides_by_county_and_year"
ALL = ["json", "xlsx", "parquet", "xml"]
LABEL = 'Niño & <Sons>, "Ltd"'
"""A label with what every format must write in its own way."""
HIDDEN = 90210
"""Stands for a count that is hidden: nothing that was published may hold it."""


def _table(mode: str = "separate") -> ProtectedTable:
    table = homicides(mode)
    frame = table.frame.copy()
    frame["County"] = frame["County"].str.replace("Alameda", LABEL, regex=False)
    county, year = table.structure.dimensions
    labels = tuple(label.replace("Alameda", LABEL) for label in county.labels)
    structure = dataclasses.replace(table.structure, dimensions=(dataclasses.replace(county, labels=labels), year))
    return dataclasses.replace(table, structure=structure, frame=frame)


def _declared(*formats: str):
    dataset = homicides_dataset()
    return dataset.model_copy(
        update={"tables": [dataset.tables[0].model_copy(update={"formats": list(formats), "annotation": "separate"})]}
    )


def _build(folder: Path, table: ProtectedTable | None = None, formats=ALL) -> Release:
    return build_release(inputs(dataset=_declared(*formats), protected=(table or _table(),)), folder)


@pytest.fixture(scope="module")
def release(tmp_path_factory) -> Release:
    return _build(tmp_path_factory.mktemp("formats") / "release")


@pytest.fixture(scope="module")
def rows(release) -> list[dict[str, str]]:
    with (release.folder / f"data/{TABLE}.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


NUMBERS = {"Homicides": int, "Population": int, "Rate_per_100000": float}


def _same(found: object, text: str, name: str) -> None:
    """``found`` is what the CSV's cell ``text`` says, with the type its column declares."""
    if text == "":
        assert found is None, name
    elif name in NUMBERS:
        assert type(found) is NUMBERS[name], name
        assert Decimal(str(found)) == Decimal(text), name
    else:
        assert found == text, name


def test_json_has_the_records_with_types_and_nulls(release, rows):
    records = json.loads((release.folder / f"data/{TABLE}.json").read_text(encoding="utf-8"))
    assert len(records) == len(rows) == 20
    for record, row in zip(records, rows, strict=True):
        assert list(record) == list(row)
        for name, text in row.items():
            _same(record[name], text, name)
    assert any(record["Homicides"] is None and record["Homicides_annotation"] == "1" for record in records)


def test_parquet_has_the_rows_typed_and_its_columns_explained(release, rows):
    import pyarrow.parquet as pq

    table = pq.read_table(release.folder / f"data/{TABLE}.parquet")
    assert table.column_names == list(rows[0])
    assert {f.name: str(f.type) for f in table.schema if f.name in NUMBERS} == {
        "Homicides": "int64",
        "Population": "int64",
        "Rate_per_100000": "double",
    }
    for record, row in zip(table.to_pylist(), rows, strict=True):
        for name, text in row.items():
            _same(record[name], text, name)
    said = table.schema.field("Homicides").metadata
    assert said[b"label"] == b"Homicides" and said[b"notes"].startswith(b"<11: ")


def test_xml_is_valid_against_its_schema_and_has_the_rows(release, rows):
    from lxml import etree

    document = etree.parse(release.folder / f"data/{TABLE}.xml")
    schema = etree.XMLSchema(etree.parse(release.folder / f"dictionary/{TABLE}.xsd"))
    schema.assertValid(document)
    nil = "{http://www.w3.org/2001/XMLSchema-instance}nil"
    found = document.getroot().findall("row")
    for element, row in zip(found, rows, strict=True):
        assert [cell.tag for cell in element] == list(row)
        for cell in element:
            text = row[cell.tag]
            assert (cell.text or "") == text and (cell.get(nil) == "true") == (text == "")
    found[0].find("Homicides").text = "S"
    assert not schema.validate(document), "a schema that accepts everything would prove nothing"


def test_the_workbook_has_the_rows_typed_and_marks_in_place_of_blanks(release, rows):
    import openpyxl

    book = openpyxl.load_workbook(release.folder / f"data/{TABLE}.xlsx")
    assert book.sheetnames == ["Data", "Data dictionary", "Notes"]
    assert all(sheet.sheet_state == "visible" for sheet in book)
    sheet = book["Data"]
    cells = [list(line) for line in sheet.iter_rows()]
    names = [cell.value for cell in cells[0]]
    assert names == list(rows[0])
    assert sheet.freeze_panes == "B2" and sheet.auto_filter.ref == "A1:H21"
    marks = {"1": "S", "2": "C"}
    for line, row in zip(cells[1:21], rows, strict=True):
        for cell, name in zip(line, names, strict=True):
            code = row.get(f"{name}_annotation", "")
            if code:
                assert cell.value == marks[code] and cell.data_type == "s"
            elif row[name] == "":
                assert cell.value is None
            elif name in NUMBERS:
                assert cell.data_type == "n" and Decimal(str(cell.value)) == Decimal(row[name])
            else:
                assert cell.data_type == "s" and cell.value == row[name]
    foot = [line[0].value for line in cells[21:] if line[0].value]
    assert foot == ["Why values are not shown:", "S = suppressed, small number", "C = suppressed, complementary"]
    told = {line[0].value: line[1].value for line in book["Notes"].iter_rows()}
    assert told["Mark S"] == "annotation 1: suppressed, small number" and told["Small cells"].startswith("<11: ")
    dictionary = [[cell.value or "" for cell in line] for line in book["Data dictionary"].iter_rows()]
    with (release.folder / f"dictionary/{TABLE}.csv").open(newline="", encoding="utf-8") as stream:
        assert dictionary == list(csv.reader(stream))


def test_nothing_in_a_workbook_is_a_formula_or_a_link(release):
    with zipfile.ZipFile(release.folder / f"data/{TABLE}.xlsx") as archive:
        for name in archive.namelist():
            content = archive.read(name)
            assert b"<f>" not in content and b"<hyperlink" not in content
            assert not name.startswith(("xl/externalLinks", "xl/vbaProject", "xl/connections"))


def test_a_label_that_reads_like_a_formula_stays_a_text_in_the_notes(tmp_path):
    import openpyxl

    dataset = _declared("xlsx")
    dataset = dataset.model_copy(update={"limitations": '=HYPERLINK("https://example.org","see")'})
    built = build_release(inputs(dataset=dataset, protected=(_table(),)), tmp_path / "release")
    book = openpyxl.load_workbook(built.folder / f"data/{TABLE}.xlsx")
    (cell,) = [line[1] for line in book["Notes"].iter_rows() if line[0].value == "Limitations"]
    assert cell.data_type == "s" and str(cell.value).startswith("=HYPERLINK")


@pytest.mark.parametrize("mode", ["separate", "combined"])
def test_a_hidden_count_is_in_no_byte_of_any_file(tmp_path, mode):
    """The true table has a number in every hidden cell that occurs nowhere else; no file, unpacked or not, holds it."""
    shown = _table(mode)
    blanks = shown.frame["Homicides"].isna()
    truth = shown.frame.assign(Homicides=shown.frame["Homicides"].fillna(HIDDEN))
    protected = dataclasses.replace(shown, frame=truth.assign(Homicides=truth["Homicides"].mask(blanks)))
    dataset = _declared(*ALL).model_copy()
    dataset = dataset.model_copy(update={"tables": [dataset.tables[0].model_copy(update={"annotation": mode})]})
    built = build_release(inputs(dataset=dataset, protected=(protected,)), tmp_path / "release")
    for path in built.folder.rglob("*"):
        if path.is_file():
            contents = [path.read_bytes()]
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    contents += [archive.read(name) for name in archive.namelist()]
            for content in contents:
                assert str(HIDDEN).encode() not in content, path.name
                assert HIDDEN.to_bytes(8, "little") not in content, path.name


def test_parquet_statistics_know_shown_values_only(release, rows):
    import pyarrow.parquet as pq

    metadata = pq.ParquetFile(release.folder / f"data/{TABLE}.parquet").metadata
    at = [metadata.schema.column(i).name for i in range(metadata.num_columns)].index("Homicides")
    statistics = metadata.row_group(0).column(at).statistics
    shown = [int(row["Homicides"]) for row in rows if row["Homicides"]]
    assert (statistics.min, statistics.max, statistics.null_count) == (min(shown), max(shown), 20 - len(shown))


def test_every_format_is_the_same_bytes_at_another_time(release, tmp_path):
    time.sleep(2.1)  # a zip archive's clock ticks every two seconds
    again = _build(tmp_path / "again")
    assert again.manifest.contents() == release.manifest.contents()


def test_the_manifest_and_the_catalogs_name_every_file_with_its_media_type(release):
    files = {file.path: file for file in release.manifest.files}
    entry = json.loads((release.folder / "metadata/dcat_us.json").read_text(encoding="utf-8"))
    offered = {item["downloadURL"].split("/homicides_by_county/")[1]: item for item in entry["distribution"]}
    expected = {f"data/{TABLE}.{FILE_FORMATS[one].ending}" for one in ("csv", *ALL)}
    assert set(offered) == {path for path, file in files.items() if file.role == "data"} == expected
    assert len({item["title"] for item in entry["distribution"]}) == len(expected)
    for path, item in offered.items():
        assert item["mediaType"] == files[path].media_type
    assert files[f"dictionary/{TABLE}.xsd"].role == "dictionary"


def test_schema_org_and_dublin_core_lead_to_every_file(release):
    from lxml import etree

    document = json.loads((release.folder / "metadata/schema_org.jsonld").read_text(encoding="utf-8"))
    files = {file.path: file for file in release.manifest.files}
    (part,) = document["hasPart"]
    for item in part["distribution"]:
        file = files[item["contentUrl"].removeprefix("../")]
        assert (item["encodingFormat"], item["sha256"], item["contentSize"]) == (
            file.media_type,
            file.sha256,
            f"{file.bytes} B",
        )
    assert document["temporalCoverage"] == "1980-01-01/1996-12-31"
    assert "small counts were suppressed" in document["measurementTechnique"]
    tree = etree.parse(release.folder / "metadata/dublin_core.rdf")
    names = {
        "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "dc": "http://purl.org/dc/elements/1.1/",
        "dcterms": "http://purl.org/dc/terms/",
    }
    linked = tree.xpath("//dcterms:hasFormat/@rdf:resource", namespaces=names)
    assert {link.removeprefix("../") for link in linked} == {p for p, f in files.items() if f.role == "data"}
    for element in (
        "title",
        "description",
        "publisher",
        "creator",
        "subject",
        "date",
        "coverage",
        "rights",
        "language",
    ):
        assert (
            all(found.text for found in tree.findall(f"//dc:{element}", names))
            and tree.find(f"//dc:{element}", names) is not None
        )
    assert tree.find("//dc:title", names).text == homicides_dataset().title


def test_frictionless_accepts_the_package_with_every_format(release):
    from frictionless import Package

    report = Package.from_descriptor(str(release.folder / "datapackage.json")).validate()
    assert report.valid, report.flatten(["type", "note"])
    assert {task.name for task in report.tasks} >= {f"{TABLE}_{one}" for one in ALL}


def test_frictionless_sees_a_changed_workbook(release, tmp_path):
    import shutil

    from frictionless import Package

    folder = shutil.copytree(release.folder, tmp_path / "copy")
    with (folder / f"data/{TABLE}.xlsx").open("ab") as stream:
        stream.write(b"x")
    report = Package.from_descriptor(str(folder / "datapackage.json")).validate()
    assert {"hash-count", "byte-count"} & {kind for (kind,) in report.flatten(["type"])}


def test_a_control_character_is_refused_by_xml_and_changed_by_nobody(tmp_path):
    table = _table()
    frame = table.frame.copy()
    frame["County"] = frame["County"].str.replace(LABEL, "Ala\x07meda", regex=False)
    with pytest.raises(Refused) as caught:
        _build(tmp_path / "release", dataclasses.replace(table, frame=frame), ["xml"])
    assert caught.value.slug == "text-not-xml" and caught.value.place.column == "County"
    assert "meda" not in str(caught.value) and not (tmp_path / "release").exists()


def test_a_number_that_excel_would_change_is_refused(tmp_path):
    table = _table()
    frame = table.frame.copy()
    frame.loc[0, "Population"] = 10**15 + 1
    with pytest.raises(Refused) as caught:
        _build(tmp_path / "release", dataclasses.replace(table, frame=frame), ["xlsx"])
    assert caught.value.slug == "number-too-long" and caught.value.place.column == "Population"


def test_a_text_longer_than_a_cell_of_a_workbook_is_refused(tmp_path):
    dataset = _declared("xlsx").model_copy(update={"limitations": "x" * 32_768})
    with pytest.raises(Refused) as caught:
        build_release(inputs(dataset=dataset, protected=(_table(),)), tmp_path / "release")
    assert caught.value.slug == "text-too-long"


def test_more_rows_than_a_sheet_has_are_refused_before_anything_is_written():
    table = _declared("xlsx").tables[0]
    require_fits(table, MOST_ROWS, dataset="homicides_by_county")
    with pytest.raises(Refused) as caught:
        require_fits(table, MOST_ROWS + 1, dataset="homicides_by_county")
    assert caught.value.slug == "too-many-rows"
    require_fits(_declared("parquet").tables[0], MOST_ROWS + 1, dataset="homicides_by_county")


PERIOD = "homicides_by_county_and_period"


def _by_period(counties: tuple[str, ...]) -> ProtectedTable:
    """The table of periods for these counties: it shares the coded dimension of the table of years."""
    by_year = homicides("separate")
    county, year = by_year.structure.dimensions
    people = dataclasses.replace(by_year.structure.measures[1], name="Person_Years")
    structure = dataclasses.replace(
        by_year.structure,
        table=PERIOD,
        dimensions=(county, dataclasses.replace(year, name="Period", labels=("1980 to 1984",))),
        measures=(by_year.structure.measures[0], people, by_year.structure.measures[2]),
    )
    frame = by_year.frame[by_year.frame["Year"] == "1980"].assign(Year="1980 to 1984")
    frame = frame.rename(columns={"Year": "Period", "Population": "Person_Years"})
    frame["County"] = frame["County"].where(frame["County"] != "Alpine", counties[0]).astype("string")
    return dataclasses.replace(by_year, structure=structure, frame=frame.reset_index(drop=True))


def _both(folder: Path, second: ProtectedTable) -> Release:
    from include.opendata.declaration.load import load

    dataset = load("homicides_by_county")
    return build_release(inputs(dataset=dataset, protected=(homicides("separate"), second)), folder)


def test_a_table_leads_to_another_by_the_coded_dimension_they_share(tmp_path):
    from frictionless import Package

    built = _both(tmp_path / "release", _by_period(("Alpine",)))
    package = json.loads((built.folder / "datapackage.json").read_text(encoding="utf-8"))
    schemas = {resource["name"]: resource.get("schema", {}) for resource in package["resources"]}
    fields = ["County", "County_FIPS"]
    assert schemas[PERIOD]["foreignKeys"] == [{"fields": fields, "reference": {"resource": TABLE, "fields": fields}}]
    assert "foreignKeys" not in schemas[TABLE]
    report = Package.from_descriptor(str(built.folder / "datapackage.json")).validate()
    assert report.valid, report.flatten(["type", "note"])
    path = built.folder / f"data/{PERIOD}.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("Alpine,003", "Sierra,091"), encoding="utf-8")
    kinds = {
        kind for (kind,) in Package.from_descriptor(str(built.folder / "datapackage.json")).validate().flatten(["type"])
    }
    assert "foreign-key" in kinds


def test_a_category_the_other_table_has_not_leads_nowhere(tmp_path):
    built = _both(tmp_path / "release", _by_period(("Sierra",)))
    package = json.loads((built.folder / "datapackage.json").read_text(encoding="utf-8"))
    assert not any("foreignKeys" in resource.get("schema", {}) for resource in package["resources"])


def test_the_entry_with_every_format_is_a_valid_dcat_us_dataset(release):
    import jsonschema

    from tests.integration.test_release_formats import _schema

    entry = json.loads((release.folder / "metadata/dcat_us.json").read_text(encoding="utf-8"))
    jsonschema.Draft4Validator(_schema("non-federal-v1.1/dataset-non-federal.json")).validate(entry)
    assert len(entry["distribution"]) == 1 + len(ALL)


def test_the_staged_catalog_leads_to_every_format(release, tmp_path):
    from include.opendata.staging import LocalStaging

    LocalStaging(tmp_path / "staging").publish(release.folder, release.manifest, None)
    (entry,) = json.loads((tmp_path / "staging/data.json").read_text(encoding="utf-8"))["dataset"]
    for item in entry["distribution"]:
        for address in (item["downloadURL"], item["describedBy"]):
            assert (tmp_path / "staging" / address.removeprefix("https://data.example.org/")).is_file(), address
