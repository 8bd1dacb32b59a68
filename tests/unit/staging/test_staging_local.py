"""Portal staging in a folder: whole releases, one pointer, one catalog."""

from __future__ import annotations

import errno
import json
import os
import re
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from include.opendata import places
from include.opendata.errors import DeclarationError, InputError, Refused, StorageError
from include.opendata.staging import LocalStaging, open_staging
from tests.lib.staged_release import make_release, tree


@pytest.fixture
def staging(tmp_path) -> LocalStaging:
    return LocalStaging(tmp_path / "staging")


def _publish(staging, tmp_path, release, expected, **changes):
    folder = tmp_path / f"work-{release}"
    return staging.publish(folder, make_release(folder, release, **changes), expected)


def test_a_published_release_is_the_current_one(staging, tmp_path):
    published = _publish(staging, tmp_path, "r1", None)
    assert (published.moved, published.previous) == (True, None)
    assert staging.current("visits") == "r1"
    pointer = json.loads((staging.root / "visits/current.json").read_bytes())
    assert pointer["release"] == "r1"
    assert pointer["manifest"] == "releases/r1/manifest.json"
    assert staging.verify("visits") == []


def test_the_next_release_takes_over_and_the_old_one_stays(staging, tmp_path):
    _publish(staging, tmp_path, "r1", None)
    before = {k: v for k, v in tree(staging.root).items() if k.startswith("visits/releases/r1/")}
    published = _publish(staging, tmp_path, "r2", "r1", started_at="2026-03-01T00:00:00+00:00")
    assert published.previous == "r1"
    assert staging.releases("visits") == ("r1", "r2")
    after = tree(staging.root)
    assert before == {k: v for k, v in after.items() if k.startswith("visits/releases/r1/")}


def test_the_catalog_shows_every_dataset_with_the_day_and_the_files_of_its_release(staging, tmp_path):
    _publish(staging, tmp_path, "r1", None)
    _publish(staging, tmp_path, "s1", None, dataset="admissions", started_at="2026-03-02T06:00:00+00:00")
    catalog = json.loads((staging.root / "data.json").read_bytes())
    assert catalog["conformsTo"] == "https://project-open-data.cio.gov/v1.1/schema"
    assert [(entry["identifier"], entry["modified"]) for entry in catalog["dataset"]] == [
        ("admissions", "2026-03-02"),
        ("visits", "2026-02-14"),
    ]
    assert catalog["dataset"][1]["distribution"][0]["downloadURL"] == (
        "https://data.example.org/visits/releases/r1/data/by_group.csv"
    )
    assert staging.datasets() == ("admissions", "visits")


def test_publishing_the_same_release_again_changes_nothing(staging, tmp_path):
    _publish(staging, tmp_path, "r1", None)
    before = tree(staging.root)
    again = _publish(staging, tmp_path, "r1", "r1", started_at="2027-01-01T00:00:00+00:00", run_id="run-2")
    assert not again.moved
    assert tree(staging.root) == before


def test_a_release_id_with_other_contents_is_refused(staging, tmp_path):
    _publish(staging, tmp_path, "r1", None)
    before = tree(staging.root)
    with pytest.raises(Refused) as refusal:
        _publish(staging, tmp_path, "r1", "r1", data="Group,Visits\nA,99\n")
    assert refusal.value.slug == "release-exists"
    assert tree(staging.root) == before


def test_a_pointer_that_moved_meanwhile_is_not_overwritten(staging, tmp_path):
    _publish(staging, tmp_path, "r1", None)
    _publish(staging, tmp_path, "r2", "r1")
    before = tree(staging.root)
    with pytest.raises(Refused) as refusal:
        _publish(staging, tmp_path, "r3", "r1")
    assert refusal.value.slug == "staging-moved"
    assert tree(staging.root) == before


def test_an_old_release_can_become_the_current_one_again(staging, tmp_path):
    _publish(staging, tmp_path, "r1", None)
    _publish(staging, tmp_path, "r2", "r1")
    assert _publish(staging, tmp_path, "r1", "r2").moved
    assert staging.current("visits") == "r1"
    assert staging.verify("visits") == []


def test_of_many_publishers_at_once_exactly_one_wins(tmp_path):
    root = tmp_path / "staging"
    _publish(LocalStaging(root), tmp_path, "r0", None)

    def publish(number: int) -> str:
        try:
            _publish(LocalStaging(root), tmp_path, f"r{number}", "r0", data=f"Group,Visits\nA,{number}\n")
        except Refused as refusal:
            return refusal.slug
        return "won"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(publish, range(1, 9)))
    assert sorted(outcomes) == ["staging-moved"] * 7 + ["won"]
    winner = f"r{outcomes.index('won') + 1}"
    staging = LocalStaging(root)
    assert staging.current("visits") == winner
    assert staging.releases("visits") == ("r0", winner)
    assert staging.verify("visits") == []


def test_publishers_of_different_datasets_all_reach_the_catalog(tmp_path):
    root = tmp_path / "staging"
    with ThreadPoolExecutor(6) as pool:
        names = [f"dataset_{letter}" for letter in "abcdef"]
        list(pool.map(lambda n: _publish(LocalStaging(root), tmp_path, f"r-{n}", None, dataset=n), names))
    catalog = json.loads((root / "data.json").read_bytes())
    assert [entry["identifier"] for entry in catalog["dataset"]] == names


def test_a_publisher_killed_at_any_step_leaves_whole_releases_and_the_next_one_ends_in_the_same_tree(tmp_path):
    driver = Path(__file__).resolve().parents[2] / "lib" / "crash_driver.py"
    done = subprocess.run(
        [sys.executable, str(driver), str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=places.ROOT,
        env={**os.environ, "PYTHONPATH": str(places.ROOT)},
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    steps = [int(number) for number in re.findall(r"^steps .*: (\d+)$", done.stderr, re.MULTILINE)]
    assert len(steps) == 2
    assert min(steps) >= 20


def test_what_a_killed_publisher_left_is_swept(staging, tmp_path):
    stale = staging.root / "visits/releases/.incoming-r0/data"
    stale.mkdir(parents=True)
    (stale / "half.csv").write_text("x")
    _publish(staging, tmp_path, "r1", None)
    assert sorted(path.name for path in (staging.root / "visits/releases").iterdir()) == ["r1"]


@pytest.mark.parametrize(("number", "slug"), [(errno.ENOSPC, "disk-full"), (errno.EACCES, "storage-denied")])
@pytest.mark.parametrize("place", ["copy", "pointer", "catalog"])
def test_a_full_or_closed_disk_is_told_in_words_and_moves_nothing(staging, tmp_path, monkeypatch, number, slug, place):
    _publish(staging, tmp_path, "r1", None)
    pointer = (staging.root / "visits/current.json").read_bytes()
    catalog = (staging.root / "data.json").read_bytes()
    original, original_open, name = (
        Path.open,
        os.open,
        {"copy": "by_group.csv", "pointer": "current.json", "catalog": "data.json"}[place],
    )

    def failing(self, mode="r", *arguments, **keywords):
        if "w" in mode and name in self.name and self.is_relative_to(staging.root):
            raise OSError(number, os.strerror(number))
        return original(self, mode, *arguments, **keywords)

    def failing_open(path, flags, *arguments, **keywords):
        if flags & os.O_CREAT and name in Path(path).name and Path(path).is_relative_to(staging.root):
            raise OSError(number, os.strerror(number))
        return original_open(path, flags, *arguments, **keywords)

    folder = tmp_path / "work-r2"
    manifest = make_release(folder, "r2", data="Group,Visits\nA,15\n")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", failing)
        patched.setattr(os, "open", failing_open)
        with pytest.raises(StorageError) as failure:
            staging.publish(folder, manifest, "r1")
    assert failure.value.slug == slug
    assert (staging.root / "data.json").read_bytes() == catalog
    if place != "catalog":
        assert (staging.root / "visits/current.json").read_bytes() == pointer
    staging.publish(folder, manifest, "r1")
    assert staging.verify("visits") == []


def test_a_file_that_changed_before_it_was_copied_is_not_published(staging, tmp_path):
    folder = tmp_path / "work"
    manifest = make_release(folder, "r1")
    (folder / "data/by_group.csv").write_text("Group,Visits\nA,1\n")
    with pytest.raises(StorageError) as failure:
        staging.publish(folder, manifest, None)
    assert failure.value.slug == "copy-damaged"
    assert staging.current("visits") is None
    assert staging.releases("visits") == ()


def test_a_staged_file_that_was_changed_removed_or_added_is_found(staging, tmp_path):
    _publish(staging, tmp_path, "r1", None)
    release = staging.root / "visits/releases/r1"
    (release / "data/by_group.csv").write_text("Group,Visits\nA,1\n")
    (release / "evidence/index.html").unlink()
    (release / "data/more.csv").write_text("x")
    assert sorted((drift.slug, drift.path) for drift in staging.verify("visits")) == [
        ("changed", "visits/releases/r1/data/by_group.csv"),
        ("extra", "visits/releases/r1/data/more.csv"),
        ("missing", "visits/releases/r1/evidence/index.html"),
    ]


def test_a_changed_manifest_and_an_old_catalog_are_found(staging, tmp_path):
    _publish(staging, tmp_path, "r1", None)
    manifest = staging.root / "visits/releases/r1/manifest.json"
    manifest.write_text(manifest.read_text().replace("run-1", "run-9"))
    (staging.root / "data.json").write_text("{}")
    assert [drift.slug for drift in staging.verify("visits")] == ["manifest", "catalog"]


def test_a_release_that_drifted_is_not_published_again(staging, tmp_path):
    _publish(staging, tmp_path, "r1", None)
    (staging.root / "visits/releases/r1/data/by_group.csv").write_text("x")
    with pytest.raises(StorageError) as failure:
        _publish(staging, tmp_path, "r1", "r1")
    assert failure.value.slug == "staging-drifted"


def test_staged_files_are_readable_by_everybody_whatever_the_umask(staging, tmp_path):
    before = os.umask(0o077)
    try:
        _publish(staging, tmp_path, "r1", None)
    finally:
        os.umask(before)
    for path in staging.root.rglob("*"):
        if path.name != ".lock":
            assert stat.S_IMODE(path.stat().st_mode) == (0o755 if path.is_dir() else 0o644), path


def test_a_release_nobody_staged_is_unknown(staging, tmp_path):
    for release in (None, "r9", "../../elsewhere"):
        with pytest.raises(InputError):
            staging.read_manifest("visits", release)
    assert staging.current("visits") is None
    assert [drift.slug for drift in staging.verify("visits")] == ["missing"]


def test_a_broken_pointer_is_an_error_and_not_an_empty_place(staging, tmp_path):
    _publish(staging, tmp_path, "r1", None)
    (staging.root / "visits/current.json").write_text("{")
    with pytest.raises(StorageError):
        staging.current("visits")
    with pytest.raises(StorageError):
        _publish(staging, tmp_path, "r2", None)


def test_staging_is_a_folder_or_a_file_address(tmp_path):
    assert open_staging(str(tmp_path)).address == str(tmp_path)
    assert open_staging(f"file://{tmp_path}/a%20b").address == f"{tmp_path}/a b"


@pytest.mark.parametrize("address", ["https://x.org/", "ftp://x/y", "file://host/x", "", "file://", "s3://", "s3://[x"])
def test_other_addresses_are_refused_until_they_can_be_served(address):
    with pytest.raises(DeclarationError) as error:
        open_staging(address)
    assert error.value.slug == "staging-unsupported"


def test_a_release_that_is_removed_while_releases_are_listed_is_none_of_them(staging, tmp_path, monkeypatch):
    _publish(staging, tmp_path, "r1", None)
    _publish(staging, tmp_path, "r2", "r1")
    listed = LocalStaging._manifests

    def and_removed_meanwhile(place, dataset):
        found = listed(place, dataset)
        monkeypatch.undo()
        place.remove_release("visits", "r1")
        return found

    monkeypatch.setattr(LocalStaging, "_manifests", and_removed_meanwhile)
    assert staging.releases("visits") == ("r2",)


def test_a_manifest_that_is_there_and_cannot_be_read_is_no_removed_release(staging, tmp_path):
    _publish(staging, tmp_path, "r1", None)
    (staging.root / "visits/releases/r1/manifest.json").write_text("{")
    with pytest.raises(StorageError, match="cannot be read"):
        staging.releases("visits")
