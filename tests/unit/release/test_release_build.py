"""A release as a whole: complete, repeatable, and refused where something was not proven."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path

import pytest

from include.opendata.errors import AuditFailed, Refused, StorageError
from include.opendata.release import Provenance, build_release
from include.opendata.storage.digests import sha256_of_file
from include.opendata.storage.manifest import read_manifest
from tests.lib.small_release import homicides, inputs

TABLE = "homicides_by_county_and_year"
LAYOUT = [
    f"data/{TABLE}.csv",
    "datapackage.json",
    f"dictionary/{TABLE}.csv",
    "evidence/index.html",
    "manifest.json",
    "metadata/ckan_package.json",
    "metadata/dcat_us.json",
    "metadata/dublin_core.rdf",
    "metadata/schema_org.jsonld",
]


def _files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_release_has_exactly_the_fixed_layout(tmp_path):
    release = build_release(inputs(), tmp_path / "release")
    assert sorted(_files(release.folder)) == LAYOUT
    assert list(tmp_path.iterdir()) == [release.folder]


def test_the_manifest_lists_every_other_file_with_its_digest_and_role(tmp_path):
    release = build_release(inputs(), tmp_path / "release")
    manifest = read_manifest(release.folder / "manifest.json")
    assert manifest == release.manifest
    assert sorted(file.path for file in manifest.files) == [path for path in LAYOUT if path != "manifest.json"]
    for file in manifest.files:
        assert sha256_of_file(release.folder / file.path) == (file.sha256, file.bytes)
    assert {file.path: file.role for file in manifest.files} == {
        f"data/{TABLE}.csv": "data",
        f"dictionary/{TABLE}.csv": "dictionary",
        "datapackage.json": "metadata",
        "metadata/ckan_package.json": "metadata",
        "metadata/dcat_us.json": "metadata",
        "metadata/dublin_core.rdf": "metadata",
        "metadata/schema_org.jsonld": "metadata",
        "evidence/index.html": "internal",
    }


def test_only_the_manifest_tells_when_and_by_which_run_a_release_was_made(tmp_path):
    first = build_release(inputs(), tmp_path / "first")
    later = Provenance("manual__other", "2027-07-07T07:07:07+00:00", "0.1.0+abc1234", "d" * 64, "2026-02-14-0a1b2c3d")
    second = build_release(inputs(release_id="another-id", provenance=later), tmp_path / "second")
    one, two = _files(first.folder), _files(second.folder)
    assert one.pop("manifest.json") != two.pop("manifest.json")
    assert one == two
    assert first.manifest.contents() == second.manifest.contents()


def test_a_release_built_again_replaces_what_a_killed_build_left(tmp_path):
    folder = tmp_path / "release"
    expected = _files(build_release(inputs(), folder).folder)
    (folder / "data" / "stray.csv").write_text("x")
    (tmp_path / "release.partial").mkdir()
    (tmp_path / "release.partial" / "half").write_text("x")
    assert _files(build_release(inputs(), folder).folder) == expected
    assert list(tmp_path.iterdir()) == [folder]


def test_a_refused_release_leaves_no_folder_behind(tmp_path):
    table = homicides()
    frame = table.frame.copy()
    frame["County"] = frame["County"].replace("Alpine", "=1+1")
    with pytest.raises(Refused):
        build_release(inputs(protected=(replace(table, frame=frame),)), tmp_path / "release")
    assert not (tmp_path / "release").exists()


@pytest.mark.parametrize("figure", ["recoverable", "undecided", "failing_groups", "failing_absent", "something_new"])
def test_a_suppressed_cell_that_is_not_proven_safe_stops_the_release(tmp_path, figure):
    protection = {TABLE: {"seed": 1, "attack": {"safe_with_witness": 3, figure: 1}}}
    with pytest.raises(AuditFailed) as failure:
        build_release(inputs(protection=protection), tmp_path / "release")
    assert failure.value.slug == "suppression-not-proven"


def test_no_attack_is_no_proof(tmp_path):
    with pytest.raises(AuditFailed):
        build_release(inputs(protection={TABLE: {"seed": 1}}), tmp_path / "release")


def _report(change) -> dict:
    quality = copy.deepcopy(dict(inputs().quality))
    change(quality["publishable"][TABLE])
    return quality


@pytest.mark.parametrize(
    "change",
    [
        lambda report: report.update(evaluated=1),
        lambda report: report.update(declared=0, evaluated=0, expectations=[]),
        lambda report: report["expectations"].pop(),
        lambda report: report["expectations"][0].update(success=False),
        lambda report: report["expectations"][0].update(success=False, severity="critical"),
        lambda report: report["expectations"][0].update(decided=False),
    ],
    ids=["not all evaluated", "nothing expected", "an outcome is missing", "failed", "critical failed", "undecided"],
)
def test_checks_that_did_not_pass_stop_the_release(tmp_path, change):
    with pytest.raises(Refused) as refusal:
        build_release(inputs(quality=_report(change)), tmp_path / "release")
    assert refusal.value.slug == "quality-not-passed"


def test_a_warning_that_was_not_met_does_not_stop_the_release(tmp_path):
    quality = _report(lambda report: report["expectations"][0].update(success=False, severity="warning"))
    page = (build_release(inputs(quality=quality), tmp_path / "release").folder / "evidence/index.html").read_text()
    assert "Not met; noted" in page


def test_a_source_that_was_not_checked_stops_the_release(tmp_path):
    quality = copy.deepcopy(dict(inputs().quality))
    quality["source"]["evaluated"] = 0
    with pytest.raises(Refused) as refusal:
        build_release(inputs(quality=quality), tmp_path / "release")
    assert refusal.value.slug == "quality-not-passed"


@pytest.mark.parametrize("missing", ["assessments", "protection", "protected"])
def test_an_incomplete_release_is_refused(tmp_path, missing):
    with pytest.raises(Refused) as refusal:
        build_release(replace(inputs(), **{missing: () if missing == "protected" else {}}), tmp_path / "release")
    assert refusal.value.slug == "release-incomplete"


def test_a_full_disk_is_told_in_words(tmp_path, monkeypatch):
    def full(*_arguments, **_keywords):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("include.opendata.release.build.write_table_csv", full)
    with pytest.raises(StorageError) as failure:
        build_release(inputs(), tmp_path / "release")
    assert failure.value.slug == "disk-full"
    assert not (tmp_path / "release").exists()


def test_a_path_that_leaves_the_release_is_no_manifest(tmp_path):
    release = build_release(inputs(), tmp_path / "release")
    data = json.loads(release.manifest.to_bytes())
    for path in ("../outside", "/etc/passwd", "data/../../x", "data//x", ".hidden"):
        data["files"][0]["path"] = path
        (tmp_path / "manifest.json").write_text(json.dumps(data))
        with pytest.raises(StorageError):
            read_manifest(tmp_path / "manifest.json")
