"""Portal staging in a folder of a file system.

A release is copied into a hidden folder beside its place, flushed to the disk, read back digest by digest, and renamed
into place as a whole. Then the dataset's pointer moves, then the catalog: each is written beside and renamed. One lock per
dataset and one for the catalog keep publishers apart; a reader needs none. A publisher killed anywhere leaves the old
state or the new one; the next one sweeps what it left and ends in the same tree.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from include.opendata.errors import InputError, Place, Refused, StorageError
from include.opendata.manifest import MANIFEST_NAME, Manifest, digest, read_manifest
from include.opendata.staging.base import CATALOG_NAME, POINTER_NAME, RELEASES, Drift, Pointer, Published
from include.opendata.staging.catalog import DCAT_ENTRY, catalog
from include.opendata.work.area import storage_errors

_INCOMING = ".incoming-"
_WHERE = "portal staging"


class LocalStaging:
    """Staging below ``root``; the folder is made when the first release is published."""

    def __init__(self, root: Path):
        self.root = root

    @property
    def address(self) -> str:
        return str(self.root)

    def address_of(self, dataset: str, release: str, path: str = "") -> str:
        return str(self._release(dataset, release) / path)

    # Reading

    def datasets(self) -> tuple[str, ...]:
        return tuple(sorted(path.parent.name for path in self.root.glob(f"*/{POINTER_NAME}")))

    def current(self, dataset: str) -> str | None:
        pointer = self._pointer(dataset)
        return pointer.release if pointer else None

    def releases(self, dataset: str) -> tuple[str, ...]:
        found = [read_manifest(path, dataset=dataset) for path in self._manifests(dataset)]
        return tuple(m.release for m in sorted(found, key=lambda m: (m.run.started_at, m.release)))

    def read_manifest(self, dataset: str, release: str | None = None) -> Manifest:
        name = release or self.current(dataset)
        if name is None or self._release(dataset, name) / MANIFEST_NAME not in self._manifests(dataset):
            raise InputError(
                "no release is staged" if name is None else "there is no such release in staging",
                remedy=f"`bin/opendata releases {dataset}` lists what is there; `bin/opendata refresh {dataset}` makes one.",
                slug="release-unknown",
                place=Place(dataset=dataset),
            )
        return read_manifest(self._release(dataset, name) / MANIFEST_NAME, dataset=dataset)

    def verify(self, dataset: str, release: str | None = None) -> list[Drift]:
        pointer = self._pointer(dataset)
        name = release or (pointer.release if pointer else None)
        folder = self._release(dataset, name) if name else self.root / dataset
        if name is None or not (folder / MANIFEST_NAME).is_file():
            return [Drift("missing", self._shown(folder / MANIFEST_NAME), "There is no manifest.")]
        manifest = read_manifest(folder / MANIFEST_NAME, dataset=dataset)
        drifted = self._drift_in_files(folder, manifest)
        if (manifest.dataset, manifest.release) != (dataset, name):
            drifted.append(Drift("manifest", self._shown(folder / MANIFEST_NAME), "It is of another release."))
        if pointer and pointer.release == name:
            if digest(folder / MANIFEST_NAME)[0] != pointer.manifest_sha256:
                sentence = "The manifest is not the one the pointer was moved to."
                drifted.append(Drift("manifest", self._shown(folder / MANIFEST_NAME), sentence))
            if not self._catalog_is_current():
                drifted.append(Drift("catalog", CATALOG_NAME, "The catalog does not show the current releases."))
        return drifted

    # Writing

    def publish(self, release_folder: Path, manifest: Manifest, expected_current: str | None) -> Published:
        dataset = manifest.dataset
        with storage_errors(dataset, _WHERE):
            _make_folder(self.root / dataset / RELEASES)
            with _lock(self.root / dataset / ".lock"):
                self._sweep(dataset)
                before = self.current(dataset)
                if before not in (expected_current, manifest.release):
                    raise _moved(dataset)
                self._place(release_folder, manifest)
                if before != manifest.release:
                    staged = self._release(dataset, manifest.release) / MANIFEST_NAME
                    pointer = Pointer.to_release(read_manifest(staged, dataset=dataset), digest(staged)[0])
                    _replace(self.root / dataset / POINTER_NAME, pointer.to_bytes())
                with _lock(self.root / ".lock"):
                    content = self._catalog()
                    if not _holds(self.root / CATALOG_NAME, content):
                        _replace(self.root / CATALOG_NAME, content)
        return Published(
            dataset=dataset,
            release=manifest.release,
            address=self.address_of(dataset, manifest.release),
            previous=None if before == manifest.release else before,
            moved=before != manifest.release,
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
            if digest(incoming / file.path) != (file.sha256, file.bytes):
                raise StorageError(
                    f"{file.path} does not have the digest of the manifest after it was copied",
                    remedy="Look at the disks of the work area and of staging, then run the refresh again; "
                    "nothing was published.",
                    slug="copy-damaged",
                    place=Place(dataset=manifest.dataset),
                )
        _write(incoming / MANIFEST_NAME, manifest.to_bytes())
        for folder in [incoming, *(path for path in incoming.rglob("*") if path.is_dir())]:
            _flush_folder(folder)
        incoming.rename(place)
        _flush_folder(place.parent)

    def _require_same(self, place: Path, manifest: Manifest) -> None:
        there = read_manifest(place / MANIFEST_NAME, dataset=manifest.dataset)
        if there.contents() != manifest.contents():
            raise Refused(
                f"release {manifest.release} is in staging already, with other contents",
                remedy="A release never changes. Run the refresh again so that it takes a new release id.",
                slug="release-exists",
                place=Place(dataset=manifest.dataset),
            )
        drifted = self._drift_in_files(place, there)
        if drifted:
            raise StorageError(
                f"release {manifest.release} is in staging already, and its files are not what its manifest says",
                remedy="Find out who changed them; then remove that release's folder and run the refresh again.",
                slug="staging-drifted",
                place=Place(dataset=manifest.dataset),
                details=tuple(f"{drift.path}: {drift.sentence}" for drift in drifted),
            )

    def _sweep(self, dataset: str) -> None:
        """Remove what a killed publisher left; the dataset's lock is held, so nobody is using it."""
        for left in (self.root / dataset / RELEASES).glob(f"{_INCOMING}*"):
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
            raise StorageError(
                f"{POINTER_NAME} cannot be read",
                remedy="Restore it from a backup, or remove it and publish the dataset again.",
                slug="pointer-unreadable",
                place=Place(dataset=dataset),
            ) from None

    def _catalog(self) -> bytes:
        entries: list[tuple[Manifest, dict[str, Any]]] = []
        for dataset in self.datasets():
            manifest = self.read_manifest(dataset)
            path = self._release(dataset, manifest.release) / DCAT_ENTRY
            try:
                entries.append((manifest, json.loads(path.read_bytes())))
            except (FileNotFoundError, ValueError):
                raise StorageError(
                    f"the current release's {DCAT_ENTRY} cannot be read, so the catalog cannot be made",
                    remedy=f"`bin/opendata show {dataset}` tells which release it is; publish that dataset again.",
                    slug="catalog-entry-unreadable",
                    place=Place(dataset=dataset),
                ) from None
        return catalog(entries)

    def _catalog_is_current(self) -> bool:
        return _holds(self.root / CATALOG_NAME, self._catalog())

    def _drift_in_files(self, folder: Path, manifest: Manifest) -> list[Drift]:
        drifted = []
        for file in manifest.files:
            path = folder / file.path
            if not path.is_file():
                drifted.append(Drift("missing", self._shown(path), "The manifest names it and it is not there."))
            elif digest(path) != (file.sha256, file.bytes):
                drifted.append(Drift("changed", self._shown(path), "It does not have the digest of the manifest."))
        known = {file.path for file in manifest.files} | {MANIFEST_NAME}
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            if path.relative_to(folder).as_posix() not in known:
                drifted.append(Drift("extra", self._shown(path), "The manifest does not name it."))
        return drifted

    def _shown(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


def _moved(dataset: str) -> Refused:
    return Refused(
        "another release became the current one while this one was being made",
        remedy="Look at it with `bin/opendata releases`; run the refresh again if this one should follow it.",
        slug="staging-moved",
        place=Place(dataset=dataset),
    )


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
        _flush(writer)
    target.chmod(0o644)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as writer:
        writer.write(content)
        _flush(writer)
    path.chmod(0o644)


def _replace(path: Path, content: bytes) -> None:
    """Write beside, then rename: a reader sees the old content or the new one."""
    beside = path.with_name(f".{path.name}.partial")
    _write(beside, content)
    beside.replace(path)
    _flush_folder(path.parent)


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content


def _flush(writer: Any) -> None:
    writer.flush()
    os.fsync(writer.fileno())


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
