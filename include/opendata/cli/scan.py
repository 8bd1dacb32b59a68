"""``bin/opendata scan``: look for identifiers of persons in a source, without refreshing anything.

The source is read into its own folder of the work area, which is deleted again; nothing is recorded in the ledger.
"""

from __future__ import annotations

import os

import typer

from include.opendata.cli.options import DatasetId, Json, SourceAddress, located
from include.opendata.cli.output import print_json, print_lines, report
from include.opendata.declaration.load import load
from include.opendata.errors import Refused
from include.opendata.identifiers import require_not_personal, scan_source
from include.opendata.sources import extract
from include.opendata.storage import RunArea
from include.opendata.warehouse import open_snapshot


def scan(
    id: DatasetId,
    source: SourceAddress = None,
    json: Json = False,
) -> None:
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
        print_json(found.to_json())
    else:
        print_lines([found.conclusion, *(f"  {finding.severity}: {finding.sentence}" for finding in found.findings)])
    try:
        require_not_personal(found)
    except Refused as refused:  # the answer is on standard output already, and says why
        report(str(refused))
        raise typer.Exit(refused.exit_code) from None
