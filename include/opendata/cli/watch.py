"""``bin/opendata watch``: the daily look, by hand. Exit code 3 when something needs a person."""

from __future__ import annotations

import datetime as dt
import json as jsonlib
import os
import sys
from typing import Annotated

import typer

from include.opendata import places
from include.opendata.cli.options import located
from include.opendata.cli.publish import TOKEN
from include.opendata.declaration.light import declared_ids
from include.opendata.errors import EXIT_REFUSED
from include.opendata.ledger import open_ledger
from include.opendata.monitoring.checks import portal_check, staging_check
from include.opendata.monitoring.digest import text
from include.opendata.monitoring.watch import find_problems
from include.opendata.portals.ckan import PortalAccess


def watch(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Default: every declared dataset.")] = None,
    staging: Annotated[
        str | None, typer.Option(metavar="URL", help="Where releases are staged. Default: ./staging.")
    ] = None,
    portal: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Look at this portal too; token as for publish.", envvar="OPENDATA_PORTAL"),
    ] = None,
    profile: Annotated[str, typer.Option(metavar="NAME", help="The portal's package form: chhs or data_ca.")] = "chhs",
    organization: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The department's name on the portal. Default: made of the declared one."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")] = False,
):
    """What is late, changed without our knowledge, waiting or broken, over all datasets."""

    address = located(staging) or places.staging()
    checks = [("staging-drift", staging_check(address))]
    if portal:
        access = PortalAccess(portal, os.environ.get(TOKEN, ""))
        checks.append(("portal-drift", portal_check(address, access, profile=profile, organization=organization)))
    problems = find_problems(
        ids or declared_ids(),
        open_ledger(),
        now=dt.datetime.now(dt.UTC),
        checks=checks,
        progress=lambda what: _say(f"  {what} …"),
    )
    if json:
        listed = [{k: v for k, v in vars(p).items() if k != "people"} | {"people": list(p.people)} for p in problems]
        sys.stdout.write(jsonlib.dumps({"problems": listed}, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(text(problems) if problems else "Everything is as it should be.\n")
    if any(problem.severity == "error" for problem in problems):
        raise typer.Exit(EXIT_REFUSED)


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
