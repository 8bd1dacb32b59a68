"""What was put before the approvers and what they answered: the part of the ledger that staging trusts.

Answers are only ever added. Which of them counts, and for what, is decided in ``gate.approval``; who may give one is
decided where it is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import sqlalchemy as sa

from include.opendata.ledger.ledger import Ledger
from include.opendata.ledger.schema import APPROVAL_REQUESTS, APPROVALS
from include.opendata.storage.clock import stamp

Choice = Literal["approve", "reject"]
Via = Literal["declaration", "form", "airflow"]


@dataclass(frozen=True)
class Request:
    """One row of ``approval_requests``: what a run put before the approvers, and its digest."""

    dataset: str
    run_id: str
    digest: str
    facts: Mapping[str, Any] = field(repr=False)
    level: int | None
    required: tuple[str, ...]
    release: str | None
    asked_at: str
    answer_by: str | None = None


@dataclass(frozen=True)
class Answer:
    """One row of ``approvals``: who, in which role, said what, when and of what.

    ``via``: ``declaration`` and ``form`` are signed forms, ``airflow`` an answer in its user interface, then ``identity``
    is the user who gave it · ``given_on``: a date, or a time in UTC · ``expires_on``: a date or None · ``digest``: of what
    was before them.
    """

    dataset: str
    role: str
    choice: Choice
    name: str
    via: Via
    given_on: str
    digest: str
    identity: str = ""
    reference: str = ""
    comment: str = ""
    expires_on: str | None = None
    run_id: str = ""
    recorded_at: str = ""


_SAME = (
    "dataset",
    "role",
    "choice",
    "name",
    "via",
    "given_on",
    "digest",
    "identity",
    "reference",
    "expires_on",
    "run_id",
)


def record_request(ledger: Ledger, request: Request) -> None:
    """Record what a run asks for; asking again in the same run replaces it."""
    values = {**vars(request), "facts": dict(request.facts), "required": list(request.required)}
    columns = APPROVAL_REQUESTS.c
    with ledger.writing() as connection:
        mine = (columns.dataset == request.dataset, columns.run_id == request.run_id)
        if not connection.execute(sa.update(APPROVAL_REQUESTS).where(*mine).values(**values)).rowcount:
            connection.execute(sa.insert(APPROVAL_REQUESTS).values(**values))


def record_answer(ledger: Ledger, answer: Answer) -> None:
    """Add an answer; the same one again changes nothing."""
    values = {**vars(answer), "recorded_at": answer.recorded_at or stamp()}
    with ledger.writing() as connection:
        same = [APPROVALS.c[name].is_not_distinct_from(values[name]) for name in _SAME]
        if connection.scalar(sa.select(APPROVALS.c.id).where(*same)) is None:
            connection.execute(sa.insert(APPROVALS).values(**values))


def answers(ledger: Ledger, dataset: str | None = None) -> list[Answer]:
    """Every answer in the order it was recorded; of one dataset when it is named."""
    query = sa.select(APPROVALS).order_by(APPROVALS.c.id)
    if dataset is not None:
        query = query.where(APPROVALS.c.dataset == dataset)
    with ledger.reading() as connection:
        return [Answer(**{k: v for k, v in row._mapping.items() if k != "id"}) for row in connection.execute(query)]


def requests(ledger: Ledger, dataset: str) -> list[Request]:
    """What was ever put before the approvers of a dataset, the newest first."""
    query = (
        sa.select(APPROVAL_REQUESTS)
        .where(APPROVAL_REQUESTS.c.dataset == dataset)
        .order_by(APPROVAL_REQUESTS.c.asked_at.desc(), APPROVAL_REQUESTS.c.id.desc())
    )
    with ledger.reading() as connection:
        rows = [dict(row._mapping) for row in connection.execute(query)]
    return [
        Request(**{**{k: v for k, v in row.items() if k != "id"}, "required": tuple(row["required"])}) for row in rows
    ]
