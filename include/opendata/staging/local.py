"""Portal staging in a folder of a file system.

A release is copied into a hidden folder beside its place, flushed to the disk, read back digest by digest, and renamed
into place as a whole. Then the dataset's pointer moves, then the catalog: each is written beside and renamed. One lock per
dataset and one for the catalog keep publishers apart; a reader needs none. A publisher killed anywhere leaves the old
state or the new one; the next one sweeps what it left and ends in the same tree.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from include.opendata.errors import StorageError
from include.opendata.staging import refusals
from include.opendata.staging.base import (
    CATALOG_NAME,
    POINTER_NAME,
    RELEASES,
    Drift,
    Pointer,
    Published,
    named_or_current,
)
from include.opendata.staging.catalog import DCAT_ENTRY, DcatEntry, catalog, read_entry
from include.opendata.staging.refusals import DRIFTED
from include.opendata.storage.atomic import flush, flush_folder, move_folder, replacing, write_bytes
from include.opendata.storage.digests import sha256_of, sha256_of_file
from include.opendata.storage.manifest import MANIFEST_NAME, Manifest, read_manifest
from include.opendata.storage.system_errors import storage_errors

_INCOMING, _LEAVING = ".incoming-", ".leaving-"
_WHERE = "portal staging"


class LocalStaging:
    """Staging below ``root``; the folder is made when the first release is published."""

    def __init__(self, root: Path):
        self.root = root

    @property
    def address(self) -> str:
        """As :meth:`.Staging.address` says."""
        return str(self.root)

    def address_of(self, dataset: str, release: str, path: str = "") -> str:
        """As :meth:`.Staging.address_of` says."""
        return str(self._release(dataset, release) / path)

    # Reading

    def datasets(self) -> tuple[str, ...]:
        """As :meth:`.Staging.datasets` says."""
        return tuple(sorted(path.parent.name for path in self.root.glob(f"*/{POINTER_NAME}")))

    def current(self, dataset: str) -> str | None:
        """As :meth:`.Staging.current` says."""
        pointer = self._pointer(dataset)
        return pointer.release if pointer else None

    def releases(self, dataset: str) -> tuple[str, ...]:
        """As :meth:`.Staging.releases` says."""
        manifests = []
        for path in self._manifests(dataset):
            try:
                manifests.append(read_manifest(path, dataset=dataset))
            except StorageError:
                if path.exists():  # else the release was removed since it was listed
                    raise
        return tuple(m.release for m in sorted(manifests, key=lambda m: (m.run.started_at, m.release)))

    def read_manifest(self, dataset: str, release: str | None = None) -> Manifest:
        """As :meth:`.Staging.read_manifest` says."""
        name = release or self.current(dataset)
        if name is None or self._release(dataset, name) / MANIFEST_NAME not in self._manifests(dataset):
            raise refusals.unknown(dataset, name)
        return read_manifest(self._release(dataset, name) / MANIFEST_NAME, dataset=dataset)

    def verify(self, dataset: str, release: str | None = None, *, with_catalog: bool = True) -> list[Drift]:
        """As :meth:`.Staging.verify` says."""
        pointer = self._pointer(dataset)
        name = named_or_current(release, pointer)
        folder = self._release(dataset, name) if name else self.root / dataset
        if name is None or not (folder / MANIFEST_NAME).is_file():
            return [Drift("missing", self._shown(folder / MANIFEST_NAME), "There is no manifest.")]
        manifest = read_manifest(folder / MANIFEST_NAME, dataset=dataset)
        drifted = self._drift_in_files(folder, manifest)
        drifted += refusals.misplaced(manifest, dataset, name, self._shown(folder / MANIFEST_NAME))
        if pointer and pointer.release == name:
            if sha256_of_file(folder / MANIFEST_NAME)[0] != pointer.manifest_sha256:
                sentence = "The manifest is not the one the pointer was moved to."
                drifted.append(Drift("manifest", self._shown(folder / MANIFEST_NAME), sentence))
            if with_catalog:
                drifted += self.catalog_drift()
        return drifted

    def catalog_drift(self) -> list[Drift]:
        """As :meth:`.Staging.catalog_drift` says."""
        if _holds(self.root / CATALOG_NAME, self._catalog()):
            return []
        return [Drift("catalog", CATALOG_NAME, "The catalog does not show the current releases.")]

    def read_file(self, dataset: str, release: str, path: str) -> bytes:
        """As :meth:`.Staging.read_file` says."""
        manifest = self.read_manifest(dataset, release)
        known = None if path == MANIFEST_NAME else refusals.named_file(manifest, path)
        with storage_errors(dataset, _WHERE):
            try:
                content = (self._release(dataset, release) / path).read_bytes()
            except FileNotFoundError:
                raise self._drifted_file(dataset, release, path, "missing") from None
        if known is not None and sha256_of(content) != known.sha256:
            raise self._drifted_file(dataset, release, path, "changed")
        return content

    def fetch_file(self, dataset: str, release: str, path: str, into: Path) -> None:
        """As :meth:`.Staging.fetch_file` says."""
        known = refusals.named_file(self.read_manifest(dataset, release), path)
        source = self._release(dataset, release) / path
        if not source.is_file():
            raise self._drifted_file(dataset, release, path, "missing")
        with storage_errors(dataset, "the place a staged file is fetched to"), replacing(into) as partial:
            shutil.copyfile(source, partial)
            if sha256_of_file(partial) != (known.sha256, known.bytes):
                raise self._drifted_file(dataset, release, path, "changed")

    def _drifted_file(self, dataset: str, release: str, path: str, slug: Literal["missing", "changed"]) -> StorageError:
        shown = self._shown(self._release(dataset, release) / path)
        return refusals.drifted(dataset, release, [Drift(slug, shown, DRIFTED[slug])])

    # Writing

    def publish(self, release_folder: Path, manifest: Manifest, expected_current: str | None) -> Published:
        """As :meth:`.Staging.publish` says."""
        dataset = manifest.dataset
        with storage_errors(dataset, _WHERE):
            _make_folder(self.root / dataset / RELEASES)
            with _lock(self.root / dataset / ".lock"):
                self._sweep(dataset)
                before = self.current(dataset)
                if before not in (expected_current, manifest.release):
                    raise refusals.moved(dataset)
                self._place(release_folder, manifest)
                return self._move(dataset, manifest.release, before)

    def make_current(self, dataset: str, release: str, expected_current: str | None) -> Published:
        """As :meth:`.Staging.make_current` says."""
        self.read_manifest(dataset, release)
        with storage_errors(dataset, _WHERE), _lock(self.root / dataset / ".lock"):
            before = self.current(dataset)
            if before not in (expected_current, release):
                raise refusals.moved(dataset)
            self._require_whole(dataset, release)
            return self._move(dataset, release, before)

    def remove_release(self, dataset: str, release: str) -> None:
        """As :meth:`.Staging.remove_release` says."""
        if self._release(dataset, release) / MANIFEST_NAME not in self._manifests(dataset):
            return
        with storage_errors(dataset, _WHERE), _lock(self.root / dataset / ".lock"):
            if self.current(dataset) == release:
                raise refusals.is_current(dataset)
            self._sweep(dataset)
            leaving = self._release(dataset, f"{_LEAVING}{release}")
            move_folder(self._release(dataset, release), leaving)  # gone for readers at once, whole
            shutil.rmtree(leaving)

    def _move(self, dataset: str, release: str, before: str | None) -> Published:
        """Point to a release that is in its place, whole; then make the catalog again."""
        if before != release:
            staged = self._release(dataset, release) / MANIFEST_NAME
            pointer = Pointer.to_release(read_manifest(staged, dataset=dataset), sha256_of_file(staged)[0])
            _write(self.root / dataset / POINTER_NAME, pointer.to_bytes())
        with _lock(self.root / ".lock"):
            content = self._catalog()
            if not _holds(self.root / CATALOG_NAME, content):
                _write(self.root / CATALOG_NAME, content)
        return Published(
            dataset=dataset,
            release=release,
            address=self.address_of(dataset, release),
            previous=None if before == release else before,
            moved=before != release,
        )

    def _place(self, release_folder: Path, manifest: Manifest) -> None:
        """Put the release where it belongs, whole; one that is there already must be the same."""
        place = self._release(manifest.dataset, manifest.release)
        if place.exists():
            self._require_same(place, manifest)
            return
        incoming = place.with_name(f"{_INCOMING}{manifest.release}")
        _make_folder(incoming)
        for file in manifest.files:
            _copy(release_folder / file.path, incoming / file.path)
            if sha256_of_file(incoming / file.path) != (file.sha256, file.bytes):
                raise refusals.damaged(manifest.dataset, file.path)
        _write(incoming / MANIFEST_NAME, manifest.to_bytes())
        for folder in [incoming, *(path for path in incoming.rglob("*") if path.is_dir())]:
            flush_folder(folder)
        move_folder(incoming, place, durable=True)

    def _require_same(self, place: Path, manifest: Manifest) -> None:
        there = read_manifest(place / MANIFEST_NAME, dataset=manifest.dataset)
        if there.contents() != manifest.contents():
            raise refusals.exists(manifest.dataset, manifest.release)
        self._require_whole(manifest.dataset, manifest.release)

    def _require_whole(self, dataset: str, release: str) -> None:
        folder = self._release(dataset, release)
        there = read_manifest(folder / MANIFEST_NAME, dataset=dataset)
        drifted = self._drift_in_files(folder, there)
        drifted += refusals.misplaced(there, dataset, release, self._shown(folder / MANIFEST_NAME))
        if drifted:
            raise refusals.drifted(dataset, release, drifted)

    def _sweep(self, dataset: str) -> None:
        """Remove what a killed publisher left; the dataset's lock is held, so no one is using it."""
        for kind in (_INCOMING, _LEAVING):
            for left in (self.root / dataset / RELEASES).glob(f"{kind}*"):
                shutil.rmtree(left)

    # What is there

    def _release(self, dataset: str, release: str) -> Path:
        return self.root / dataset / RELEASES / release

    def _manifests(self, dataset: str) -> list[Path]:
        paths = (self.root / dataset / RELEASES).glob(f"*/{MANIFEST_NAME}")
        return sorted(path for path in paths if not path.parent.name.startswith("."))

    def _pointer(self, dataset: str) -> Pointer | None:
        path = self.root / dataset / POINTER_NAME
        try:
            with storage_errors(dataset, _WHERE):
                if not path.exists():
                    return None
                return Pointer.model_validate_json(path.read_bytes())
        except ValidationError:
            raise refusals.pointer_unreadable(dataset) from None

    def _catalog(self) -> bytes:
        entries: list[tuple[Manifest, DcatEntry]] = []
        for dataset in self.datasets():
            manifest = self.read_manifest(dataset)
            path = self._release(dataset, manifest.release) / DCAT_ENTRY
            entries.append((manifest, read_entry(dataset, path.read_bytes() if path.is_file() else None)))
        return catalog(entries)

    def _drift_in_files(self, folder: Path, manifest: Manifest) -> list[Drift]:
        drifted = []
        for file in manifest.files:
            path = folder / file.path
            if not path.is_file():
                drifted.append(Drift("missing", self._shown(path), DRIFTED["missing"]))
            elif sha256_of_file(path) != (file.sha256, file.bytes):
                drifted.append(Drift("changed", self._shown(path), DRIFTED["changed"]))
        known = {file.path for file in manifest.files} | {MANIFEST_NAME}
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            if path.relative_to(folder).as_posix() not in known:
                drifted.append(Drift("extra", self._shown(path), DRIFTED["extra"]))
        return drifted

    def _shown(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Wait for the lock and hold it; the operating system lets go of it when its holder dies."""
    with path.open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _make_folder(folder: Path) -> None:
    """The folder and those above it, readable by everybody whatever the umask is."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)


def _copy(source: Path, target: Path) -> None:
    """Copy one file to the disk itself, not only to the system's memory of it."""
    _make_folder(target.parent)
    with source.open("rb") as reader, target.open("wb") as writer:
        shutil.copyfileobj(reader, writer, 1 << 20)
        flush(writer)
    target.chmod(0o644)


def _write(path: Path, content: bytes) -> None:
    write_bytes(path, content, mode=0o644, durable=True)


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content
