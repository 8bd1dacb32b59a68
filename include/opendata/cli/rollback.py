"""``bin/opendata rollback``: make an earlier release the current one again, its data and its metadata.

The move is recorded in the ledger with who asked for it and why. A refresh does not stage the same again by itself
(``pipeline.releases``).
"""

from __future__ import annotations

import getpass
import json as jsonlib
import os
import sys
from typing import Annotated

import typer

from include.opendata import places
from include.opendata.cli.options import located
from include.opendata.ledger import open_ledger
from include.opendata.pipeline.releases import roll_back


def rollback(
    id: Annotated[str, typer.Argument(metavar="ID", help="The dataset's id: the name of its folder.")],
    to: Annotated[
        str | None, typer.Option(metavar="RELEASE", help="Default: the release the current one followed.")
    ] = None,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; kept in the ledger.")] = "",
    staging: Annotated[str | None, typer.Option(metavar="URL", help="Where it is staged. Default: ./staging.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")] = False,
):
    """Make an earlier release the current one again, data and metadata; or restore one that was rolled back."""

    done = roll_back(id, located(staging) or places.staging(), to=to, by=person(), reason=reason)
    if json:
        answer = {"dataset": id, "release": done.release, "previous": done.previous, "action": done.action}
        sys.stdout.write(jsonlib.dumps(answer, indent=2) + "\n")
    elif done.previous == done.release:
        sys.stdout.write(f"{id} · release {done.release} is the current one already\n")
    else:
        said = "rolled back from" if done.action == "rollback" else "restored; before it the current one was"
        sys.stdout.write(f"{id} · release {done.release} · {said} {done.previous}\n")
    if not json:
        _tell_of_portals(id, done.release)


def _tell_of_portals(dataset: str, release: str) -> None:
    """The portals that still show another release: they do not follow by themselves."""

    for portal, shown in sorted(open_ledger().portal_publications.shown_on(dataset).items()):
        if shown != release:
            sys.stdout.write(f"  {portal} still shows release {shown}: run `bin/opendata publish {dataset}`\n")


def person() -> str:
    """Who is at the command line, for the ledger."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user need not have a name
        return f"user {os.getuid()}"
