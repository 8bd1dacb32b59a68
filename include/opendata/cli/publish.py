"""``bin/opendata publish``: put the current release of a dataset on an open data portal and read it back."""

from __future__ import annotations

from typing import Annotated

import typer

from include.opendata.cli.options import (
    DatasetId,
    Json,
    PortalOrganization,
    PortalProfile,
    StagingAddress,
    located,
    portal_token,
)
from include.opendata.cli.output import print_json, print_lines, report
from include.opendata.pipeline.publish import Publication, publish_on_portal
from include.opendata.portals.ckan import PortalAccess


def publish(
    id: DatasetId,
    portal: Annotated[str, typer.Option(metavar="URL", help="The portal's address.", envvar="OPENDATA_PORTAL")],
    profile: PortalProfile = "chhs",
    organization: PortalOrganization = None,
    staging: StagingAddress = None,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", min=1, help="How long to wait for an answer.")] = 120,
    json: Json = False,
) -> None:
    """Publish a dataset's current release on a CKAN portal; what is already there stays as it is.

    The token comes from the environment variable OPENDATA_PORTAL_TOKEN."""
    done = publish_on_portal(
        id,
        PortalAccess(portal, portal_token(), timeout=timeout),
        profile=profile,
        organization=organization,
        staging=located(staging),
        report=lambda text: report(f"  {text}"),
    )
    if json:
        print_json(_view(done))
    else:
        print_lines(_lines(done))


def _view(done: Publication) -> dict[str, object]:
    package = done.package
    return {
        "dataset": done.dataset,
        "release": done.release,
        "outcome": done.outcome,
        "address": package.address,
        "package": package.id,
        "files": [
            {"file": name, "resource": resource, "sent": name in package.sent} | _table_view(done, name)
            for name, resource in package.files.items()
        ],
    }


def _table_view(done: Publication, name: str) -> dict[str, object]:
    table = done.package.tables.get(name)
    if table is None:
        return {}
    return {"rows": table.rows, "added": table.added, "changed": table.changed, "removed": table.removed}


def _lines(done: Publication) -> list[str]:
    outcome = {"published": "published and read back", "unchanged": "was there already; nothing was sent"}[done.outcome]
    lines = [f"{done.dataset} · release {done.release} · {outcome}", f"  {done.package.address}"]
    for name in done.package.files:
        table = done.package.tables.get(name)
        rows = ""
        if table is not None:
            changes = f"{table.added:,} added, {table.changed:,} changed, {table.removed:,} removed"
            rows = f"  {table.rows:,} rows: {changes}"
        lines.append(f"  {'sent' if name in done.package.sent else 'same':<6}{name}{rows}")
    return lines
