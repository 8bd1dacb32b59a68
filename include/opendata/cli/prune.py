"""``bin/opendata prune``: remove old releases from staging, never the current one.

What they published stays in the ledger and the evidence store: new releases are attacked together with it.
"""

from __future__ import annotations

from typing import Annotated

import typer

from include.opendata import places
from include.opendata.cli.options import DatasetId, Json, StagingAddress, located, person
from include.opendata.cli.output import print_json, print_lines
from include.opendata.pipeline.releases import prune as prune_releases


def prune(
    id: DatasetId,
    keep: Annotated[int, typer.Option(metavar="N", help="How many of the newest releases to keep; 1 or more.")],
    staging: StagingAddress = None,
    json: Json = False,
) -> None:
    """Remove all but the newest N releases of a dataset from staging; the current one always stays."""
    removed = prune_releases(id, located(staging) or places.staging(), keep=keep, by=person())
    if json:
        print_json({"dataset": id, "removed": removed})
    else:
        lines = [f"{id} · release {release} · removed" for release in removed]
        print_lines(lines or [f"{id}: there is nothing to remove"])
