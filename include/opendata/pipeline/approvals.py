"""Where a dataset stands with its approvers: what was asked, how each role answered, and what signed forms add to it.

An approval counts only for exactly the digest it was given for. Signed forms of the declaration are bound to what they
covered the first time a run met them, unless they name it themselves. Staging reads the ledger; a task's state, which anybody
with the right to it can set by hand, is no evidence. Rules: Handbook, Governance.
"""

from __future__ import annotations

import datetime as dt
import getpass
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from include.opendata.declaration.dataset import Approval, Dataset
from include.opendata.errors import DeclarationError, Place
from include.opendata.gate.approval import RoleStatus, changes, role_statuses
from include.opendata.ledger import Ledger
from include.opendata.ledger.approvals import Answer, Request, answers, record_answer, requests
from include.opendata.pipeline.records import ApprovalRecord
from include.opendata.pipeline.run_context import OpenRun
from include.opendata.storage.clock import utc_today

SHORTEST_DIGEST = 12
"""Digits of a digest that a form must name at least to be bound to it."""


@dataclass(frozen=True)
class Position:
    """Where a dataset stands with its approvers: what is asked, the status of each role, what changed since the last
    time everything was approved (a sentence each; None: it never was)."""

    request: Request
    role_statuses: tuple[RoleStatus, ...]
    changes: tuple[str, ...] | None

    @property
    def open_roles(self) -> dict[str, str]:
        """Role → its name in plain words, of those whose approval is not given, in the order they are asked."""
        return {s.role: s.role_name for s in self.role_statuses if s.state != "given"}


@dataclass(frozen=True)
class SignedForm:
    """A signed form as a person records it. ``covers``: digits of the digest it was signed for; None: what was asked last."""

    role: str
    name: str
    reference: str
    signed_on: dt.date
    expires: dt.date | None = None
    covers: str | None = None
    reject: bool = False
    comment: str = ""


def position(dataset: Dataset, ledger: Ledger, request: Request) -> Position:
    """Where a dataset stands with its approvers for one request, today. A form taken out of the declaration counts no more."""
    forms = {_signature(form) for form in dataset.approvals}
    given = [a for a in answers(ledger, dataset.dataset) if a.via != "declaration" or _as_signed(a) in forms]
    today = utc_today()
    now = role_statuses(request.required, given, request.digest, today=today)
    approved = _approved_before(given, requests(ledger, dataset.dataset), today)
    if request.digest in approved:
        return Position(request, now, ())
    newest = next(iter(approved.values()), None)
    return Position(request, now, None if newest is None else changes(newest, request.facts))


def request_of(opened: OpenRun) -> Request:
    """What a run asked its approvers for last. Raises StorageError (``work-area-swept``) before it asked."""
    digest, run = ApprovalRecord.read(opened.area).digest, opened.run
    asked = requests(opened.ledger, run.dataset)
    return next(request for request in asked if (request.run_id, request.digest) == (run.run_id, digest))


def approve_by_form(dataset: Dataset, ledger: Ledger, form: SignedForm) -> Position:
    """Record a signed form for what was last put before the approvers, or for what it names.

    Raises DeclarationError when nothing was asked yet or the digest is unknown (``approval-not-asked``), and when the role is
    not asked for (``role-not-asked``).
    """
    request = _request_covered(dataset, ledger, form.covers)
    if form.role not in request.required:
        raise DeclarationError(
            f"the role {form.role!r} is not asked for at level {request.level}",
            remedy=f"Use one of: {', '.join(request.required) or 'none, for this level is never published'}.",
            slug="role-not-asked",
            place=Place(dataset=dataset.dataset),
        )
    record_answer(
        ledger,
        Answer(
            dataset=dataset.dataset,
            role=form.role,
            choice="reject" if form.reject else "approve",
            name=form.name,
            via="form",
            given_on=form.signed_on.isoformat(),
            digest=request.digest,
            identity=_operating_system_user(),
            reference=form.reference,
            comment=form.comment,
            expires_on=form.expires.isoformat() if form.expires else None,
        ),
    )
    return position(dataset, ledger, request)


def bind_declared_forms(dataset: Dataset, request: Request, ledger: Ledger) -> None:
    """Record each signed form of the declaration once, for what it names or for what is asked when it is first met."""
    met = {_as_signed(a) for a in answers(ledger, dataset.dataset) if a.via == "declaration"}
    for form in dataset.approvals:
        binds = _signature(form) not in met if form.covers is None else request.digest.startswith(form.covers)
        if binds:
            record_answer(ledger, _answer_of(form, dataset, request))


def _answer_of(form: Approval, dataset: Dataset, request: Request) -> Answer:
    return Answer(
        dataset=dataset.dataset,
        role=form.role,
        choice="approve",
        name=form.name,
        via="declaration",
        given_on=form.date.isoformat(),
        digest=request.digest,
        reference=form.reference,
        expires_on=form.expires.isoformat() if form.expires else None,
    )


def _request_covered(dataset: Dataset, ledger: Ledger, covers: str | None) -> Request:
    """The newest request, of those whose digest begins with ``covers`` where it is given."""
    asked = requests(ledger, dataset.dataset)
    if covers is not None:
        asked = [r for r in asked if len(covers) >= SHORTEST_DIGEST and r.digest.startswith(covers)]
    if asked:
        return asked[0]
    raise DeclarationError(
        "nothing was put before the approvers yet" if covers is None else "nothing with this digest was ever asked",
        remedy=f"Run `bin/opendata preview {dataset.dataset}` and look at its evidence page first; "
        f"`bin/opendata approvals {dataset.dataset}` then shows what is to be approved.",
        slug="approval-not-asked",
        place=Place(dataset=dataset.dataset),
    )


def _approved_before(given: list[Answer], asked: list[Request], today: dt.date) -> dict[str, Mapping[str, Any]]:
    """Digest → facts of everything that was once approved by all its roles, the newest first."""
    approved: dict[str, Mapping[str, Any]] = {}
    for request in asked:
        states = role_statuses(request.required, given, request.digest, today=today)
        if states and all(s.state in ("given", "expired") for s in states):
            approved.setdefault(request.digest, request.facts)
    return approved


def _signature(form: Approval) -> tuple[str, ...]:
    return form.role, form.name, form.date.isoformat(), form.reference


def _as_signed(answer: Answer) -> tuple[str, ...]:
    return answer.role, answer.name, answer.given_on, answer.reference


def _operating_system_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
