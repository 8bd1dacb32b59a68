"""What portal staging is to the other rooms: a place releases are published to, one pointer per dataset, one catalog.

Layout (fixed)::

    data.json                                   the catalog, DCAT-US 1.1
    <dataset>/current.json                      which release is the current one
    <dataset>/releases/<release>/manifest.json  and every file it names

A release never changes once it is there. ``current.json`` and ``data.json`` move last, each by an atomic rename: a reader
sees the old release or the new one, nothing in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict

from include.opendata.storage.manifest import MANIFEST_NAME, DatasetId, Digest, Manifest, ReleaseId

CATALOG_NAME = "data.json"
POINTER_NAME = "current.json"
RELEASES = "releases"


class Pointer(BaseModel):
    """``current.json``: the release the public is to see, and the digest of its manifest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: DatasetId
    release: ReleaseId
    manifest: str
    """The manifest's path from the dataset's folder."""
    manifest_sha256: Digest
    released_at: str

    @classmethod
    def to_release(cls, manifest: Manifest, manifest_sha256: str) -> Pointer:
        """The pointer to the release ``manifest`` describes."""
        return cls(
            dataset=manifest.dataset,
            release=manifest.release,
            manifest=f"{RELEASES}/{manifest.release}/{MANIFEST_NAME}",
            manifest_sha256=manifest_sha256,
            released_at=manifest.run.started_at,
        )

    def to_bytes(self) -> bytes:
        """The pointer as it is written."""
        return (self.model_dump_json(indent=2) + "\n").encode()


@dataclass(frozen=True)
class Published:
    """What :meth:`Staging.publish` or :meth:`Staging.make_current` did: ``previous``: the release that was the current one
    before, if the pointer moved · ``moved``: the pointer moved to this release; it was not there already."""

    dataset: str
    release: str
    address: str
    previous: str | None
    moved: bool


@dataclass(frozen=True)
class Drift:
    """Something in staging that is not as the manifest, the pointer or the catalog says."""

    slug: Literal["missing", "changed", "extra", "pointer", "manifest", "catalog"]
    path: str
    """From staging's root."""
    sentence: str


def named_or_current(release: str | None, pointer: Pointer | None) -> str | None:
    """The release that is named, or else the one that is pointed to; None where there is neither."""
    return release or (pointer.release if pointer else None)


class Staging(Protocol):
    """Portal staging, wherever it is kept."""

    @property
    def address(self) -> str:
        """Where it is, as :func:`~include.opendata.staging.open_staging` takes it."""
        ...

    def publish(self, release_folder: Path, manifest: Manifest, expected_current: str | None) -> Published:
        """Copy the release and make it the current one, if ``expected_current`` still is (None: if there is none).

        Doing it again with the same release changes nothing. Raises Refused (``staging-moved``: another release became
        the current one meanwhile; ``release-exists``: this id is there with other contents) and StorageError.
        """
        ...

    def datasets(self) -> tuple[str, ...]:
        """The datasets that have a current release, sorted."""
        ...

    def current(self, dataset: str) -> str | None:
        """The id of the current release; None when there is none."""
        ...

    def releases(self, dataset: str) -> tuple[str, ...]:
        """The ids of all releases, oldest first."""
        ...

    def read_manifest(self, dataset: str, release: str | None = None) -> Manifest:
        """The manifest of a release; of the current one if none is named. Raises InputError when there is none."""
        ...

    def address_of(self, dataset: str, release: str, path: str = "") -> str:
        """Where a release, or one of its files, is."""
        ...

    def verify(self, dataset: str, release: str | None = None, *, with_catalog: bool = True) -> list[Drift]:
        """Everything that drifted in a release (the current one if none is named), its pointer and the catalog."""
        ...

    def catalog_drift(self) -> list[Drift]:
        """Whether the catalog is that of all current releases. It is one for all datasets, and all of them are read for it."""
        ...

    def read_file(self, dataset: str, release: str, path: str) -> bytes:
        """The bytes of one file of a release (``data/x.csv``; the manifest too), once they have the manifest's digest.

        For files that fit in memory. Raises InputError (``release-unknown``; ``release-file-unknown``: the manifest
        does not name it) and StorageError (``staging-drifted``: it is missing or changed).
        """
        ...

    def fetch_file(self, dataset: str, release: str, path: str, into: Path) -> None:
        """Write one file of a release to ``into``, in pieces; whole and with the manifest's digest, or not at all.

        Raises as :meth:`read_file` does, and StorageError when ``into`` cannot be written.
        """
        ...

    def make_current(self, dataset: str, release: str, expected_current: str | None) -> Published:
        """Move the pointer to a release that is in staging and is as its manifest says, and make the catalog again.

        Raises InputError (``release-unknown``), Refused (``staging-moved``: ``expected_current`` is no longer the
        current release) and StorageError (``staging-drifted``: its files are not what its manifest says).
        """
        ...

    def remove_release(self, dataset: str, release: str) -> None:
        """Delete a release with its files; one that is not there is no error.

        Raises Refused (``release-is-current``) for the release the pointer names.
        """
        ...
