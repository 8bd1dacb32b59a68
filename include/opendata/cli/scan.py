"""``bin/opendata scan``: look for identifiers of persons in a source, without refreshing anything.

The source is read into a folder of the work area of its own, which is deleted again; nothing is told to the ledger.
"""

from __future__ import annotations

import json as jsonlib
import os
import sys
from typing import Annotated

import typer

from include.opendata.cli.options import located
from include.opendata.declaration.load import load
from include.opendata.identifiers import require_not_personal, scan_source
from include.opendata.sources import extract
from include.opendata.storage import RunArea
from include.opendata.warehouse import open_snapshot


def scan(
    id: Annotated[str, typer.Argument(metavar="ID", help="The dataset's id: the name of its folder.")],
    source: Annotated[
        str | None, typer.Option(metavar="PATH_OR_URL", help="Read the source from here instead of the declared place.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")] = False,
):
    """Look for names, numbers and addresses of persons in a dataset's source; refuse what is public and looks personal."""

    declared = load(id)
    area = RunArea(id, f"scan__{os.getpid()}")
    try:
        folder = area.path("snapshot", "raw").parent
        snapshot = extract(declared.source, dataset=id, location=located(source), into=folder)
        with open_snapshot(snapshot.parquet, dataset=id) as warehouse:
            found = scan_source(declared, warehouse)
    finally:
        area.remove()
    if json:
        sys.stdout.write(jsonlib.dumps(found.to_json(), indent=2, ensure_ascii=False) + "\n")
    else:
        lines = [found.conclusion, *(f"  {finding.severity}: {finding.sentence}" for finding in found.findings)]
        sys.stdout.write("\n".join(lines) + "\n")
    require_not_personal(found)
