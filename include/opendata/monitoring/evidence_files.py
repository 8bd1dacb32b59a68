"""Finds the evidence page of a run or a release: in the run's work area while it waits, then in staging. Reads, never writes.

Only what a manifest names, and has the digest the manifest says, is handed out; a path is never made of what a person typed.
"""

from __future__ import annotations

from include.opendata.errors import InputError, OpendataError, Place, StorageError
from include.opendata.ledger import Ledger
from include.opendata.pipeline.records import ReleaseRecord
from include.opendata.staging import open_staging
from include.opendata.storage import RunArea
from include.opendata.storage.digests import sha256_of
from include.opendata.storage.manifest import MANIFEST_NAME, Manifest, read_manifest

EVIDENCE = "evidence/index.html"


def evidence_of_run(ledger: Ledger, dataset: str, run_id: str) -> bytes:
    """The page as the run made it. Raises InputError (``evidence-unknown``) when there is none, or none any more."""
    run = ledger.run(dataset, run_id)
    if run is None:
        raise _none(dataset, "the ledger knows of no such run")
    page = _in_work_area(dataset, run_id)
    if page is not None:
        return page
    if run.release is None:
        raise _none(dataset, "this run has not come to building a release")
    return evidence_of_release(ledger, dataset, run.release)


def _in_work_area(dataset: str, run_id: str) -> bytes | None:
    """The page while the run's work area is there; it is emptied when the run is closed, also while we look."""
    area = RunArea(dataset, run_id)
    if not ReleaseRecord.is_in(area):
        return None
    try:
        folder = area.folder / ReleaseRecord.read(area).folder
        manifest = read_manifest(folder / MANIFEST_NAME, dataset=dataset)
        page = (folder / EVIDENCE).read_bytes()
    except (OSError, StorageError):
        return None
    wanted = {file.path: file.sha256 for file in manifest.files}.get(EVIDENCE)
    if sha256_of(page) != wanted:
        raise _none(dataset, "the page in the work area is not what the run wrote")
    return page


def evidence_of_release(ledger: Ledger, dataset: str, release: str) -> bytes:
    """The page of a staged release. Raises InputError (``evidence-unknown``) and StorageError (``staging-drifted``)."""
    return staged_file(ledger, dataset, release, EVIDENCE)


def staged_file(ledger: Ledger, dataset: str, release: str, path: str) -> bytes:
    """A file of a staged release that its manifest names. Raises as :func:`evidence_of_release`."""
    place = next((entry.staging for entry in ledger.releases(dataset) if entry.release == release), None)
    if place is None:
        raise _none(dataset, "no such release was staged")
    if path == MANIFEST_NAME:  # staging reads it too, but it names itself nowhere, nor its digest
        raise _none(dataset, "the release has no such file")
    try:
        return open_staging(place).read_file(dataset, release, path)
    except InputError as error:
        raise _none(dataset, error.what) from None


def media_type(ledger: Ledger, dataset: str, release: str, path: str) -> str:
    """What kind of file the manifest says it is."""
    place = next(entry.staging for entry in ledger.releases(dataset) if entry.release == release)
    manifest: Manifest = open_staging(place).read_manifest(dataset, release)
    return next(file.media_type for file in manifest.files if file.path == path)


def _none(dataset: str, what: str) -> OpendataError:
    return InputError(
        what,
        remedy="Open the dataset's page and choose one of its releases or runs.",
        slug="evidence-unknown",
        place=Place(dataset=dataset),
    )
