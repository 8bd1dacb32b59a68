"""What lies in the bucket after a publication, and how it got there."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from include.opendata import places
from include.opendata.errors import StorageError
from include.opendata.staging.s3 import S3Staging
from include.opendata.storage.manifest import ManifestFile
from tests.integration.s3.conftest import QUICK
from tests.lib.staged_release import make_release

LARGE = 12 << 20
FILES = "visits/releases/r1/"


def with_large_file(folder: Path, release: str, size: int = LARGE):
    """A release with one file of several parts; (manifest, its bytes)."""
    manifest = make_release(folder, release)
    content = os.urandom(size)
    (folder / "data/large.csv").write_bytes(content)
    large = ManifestFile(
        path="data/large.csv",
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=size,
        media_type="text/csv",
        role="data",
    )
    whole = manifest.model_copy(update={"files": (*manifest.files, large)})
    (folder / "manifest.json").write_bytes(whole.to_bytes())
    return whole, content


def test_objects_carry_checksum_digest_type_and_how_long_they_may_be_kept(place):
    place.publish("r1", None)
    told = place.head(FILES + "data/by_group.csv")
    digest = hashlib.sha256(place.read(FILES + "data/by_group.csv"))
    assert told["ChecksumSHA256"] == base64.b64encode(digest.digest()).decode()
    assert told["Metadata"] == {"sha256": digest.hexdigest()}
    assert told["ContentType"] == "text/plain; charset=utf-8"
    assert told["CacheControl"] == "public, max-age=31536000, immutable"
    for moving in ("visits/current.json", "data.json"):
        told = place.head(moving)
        assert (told["CacheControl"], told["ContentType"]) == ("no-cache", "application/json")
        assert told["ChecksumSHA256"]


def test_what_only_reviewers_may_see_is_kept_out_of_shared_caches(place):
    folder = place.folder / "work"
    manifest = make_release(folder, "r1")
    files = [f.model_copy(update={"role": "internal"}) if "evidence" in f.path else f for f in manifest.files]
    place.staging().publish(folder, manifest.model_copy(update={"files": tuple(files)}), None)
    assert place.head(FILES + "evidence/index.html")["CacheControl"].startswith("private")
    assert place.head(FILES + "manifest.json")["CacheControl"].startswith("private")
    assert place.head(FILES + "data/by_group.csv")["CacheControl"].startswith("public")


def test_a_large_file_goes_up_in_parts_and_comes_back_whole(place, tmp_path):
    folder = place.folder / "work"
    manifest, content = with_large_file(folder, "r1")
    place.staging().publish(folder, manifest, None)
    told = place.head(FILES + "data/large.csv")
    assert told["ChecksumSHA256"].endswith("-3"), "a checksum of three parts"
    assert told["Metadata"] == {"sha256": hashlib.sha256(content).hexdigest()}
    assert place.unfinished() == []
    assert place.staging().verify("visits") == []
    assert place.staging().read_file("visits", "r1", "data/large.csv") == content
    place.staging().fetch_file("visits", "r1", "data/large.csv", tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == content


def test_a_large_file_that_changed_before_it_went_up_leaves_nothing_behind(place):
    folder = place.folder / "work"
    manifest, content = with_large_file(folder, "r1")
    (folder / "data/large.csv").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    staging, asked = place.staging(limits=QUICK), []
    staging._objects._client.meta.events.register("before-send.s3", lambda event_name, **_: asked.append(event_name))
    with pytest.raises(StorageError) as failure:
        staging.publish(folder, manifest, None)
    assert failure.value.slug == "copy-damaged"
    assert "before-send.s3.CompleteMultipartUpload" not in asked, "it never was an object, not for a moment"
    assert place.unfinished() == []
    assert FILES + "data/large.csv" not in place.listed()
    assert place.staging().current("visits") is None


@pytest.mark.parametrize("address", ["s3://bucket-name/a/b", "s3://bucket-name/a/b/", "s3://bucket-name"])
def test_an_s3_address_is_told_in_one_spelling(address):
    from include.opendata.staging import open_staging

    opened = open_staging(address)
    assert isinstance(opened, S3Staging)
    assert opened.address == address.rstrip("/")
    assert opened.address_of("visits", "r1", "data/x.csv") == f"{opened.address}/visits/releases/r1/data/x.csv"


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(place):
    folder = place.folder / "work"
    manifest, _ = with_large_file(folder, "r1", size=160 << 20)
    (folder / "manifest.json").write_bytes(manifest.to_bytes())
    program = f"""
import resource, sys
from pathlib import Path
from include.opendata.storage.manifest import read_manifest
from include.opendata.staging import open_staging
folder = Path({str(folder)!r})
staging = open_staging({place.address!r})
staging.current("visits")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
staging.publish(folder, read_manifest(folder / "manifest.json"), None)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **place.server.environment()},
        cwd=places.ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) * 1024 < 110 << 20, "kilobytes more than before the first byte went up"
