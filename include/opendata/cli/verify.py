"""``bin/opendata verify``: read staged releases back, byte by byte, and compare them with what is recorded of them.

Exit code 3 when anything drifted: what the public is offered is not what was approved.
"""

from __future__ import annotations

import json as jsonlib
import sys
from typing import Annotated

import typer

from include.opendata import places
from include.opendata.cli.options import located
from include.opendata.errors import EXIT_REFUSED
from include.opendata.pipeline.releases import verify as read_back
from include.opendata.staging import open_staging


def verify(
    id: Annotated[str, typer.Argument(metavar="ID", help="The dataset's id: the name of its folder.")],
    release: Annotated[str | None, typer.Argument(metavar="[RELEASE]", help="Default: the current release.")] = None,
    all: Annotated[bool, typer.Option("--all", help="Every release of the dataset in staging.")] = False,
    staging: Annotated[str | None, typer.Option(metavar="URL", help="Where it is staged. Default: ./staging.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")] = False,
):
    """Re-hash what is staged and compare it with manifest, pointer, catalog and ledger."""

    address = located(staging) or places.staging()
    wanted: list[str | None] = [*open_staging(address).releases(id)] if all and release is None else []
    found = [read_back(id, address, name) for name in wanted or [release]]
    if json:
        releases = [
            {"release": name, "drift": [{"slug": d.slug, "path": d.path, "sentence": d.sentence} for d in drifted]}
            for name, drifted in found
        ]
        answer = {"dataset": id, "staging": address, "releases": releases}
        sys.stdout.write(jsonlib.dumps(answer, indent=2, ensure_ascii=False) + "\n")
    else:
        for name, drifted in found:
            said = "as it was staged" if not drifted else f"DRIFTED in {len(drifted)} place(s)"
            lines = [f"{id} · release {name} · {said}", *(f"  - {d.path}: {d.sentence}" for d in drifted)]
            sys.stdout.write("\n".join(lines) + "\n")
    if any(drifted for _, drifted in found):
        raise typer.Exit(EXIT_REFUSED)
