"""``bin/opendata publish``: put the current release of a dataset on an open data portal and read it back."""

from __future__ import annotations

import json as jsonlib
import os
import sys
from typing import Annotated, Any

import typer

from include.opendata.cli.options import located
from include.opendata.pipeline.publish import Publication, publish_on_portal
from include.opendata.portals.ckan import PortalAccess

TOKEN = "OPENDATA_PORTAL_TOKEN"  # noqa: S105 - the variable's name


def publish(
    id: Annotated[str, typer.Argument(metavar="ID", help="The dataset's id: the name of its folder.")],
    portal: Annotated[str, typer.Option(metavar="URL", help="The portal's address.", envvar="OPENDATA_PORTAL")],
    profile: Annotated[str, typer.Option(metavar="NAME", help="The portal's package form: chhs or data_ca.")] = "chhs",
    organization: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The department's name on the portal. Default: made of the declared one."),
    ] = None,
    staging: Annotated[
        str | None, typer.Option(metavar="URL", help="Where the release is staged. Default: ./staging.")
    ] = None,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", min=1, help="How long to wait for an answer.")] = 120,
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")] = False,
):
    """Publish a dataset's current release on a CKAN portal; what is there already is left alone.

    The token comes from the environment variable OPENDATA_PORTAL_TOKEN."""

    done = publish_on_portal(
        id,
        PortalAccess(portal, os.environ.get(TOKEN, ""), timeout=timeout),
        profile=profile,
        organization=organization,
        staging=located(staging),
        say=_say,
    )
    if json:
        sys.stdout.write(jsonlib.dumps(_view(done), indent=2) + "\n")
    else:
        sys.stdout.write("\n".join(_lines(done)) + "\n")


def _say(text: str) -> None:
    sys.stderr.write(f"  {text}\n")
    sys.stderr.flush()


def _view(done: Publication) -> dict[str, Any]:
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


def _table_view(done: Publication, name: str) -> dict[str, Any]:
    table = done.package.tables.get(name)
    if table is None:
        return {}
    return {"rows": table.rows, "added": table.added, "changed": table.changed, "removed": table.removed}


def _lines(done: Publication) -> list[str]:
    said = {"published": "published and read back", "unchanged": "was there already; nothing was sent"}[done.outcome]
    lines = [f"{done.dataset} · release {done.release} · {said}", f"  {done.package.address}"]
    for name in done.package.files:
        table = done.package.tables.get(name)
        rows = ""
        if table is not None:
            changes = f"{table.added:,} added, {table.changed:,} changed, {table.removed:,} removed"
            rows = f"  {table.rows:,} rows: {changes}"
        lines.append(f"  {'sent' if name in done.package.sent else 'same':<6}{name}{rows}")
    return lines
