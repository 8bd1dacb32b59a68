"""What the disk refuses is said with a slug, and a run whose folder is gone does not go on."""

from __future__ import annotations

import errno

import pytest

from include.opendata.errors import StorageError
from include.opendata.storage import RunArea
from include.opendata.storage.system_errors import storage_errors


@pytest.mark.parametrize(
    ("number", "slug"),
    [
        (errno.ENOSPC, "disk-full"),
        (errno.EDQUOT, "disk-full"),
        (errno.EACCES, "storage-denied"),
        (errno.EROFS, "storage-denied"),
        (errno.EIO, "storage-failed"),
        (errno.ESTALE, "storage-failed"),
    ],
)
def test_what_the_disk_refuses_is_said_without_the_file(number, slug):
    with pytest.raises(StorageError) as refused, storage_errors("visits", "the work area"):
        raise OSError(number, "the system's words", "/a/file/of/records")
    assert refused.value.slug == slug
    assert "records" not in str(refused.value)


def test_a_run_whose_folder_was_swept_is_told_to_begin_again(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENDATA_WORK", str(tmp_path))
    area = RunArea("visits", "run-1")
    area.write_json("snapshot.json", {"rows": 1})
    area.remove()
    with pytest.raises(StorageError) as refused:
        area.read_json("snapshot.json")
    assert refused.value.slug == "work-area-swept"
