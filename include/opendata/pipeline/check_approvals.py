"""The step ``check_approvals``: every approval the permission level asks for is in the ledger, or nothing is staged."""

from __future__ import annotations

from include.opendata.errors import Place
from include.opendata.gate.approval import SECTION, require_approved
from include.opendata.pipeline import request_approvals
from include.opendata.pipeline.approvals import position, request_of
from include.opendata.pipeline.records import ApprovalRecord
from include.opendata.pipeline.results import Approved
from include.opendata.pipeline.run import Run
from include.opendata.pipeline.run_context import open_run


def perform(run: Run) -> Approved:
    """Refuse unless every approval is given for exactly what is to be published, and still valid.

    Raises Refused (``approval-missing``, ``approval-rejected``).
    """
    opened = open_run(run)
    if not ApprovalRecord.is_in(opened.area):
        request_approvals.perform(run)
    asked = position(opened.declared, opened.ledger, request_of(opened))
    require_approved(asked.role_statuses, Place(dataset=run.dataset), digest=asked.request.digest)
    opened.decide(
        "check_approvals",
        "approved",
        f"Every approval that level {asked.request.level} asks for is given for what is to be published "
        f"({asked.request.digest[:12]}).",
        section=SECTION,
    )
    return Approved(digest=asked.request.digest)
