"""``bin/opendata refresh``: all steps of a refresh one after the other, without Airflow."""

from __future__ import annotations

from typing import Annotated

import typer

from include.opendata.cli.options import DatasetId, Json, SourceAddress, StagingAddress, WholeSource, located, person
from include.opendata.cli.output import report_step
from include.opendata.cli.release_view import print_preview, print_summary
from include.opendata.pipeline.refresh import RefreshRequest, run_refresh


def refresh(
    id: DatasetId,
    source: SourceAddress = None,
    staging: StagingAddress = None,
    whole: WholeSource = False,
    accept_changes: Annotated[
        str | None,
        typer.Option(metavar="WHY", help="Accept the changes an earlier run was refused for, having looked at them."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Go on and stage again although nothing has changed.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Everything but staging, as `preview` does.")] = False,
    only: Annotated[
        str | None, typer.Option(metavar="TABLE", help="This table alone may change; refuse if another one would.")
    ] = None,
    note: Annotated[str | None, typer.Option(metavar="TEXT", help="Why; kept in the ledger.")] = None,
    json: Json = False,
) -> None:
    """Refresh a dataset: from its source to a release in staging."""
    request = RefreshRequest(
        id, source=located(source), staging=located(staging), whole=whole, accept_changes=accept_changes, by=person(),
        preview=dry_run, force=force, only=only, note=note,
    )  # fmt: skip
    outcome = run_refresh(request, report_step)
    if dry_run:
        print_preview(outcome, json)
    else:
        print_summary([id], outcome.staging, {id: outcome.outcome}, json)
