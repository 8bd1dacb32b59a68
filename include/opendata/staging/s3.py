"""Portal staging in an S3 bucket: the same layout as in a folder, below a prefix.

There are no renames and no locks in S3, so the order of things does their work. The files of a release go up first, each
checked by the server and read back; its manifest goes up last and makes it a release; a release without a manifest is one
that is still being made, or was left by a killed publisher and is completed by its rerun. Then the pointer is moved on the
condition that it still is what was read at the beginning, so that of two publishers one wins; then the catalog is made of
the pointers, on the same condition, again and again until no one interfered. The server must honour such conditions:
every publication tries that out before the pointer moves.
"""

from __future__ import annotations

import datetime as dt
import random
import re
import time
from collections.abc import Container, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

from pydantic import ValidationError

from include.opendata.errors import Place, Refused, SetupError, StorageError
from include.opendata.staging import refusals
from include.opendata.staging.access import S3Access
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
from include.opendata.staging.progress import Copying
from include.opendata.staging.refusals import DRIFTED
from include.opendata.staging.s3_client import S3Limits, connect, s3_errors
from include.opendata.staging.s3_objects import FOR_EVER, FOR_REVIEWERS, NEVER, Objects, SourceChanged, Stored
from include.opendata.storage.atomic import replacing
from include.opendata.storage.clock import utc_now
from include.opendata.storage.digests import RunningDigest, sha256_of
from include.opendata.storage.manifest import MANIFEST_NAME, Manifest, ManifestFile
from include.opendata.storage.system_errors import storage_errors

_JSON = "application/json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_LEFT_BEHIND = dt.timedelta(days=1)
_CATALOG_TRIES = 60


class S3Staging:
    """Staging below ``prefix`` of ``bucket`` (which must exist)."""

    def __init__(
        self, bucket: str, prefix: str = "", *, access: S3Access | None = None, limits: S3Limits | None = None
    ):
        self._bucket, self._prefix = bucket, f"{prefix}/" if prefix else ""
        self._access, self._limits = access or S3Access(), limits or S3Limits()

    @property
    def address(self) -> str:
        """As :meth:`.Staging.address` says."""
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    def address_of(self, dataset: str, release: str, path: str = "") -> str:
        """As :meth:`.Staging.address_of` says."""
        return f"{self.address}/{_folder(dataset, release)}{path}".rstrip("/")

    # Reading

    def datasets(self) -> tuple[str, ...]:
        """As :meth:`.Staging.datasets` says."""
        with s3_errors(None, self._bucket):
            return tuple(name for name in self._objects.folders() if self._pointer(name)[0] is not None)

    def current(self, dataset: str) -> str | None:
        """As :meth:`.Staging.current` says."""
        with s3_errors(dataset, self._bucket):
            pointer, _ = self._pointer(dataset)
        return pointer.release if pointer else None

    def releases(self, dataset: str) -> tuple[str, ...]:
        """As :meth:`.Staging.releases` says."""
        with s3_errors(dataset, self._bucket):
            names = self._releases_in(self._objects.listed(f"{dataset}/{RELEASES}/"))
            with ThreadPoolExecutor(self._limits.workers) as pool:
                manifests = list(pool.map(lambda name: self._manifest(dataset, name), names))
        there = [manifest for manifest in manifests if manifest is not None]  # one may be removed in between
        return tuple(m.release for m in sorted(there, key=lambda m: (m.run.started_at, m.release)))

    def read_manifest(self, dataset: str, release: str | None = None) -> Manifest:
        """As :meth:`.Staging.read_manifest` says."""
        with s3_errors(dataset, self._bucket):
            name = release
            if name is None:
                pointer, _ = self._pointer(dataset)
                name = pointer.release if pointer else None
            manifest = self._manifest(dataset, name) if name is not None else None
        if manifest is None:
            raise refusals.unknown(dataset, name)
        return manifest

    def read_file(self, dataset: str, release: str, path: str) -> bytes:
        """As :meth:`.Staging.read_file` says."""
        manifest = self.read_manifest(dataset, release)
        known = None if path == MANIFEST_NAME else refusals.named_file(manifest, path)
        with s3_errors(dataset, self._bucket):
            stored = self._objects.read(_folder(dataset, release) + path)
        if stored is None:
            raise self._drifted_file(dataset, release, path, missing=True)
        if known is not None and sha256_of(stored[0]) != known.sha256:
            raise self._drifted_file(dataset, release, path)
        return stored[0]

    def fetch_file(self, dataset: str, release: str, path: str, into: Path) -> None:
        """As :meth:`.Staging.fetch_file` says."""
        known = refusals.named_file(self.read_manifest(dataset, release), path)
        with storage_errors(dataset, "the place a staged file is fetched to"), s3_errors(dataset, self._bucket):
            stored = self._objects.listed(_folder(dataset, release) + path).get("")
            if stored is None:
                raise self._drifted_file(dataset, release, path, missing=True)
            copying = Copying(f"fetching {path}", stored.size)
            fetched = RunningDigest()
            with replacing(into) as partial:
                with partial.open("wb") as writer:
                    for piece in self._objects.pieces(stored.key, stored.size, stored.etag):
                        fetched.update(piece)
                        writer.write(piece)
                        copying.add(len(piece))
                if fetched.sha256 != known.sha256:
                    raise self._drifted_file(dataset, release, path)

    def verify(self, dataset: str, release: str | None = None, *, with_catalog: bool = True) -> list[Drift]:
        """As :meth:`.Staging.verify` says."""
        with s3_errors(dataset, self._bucket):
            pointer, _ = self._pointer(dataset)
            name = named_or_current(release, pointer)
            at = _folder(dataset, name or "") + MANIFEST_NAME
            stored = self._objects.read(at) if name is not None and _NAME.fullmatch(name) else None
            if name is None or stored is None:
                return [Drift("missing", at, "There is no manifest.")]
            manifest = _read(stored[0], dataset)
            drifted = self._drift_in_files(manifest, _folder(dataset, name))
            drifted += refusals.misplaced(manifest, dataset, name, at)
            if pointer and pointer.release == name:
                if sha256_of(stored[0]) != pointer.manifest_sha256:
                    drifted.append(Drift("manifest", at, "The manifest is not the one the pointer was moved to."))
                if with_catalog:
                    drifted += self.catalog_drift()
        return drifted

    def catalog_drift(self) -> list[Drift]:
        """As :meth:`.Staging.catalog_drift` says."""
        with s3_errors(None, self._bucket):
            shown = self._objects.read(CATALOG_NAME)
            if shown is not None and shown[0] == self._catalog():
                return []
        return [Drift("catalog", CATALOG_NAME, "The catalog does not show the current releases.")]

    # Writing

    def publish(self, release_folder: Path, manifest: Manifest, expected_current: str | None) -> Published:
        """As :meth:`.Staging.publish` says."""
        dataset = manifest.dataset
        with storage_errors(dataset, "the work area"), s3_errors(dataset, self._bucket):
            pointer, etag = self._pointer(dataset)
            before = pointer.release if pointer else None
            if before not in (expected_current, manifest.release):
                raise refusals.moved(dataset)
            self._sweep(dataset, sparing=manifest.release)
            placed = self._place(release_folder, manifest)
            try:
                self._require_conditions(dataset, manifest.release)
                return self._move(dataset, manifest.release, pointer, etag)
            except (Refused, SetupError):
                if placed:  # it never was the current one, and no one may take it for a release that was public
                    self.remove_release(dataset, manifest.release)
                raise

    def make_current(self, dataset: str, release: str, expected_current: str | None) -> Published:
        """As :meth:`.Staging.make_current` says."""
        manifest = self.read_manifest(dataset, release)
        with s3_errors(dataset, self._bucket):
            pointer, etag = self._pointer(dataset)
            before = pointer.release if pointer else None
            if before not in (expected_current, release):
                raise refusals.moved(dataset)
            self._require_whole(manifest, dataset, release)
            self._require_conditions(dataset, release)
            return self._move(dataset, release, pointer, etag)

    def remove_release(self, dataset: str, release: str) -> None:
        """As :meth:`.Staging.remove_release` says."""
        if not _NAME.fullmatch(release):
            return
        with s3_errors(dataset, self._bucket):
            if self.current(dataset) == release:
                raise refusals.is_current(dataset)
            at = _folder(dataset, release) + MANIFEST_NAME
            kept = self._objects.read(at)
            self._objects.delete([at])  # from here on it is no release
            if kept is not None and self.current(dataset) == release:  # made the current one in this very moment
                self._objects.put(at, kept[0], etag=None, media_type=_JSON, cache=FOR_REVIEWERS)
                raise refusals.is_current(dataset)
            self._objects.delete([stored.key for stored in self._objects.listed(_folder(dataset, release)).values()])
            self._sweep(dataset, sparing=release)

    def _place(self, release_folder: Path, manifest: Manifest) -> bool:
        """Put the release where it belongs, its manifest last; what is there already must be the same. Whether it is new."""
        dataset, folder = manifest.dataset, _folder(manifest.dataset, manifest.release)
        there, new = self._manifest(dataset, manifest.release), False
        if there is None:
            begun = self._objects.listed(folder)
            self._require_only(manifest, begun)
            self._objects.abort_unfinished(folder)
            self._copy(release_folder, manifest, begun)
            content = manifest.to_bytes()
            new = self._objects.put(folder + MANIFEST_NAME, content, etag=None, media_type=_JSON, cache=FOR_REVIEWERS)
            there = self._manifest(dataset, manifest.release)
            if there is None:
                raise refusals.damaged(dataset, MANIFEST_NAME)
        if there.contents() != manifest.contents():
            raise refusals.exists(dataset, manifest.release)
        if not new:  # it was there, or another run of the same release was faster
            self._require_whole(there, dataset, manifest.release)
        return new

    def _copy(self, release_folder: Path, manifest: Manifest, begun: Container[str]) -> None:
        """Upload every file that is not among the ``begun`` and read all of them back."""
        small, large = self._small_and_large(manifest)
        copying = Copying(f"staging {manifest.dataset}", 2 * sum(file.bytes for file in manifest.files))
        folder = _folder(manifest.dataset, manifest.release)

        sent: set[str] = set()

        def copy(file: ManifestFile) -> None:
            if file.path in begun:
                copying.add(file.bytes)
                return
            new = self._objects.upload(
                release_folder / file.path,
                folder + file.path,
                sha256=file.sha256,
                size=file.bytes,
                media_type=_media_type(file),
                cache=FOR_REVIEWERS if file.role == "internal" else FOR_EVER,
                count=copying.add,
            )
            if new:
                sent.add(file.path)

        try:
            for file in large:
                copy(file)
            with ThreadPoolExecutor(self._limits.workers) as pool:
                for _ in pool.map(copy, small):
                    pass
        except SourceChanged:
            raise refusals.damaged(manifest.dataset, "a file of the release") from None
        listed = self._objects.listed(folder)
        for slug, path in self._differences(manifest, listed, copying):
            if slug == "changed" and path not in sent:
                raise refusals.left(
                    manifest.dataset, manifest.release, self.address_of(manifest.dataset, manifest.release), [path]
                )
            self._objects.delete([folder + path])  # what arrived damaged does not stand in the way of the next try
            raise refusals.damaged(manifest.dataset, path)

    def _move(self, dataset: str, release: str, pointing: Pointer | None, etag: str | None) -> Published:
        """Point to a release that is in its place, whole, if the pointer still has ``etag``; make the catalog again."""
        before = pointing.release if pointing else None
        at, manifest_at = f"{dataset}/{POINTER_NAME}", _folder(dataset, release) + MANIFEST_NAME
        if before != release:
            staged = self._objects.read(manifest_at)
            if staged is None:
                raise refusals.unknown(dataset, release)
            pointer = Pointer.to_release(_read(staged[0], dataset), sha256_of(staged[0]))
            content = pointer.to_bytes()
            if not self._objects.put(at, content, etag=etag, media_type=_JSON, cache=NEVER):
                # It moved, or it was us: a try whose answer was lost.
                now = self._objects.read(at)
                if now is None or now[0] != content:
                    raise refusals.moved(dataset)
            if self._objects.read(manifest_at) is None:  # removed in this very moment
                self._move_back(at, pointing)
                raise refusals.unknown(dataset, release)
        self._write_catalog(dataset)
        return Published(
            dataset=dataset,
            release=release,
            address=self.address_of(dataset, release),
            previous=None if before == release else before,
            moved=before != release,
        )

    def _move_back(self, at: str, pointing: Pointer | None) -> None:
        now = self._objects.read(at)
        if pointing is None:
            self._objects.delete([at])
        elif now is not None:
            self._objects.put(at, pointing.to_bytes(), etag=now[1], media_type=_JSON, cache=NEVER)

    def _write_catalog(self, dataset: str) -> None:
        for attempt in range(_CATALOG_TRIES):
            there = self._objects.read(CATALOG_NAME)  # before the pointers are read: what changes after is noticed
            content = self._catalog()
            if there is not None and there[0] == content:
                return
            etag = there[1] if there is not None else None
            if self._objects.put(CATALOG_NAME, content, etag=etag, media_type=_JSON, cache=NEVER):
                return
            time.sleep(random.uniform(0, 0.05 * min(attempt + 1, 10)))  # noqa: S311 - keeps publishers out of step
        raise StorageError(
            f"{CATALOG_NAME} kept being changed by others",
            remedy="Run the refresh again; the release is staged and is the current one.",
            slug="catalog-contended",
            place=Place(dataset=dataset),
        )

    def _sweep(self, dataset: str, sparing: str) -> None:
        """Remove what killed publishers left a day ago or earlier: unfinished uploads, folders without a manifest."""
        before = utc_now() - _LEFT_BEHIND
        self._objects.abort_unfinished(f"{dataset}/", before)
        listed = self._objects.listed(f"{dataset}/{RELEASES}/")
        whole = set(self._releases_in(listed))
        left: dict[str, list[Stored]] = {}
        for path, stored in listed.items():
            name = path.partition("/")[0]
            if name not in whole and name != sparing:
                left.setdefault(name, []).append(stored)
        for objects in left.values():
            if max(stored.modified for stored in objects) < before:
                self._objects.delete([stored.key for stored in objects])

    def _require_conditions(self, dataset: str, release: str) -> None:
        """Refuse a server that overwrites in spite of a condition: two publishers could not be kept apart there."""
        at = _folder(dataset, release) + MANIFEST_NAME
        manifest = self._objects.read(at)
        if manifest is None:
            raise refusals.unknown(dataset, release)
        for etag in (None, '"00000000000000000000000000000000"'):
            if self._objects.put(at, manifest[0], etag=etag, media_type=_JSON, cache=FOR_REVIEWERS):
                raise SetupError(
                    "the S3 server does not honour conditions on writes (If-None-Match, If-Match)",
                    remedy="Use one that does (docs/staging.md); without them two runs could undo each other unnoticed.",
                    slug="staging-unsupported",
                    place=Place(dataset=dataset),
                )

    # What is there

    @cached_property
    def _objects(self) -> Objects:
        return Objects(connect(self._access, self._limits), self._bucket, self._prefix, self._limits)

    def _pointer(self, dataset: str) -> tuple[Pointer | None, str | None]:
        stored = self._objects.read(f"{dataset}/{POINTER_NAME}") if _NAME.fullmatch(dataset) else None
        if stored is None:
            return None, None
        try:
            return Pointer.model_validate_json(stored[0]), stored[1]
        except ValidationError:
            raise refusals.pointer_unreadable(dataset) from None

    def _manifest(self, dataset: str, release: str) -> Manifest | None:
        if not (_NAME.fullmatch(dataset) and _NAME.fullmatch(release)):
            return None
        stored = self._objects.read(_folder(dataset, release) + MANIFEST_NAME)
        return None if stored is None else _read(stored[0], dataset)

    @staticmethod
    def _releases_in(listed: Iterable[str]) -> list[str]:
        """The releases among the paths below ``releases/``: those that have a manifest."""
        parts = [path.split("/") for path in listed]
        return sorted(steps[0] for steps in parts if len(steps) == 2 and steps[1] == MANIFEST_NAME)

    def _catalog(self) -> bytes:
        entries: list[tuple[Manifest, DcatEntry]] = []
        for dataset in self.datasets():
            manifest = self.read_manifest(dataset)
            entry = self._objects.read(_folder(dataset, manifest.release) + DCAT_ENTRY)
            entries.append((manifest, read_entry(dataset, entry[0] if entry else None)))
        return catalog(entries)

    def _small_and_large(self, manifest: Manifest) -> tuple[list[ManifestFile], list[ManifestFile]]:
        """The files of one piece, and those of several."""
        small = [file for file in manifest.files if file.bytes <= self._limits.part_bytes]
        large = [file for file in manifest.files if file.bytes > self._limits.part_bytes]
        return small, large

    def _differences(self, manifest: Manifest, listed: dict[str, Stored], copying: Copying) -> list[tuple[str, str]]:
        """(missing or changed, path) of the manifest's files, every byte read back."""

        def look(file: ManifestFile) -> str | None:
            stored = listed.get(file.path)
            if stored is None:
                return "missing"
            same = stored.size == file.bytes and self._objects.digest(stored, copying.add) == file.sha256
            return None if same else "changed"

        small, large = self._small_and_large(manifest)
        with ThreadPoolExecutor(self._limits.workers) as pool:
            outcomes = list(zip(small, pool.map(look, small), strict=True))
        outcomes += [(file, look(file)) for file in large]  # each of them reads several pieces at once already
        return sorted((slug, file.path) for file, slug in outcomes if slug is not None)

    def _drift_in_files(self, manifest: Manifest, folder: str) -> list[Drift]:
        listed = self._objects.listed(folder)
        copying = Copying(f"reading {manifest.dataset} back", sum(file.bytes for file in manifest.files))
        drifted = [
            Drift("missing" if slug == "missing" else "changed", folder + path, DRIFTED[slug])
            for slug, path in self._differences(manifest, listed, copying)
        ]
        known = {file.path for file in manifest.files} | {MANIFEST_NAME}
        extra = sorted(path for path in listed if path not in known)
        return [*drifted, *(Drift("extra", folder + path, DRIFTED["extra"]) for path in extra)]

    def _require_whole(self, manifest: Manifest, dataset: str, release: str) -> None:
        drifted = self._drift_in_files(manifest, _folder(dataset, release))
        drifted += refusals.misplaced(manifest, dataset, release, _folder(dataset, release) + MANIFEST_NAME)
        if drifted:
            raise refusals.drifted(dataset, release, drifted)

    def _require_only(self, manifest: Manifest, listed: dict[str, Stored]) -> None:
        """What a killed publisher left must be part of this release."""
        known = {file.path: file.bytes for file in manifest.files}
        strange = sorted(path for path, stored in listed.items() if known.get(path) != stored.size)
        if strange:
            address = self.address_of(manifest.dataset, manifest.release)
            raise refusals.left(manifest.dataset, manifest.release, address, strange)

    def _drifted_file(self, dataset: str, release: str, path: str, *, missing: bool = False) -> StorageError:
        at = _folder(dataset, release) + path
        drift = Drift("missing", at, DRIFTED["missing"]) if missing else Drift("changed", at, DRIFTED["changed"])
        return refusals.drifted(dataset, release, [drift])


def _folder(dataset: str, release: str) -> str:
    return f"{dataset}/{RELEASES}/{release}/"


def _media_type(file: ManifestFile) -> str:
    return f"{file.media_type}; charset=utf-8" if file.media_type.startswith("text/") else file.media_type


def _read(content: bytes, dataset: str) -> Manifest:
    try:
        return Manifest.model_validate_json(content)
    except ValidationError:
        raise StorageError(
            "the release's manifest cannot be read",
            remedy="Build the release again; a release without a manifest that can be read is not used.",
            slug="manifest-unreadable",
            place=Place(dataset=dataset, file=MANIFEST_NAME),
        ) from None
