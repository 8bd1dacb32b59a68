"""Staging whose own files are broken is an error with a slug, never an empty place."""

from __future__ import annotations

import pytest

from include.opendata.errors import StorageError
from include.opendata.staging import LocalStaging
from include.opendata.storage.manifest import read_manifest
from tests.lib.staged_release import make_release


@pytest.fixture
def staging(tmp_path) -> LocalStaging:
    """With one release."""
    staging = LocalStaging(tmp_path / "staging")
    staging.publish(tmp_path / "r1", make_release(tmp_path / "r1", "r1"), None)
    return staging


@pytest.mark.parametrize("content", ["{", "[]", '{"release": 7}'])
def test_a_pointer_that_cannot_be_read_is_no_empty_place(staging, content):
    (staging.root / "visits/current.json").write_text(content)
    with pytest.raises(StorageError) as refused:
        staging.current("visits")
    assert refused.value.slug == "pointer-unreadable"


@pytest.mark.parametrize("content", [None, "{", "[1]"])
def test_a_catalog_is_not_made_without_an_entry_of_a_current_release(staging, tmp_path, content):
    entry = staging.root / "visits/releases/r1/metadata/dcat_us.json"
    entry.unlink() if content is None else entry.write_text(content)
    with pytest.raises(StorageError) as refused:
        staging.publish(tmp_path / "a1", make_release(tmp_path / "a1", "a1", dataset="admissions"), None)
    assert refused.value.slug == "catalog-entry-unreadable"
    assert refused.value.place.dataset == "visits"


@pytest.mark.parametrize("content", [None, "", "{}", "no JSON"])
def test_a_release_without_a_manifest_that_can_be_read_is_not_used(tmp_path, content):
    path = tmp_path / "manifest.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(StorageError) as refused:
        read_manifest(path, dataset="visits")
    assert refused.value.slug == "manifest-unreadable"
