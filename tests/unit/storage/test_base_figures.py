"""What tables were counted from outlives its run: whole, private, as it was written, and only as long as its release."""

from __future__ import annotations

import pytest

from include.opendata.errors import StorageError
from include.opendata.storage import sweep
from include.opendata.storage.base_figures import BaseFigureStore

FIGURES = {"a.parquet": b"one", "standing.json": b"{}"}


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENDATA_WORK", str(tmp_path / "work"))
    return BaseFigureStore()


def test_what_is_kept_is_read_back(store):
    assert store.read("visits", "r1") is None
    store.write("visits", "r1", FIGURES)
    assert store.read("visits", "r1") == FIGURES
    store.write("visits", "r1", {"a.parquet": b"two"})
    assert store.read("visits", "r1") == {"a.parquet": b"two"}


def test_nobody_else_can_read_it(store):
    store.write("visits", "r1", FIGURES)
    assert {path.stat().st_mode & 0o077 for path in [store.root, *store.root.rglob("*")]} == {0}


@pytest.mark.parametrize("harm", ["changed", "missing", "digests"])
def test_a_file_that_is_not_as_it_was_written_is_refused(store, harm):
    store.write("visits", "r1", FIGURES)
    folder = store.root / "visits" / "r1"
    if harm == "changed":
        (folder / "a.parquet").write_bytes(b"0ne")
    else:
        (folder / ("a.parquet" if harm == "missing" else "digests.json")).unlink()
    with pytest.raises(StorageError) as refused:
        store.read("visits", "r1")
    assert refused.value.slug == "standing-unreadable"


def test_a_writer_killed_before_the_end_leaves_what_was_there(store):
    store.write("visits", "r1", FIGURES)
    folder = store.root / "visits"
    (folder / ".writing-r1").mkdir()
    (folder / ".writing-r1" / "a.parquet").write_bytes(b"half")
    assert store.read("visits", "r1") == FIGURES
    (folder / "r1").rename(folder / ".old-r1")  # killed between its two renames
    assert store.read("visits", "r1") == FIGURES
    store.write("visits", "r1", {"a.parquet": b"two"})
    assert store.read("visits", "r1") == {"a.parquet": b"two"}


def test_what_belongs_to_no_release_goes_and_sweeping_takes_nothing(store):
    for release in ("r1", "r2", "r3"):
        store.write("visits", release, FIGURES)
    (store.root / "visits" / ".writing-r9").mkdir()
    assert sweep(older_than_days=-1) == 0
    assert store.prune("visits", {"r2", "r3"}) == 2
    assert sorted(path.name for path in (store.root / "visits").iterdir()) == ["r2", "r3"]
    assert store.prune("other", {"r2"}) == 0
