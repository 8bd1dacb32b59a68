"""``bin/opendata watch``: the daily look, by hand. Exit code 3 when something needs a person."""

from __future__ import annotations

import datetime as dt
import json as jsonlib
import sys
from typing import Annotated

import typer

from include.opendata import places
from include.opendata.errors import EXIT_REFUSED


def watch(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Default: every declared dataset.")] = None,
    staging: Annotated[
        str | None, typer.Option(metavar="URL", help="Where releases are staged. Default: ./staging.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")] = False,
):
    """What is late, changed behind our back, waiting or broken, over all datasets."""
    from include.opendata.cli.app import located
    from include.opendata.ledger import open_ledger
    from include.opendata.monitoring.digest import text
    from include.opendata.monitoring.looks import staging_look
    from include.opendata.monitoring.watch import find_problems
    from include.opendata.spec.light import declared_ids

    address = located(staging) or places.staging()
    problems = find_problems(
        ids or declared_ids(),
        open_ledger(),
        now=dt.datetime.now(dt.UTC),
        looks=[("staging-drift", staging_look(address))],
        progress=lambda what: _say(f"  {what} …"),
    )
    if json:
        listed = [{k: v for k, v in vars(p).items() if k != "people"} | {"people": list(p.people)} for p in problems]
        sys.stdout.write(jsonlib.dumps({"problems": listed}, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(text(problems) if problems else "Everything is as it should be.\n")
    if any(problem.severity == "error" for problem in problems):
        raise typer.Exit(EXIT_REFUSED)


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
