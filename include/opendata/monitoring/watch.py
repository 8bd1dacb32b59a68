"""The daily look at everything that is published: what is late, changed behind our back, waiting or broken.

Finds problems and says who must hear of them; it mends nothing. Errors only: a dataset that is as it should be is not
mentioned. A part that cannot be looked at is itself a problem, never a silence.

- the declaration cannot be used · no run yet · the last run failed or was refused
- late by the date of the refresh, or by the date of its data (``freshness``)
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
from include.opendata.ledger import Ledger, RunEntry
from include.opendata.ledger.approvals import requests
from include.opendata.monitoring.freshness import freshness
from include.opendata.pipeline.approvals import position

Severity = Literal["error", "warning"]
EXPIRES_SOON = dt.timedelta(days=30)
ENDED_WELL = ("staged", "unchanged")
RUN_LOST_AFTER = dt.timedelta(hours=24)

Check = Callable[["Dataset"], Sequence[str]]
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
    found: list[Problem] = []
    for number, dataset in enumerate(datasets, 1):
        progress(f"{dataset} ({number} of {len(datasets)})")
        found += _of_one(dataset, ledger, now, checks)
    return sorted(found, key=lambda p: (p.severity != "error", p.dataset, p.slug, p.sentence))


def _of_one(dataset: str, ledger: Ledger, now: dt.datetime, checks: Sequence[tuple[str, Check]]) -> Iterator[Problem]:

    try:
        declared = load(dataset)
    except OpendataError as error:
        yield Problem(dataset, "declaration-broken", "error", f"Its declaration cannot be used: {error.what}.", ())
        return
    people = tuple(dict.fromkeys((declared.steward.email, declared.contact.email)))

    def problem(slug: str, severity: Severity, sentence: str) -> Problem:
        return Problem(dataset, slug, severity, sentence, people)

    for slug, severity, sentence in (*_runs(declared, ledger, now), *_approvals(declared, ledger, now)):
        yield problem(slug, severity, sentence)
    for slug, check in checks:
        try:
            for sentence in check(declared):
                yield problem(slug, "error", sentence)
        except OpendataError as error:
            yield problem(f"{slug}-unknown", "error", f"It could not be looked at: {error.what}.")
        except Exception as error:  # noqa: BLE001 - one dataset must not silence the others; the message may quote anything
            what = f"It could not be looked at: an unforeseen {type(error).__name__}, a defect of the pipeline."
            yield problem(f"{slug}-unknown", "error", what)


def _runs(declared: Dataset, ledger: Ledger, now: dt.datetime) -> Iterator[tuple[str, Severity, str]]:
    runs = [run for run in ledger.runs(declared.dataset) if run.outcome != "previewed"]
    if not runs:
        yield "never-run", "error", "It is declared and was never refreshed."
        return
    last = runs[0]
    if last.outcome in ("failed", "refused"):
        why = (last.message or "no reason was recorded").split("\n", 1)[0]
        yield f"last-run-{last.outcome}", "error", f"Its last run ({last.started_at[:10]}) {_said(last.outcome)}: {why}"
    since = _at_work_since(declared, ledger, last) if last.outcome == "running" else None
    if since is not None and now - since > RUN_LOST_AFTER:
        yield "run-lost", "error", f"Its run of {last.started_at[:10]} neither ended nor waits for anybody."
    good = next((run for run in runs if run.outcome in ENDED_WELL), None)
    found = freshness(
        declared.frequency,
        refreshed=_moment(good.started_at).date() if good else None,
        data_end=declared.coverage.end,
        today=now.date(),
    )
    if good is None:
        yield "never-published", "error", "No run of it ever ended well."
    if found.worst == "late":
        yield "late", "error", found.sentence


def _approvals(declared: Dataset, ledger: Ledger, now: dt.datetime) -> Iterator[tuple[str, Severity, str]]:

    asked = requests(ledger, declared.dataset)
    if not asked:
        return
    found = position(declared, ledger, asked[0])
    run = ledger.run(declared.dataset, asked[0].run_id)
    if run is not None and run.outcome == "running" and found.open_roles:
        since = _moment(asked[0].asked_at)
        if now - since >= dt.timedelta(days=declared.approval_deadline.remind_after):
            roles = ", ".join(s.role_name for s in found.standings if s.state != "given")
            until = (asked[0].answer_by or "")[:10]
            yield (
                "approval-waits",
                "error",
                f"A release waits since {since.date()} for: {roles}. It waits until {until}.",
            )
    for standing in found.standings:
        answer = standing.answer
        if standing.state == "expired" and answer is not None:
            yield "approval-expired", "error", f"The approval as {standing.role_name} expired on {answer.expires_on}."
        elif standing.state == "given" and answer is not None and answer.expires_on is not None:
            ends = dt.date.fromisoformat(answer.expires_on)
            if ends - now.date() <= EXPIRES_SOON:
                yield "approval-expires", "warning", f"The approval as {standing.role_name} expires on {ends}."


def _at_work_since(declared: Dataset, ledger: Ledger, run: RunEntry) -> dt.datetime | None:
    """Since when a run that is under way waits for nobody: its start, or the last of its approvals; None while it waits."""

    asked = next((request for request in requests(ledger, declared.dataset) if request.run_id == run.run_id), None)
    if asked is None:
        return _moment(run.started_at)
    found = position(declared, ledger, asked)
    given = [standing.answer.recorded_at for standing in found.standings if standing.answer is not None]
    return None if found.open_roles else _moment(max(run.started_at, asked.asked_at, *given))


def _said(outcome: str) -> str:
    return "was refused" if outcome == "refused" else "failed"


def _moment(stamp: str) -> dt.datetime:
    return dt.datetime.fromisoformat(stamp.replace("Z", "+00:00"))
