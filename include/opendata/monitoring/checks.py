"""The two places the daily watch looks at beyond the ledger: staging against its manifests, the portal against staging."""

from __future__ import annotations

import json
from functools import cache

from include.opendata.declaration.dataset import Dataset
from include.opendata.errors import OpendataError
from include.opendata.ledger import open_ledger
from include.opendata.monitoring.watch import Check
from include.opendata.pipeline.releases import verify
from include.opendata.portals.ckan import DCAT_METADATA, PACKAGE_METADATA, PortalAccess, wanted_package
from include.opendata.portals.ckan.watching import portal_drift
from include.opendata.rules.portal import portal_profile
from include.opendata.staging import open_staging

SHOWN_AT_MOST = 5


def staging_check(address: str) -> Check:
    """Every byte of the current release against its manifest, the pointer and the catalog; nothing staged is nothing wrong.

    The catalog is that of all datasets, so it is compared once, at the first of them, and reported at each.
    """

    @cache
    def catalog() -> list[str]:
        try:
            return [f"In staging, {drift.path}: {drift.sentence}" for drift in open_staging(address).catalog_drift()]
        except OpendataError as error:
            return [f"In staging, the catalog could not be compared: {error.what}."]

    def check(declared: Dataset) -> list[str]:
        if open_staging(address).current(declared.dataset) is None:
            return []
        release, drifted = verify(declared.dataset, address, with_catalog=False)
        sentences = [
            f"In staging, release {release}, {drift.path}: {drift.sentence}" for drift in drifted[:SHOWN_AT_MOST]
        ]
        more = [f"… and {len(drifted) - SHOWN_AT_MOST} more."] if len(drifted) > SHOWN_AT_MOST else []
        return [*sentences, *more, *catalog()]

    return check


def portal_check(
    address: str, access: PortalAccess, *, profile: str = "chhs", organization: str | None = None
) -> Check:
    """The portal's package against the current release in staging. A dataset that was never published there is left alone."""

    def check(declared: Dataset) -> list[str]:
        dataset, staging = declared.dataset, open_staging(address)
        shown = open_ledger().portal_publications.last_shown(dataset, access.url.rstrip("/"))
        current = staging.current(dataset)
        if shown is None or current is None:
            return []
        if shown.release != current:
            return [f"The portal shows release {shown.release}, and staging has {current}: publish it."]
        manifest = staging.read_manifest(dataset, current)
        wanted = wanted_package(
            manifest,
            json.loads(staging.read_file(dataset, current, PACKAGE_METADATA)),
            json.loads(staging.read_file(dataset, current, DCAT_METADATA)),
            portal_profile(profile),
            organization=organization,
        )
        rows = {f"data/{table.table}.csv": table.rows for table in manifest.tables}
        return [f"On the portal: {sentence}" for sentence in portal_drift(access, wanted, rows)]

    return check
