"""Going back, restoring, verifying and removing: what staging and the ledger hold afterwards, and after a kill in between."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from include.opendata.errors import InputError, Refused, StorageError
from include.opendata.ledger import PointerMove, PublishedEntry, ReleaseEntry, open_ledger
from include.opendata.pipeline import releases as subject
from include.opendata.staging import LocalStaging
from tests.lib.staged_release import make_release

DATASET = "visits"


class Place:
    """Staging in a folder with a ledger that knows what was staged there."""

    def __init__(self, folder):
        self.folder, self.root, self.address = folder, folder / "staging", str(folder / "staging")
        self.staging, self.ledger = LocalStaging(self.root), open_ledger()

    def publish(self, release: str, previous: str | None, **changes):
        day = len(self.staging.releases(DATASET)) + 1
        folder = self.folder / f"work-{release}"
        more = {"source": hashlib.sha256(release.encode()).hexdigest(), "data": f"Group,Visits\n{release},12\n"}
        manifest = make_release(
            folder, release, previous=previous, **{"started_at": f"2026-02-{day:02}T06:00:00Z", **more, **changes}
        )
        self.staging.publish(folder, manifest, previous)
        self.record(manifest)
        return manifest

    def record(self, manifest, published: bool = True):
        self.ledger.record_release(
            ReleaseEntry(
                DATASET,
                manifest.release,
                manifest.run.started_at,
                self.address,
                hashlib.sha256(manifest.to_bytes()).hexdigest(),
                manifest.source.sha256,
                manifest.declaration_sha256,
                manifest.code_version,
                manifest.previous_release,
                {},
            )
        )
        if published:
            entry = PublishedEntry(DATASET, manifest.release, self.address, "by_group", "f" * 64, None, b"x")
            self.ledger.record_published([entry])
        subject.record_publication(manifest, self.address, self.ledger)

    def back(self, to=None, reason=""):
        return subject.roll_back(DATASET, self.address, to=to, by="ann", reason=reason)

    def moves(self):
        found = self.ledger.pointer_moves.of(DATASET, self.address)
        return [(m.action, m.from_release, m.to_release, m.by, m.done_at is not None) for m in found]

    def withdrawn(self):
        return set(subject.withdrawn_releases(DATASET, self.staging, self.ledger))

    def current(self):
        return self.staging.current(DATASET)

    def write(self, path, content):
        (self.root / DATASET / path).write_bytes(content)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENDATA_LEDGER", f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    monkeypatch.setenv("OPENDATA_EVIDENCE", str(tmp_path / "evidence"))
    return Place(tmp_path)


@pytest.fixture
def three(place):
    for release, previous in (("r1", None), ("r2", "r1"), ("r3", "r2")):
        place.publish(release, previous)
    return place


def test_a_rollback_goes_to_the_release_before_and_is_recorded_with_who_and_why(three):
    done = three.back(reason="a county was missing")
    assert (done.release, done.previous, done.action) == ("r2", "r3", "rollback")
    assert three.current() == "r2"
    assert three.staging.verify(DATASET) == []
    assert three.moves() == [
        ("publish", None, "r1", "run-1", True),
        ("publish", "r1", "r2", "run-1", True),
        ("publish", "r2", "r3", "run-1", True),
        ("rollback", "r3", "r2", "ann", True),
    ]
    assert three.ledger.pointer_moves.of(DATASET, three.address)[-1].reason == "a county was missing"
    assert json.loads((three.root / "data.json").read_text())["dataset"][0]["modified"] == "2026-02-02"


def test_a_rollback_past_several_releases_withdraws_them_all(three):
    three.back(to="r1")
    assert three.withdrawn() == {"r2", "r3"}


def test_a_second_rollback_goes_on_to_the_release_before_that(three):
    three.back()
    assert three.back().release == "r1"
    with pytest.raises(InputError) as nothing:
        three.back()
    assert nothing.value.slug == "nothing-earlier"


def test_what_was_rolled_back_can_be_restored_by_name(three):
    three.back(to="r1")
    assert three.back(to="r3").action == "restore"
    assert three.current() == "r3"
    assert three.withdrawn() == set()


def test_a_rollback_never_goes_to_a_withdrawn_release_by_itself(three):
    three.back(to="r1")
    three.publish("r4", "r1")
    assert three.withdrawn() == {"r2", "r3"}
    assert three.back().release == "r1"
    assert three.back(to="r3").action == "restore", "it was withdrawn, and is not before r1"
    assert three.withdrawn() == {"r4"}


def test_a_withdrawn_release_is_stepped_over(three):
    three.back(to="r1")
    folder = three.folder / "work-r3"
    manifest = three.staging.read_manifest(DATASET, "r3")
    three.staging.publish(folder, manifest, "r1")  # as somebody might who goes past the pipeline
    subject.record_publication(manifest, three.address, three.ledger)
    assert three.withdrawn() == {"r2"}
    assert three.back().release == "r1"


def test_a_rollback_to_the_current_release_changes_nothing(three):
    before = three.moves()
    done = three.back(to="r3")
    assert (done.release, done.previous) == ("r3", "r3")
    assert three.moves() == before


def test_a_release_that_drifted_or_has_another_manifest_is_not_gone_back_to(three):
    before = three.moves()
    path = three.root / DATASET / "releases/r2/data/by_group.csv"
    manifest = three.root / DATASET / "releases/r2/manifest.json"
    whole = path.read_bytes()
    path.write_bytes(b"x")
    with pytest.raises(StorageError):
        three.back()
    # both changed so that they fit each other: the ledger still knows the manifest
    told = json.loads(manifest.read_text())
    for file in told["files"]:
        if file["path"] == "data/by_group.csv":
            file |= {"sha256": hashlib.sha256(b"x").hexdigest(), "bytes": 1}
    good = manifest.read_bytes()
    manifest.write_text(json.dumps(told))
    assert three.staging.verify(DATASET, "r2") == []
    with pytest.raises(StorageError) as failure:
        three.back()
    assert failure.value.slug == "staging-drifted"
    assert [d.slug for d in subject.verify(DATASET, three.address, "r2")[1]] == ["manifest"]
    assert (three.current(), three.moves()) == ("r3", before)
    path.write_bytes(whole)
    manifest.write_bytes(good)
    assert three.back().release == "r2"


@pytest.mark.parametrize("when", ["before it moved", "after it moved"])
def test_a_rollback_killed_in_between_is_closed_by_the_next_one_and_goes_no_further(three, monkeypatch, when):
    original = LocalStaging.make_current

    def killed(self, *arguments):
        if when == "after it moved":
            original(self, *arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(LocalStaging, "make_current", killed)
        with pytest.raises(KeyboardInterrupt):
            three.back()
    assert three.moves()[-1] == ("rollback", "r3", "r2", "ann", False)
    done = three.back()
    assert (done.release, done.previous) == ("r2", "r3")
    assert three.current() == "r2"
    assert three.moves()[3:] == [("rollback", "r3", "r2", "ann", True)]


def test_a_rollback_that_was_refused_leaves_no_trace(three, monkeypatch):
    before = three.moves()
    monkeypatch.setattr(
        LocalStaging, "make_current", lambda *_: (_ for _ in ()).throw(Refused("No.", remedy="Wait.", slug="x"))
    )
    with pytest.raises(Refused):
        three.back()
    assert three.moves() == before


def test_nothing_is_rolled_back_where_nothing_is_staged(place):
    with pytest.raises(InputError) as unknown:
        place.back()
    assert unknown.value.slug == "release-unknown"


# What a refresh may not undo


def test_inputs_of_a_withdrawn_release_are_known_again_and_those_of_others_are_not(three):
    manifests = {name: three.staging.read_manifest(DATASET, name) for name in ("r1", "r2", "r3")}
    made_of = {n: (m.source.sha256, m.declaration_sha256, m.code_version) for n, m in manifests.items()}
    for name in manifests:
        assert subject.rolled_back_like(DATASET, three.staging, three.ledger, made_of[name]) is None
    three.back()
    said = subject.rolled_back_like(DATASET, three.staging, three.ledger, made_of["r3"])
    assert said is not None
    assert "r3" in said and "ann" in said and "--to r3" in said
    assert subject.rolled_back_like(DATASET, three.staging, three.ledger, made_of["r2"]) is None
    assert subject.rolled_back_same(three.staging, three.ledger, manifests["r3"]) is not None
    assert subject.rolled_back_same(three.staging, three.ledger, manifests["r1"]) is None
    same = manifests["r3"].model_copy(update={"release": "r9"})
    assert subject.rolled_back_same(three.staging, three.ledger, same) is not None, "the files count, not the name"


def test_a_withdrawn_release_is_known_again_after_it_was_removed(three):
    manifest = three.staging.read_manifest(DATASET, "r3")
    three.back()
    three.publish("r4", "r2")
    assert subject.prune(DATASET, three.address, keep=1, by="ann") == ["r1", "r2", "r3"]
    made_of = (manifest.source.sha256, manifest.declaration_sha256, manifest.code_version)
    assert "r3" in (subject.rolled_back_like(DATASET, three.staging, three.ledger, made_of) or "")


def test_a_publication_is_recorded_once(three):
    before = three.moves()
    subject.record_publication(three.staging.read_manifest(DATASET), three.address, three.ledger)
    assert three.moves() == before


# Removing


def test_old_releases_are_removed_and_the_current_one_stays(three):
    three.back(to="r1")
    assert subject.prune(DATASET, three.address, keep=1, by="ann") == ["r2"]
    assert three.staging.releases(DATASET) == ("r1", "r3"), "r3 is the newest, r1 the current one"
    assert three.staging.verify(DATASET) == []
    assert three.moves()[-1] == ("prune", "r2", None, "ann", True)
    assert subject.prune(DATASET, three.address, keep=1, by="ann") == []
    with pytest.raises(InputError):
        subject.prune(DATASET, three.address, keep=0, by="ann")


def test_what_the_ledger_does_not_remember_is_not_removed(place):
    place.publish("r1", None)
    folder = place.folder / "work-r2"
    place.staging.publish(folder, make_release(folder, "r2", previous="r1", started_at="2026-02-02T06:00:00Z"), "r1")
    place.publish("r3", "r2", started_at="2026-02-03T06:00:00Z")
    with pytest.raises(Refused) as refusal:
        subject.prune(DATASET, place.address, keep=1, by="ann")
    assert refusal.value.slug == "release-not-remembered"
    assert place.staging.releases(DATASET) == ("r1", "r2", "r3"), "not even the one it does remember"


def test_a_removal_killed_in_between_is_finished_by_the_next_command(three, monkeypatch):
    original = LocalStaging.remove_release

    def killed(self, *arguments):
        original(self, *arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(LocalStaging, "remove_release", killed)
        with pytest.raises(KeyboardInterrupt):
            subject.prune(DATASET, three.address, keep=1, by="ann")
    assert three.moves()[-1] == ("prune", "r1", None, "ann", False)
    assert subject.prune(DATASET, three.address, keep=1, by="ann") == ["r2"]
    assert [m for m in three.moves() if m[0] == "prune"] == [
        ("prune", "r1", None, "ann", True),
        ("prune", "r2", None, "ann", True),
    ]


# Verifying


def test_a_manifest_that_is_gone_is_drift_and_a_dataset_nobody_staged_is_unknown(three):
    (three.root / DATASET / "releases/r3/manifest.json").unlink()
    assert [d.slug for d in subject.verify(DATASET, three.address)[1]] == ["missing"]
    (three.root / DATASET / "releases/r1/manifest.json").unlink()
    assert [d.slug for d in subject.verify(DATASET, three.address, "r1")[1]] == ["missing"]
    with pytest.raises(InputError):
        subject.verify(DATASET, three.address, "r9")
    with pytest.raises(InputError):
        subject.verify("admissions", three.address)


def test_moves_of_another_place_do_not_count(three, tmp_path):
    three.ledger.pointer_moves.ask(PointerMove(DATASET, "s3://elsewhere", "rollback", "r3", "r1", "bob"))
    three.back()
    elsewhere = three.ledger.pointer_moves.of(DATASET, "s3://elsewhere")
    assert [move.done_at for move in elsewhere] == [None]


def test_a_folder_spelled_in_another_way_has_the_same_moves(three):
    (three.folder / "link").symlink_to(three.folder)
    elsewhere = str(three.folder / "link" / "staging")
    subject.prune(DATASET, three.address, keep=1, by="ann")
    assert subject.verify(DATASET, elsewhere)[0] == "r3"
    with pytest.raises(InputError) as removed:  # r1 is known to be removed, not missing
        subject.verify(DATASET, elsewhere, "r1")
    assert removed.value.slug == "release-unknown"


def test_a_release_withdrawn_under_another_spelling_of_the_folder_stays_withdrawn(three):
    three.back()
    (three.folder / "link").symlink_to(three.folder)
    for elsewhere in (str(three.folder / "link" / "staging"), f"{three.folder}/work-r1/../staging"):
        assert set(subject.withdrawn_releases(DATASET, LocalStaging(Path(elsewhere)), three.ledger)) == {"r3"}
