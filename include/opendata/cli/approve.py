"""``approve`` and ``approvals``: signed forms into the ledger, and what each answer covers.

What a form covers is what was last put before the approvers, by a refresh or a preview; a coordinator looks at that run's
evidence page first. Rules: Handbook, Governance.
"""

from __future__ import annotations

import datetime as dt
import json as jsonlib
import sys
from typing import Annotated, Any

import typer

from include.opendata.declaration.load import load
from include.opendata.errors import DeclarationError, Place
from include.opendata.ledger import open_ledger
from include.opendata.ledger.approvals import answers, requests
from include.opendata.pipeline.approvals import approve_by_form, position

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The dataset's id: the name of its folder.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]


def approve(
    id: IdArgument,
    role: Annotated[
        str,
        typer.Option(help="data_steward, deputy_director, legal_counsel, department_director (or designee) or agency."),
    ],
    name: Annotated[str, typer.Option(help="Who signed.")],
    reference: Annotated[str, typer.Option(help="Where the signed form is kept.")],
    signed: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="When; default: today.")] = None,
    expires: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="The last day it counts.")] = None,
    covers: Annotated[
        str | None, typer.Option(metavar="DIGEST", help="What was signed for; default: what was asked last.")
    ] = None,
    reject: Annotated[bool, typer.Option("--reject", help="The form says no, or takes an approval back.")] = False,
    comment: Annotated[str, typer.Option(help="The reason, as it may be read by everybody who sees the ledger.")] = "",
    json: JsonOption = False,
):
    """Record a signed approval form (or a rejection) in the ledger."""

    declared, place = load(id), Place(dataset=id)
    if not name.strip() or not reference.strip():
        raise DeclarationError(
            "an approval without a name or the signed form's reference does not count",
            remedy="Give both --name and --reference.",
            slug="approval-unsigned",
            place=place,
        )
    today = dt.datetime.now(dt.UTC).date()
    signed_on = _day(signed, "--signed", place) or today
    if signed_on > today:
        raise DeclarationError(
            "a form cannot be signed in the future",
            remedy="Give the day on the form as --signed YYYY-MM-DD.",
            slug="date-in-future",
            place=place,
        )
    found = approve_by_form(
        declared,
        open_ledger(),
        role=role,
        name=name.strip(),
        reference=reference.strip(),
        signed_on=signed_on,
        expires=_day(expires, "--expires", place),
        covers=covers,
        reject=reject,
        comment=comment.strip(),
    )
    _answer(id, found, [], json)


def approvals(id: IdArgument, json: JsonOption = False):
    """What was put before a dataset's approvers, what changed since, who answered and what each answer covers."""

    declared = load(id)
    ledger = open_ledger()
    asked = requests(ledger, id)
    _answer(id, position(declared, ledger, asked[0]) if asked else None, answers(ledger, id), json)


def _answer(id: str, found: Any, given: list[Any], as_json: bool) -> None:
    if as_json:
        view: dict[str, Any] = {"dataset": id, "asked": None, "answers": [vars(answer) for answer in given]}
        if found is not None:
            view["asked"] = {
                "digest": found.request.digest,
                "run": found.request.run_id,
                "level": found.request.level,
                "asked_at": found.request.asked_at,
                "answer_by": found.request.answer_by,
                "changes": None if found.changes is None else list(found.changes),
                "roles": [{"role": s.role, "state": s.state, "sentence": s.sentence} for s in found.standings],
            }
        sys.stdout.write(jsonlib.dumps(view, indent=2, ensure_ascii=False) + "\n")
        return
    sys.stdout.write("\n".join(_lines(id, found, given)) + "\n")


def _lines(id: str, found: Any, given: list[Any]) -> list[str]:
    if found is None:
        lines = [f"Nothing of {id} was put before its approvers yet: `bin/opendata preview {id}` does."]
    else:
        request = found.request
        lines = [f"{id}: level {request.level}; to be approved: {request.digest[:12]} (asked {request.asked_at})"]
        if found.changes:
            lines += ["  changed since everything was last approved:", *(f"    - {c}" for c in found.changes)]
        elif found.changes is None:
            lines.append("  it was never approved by everybody before")
        lines += [f"  {s.sentence}" for s in found.standings]
    if given:
        lines += ["", "every answer, the oldest first:"]
        lines += [
            f"  {a.given_on[:10]}  {a.choice + ('d' if a.choice == 'approve' else 'ed'):<9} {a.role:<20} {a.name} ({a.via}"
            + (f", {a.reference}" if a.reference else "")
            + f") of {a.digest[:12]}"
            + (f", until {a.expires_on}" if a.expires_on else "")
            + (f": {a.comment}" if a.comment else "")
            for a in given
        ]
    return lines


def _day(text: str | None, option: str, place: Place) -> dt.date | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise DeclarationError(
            f"{option} is not a date",
            remedy="Write it as YYYY-MM-DD, such as 2026-01-31.",
            slug="date-unreadable",
            place=place,
        ) from None
