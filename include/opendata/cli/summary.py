"""``bin/opendata summary``: what is current in staging, of one dataset or of all."""

from __future__ import annotations

from typing import Annotated

import typer

from include.opendata import places
from include.opendata.cli.options import Json, StagingAddress, located
from include.opendata.cli.release_view import print_summary
from include.opendata.declaration.light import declared_ids


def summary(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...")] = None,
    staging: StagingAddress = None,
    json: Json = False,
) -> None:
    """What is in staging, table by table: rows, score, cells suppressed, where files and evidence are."""
    print_summary(ids or declared_ids(), located(staging) or places.staging(), {}, json)
