"""``bin/opendata watch``: the daily checks, by hand. Exit code 3 when something needs a person."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from include.opendata import places
from include.opendata.cli.options import (
    Json,
    PortalOrganization,
    PortalProfile,
    StagingAddress,
    located,
    portal_token,
)
from include.opendata.cli.output import print_json, print_lines, report_step
from include.opendata.declaration.light import declared_ids
from include.opendata.errors import EXIT_REFUSED
from include.opendata.ledger import open_ledger
from include.opendata.monitoring.checks import portal_check, staging_check
from include.opendata.monitoring.digest import text
from include.opendata.monitoring.watch import find_problems
from include.opendata.portals.ckan import PortalAccess
from include.opendata.storage.clock import utc_now


def watch(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Default: every declared dataset.")] = None,
    staging: StagingAddress = None,
    portal: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Look at this portal too; token as for publish.", envvar="OPENDATA_PORTAL"),
    ] = None,
    profile: PortalProfile = "chhs",
    organization: PortalOrganization = None,
    json: Json = False,
) -> None:
    """What is late, changed without our knowledge, waiting or broken, over all datasets."""
    address = located(staging) or places.staging()
    checks = [("staging-drift", staging_check(address))]
    if portal:
        access = PortalAccess(portal, portal_token())
        checks.append(("portal-drift", portal_check(address, access, profile=profile, organization=organization)))
    problems = find_problems(ids or declared_ids(), open_ledger(), now=utc_now(), checks=checks, progress=report_step)
    if json:
        print_json({"problems": [asdict(problem) for problem in problems]})
    else:
        print_lines([text(problems).rstrip("\n") if problems else "Everything is as it should be."])
    if any(problem.severity == "error" for problem in problems):
        raise typer.Exit(EXIT_REFUSED)
