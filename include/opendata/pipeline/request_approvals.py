"""The step ``request_approvals``: what a run puts before its approvers, and which roles have not approved it yet.

It states what is to be approved and its digest, counts the answers the ledger has for exactly that, and asks only the roles
still open. Rules: Handbook, Governance.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping

from include.opendata.gate.approval import SECTION, approved_facts, digest_of
from include.opendata.gate.assessment import Assessment
from include.opendata.ledger.approvals import Request, record_request
from include.opendata.pipeline.approvals import Position, bind_declared_forms, position
from include.opendata.pipeline.records import ApprovalRecord, ReleaseRecord, SnapshotRecord, read_assessment
from include.opendata.pipeline.results import ApprovalsAsked, TableToApprove
from include.opendata.pipeline.run import Run
from include.opendata.pipeline.run_context import OpenRun, open_run
from include.opendata.storage.clock import stamp, utc_now
from include.opendata.storage.run_area import KEEP_UNTIL

_GRACE = dt.timedelta(days=2)
"""How long past the deadline the work area of a run that waits is kept: the last answer may come late in the day."""


def perform(run: Run) -> ApprovalsAsked:
    """Ask. Again in the same run it asks for the same; a preview does not use up the declaration's signed forms."""
    opened = open_run(run)
    assessments = {name: read_assessment(opened.area, name) for name in opened.tables}
    request = _request(opened, assessments)
    record_request(opened.ledger, request)
    if not run.preview:
        bind_declared_forms(opened.declared, request, opened.ledger)
    asked = position(opened.declared, opened.ledger, request)
    changed = asked.changes or ()
    _decide(opened, asked, changed)
    return ApprovalsAsked(
        digest=request.digest,
        level=request.level,
        open_roles=asked.open_roles,
        changes=changed,
        first=asked.changes is None,
        answer_by=request.answer_by,
        tables={
            name: TableToApprove(
                title=opened.declared.table(name).title,
                conclusion=assessment.conclusion,
                score=_score_lines(assessment),
            )
            for name, assessment in assessments.items()
        },
    )


def _request(opened: OpenRun, assessments: Mapping[str, Assessment]) -> Request:
    """What is to be approved; leaves in the work area that it was asked, and how long the run waits."""
    declared, area = opened.declared, opened.area
    covered = approved_facts(declared, assessments, SnapshotRecord.read(area).columns)
    facts = json.loads(json.dumps(covered))  # as the ledger gives them back
    asked_at = ApprovalRecord.read(area).asked_at if ApprovalRecord.is_in(area) else _stamp(utc_now())
    deadline = dt.datetime.fromisoformat(asked_at) + dt.timedelta(days=declared.approval_deadline.days)
    permission = next(iter(assessments.values())).permission
    request = Request(
        dataset=declared.dataset,
        run_id=opened.run.run_id,
        digest=digest_of(facts),
        facts=facts,
        level=permission.level,
        required=permission.required_roles,
        release=ReleaseRecord.read(area).release if ReleaseRecord.is_in(area) else None,
        asked_at=asked_at,
        answer_by=_stamp(deadline),
    )
    ApprovalRecord(digest=request.digest, asked_at=asked_at).write(area)
    area.write_json(KEEP_UNTIL, (deadline + _GRACE).timestamp())
    return request


def _decide(opened: OpenRun, asked: Position, changed: tuple[str, ...]) -> None:
    if asked.open_roles:
        names = ", ".join(asked.open_roles.values())
        since = f" Changed since the last approval: {' '.join(changed)}" if changed else ""
        sentence = f"Approval is asked of: {names}.{since}"
        opened.decide("request_approvals", "approval-asked", sentence, section=SECTION)


def _score_lines(assessment: Assessment) -> tuple[str, ...]:
    if assessment.score is None:
        return ()
    lines = [f"{c.variable}: {c.score} ({c.band})" for c in assessment.score.components]
    return (f"Score {assessment.score.total}", *lines)


def _stamp(moment: dt.datetime) -> str:
    return stamp(moment)
