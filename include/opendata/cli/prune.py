"""``bin/opendata prune``: remove old releases from staging, never the current one.

What they published stays in the ledger and the evidence store: new releases are attacked together with it.
"""

from __future__ import annotations

import json as jsonlib
import sys
from typing import Annotated

import typer

from include.opendata import places
from include.opendata.cli.options import located
from include.opendata.cli.rollback import person
from include.opendata.pipeline.releases import prune as remove


def prune(
    id: Annotated[str, typer.Argument(metavar="ID", help="The dataset's id: the name of its folder.")],
    keep: Annotated[int, typer.Option(metavar="N", help="How many of the newest releases to keep; 1 or more.")],
    staging: Annotated[str | None, typer.Option(metavar="URL", help="Where it is staged. Default: ./staging.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")] = False,
):
    """Remove all but the newest N releases of a dataset from staging; the current one always stays."""

    gone = remove(id, located(staging) or places.staging(), keep=keep, by=person())
    if json:
        sys.stdout.write(jsonlib.dumps({"dataset": id, "removed": gone}, indent=2) + "\n")
    else:
        lines = [f"{id} · release {release} · removed" for release in gone]
        sys.stdout.write("\n".join(lines or [f"{id}: there is nothing to remove"]) + "\n")
