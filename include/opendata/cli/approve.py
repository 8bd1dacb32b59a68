"""``bin/opendata approve``: a signed form into the ledger.

What a form covers is what was last put before the approvers, by a refresh or a preview; a coordinator looks at that run's
evidence page first. Rules: Handbook, Governance.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from include.opendata.cli.approval_view import print_position
from include.opendata.cli.options import DatasetId, Json
from include.opendata.declaration.load import load
from include.opendata.errors import DeclarationError, Place
from include.opendata.ledger import open_ledger
from include.opendata.pipeline.approvals import SignedForm, approve_by_form
from include.opendata.storage.clock import utc_today


def approve(
    id: DatasetId,
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
    comment: Annotated[str, typer.Option(help="The reason; every reader of the ledger sees it.")] = "",
    json: Json = False,
) -> None:
    """Record a signed approval form (or a rejection) in the ledger."""
    declared, place = load(id), Place(dataset=id)
    if not name.strip() or not reference.strip():
        raise DeclarationError(
            "an approval without a name or the signed form's reference does not count",
            remedy="Give both --name and --reference.",
            slug="approval-unsigned",
            place=place,
        )
    position = approve_by_form(
        declared,
        open_ledger(),
        SignedForm(
            role=role,
            name=name.strip(),
            reference=reference.strip(),
            signed_on=_signing_day(signed, place),
            expires=_day(expires, "--expires", place),
            covers=covers,
            reject=reject,
            comment=comment.strip(),
        ),
    )
    print_position(id, position, (), as_json=json)


def _signing_day(text: str | None, place: Place) -> dt.date:
    today = utc_today()
    day = _day(text, "--signed", place) or today
    if day > today:
        raise DeclarationError(
            "a form cannot be signed in the future",
            remedy="Give the day on the form as --signed YYYY-MM-DD.",
            slug="date-in-future",
            place=place,
        )
    return day


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
