"""What staging promises, held to the folder and to the bucket alike: the same statements, the same answers."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from include.opendata.errors import InputError, Refused, StorageError
from include.opendata.staging import LocalStaging
from tests.lib.staged_release import make_release, tree


class InAFolder:
    def __init__(self, folder):
        self.folder, self.root = folder, folder / "staging"

    def staging(self):
        return LocalStaging(self.root)

    def publish(self, release, expected, **changes):
        folder = self.folder / f"work-{release}"
        return self.staging().publish(folder, make_release(folder, release, **changes), expected)

    def tree(self):
        return tree(self.root)

    def read(self, key):
        return (self.root / key).read_bytes()

    def write(self, key, content):
        (self.root / key).write_bytes(content)

    def delete(self, key):
        (self.root / key).unlink()


@pytest.fixture(params=["folder", "bucket"])
def where(request, tmp_path):
    return InAFolder(tmp_path) if request.param == "folder" else request.getfixturevalue("place")


DATA = "visits/releases/{}/data/by_group.csv"


def test_a_published_release_is_the_current_one(where):
    published = where.publish("r1", None)
    assert (published.moved, published.previous) == (True, None)
    staging = where.staging()
    assert staging.current("visits") == "r1"
    pointer = json.loads(where.read("visits/current.json"))
    assert pointer["manifest"] == "releases/r1/manifest.json"
    assert pointer["manifest_sha256"] == hashlib.sha256(where.read("visits/releases/r1/manifest.json")).hexdigest()
    assert staging.verify("visits") == []
    assert staging.datasets() == ("visits",)


def test_both_places_hold_the_same_bytes_at_the_same_paths(place, tmp_path):
    folder = InAFolder(tmp_path)
    for one in (folder, place):
        one.publish("r1", None)
        one.publish("r2", "r1", data="Group,Visits\nA,15\n", started_at="2026-03-01T00:00:00+00:00")
        one.publish("s1", None, dataset="admissions")
    assert place.tree() == folder.tree()


def test_the_next_release_takes_over_and_the_old_one_stays(where):
    where.publish("r1", None)
    before = {k: v for k, v in where.tree().items() if k.startswith("visits/releases/r1/")}
    assert where.publish("r2", "r1", started_at="2026-03-01T00:00:00+00:00").previous == "r1"
    assert where.staging().releases("visits") == ("r1", "r2")
    assert before == {k: v for k, v in where.tree().items() if k.startswith("visits/releases/r1/")}


def test_publishing_the_same_release_again_changes_nothing(where):
    where.publish("r1", None)
    before = where.tree()
    assert not where.publish("r1", "r1", started_at="2027-01-01T00:00:00+00:00", run_id="run-2").moved
    assert where.tree() == before


def test_a_release_id_with_other_contents_is_refused(where):
    where.publish("r1", None)
    before = where.tree()
    with pytest.raises(Refused) as refusal:
        where.publish("r1", "r1", data="Group,Visits\nA,99\n")
    assert refusal.value.slug == "release-exists"
    assert where.tree() == before


def test_a_pointer_that_moved_meanwhile_is_not_overwritten(where):
    where.publish("r1", None)
    where.publish("r2", "r1")
    before = where.tree()
    with pytest.raises(Refused) as refusal:
        where.publish("r3", "r1")
    assert refusal.value.slug == "staging-moved"
    assert where.tree() == before


def test_of_many_publishers_at_once_exactly_one_wins(where):
    where.publish("r0", None)

    def publish(number: int) -> str:
        try:
            where.publish(f"r{number}", "r0", data=f"Group,Visits\nA,{number}\n")
        except Refused as refusal:
            return refusal.slug
        return "won"

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(publish, range(1, 7)))
    assert sorted(outcomes) == ["staging-moved"] * 5 + ["won"]
    winner = f"r{outcomes.index('won') + 1}"
    staging = where.staging()
    assert staging.current("visits") == winner
    assert staging.releases("visits") == ("r0", winner), "what lost is no release"
    assert staging.verify("visits") == []


def test_of_many_first_publishers_exactly_one_wins(where):
    def publish(number: int) -> str:
        try:
            where.publish(f"r{number}", None, data=f"Group,Visits\nA,{number}\n")
        except Refused as refusal:
            return refusal.slug
        return "won"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(publish, range(4))) == ["staging-moved"] * 3 + ["won"]


def test_publishers_of_the_same_release_at_once_all_end_well(where):
    where.publish("r0", None)
    folder = where.folder / "work-r1"
    manifest = make_release(folder, "r1")
    with ThreadPoolExecutor(4) as pool:
        published = list(pool.map(lambda _: where.staging().publish(folder, manifest, "r0"), range(4)))
    assert {one.release for one in published} == {"r1"}
    assert where.staging().current("visits") == "r1"
    assert where.staging().verify("visits") == []


def test_publishers_of_different_datasets_all_reach_the_catalog(where):
    names = [f"dataset_{letter}" for letter in "abcd"]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: where.publish(f"r-{name}", None, dataset=name), names))
    catalog = json.loads(where.read("data.json"))
    assert [entry["identifier"] for entry in catalog["dataset"]] == names


def test_a_file_that_changed_before_it_was_copied_is_not_published(where):
    folder = where.folder / "work"
    manifest = make_release(folder, "r1")
    (folder / "data/by_group.csv").write_text("Group,Visits\nA,13\n")
    with pytest.raises(StorageError) as failure:
        where.staging().publish(folder, manifest, None)
    assert failure.value.slug == "copy-damaged"
    assert where.staging().current("visits") is None
    assert where.staging().releases("visits") == ()


@pytest.mark.parametrize(
    ("harm", "slug"),
    [
        (lambda at: at.write(DATA.format("r1"), b"x"), "changed"),
        (lambda at: at.write(DATA.format("r1"), at.read(DATA.format("r1")).replace(b"12", b"13")), "changed"),
        (lambda at: at.delete(DATA.format("r1")), "missing"),
        (lambda at: at.write("visits/releases/r1/data/more.csv", b"x"), "extra"),
        (lambda at: at.delete("visits/releases/r1/manifest.json"), "missing"),
        (
            lambda at: at.write(
                "visits/releases/r1/manifest.json", at.read("visits/releases/r1/manifest.json") + b"\n"
            ),
            "manifest",
        ),
        (lambda at: at.write("data.json", b"{}"), "catalog"),
        (lambda at: at.delete("data.json"), "catalog"),
    ],
)
def test_drift_is_found(where, harm, slug):
    where.publish("r1", None)
    assert where.staging().verify("visits") == []
    harm(where)
    assert [drift.slug for drift in where.staging().verify("visits")] == [slug]


def test_a_release_that_drifted_is_not_published_again(where):
    where.publish("r1", None)
    where.write(DATA.format("r1"), b"x")
    with pytest.raises(StorageError) as failure:
        where.publish("r1", "r1")
    assert failure.value.slug == "staging-drifted"


def test_a_release_nobody_staged_is_unknown(where):
    for release in (None, "r9", "../../elsewhere"):
        with pytest.raises(InputError):
            where.staging().read_manifest("visits", release)
    assert where.staging().current("visits") is None
    assert where.staging().current("../visits") is None
    assert [drift.slug for drift in where.staging().verify("visits")] == ["missing"]


def test_a_broken_pointer_is_an_error_and_not_an_empty_place(where):
    where.publish("r1", None)
    where.write("visits/current.json", b"{")
    with pytest.raises(StorageError):
        where.staging().current("visits")
    with pytest.raises(StorageError):
        where.publish("r2", None)


# Reading a release's files


def test_a_file_is_read_and_fetched_as_its_manifest_says(where, tmp_path):
    where.publish("r1", None)
    staging = where.staging()
    assert staging.read_file("visits", "r1", "data/by_group.csv") == b"Group,Visits\nA,12\n"
    assert json.loads(staging.read_file("visits", "r1", "manifest.json"))["release"] == "r1"
    staging.fetch_file("visits", "r1", "data/by_group.csv", tmp_path / "fetched.csv")
    assert (tmp_path / "fetched.csv").read_bytes() == b"Group,Visits\nA,12\n"


@pytest.mark.parametrize("path", ["data/other.csv", "../r0/data/by_group.csv", "/etc/passwd", ""])
def test_only_files_the_manifest_names_are_read(where, path, tmp_path):
    where.publish("r1", None)
    with pytest.raises(InputError) as unknown:
        where.staging().read_file("visits", "r1", path)
    assert unknown.value.slug == "release-file-unknown"
    with pytest.raises(InputError):
        where.staging().fetch_file("visits", "r1", path, tmp_path / "fetched")


@pytest.mark.parametrize("harm", ["changed", "missing"])
def test_a_file_that_drifted_is_neither_read_nor_fetched(where, harm, tmp_path):
    where.publish("r1", None)
    where.write(DATA.format("r1"), b"x") if harm == "changed" else where.delete(DATA.format("r1"))
    target = tmp_path / "fetched.csv"
    for read in (
        lambda: where.staging().read_file("visits", "r1", "data/by_group.csv"),
        lambda: where.staging().fetch_file("visits", "r1", "data/by_group.csv", target),
    ):
        with pytest.raises(StorageError) as failure:
            read()
        assert failure.value.slug == "staging-drifted"
    assert not target.exists()
    assert not list(tmp_path.glob("*.partial"))


# Going back


def test_an_older_release_becomes_the_current_one_again_with_its_metadata(where):
    where.publish("r1", None)
    before = where.tree()
    where.publish("r2", "r1", data="Group,Visits\nA,15\n", started_at="2026-03-01T00:00:00+00:00")
    moved = where.staging().make_current("visits", "r1", "r2")
    assert (moved.release, moved.previous, moved.moved) == ("r1", "r2", True)
    assert {k: v for k, v in where.tree().items() if "/r2/" not in k} == before, "pointer and catalog included"
    assert where.staging().verify("visits") == []
    assert not where.staging().make_current("visits", "r1", "r2").moved


def test_going_back_to_a_release_that_drifted_is_refused_and_moves_nothing(where):
    where.publish("r1", None)
    where.publish("r2", "r1")
    where.write(DATA.format("r1"), b"x")
    before = where.tree()
    with pytest.raises(StorageError) as failure:
        where.staging().make_current("visits", "r1", "r2")
    assert failure.value.slug == "staging-drifted"
    assert where.tree() == before


def test_going_back_is_refused_when_the_pointer_moved_meanwhile(where):
    for release, expected in (("r1", None), ("r2", "r1"), ("r3", "r2")):
        where.publish(release, expected)
    with pytest.raises(Refused) as refusal:
        where.staging().make_current("visits", "r1", "r2")
    assert refusal.value.slug == "staging-moved"
    with pytest.raises(InputError):
        where.staging().make_current("visits", "r9", "r3")


def test_a_removed_release_is_gone_whole_and_the_current_one_never_is(where):
    where.publish("r1", None)
    where.publish("r2", "r1")
    where.staging().remove_release("visits", "r1")
    assert where.staging().releases("visits") == ("r2",)
    assert not [key for key in where.tree() if "/r1/" in key]
    where.staging().remove_release("visits", "r1")
    before = where.tree()
    with pytest.raises(Refused) as refusal:
        where.staging().remove_release("visits", "r2")
    assert refusal.value.slug == "release-is-current"
    where.staging().remove_release("visits", "../r2")
    assert where.tree() == before
