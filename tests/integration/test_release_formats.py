"""The release in the eyes of other people's tools: DCAT-US schemas, Frictionless, pandas, another process."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pandas as pd
import pytest

from include.opendata import places
from include.opendata.release import Release, build_release
from include.opendata.staging import LocalStaging
from tests.lib.small_release import homicides, inputs

TABLE = "homicides_by_county_and_year"


@pytest.fixture(scope="module")
def release(tmp_path_factory) -> Release:
    return build_release(inputs(), tmp_path_factory.mktemp("formats") / "release")


def _schema(name: str) -> dict:
    """A JSON Schema of the catalog extension, read as a file: nothing of it is imported."""
    files = importlib.metadata.files("ckanext-datajson") or []
    (path,) = [file for file in files if str(file).endswith(f"pod_schema/{name}")]
    return json.loads(Path(str(path.locate())).read_text(encoding="utf-8"))


def test_the_entry_is_a_valid_non_federal_dcat_us_dataset(release):
    entry = json.loads((release.folder / "metadata/dcat_us.json").read_text(encoding="utf-8"))
    jsonschema.Draft4Validator(_schema("non-federal-v1.1/dataset-non-federal.json")).validate(entry)
    assert entry["temporal"] == "1980-01-01/1996-12-31"
    assert entry["accrualPeriodicity"] == "R/P1Y"
    assert entry["modified"] == "1996-12-31"


def test_the_staged_catalog_is_a_valid_dcat_us_catalog(release, tmp_path):
    staging = LocalStaging(tmp_path / "staging")
    staging.publish(release.folder, release.manifest, None)
    catalog = json.loads((tmp_path / "staging/data.json").read_text(encoding="utf-8"))
    schema = _schema("non-federal-v1.1/catalog.json")
    entries = catalog["dataset"]
    validator = jsonschema.Draft4Validator(_schema("non-federal-v1.1/dataset-non-federal.json"))
    for entry in entries:
        validator.validate(entry)
        assert entry["modified"] == "2026-02-14"
    own = {**schema, "properties": {k: v for k, v in schema["properties"].items() if k != "dataset"}}
    jsonschema.Draft4Validator(own).validate(catalog)
    for item in entries[0]["distribution"]:
        for address in (item["downloadURL"], item["describedBy"]):
            assert (tmp_path / "staging" / address.removeprefix("https://data.example.org/")).is_file()


def test_the_schemas_of_this_test_can_say_no(release):
    entry = json.loads((release.folder / "metadata/dcat_us.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft4Validator(_schema("non-federal-v1.1/dataset-non-federal.json"))
    for field, wrong in {"accrualPeriodicity": "yearly", "temporal": "1980 to 1996", "accessLevel": "open"}.items():
        assert list(validator.iter_errors({**entry, field: wrong})), field


def test_frictionless_accepts_the_package_and_every_row_of_it(release):
    from frictionless import Package

    report = Package.from_descriptor(str(release.folder / "datapackage.json")).validate()
    assert report.valid, report.flatten(["type", "note"])
    assert {task.name for task in report.tasks} == {TABLE, f"{TABLE}_dictionary"}
    assert next(task for task in report.tasks if task.name == TABLE).stats["rows"] == 20


def test_frictionless_sees_a_changed_row(release, tmp_path):
    import shutil

    from frictionless import Package

    folder = tmp_path / "copy"
    shutil.copytree(release.folder, folder)
    path = folder / f"data/{TABLE}.csv"
    path.write_text(path.read_text().replace("Alameda,001,1980,121", "Alameda,001,1980,-1"))
    kinds = {kind for (kind,) in Package.from_descriptor(str(folder / "datapackage.json")).validate().flatten(["type"])}
    assert "constraint-error" in kinds
    assert {"hash-count", "byte-count"} & kinds


def test_the_package_states_the_bytes_and_digest_of_each_file(release):
    package = json.loads((release.folder / "datapackage.json").read_text(encoding="utf-8"))
    for resource in package["resources"]:
        content = (release.folder / resource["path"]).read_bytes()
        assert resource["bytes"] == len(content)
        assert resource["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"


def test_the_csv_comes_back_as_the_protected_table(release):
    table = homicides()
    kinds = {name: str(kind) for name, kind in table.frame.dtypes.items()}
    read = pd.read_csv(release.folder / f"data/{TABLE}.csv", dtype=kinds, keep_default_na=False, na_values=[""])
    blanks = [name for name, kind in kinds.items() if kind == "string" and name != "County_FIPS"]
    read[blanks] = read[blanks].fillna("")
    pd.testing.assert_frame_equal(read, table.frame)


def test_another_process_with_another_hash_seed_builds_the_same_bytes(release, tmp_path):
    program = (
        "from pathlib import Path; from include.opendata.release import build_release;"
        "from tests.lib.small_release import inputs;"
        f"build_release(inputs(), Path({str(tmp_path / 'again')!r}))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "4242", "TZ": "Pacific/Auckland", "PYTHONPATH": str(places.ROOT)}
    subprocess.run([sys.executable, "-c", program], check=True, cwd=places.ROOT, env=environment, timeout=120)
    for file in release.manifest.files:
        assert (tmp_path / "again" / file.path).read_bytes() == (release.folder / file.path).read_bytes(), file.path
    assert (tmp_path / "again/manifest.json").read_bytes() == (release.folder / "manifest.json").read_bytes()
