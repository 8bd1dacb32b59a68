"""What staging says when it refuses or finds something damaged: the same words wherever staging is kept."""

from __future__ import annotations

from collections.abc import Sequence

from include.opendata.errors import InputError, Place, Refused, StorageError
from include.opendata.staging.base import POINTER_NAME, Drift
from include.opendata.storage.manifest import MANIFEST_NAME, Manifest, ManifestFile

DRIFTED = {
    "missing": "The manifest names it and it is not there.",
    "changed": "It does not have the digest of the manifest.",
    "extra": "The manifest does not name it.",
}


def misplaced(manifest: Manifest, dataset: str, release: str, at: str) -> list[Drift]:
    """The drift of a manifest of another release than that in whose place it lies; ``at``: its path from staging's root."""
    if (manifest.dataset, manifest.release) == (dataset, release):
        return []
    return [Drift("manifest", at, "It is of another release.")]


def moved(dataset: str) -> Refused:
    """Another release became the current one while this one was being made."""
    return Refused(
        "another release became the current one while this one was being made",
        remedy="Look at it with `bin/opendata releases`; run the refresh again if this one should follow it.",
        slug="staging-moved",
        place=Place(dataset=dataset),
    )


def exists(dataset: str, release: str) -> Refused:
    """A release of that id is there with other contents."""
    return Refused(
        f"release {release} is in staging already, with other contents",
        remedy="A release never changes. Run the refresh again so that it takes a new release id.",
        slug="release-exists",
        place=Place(dataset=dataset),
    )


def left(dataset: str, release: str, address: str, paths: Sequence[str]) -> Refused:
    """A killed publisher left files of that release which are not part of it as it is now; ``paths``: which."""
    return Refused(
        f"files of release {release} are in staging from an attempt that was not finished, and they are not its files now",
        remedy=f"They never were a release. Find out how they came there, delete {address}/ and run the refresh again.",
        slug="release-exists",
        place=Place(dataset=dataset),
        details=tuple(paths),
    )


def drifted(dataset: str, release: str, found: Sequence[Drift]) -> StorageError:
    """The files of a release in staging are not what its manifest says."""
    return StorageError(
        f"release {release} is in staging, and its files are not what its manifest says",
        remedy="Find out who changed them and restore them from a backup; `bin/opendata verify` lists them. A release that "
        "never reached the public may be removed and refreshed again.",
        slug="staging-drifted",
        place=Place(dataset=dataset),
        details=tuple(f"{drift.path}: {drift.sentence}" for drift in found),
    )


def damaged(dataset: str, path: str) -> StorageError:
    """A file that was copied does not read back as what it was."""
    return StorageError(
        f"{path} does not have the digest of the manifest after it was copied",
        remedy="Look at the disks of the work area and of staging, then run the refresh again; nothing was published.",
        slug="copy-damaged",
        place=Place(dataset=dataset),
    )


def unknown(dataset: str, release: str | None) -> InputError:
    """No such release, or none at all."""
    return InputError(
        "no release is staged" if release is None else "there is no such release in staging",
        remedy=f"`bin/opendata releases {dataset}` lists what is there; `bin/opendata refresh {dataset}` makes one.",
        slug="release-unknown",
        place=Place(dataset=dataset),
    )


def is_current(dataset: str) -> Refused:
    """The current release is never removed."""
    return Refused(
        "the current release is never removed",
        remedy=f"Make another one the current release first, with `bin/opendata rollback {dataset}`.",
        slug="release-is-current",
        place=Place(dataset=dataset),
    )


def pointer_unreadable(dataset: str) -> StorageError:
    """The pointer is there and cannot be read."""
    return StorageError(
        f"{POINTER_NAME} cannot be read",
        remedy="Restore it from a backup, or remove it and publish the dataset again.",
        slug="pointer-unreadable",
        place=Place(dataset=dataset),
    )


def entry_unreadable(dataset: str, path: str) -> StorageError:
    """The current release's catalog entry is missing or broken."""
    return StorageError(
        f"the current release's {path} cannot be read, so the catalog cannot be made",
        remedy=f"`bin/opendata show {dataset}` shows which release it is; publish that dataset again.",
        slug="catalog-entry-unreadable",
        place=Place(dataset=dataset),
    )


def named_file(manifest: Manifest, path: str) -> ManifestFile:
    """What the manifest says of ``path``. Raises InputError (``release-file-unknown``) when it does not name it."""
    for file in manifest.files:
        if file.path == path:
            return file
    raise InputError(
        "the release has no such file",
        remedy=f"Its {MANIFEST_NAME} names the files it has.",
        slug="release-file-unknown",
        place=Place(dataset=manifest.dataset, file=path),
    )
