"""``bin/opendata rollback``: make an earlier release the current one again, its data and its metadata.

The move is recorded in the ledger with who asked for it and why. A refresh does not stage the same again by itself
(``pipeline.releases``).
"""

from __future__ import annotations

from typing import Annotated

import typer

from include.opendata import places
from include.opendata.cli.options import DatasetId, Json, StagingAddress, located, person
from include.opendata.cli.output import print_json, print_lines
from include.opendata.ledger import open_ledger
from include.opendata.pipeline.releases import roll_back


def rollback(
    id: DatasetId,
    to: Annotated[
        str | None,
        typer.Option(metavar="RELEASE", help="The release to make current. Default: the one the current one followed."),
    ] = None,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; kept in the ledger.")] = "",
    staging: StagingAddress = None,
    json: Json = False,
) -> None:
    """Make an earlier release the current one again, data and metadata; or restore one that was rolled back."""
    done = roll_back(id, located(staging) or places.staging(), to=to, by=person(), reason=reason)
    if json:
        print_json({"dataset": id, "release": done.release, "previous": done.previous, "action": done.action})
        return
    if done.previous == done.release:
        moved = "is the current one already"
    else:
        moved = "· rolled back from " if done.action == "rollback" else "· restored; before it the current one was "
        moved += str(done.previous)
    print_lines([f"{id} · release {done.release} {moved}", *_other_portals(id, done.release)])


def _other_portals(dataset: str, release: str) -> list[str]:
    """A line for each portal that still shows another release: portals do not follow by themselves."""
    shown_on = open_ledger().portal_publications.shown_on(dataset)
    return [
        f"  {portal} still shows release {shown}: run `bin/opendata publish {dataset}`"
        for portal, shown in sorted(shown_on.items())
        if shown != release
    ]
