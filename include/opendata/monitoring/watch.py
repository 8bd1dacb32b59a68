"""The daily look at everything that is published: what is late, changed without our knowledge, waiting or broken.

Finds problems and says who must hear of them; it fixes nothing. Errors only: a dataset that is as it should be is not
mentioned. A part that cannot be looked at is itself a problem, never a silence.

- the declaration cannot be used
- no run yet · the last run failed, was refused or got lost · late by the date of the refresh or of the data (``judgement``)
- staging is not as its manifests say; the portal does not show what was published on it
- an approval has expired or will soon; a release has waited for its approvers longer than the declaration allows
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.load import load
from include.opendata.errors import OpendataError
from include.opendata.gate.approval import RoleStatus
from include.opendata.ledger import Ledger
from include.opendata.ledger.approvals import Request, requests
from include.opendata.monitoring.judgement import RunRecord, judge, moment, run_records
from include.opendata.pipeline.approvals import position

Severity = Literal["error", "warning"]
EXPIRES_SOON = dt.timedelta(days=30)

Check = Callable[[Dataset], Sequence[str]]
"""Looks at a dataset somewhere else (staging, a portal): a sentence per difference. May raise OpendataError."""


@dataclass(frozen=True)
class Problem:
    """Something a person must look at. ``people``: e-mail addresses of those the declaration names."""

    dataset: str
    slug: str
    severity: Severity
    sentence: str
    people: tuple[str, ...]


def find_problems(
    datasets: Sequence[str],
    ledger: Ledger,
    *,
    now: dt.datetime,
    checks: Sequence[tuple[str, Check]] = (),
    progress: Callable[[str], None] = lambda text: None,
) -> list[Problem]:
    """Every problem of the named datasets, errors first, then by dataset. ``checks``: (slug, check), such as staging's."""
    with ledger.reading() as connection:
        records = run_records(connection, today=now.date())
    problems: list[Problem] = []
    for number, dataset in enumerate(datasets, 1):
        progress(f"{dataset} ({number} of {len(datasets)})")
        problems += _of_dataset(dataset, ledger, records.get(dataset, RunRecord()), now, checks)
    return sorted(problems, key=lambda p: (p.severity != "error", p.dataset, p.slug, p.sentence))


def _of_dataset(
    dataset: str, ledger: Ledger, record: RunRecord, now: dt.datetime, checks: Sequence[tuple[str, Check]]
) -> Iterator[Problem]:
    try:
        declared = load(dataset)
    except OpendataError as error:
        yield Problem(dataset, "declaration-broken", "error", f"Its declaration cannot be used: {error.what}.", ())
        return
    people = tuple(dict.fromkeys((declared.steward.email, declared.contact.email)))
    judgement = judge(record, frequency=declared.frequency, data_end=declared.coverage.end.isoformat(), now=now)
    for finding in judgement.findings:
        yield Problem(dataset, finding.slug, "error", finding.sentence, people)
    for slug, severity, sentence in _approvals(declared, ledger, now):
        yield Problem(dataset, slug, severity, sentence, people)
    for slug, check in checks:
        for problem_slug, sentence in _checked(slug, check, declared):
            yield Problem(dataset, problem_slug, "error", sentence, people)


def _checked(slug: str, check: Check, declared: Dataset) -> Iterator[tuple[str, str]]:
    """(slug, sentence) of what a check finds. A check that fails is a problem of its own, never a silence."""
    try:
        for sentence in check(declared):
            yield slug, sentence
    except OpendataError as error:
        yield f"{slug}-unknown", f"It could not be looked at: {error.what}."
    except Exception as error:  # noqa: BLE001 - one dataset must not silence the others; the message may quote anything
        what = f"an unexpected {type(error).__name__}, a defect of the pipeline"
        yield f"{slug}-unknown", f"It could not be looked at: {what}."


def _approvals(declared: Dataset, ledger: Ledger, now: dt.datetime) -> Iterator[tuple[str, Severity, str]]:
    """What is wrong with the approvals last asked for: roles that let a release wait, approvals that end."""
    asked = requests(ledger, declared.dataset)
    if not asked:
        return
    request = asked[0]
    roles = position(declared, ledger, request).role_statuses
    run = ledger.run(declared.dataset, request.run_id)
    if run is not None and run.outcome == "running":
        yield from _waiting(declared, request, roles, now)
    for role in roles:
        yield from _expiry(role, now.date())


def _waiting(
    declared: Dataset, request: Request, roles: Sequence[RoleStatus], now: dt.datetime
) -> Iterator[tuple[str, Severity, str]]:
    """Whether a release has waited for its approvers longer than the declaration allows."""
    missing = ", ".join(role.role_name for role in roles if role.state != "given")
    since = moment(request.asked_at)
    if missing and now - since >= dt.timedelta(days=declared.approval_deadline.remind_after):
        until = moment(request.answer_by) if request.answer_by else None
        end = "" if until is None else f" It waits until {until.date()}."
        if until is not None and now > until:
            end = f" It should have ended by {until.date()} and has not: look at its run in Airflow."
        yield "approval-waits", "error", f"A release waits since {since.date()} for: {missing}.{end}"


def _expiry(role: RoleStatus, today: dt.date) -> Iterator[tuple[str, Severity, str]]:
    """Whether an approval has ended or will end soon."""
    expires_on = role.answer.expires_on if role.answer is not None else None
    if role.state == "expired":
        yield "approval-expired", "error", f"The approval as {role.role_name} expired on {expires_on}."
    elif role.state == "given" and expires_on is not None:
        ends = dt.date.fromisoformat(expires_on)
        if ends - today <= EXPIRES_SOON:
            yield "approval-expires", "warning", f"The approval as {role.role_name} expires on {ends}."
