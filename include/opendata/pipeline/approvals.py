"""Asking for approvals and making sure of them: what a run puts before its approvers, and what staging trusts.

A run states what is to be approved and its digest, counts the answers the ledger has for exactly that, and asks only the
roles still open. Signed forms of the declaration are bound to what they covered the first time a run met them, unless they
name it themselves. Staging reads the ledger; a task's state, which anybody with the right to it can set by hand, is no
evidence. Rules: Handbook, Governance.
"""

from __future__ import annotations

import datetime as dt
import getpass
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from include.opendata.declaration.dataset import Approval, Dataset
from include.opendata.errors import DeclarationError, Place
from include.opendata.gate.approval import (
    SECTION,
    RoleStatus,
    approved_facts,
    changes,
    digest_of,
    require_approved,
    role_statuses,
)
from include.opendata.gate.assessment import Assessment
from include.opendata.ledger import Ledger
from include.opendata.ledger.approvals import Answer, Choice, Request, answers, record_request, requests
from include.opendata.ledger.approvals import record_answer as record
from include.opendata.pipeline.run_context import Run, decide, open_run
from include.opendata.rules.release import permission_rules
from include.opendata.storage import RunArea
from include.opendata.storage.run_area import KEEP_UNTIL

_GRACE = dt.timedelta(days=2)


@dataclass(frozen=True)
class Position:
    """Where a dataset stands with its approvers: what is asked, how each role stands to it, what changed since the last
    time everything was approved (a sentence each; None: it never was)."""

    request: Request
    role_statuses: tuple[RoleStatus, ...]
    changes: tuple[str, ...] | None

    @property
    def open_roles(self) -> tuple[str, ...]:
        """The roles whose approval is not given, in the order they are asked."""
        return tuple(s.role for s in self.role_statuses if s.state != "given")


def request_approvals(run: Run, *, bind: bool = True) -> dict[str, Any]:
    """State what is to be approved and who has not approved it yet: ``digest`` ``level`` ``open`` ``changes`` ``first``
    ``answer_by`` ``tables``.

    ``open``: role → its name in plain words. ``bind`` False (a preview): the declaration's forms are not used up by it.
    Again in the same run it asks for the same.
    """

    declared, area, ledger = open_run(run)
    assessments = {
        table.table: Assessment.model_validate(area.read_json(f"assessment/{table.table}.json"))
        for table in declared.tables
    }
    schema = [(name, kind) for name, kind in area.read_json("snapshot.json")["schema"]]
    facts = json.loads(json.dumps(approved_facts(declared, assessments, schema)))
    first = next(iter(assessments.values()))
    now = dt.datetime.now(dt.UTC)
    asked = area.read_json("approval.json")["asked_at"] if area.has("approval.json") else _stamp(now)
    deadline = dt.datetime.fromisoformat(asked) + dt.timedelta(days=declared.approval_deadline.days)
    request = Request(
        dataset=declared.dataset,
        run_id=run["run_id"],
        digest=digest_of(facts),
        facts=facts,
        level=first.permission.level,
        required=first.permission.required_roles,
        release=area.read_json("release.json")["release"] if area.has("release.json") else None,
        asked_at=asked,
        answer_by=_stamp(deadline),
    )
    area.write_json("approval.json", {"digest": request.digest, "asked_at": asked})
    area.write_json(KEEP_UNTIL, (deadline + _GRACE).timestamp())
    record_request(ledger, request)
    if bind:
        _bind_declared(declared, request, ledger)
    found = position(declared, ledger, request)
    changed = found.changes if found.changes is not None else ()
    if found.open_roles:
        names = ", ".join(s.role_name for s in found.role_statuses if s.state != "given")
        since = f" Changed since the last approval: {' '.join(changed)}" if changed else ""
        decide(run, "request_approvals", "approval-asked", f"Approval is asked of: {names}.{since}", section=SECTION)
    return {
        "digest": request.digest,
        "level": request.level,
        "open": {s.role: s.role_name for s in found.role_statuses if s.state != "given"},
        "changes": list(changed),
        "first": found.changes is None,
        "answer_by": request.answer_by,
        "tables": {
            name: {"title": declared.table(name).title, "conclusion": a.conclusion, "score": _score_lines(a)}
            for name, a in assessments.items()
        },
    }


def approval_needed(run: Run, role: str) -> bool:
    """Whether a role is still to be asked: somebody may have recorded its signed form meanwhile."""
    declared, area, ledger = open_run(run)
    return role in position(declared, ledger, _asked(area, ledger, run)).open_roles


def record_answer(
    run: Run, role: str, *, choice: Choice, name: str, identity: str, comment: str, given_on: str
) -> None:
    """Record what a person answered in Airflow: ``identity`` is the user, ``given_on`` a time in UTC, ISO 8601."""

    declared, area, ledger = open_run(run)
    request = _asked(area, ledger, run)
    record(
        ledger,
        Answer(
            dataset=declared.dataset,
            role=role,
            choice=choice,
            name=name,
            via="airflow",
            given_on=given_on,
            digest=request.digest,
            identity=identity,
            comment=comment,
            run_id=run["run_id"],
        ),
    )
    said = "approved" if choice == "approve" else "rejected"
    sentence = f"{name} {said} it as {permission_rules().roles[role]}." + (f" Comment: {comment}" if comment else "")
    decide(run, "ask_approvers", f"{said}-by-{role.replace('_', '-')}", sentence, section=SECTION)


def check_approvals(run: Run) -> dict[str, Any]:
    """Refuse unless every approval the permission level asks for is in the ledger, given for exactly what is to be
    published, and still valid. Raises Refused (``approval-missing``, ``approval-rejected``)."""

    declared, area, ledger = open_run(run)
    if not area.has("approval.json"):
        request_approvals(run)
    found = position(declared, ledger, _asked(area, ledger, run))
    require_approved(found.role_statuses, Place(dataset=declared.dataset), digest=found.request.digest)
    decide(
        run,
        "check_approvals",
        "approved",
        f"Every approval that level {found.request.level} asks for is given for what is to be published "
        f"({found.request.digest[:12]}).",
        section=SECTION,
    )
    return {"approved": True, "digest": found.request.digest}


def approve_by_form(
    dataset: Dataset,
    ledger: Ledger,
    *,
    role: str,
    name: str,
    reference: str,
    signed_on: dt.date,
    expires: dt.date | None = None,
    covers: str | None = None,
    reject: bool = False,
    comment: str = "",
) -> Position:
    """Record a signed form for what was last put before the approvers, or for what ``covers`` names (12 digits or more of
    its digest). Raises DeclarationError when nothing was asked yet, the digest is unknown or the role is not asked."""

    place = Place(dataset=dataset.dataset)
    asked = requests(ledger, dataset.dataset)
    if covers is not None:
        asked = [request for request in asked if len(covers) >= 12 and request.digest.startswith(covers)]
    if not asked:
        raise DeclarationError(
            "nothing was put before the approvers yet" if covers is None else "nothing with this digest was ever asked",
            remedy=f"Run `bin/opendata preview {dataset.dataset}` and look at its evidence page first; "
            f"`bin/opendata approvals {dataset.dataset}` then shows what is to be approved.",
            slug="approval-not-asked",
            place=place,
        )
    request = asked[0]
    if role not in request.required:
        raise DeclarationError(
            f"the role {role!r} is not asked for at level {request.level}",
            remedy=f"Use one of: {', '.join(request.required) or 'none, for this level is never published'}.",
            slug="role-not-asked",
            place=place,
        )
    record(
        ledger,
        Answer(
            dataset=dataset.dataset,
            role=role,
            choice="reject" if reject else "approve",
            name=name,
            via="form",
            given_on=signed_on.isoformat(),
            digest=request.digest,
            identity=_operating_system_user(),
            reference=reference,
            comment=comment,
            expires_on=expires.isoformat() if expires else None,
        ),
    )
    return position(dataset, ledger, request)


def position(dataset: Dataset, ledger: Ledger, request: Request) -> Position:
    """Where a dataset stands with its approvers for one request, today. A form taken out of the declaration counts no more."""

    forms = {_signature(form) for form in dataset.approvals}
    given = [a for a in answers(ledger, dataset.dataset) if a.via != "declaration" or _as_signed(a) in forms]
    today = dt.datetime.now(dt.UTC).date()
    now = role_statuses(request.required, given, request.digest, today=today)
    if request.digest in (known := _approved_before(given, requests(ledger, dataset.dataset), today)):
        return Position(request, now, ())
    before = next(iter(known.values()), None)
    return Position(request, now, None if before is None else changes(before, request.facts))


def _approved_before(given: list[Answer], asked: list[Request], today: dt.date) -> dict[str, Mapping[str, Any]]:
    """Digest → facts of everything that was once approved by all its roles, the newest first."""

    found: dict[str, Mapping[str, Any]] = {}
    for request in asked:
        states = role_statuses(request.required, given, request.digest, today=today)
        if states and all(s.state in ("given", "expired") for s in states):
            found.setdefault(request.digest, request.facts)
    return found


def _bind_declared(declared: Dataset, request: Request, ledger: Ledger) -> None:
    """Record each signed form of the declaration once, for what it names or for what is asked when it is first met."""
    from include.opendata.ledger.approvals import Answer, answers, record_answer

    met = {_as_signed(a) for a in answers(ledger, declared.dataset) if a.via == "declaration"}
    for form in declared.approvals:
        if form.covers is None and _signature(form) in met:
            continue
        if form.covers is not None and not request.digest.startswith(form.covers):
            continue
        record_answer(
            ledger,
            Answer(
                dataset=declared.dataset,
                role=form.role,
                choice="approve",
                name=form.name,
                via="declaration",
                given_on=form.date.isoformat(),
                digest=request.digest,
                reference=form.reference,
                expires_on=form.expires.isoformat() if form.expires else None,
            ),
        )


def _signature(form: Approval) -> tuple[str, ...]:
    return form.role, form.name, form.date.isoformat(), form.reference


def _as_signed(answer: Answer) -> tuple[str, ...]:
    return answer.role, answer.name, answer.given_on, answer.reference


def _asked(area: RunArea, ledger: Ledger, run: Run) -> Request:

    digest = area.read_json("approval.json")["digest"]
    return next(r for r in requests(ledger, run["dataset"]) if (r.run_id, r.digest) == (run["run_id"], digest))


def _score_lines(assessment: Any) -> list[str]:
    if assessment.score is None:
        return []
    lines = [f"{c.variable}: {c.score} ({c.band})" for c in assessment.score.components]
    return [f"Score {assessment.score.total}", *lines]


def _operating_system_user() -> str:

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _stamp(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
