"""``bin/opendata preview``: a refresh without approvals, staging and the portal."""

from __future__ import annotations

from include.opendata.cli.options import DatasetId, Json, SourceAddress, StagingAddress, WholeSource, located
from include.opendata.cli.output import report_step
from include.opendata.cli.release_view import print_preview
from include.opendata.pipeline.refresh import RefreshRequest, run_refresh


def preview(
    id: DatasetId,
    source: SourceAddress = None,
    staging: StagingAddress = None,
    whole: WholeSource = False,
    json: Json = False,
) -> None:
    """Everything a refresh does but staging it; the release is left in the work area to look at."""
    request = RefreshRequest(id, source=located(source), staging=located(staging), preview=True, whole=whole)
    outcome = run_refresh(request, report_step)
    print_preview(outcome, json)
