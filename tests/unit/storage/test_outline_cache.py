"""Outlines are remembered by what a declaration says, never by when it was written."""

from __future__ import annotations

import errno
import json
import os

import pytest

from include.opendata.declaration.light import read_outline
from include.opendata.storage.declaration_cache import write_kept
from include.opendata.storage.outline_cache import FILE, OutlineCache, outline_of

TEXT = "dataset: births\ntitle: Births\ndepartment: D\ntopic: Health Care\ntags: [a, b]\ntables: [{table: one}, {table: two}]\n"


@pytest.fixture
def births(tmp_path, monkeypatch):
    folder = tmp_path / "datasets" / "births"
    folder.mkdir(parents=True)
    (folder / "dataset.yaml").write_text(TEXT)
    monkeypatch.setenv("OPENDATA_DATASETS", str(tmp_path / "datasets"))
    monkeypatch.setenv("OPENDATA_CACHE", str(tmp_path / "cache"))
    return folder / "dataset.yaml"


def remembered(key: str = "k") -> OutlineCache:
    cache = OutlineCache(key)
    cache.add(read_outline("births"))
    cache.keep()
    return OutlineCache(key)


def test_what_was_usable_comes_back_as_it_was(births):
    outline, was_usable = outline_of("births", remembered())
    assert (outline, was_usable) == (read_outline("births"), True)


def test_an_edit_is_seen_whatever_the_files_date_says(births):
    cache = remembered()
    before = births.stat()
    births.write_text(TEXT.replace("title: Births", "title: Deaths"))
    os.utime(births, ns=(before.st_atime_ns, before.st_mtime_ns))
    outline, was_usable = outline_of("births", cache)
    assert (outline.title, was_usable) == ("Deaths", False)


def test_another_airflow_judges_anew(births):
    remembered("airflow 3.3.2")
    assert OutlineCache("airflow 3.4.0").find("births") is None


@pytest.mark.parametrize("content", ["", "[]", "{", '{"key": 1}'])
def test_a_cache_that_cannot_be_read_is_no_cache(births, tmp_path, content):
    remembered()
    (tmp_path / "cache" / FILE).write_text(content)
    assert OutlineCache("k").find("births") is None


def test_a_cache_that_cannot_be_written_stops_nothing(births, tmp_path, monkeypatch):
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("OPENDATA_CACHE", str(tmp_path / "a file"))
    cache = OutlineCache("k")
    cache.add(read_outline("births"))
    cache.keep()
    assert outline_of("births", OutlineCache("k"))[1] is False


def test_what_is_no_longer_declared_is_dropped(births, tmp_path):
    remembered()
    births.unlink()
    cache = OutlineCache("k")
    assert cache.find("births") is None
    cache.keep()
    assert json.loads((tmp_path / "cache" / FILE).read_text())["kept"] == {}


def test_what_other_code_read_is_read_anew(births, monkeypatch, tmp_path):
    remembered()
    other = tmp_path / "light.py"
    other.write_text("# another way of reading")
    monkeypatch.setattr("include.opendata.storage.outline_cache._READ_BY", (str(other),))
    assert OutlineCache("k").find("births") is None


def test_a_full_disk_leaves_nothing_of_what_could_not_be_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENDATA_CACHE", str(tmp_path / "cache"))

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("include.opendata.storage.atomic.os.fdopen", full)
    write_kept("outlines.json", "key", {"a": {}})
    assert list((tmp_path / "cache").iterdir()) == []
