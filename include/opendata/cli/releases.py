"""``bin/opendata releases``: what is in staging of a dataset, the newest first, and what became of it."""

from __future__ import annotations

import json as jsonlib
import sys
from typing import Annotated, Any

import typer

from include.opendata import places
from include.opendata.cli.options import located
from include.opendata.declaration.load import load
from include.opendata.ledger import open_ledger
from include.opendata.pipeline.releases import withdrawn_releases
from include.opendata.staging import open_staging


def releases(
    id: Annotated[str, typer.Argument(metavar="ID", help="The dataset's id: the name of its folder.")],
    staging: Annotated[str | None, typer.Option(metavar="URL", help="Where it is staged. Default: ./staging.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")] = False,
):
    """List a dataset's releases in staging, the newest first: which is the current one, which were rolled back."""

    address = located(staging) or places.staging()
    rows = release_rows(id, address)
    if json:
        sys.stdout.write(jsonlib.dumps({"dataset": id, "releases": rows}, indent=2, ensure_ascii=False) + "\n")
        return
    lines = [f"{id} has no release in {address} yet."]
    if rows:
        lines = ["release           made                  tables    rows  hidden  ", *map(_line, rows)]
    sys.stdout.write("\n".join(lines) + "\n")


def release_rows(dataset: str, address: str) -> list[dict[str, Any]]:
    """The releases of ``dataset`` in staging, the newest first."""

    load(dataset)  # a slip in the name is said, not answered with an empty list
    place = open_staging(address)
    current = place.current(dataset)
    withdrawn = withdrawn_releases(dataset, place, open_ledger())
    rows = []
    for release in place.releases(dataset):
        manifest = place.read_manifest(dataset, release)
        move = withdrawn.get(release)
        rows.append(
            {
                "release": release,
                "started_at": manifest.run.started_at,
                "previous": manifest.previous_release,
                "tables": len(manifest.tables),
                "rows": sum(t.rows for t in manifest.tables),
                "hidden": sum(t.small + t.complementary for t in manifest.tables),
                "current": current == release,
                "rolled_back": None
                if move is None
                else {"at": move.done_at, "by": move.by, "reason": move.reason, "to": move.to_release},
            }
        )
    return sorted(rows, key=lambda row: str(row["started_at"]), reverse=True)


def _line(row: dict[str, Any]) -> str:
    became = "current" if row["current"] else ""
    if row["rolled_back"]:
        became = f"rolled back at {row['rolled_back']['at']} by {row['rolled_back']['by']}"
        became += f": {row['rolled_back']['reason']}" if row["rolled_back"]["reason"] else ""
    figures = f"{row['tables']:>6}{row['rows']:>8}{row['hidden']:>8}"
    return f"{row['release']:<18}{row['started_at']:<22}{figures}  {became}".rstrip()
