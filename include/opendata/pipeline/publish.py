"""The story of one publication: the current release of a dataset, from staging onto a portal, recorded in the ledger.

The ledger knows of an attempt before anything is sent, and how it ended. If the portal, read back, does not show what was
sent, the release it showed before is put back from staging, and the error stays an error. How a package gets onto the portal
is decided in ``portal``; which release is the current one, in staging: after a rollback it is the older one that is
published, data and metadata.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from include.opendata import places
from include.opendata.errors import DeclarationError, OpendataError, Place, StorageError
from include.opendata.ledger import Decision, PortalPublication, open_ledger
from include.opendata.pipeline.results import PublishedOnPortal
from include.opendata.pipeline.run import Run
from include.opendata.portals.ckan import (
    DCAT_METADATA,
    PACKAGE_METADATA,
    PortalAccess,
    PublishedPackage,
    publish_package,
    wanted_package,
)
from include.opendata.rules.portal import PORTAL_PROFILES, portal_profile
from include.opendata.staging import Staging, open_staging

Report = Callable[[str], None]


@dataclass(frozen=True)
class PortalTarget:
    """The portal to publish on. ``organization``: the department's name there, where it is not made of the declared one."""

    access: PortalAccess
    profile: str = "chhs"
    organization: str | None = None


@dataclass(frozen=True)
class Publication:
    """How a publication ended: ``published``, or ``unchanged`` when the portal showed all of it already."""

    dataset: str
    release: str
    outcome: str
    package: PublishedPackage


def publish_on_portal(
    dataset: str,
    access: PortalAccess,
    *,
    profile: str = "chhs",
    organization: str | None = None,
    staging: str | None = None,
    report: Report = lambda text: None,
) -> Publication:
    """Publish the current release of ``dataset``. ``staging``: an address · ``organization``: the department's name on the
    portal, where it is not the declared one's.

    Raises the OpendataError that stopped it, after recording it in the ledger; docs/portal.md lists them.
    """
    if profile not in PORTAL_PROFILES:
        raise DeclarationError(
            "there is no such portal profile",
            remedy=f"Choose one of: {', '.join(PORTAL_PROFILES)}.",
            slug="portal-profile-unknown",
            place=Place(dataset=dataset),
        )
    address = staging or places.staging()
    place = open_staging(address)
    release = place.read_manifest(dataset).release
    known = open_ledger().portal_publications
    asked = PortalPublication(dataset, release, address, access.url.rstrip("/"), profile, organization)
    before = known.last_shown(dataset, asked.portal)
    try:
        package = _attempt(place, access, asked, was_public=before is not None, report=report)
    except StorageError as error:
        if error.slug != "portal-mismatch":
            raise
        raise _after_restoring(error, place, access, asked, before, report) from None
    return Publication(dataset, release, "published" if package.changed else "unchanged", package)


def publish_current(run: Run, target: PortalTarget) -> PublishedOnPortal:
    """The step ``publish``: publish what is now the current release, if the portal does not show it."""
    done = publish_on_portal(
        run.dataset,
        target.access,
        profile=target.profile,
        organization=target.organization,
        staging=run.staging,
        report=_log,
    )
    shown = "is on the portal" if done.outcome == "published" else "was on the portal already, every file and row"
    decision = Decision("publish", done.outcome, f"Release {done.release} {shown}.", figures=_figures(done.package))
    ledger = open_ledger()
    if ledger.run(run.dataset, run.run_id) is not None:
        ledger.decide(run.dataset, run.run_id, [decision])
    return PublishedOnPortal(release=done.release, outcome=done.outcome, package=done.package.id)


def _attempt(
    place: Staging,
    access: PortalAccess,
    asked: PortalPublication,
    *,
    was_public: bool,
    report: Report,
    restoring: bool = False,
) -> PublishedPackage:
    """Publish one release and record it in the ledger, before and after."""
    known = open_ledger().portal_publications
    row = known.begin(asked)
    dataset, release = asked.dataset, asked.release
    try:
        wanted = wanted_package(
            place.read_manifest(dataset, release),
            json.loads(place.read_file(dataset, release, PACKAGE_METADATA)),
            json.loads(place.read_file(dataset, release, DCAT_METADATA)),
            portal_profile(asked.profile),
            organization=asked.organization,
        )
        shown = known.last_shown(dataset, asked.portal)
        package = publish_package(
            access,
            wanted
            if shown is None
            else replace(wanted, adopted=frozenset(shown.figures.get("resources", {}).values())),
            lambda path, into: place.fetch_file(dataset, release, path, into),
            report,
            was_public=was_public,
        )
    except OpendataError as error:
        known.end(row, "failed", message=str(error), figures={"slug": error.slug})
        raise
    except Exception:
        known.end(row, "failed", message="an unexpected error; its message is withheld because it may quote a record")
        raise
    known.end(
        row,
        "restored" if restoring else "published" if package.changed else "unchanged",
        package=package.id,
        figures=_figures(package),
    )
    return package


def _after_restoring(
    error: StorageError,
    place: Staging,
    access: PortalAccess,
    asked: PortalPublication,
    before: PortalPublication | None,
    report: Report,
) -> StorageError:
    """Put back what the portal showed before, if that is known and still staged; the error, with what became of it."""
    if before is None:
        return _with(error, "the package was not shown before, and is still private")
    if before.release == asked.release or before.release not in place.releases(asked.dataset):
        return _with(error, "the portal may show parts of two releases; there is none to put back")
    report(f"putting release {before.release} back")
    earlier = replace(asked, release=before.release, profile=before.profile, organization=before.organization)
    try:
        _attempt(place, access, earlier, was_public=True, report=report, restoring=True)
    except OpendataError as failed:
        return _with(error, f"release {before.release} could not be put back either: {failed.what}")
    return _with(error, f"release {before.release} is shown again, as before")


def _with(error: StorageError, became: str) -> StorageError:
    return StorageError(
        error.what, remedy=error.remedy, slug=error.slug, place=error.place, details=(*error.details, became)
    )


def _figures(package: PublishedPackage) -> dict[str, Any]:
    tables = package.tables.items()
    return {
        "address": package.address,
        "resources": dict(package.files),
        "sent": list(package.sent),
        "tables": {
            n: {"rows": t.rows, "added": t.added, "changed": t.changed, "removed": t.removed} for n, t in tables
        },
    }


def _log(text: str) -> None:
    logging.getLogger(__name__).info(text)
