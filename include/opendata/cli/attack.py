"""``bin/opendata attack --all``: what can be computed from everything a staging place ever published, all datasets together.

Exit code 0: nothing is exposed; 4: something is, or could not be decided.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from include.opendata import places
from include.opendata.cli.options import Json, StagingAddress, located
from include.opendata.cli.output import print_json, print_lines, report_step
from include.opendata.errors import EXIT_AUDIT
from include.opendata.ledger import open_ledger
from include.opendata.pipeline.attack_all import Group, StagingAttack, attack_all
from include.opendata.staging import open_staging

ATTACK_SECONDS = 3600.0
NAMED_AT_MOST = 50
"""Findings that are shown to people of one group; ``--json`` lists all."""


def attack(
    all: Annotated[bool, typer.Option("--all", help="All datasets that were published at the staging place.")] = False,
    staging: StagingAddress = None,
    time_limit: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", min=0.001, help="How long to try one count; what is open by then stays undecided."
        ),
    ] = ATTACK_SECONDS,
    json: Json = False,
) -> None:
    """Attack everything in a staging place together, as one person who keeps all of it."""
    if not all:
        raise typer.BadParameter("say --all: the datasets of a staging place are attacked together")
    address = located(staging) or places.staging()
    result = attack_all(address, open_staging(address), open_ledger(), seconds=time_limit, progress=report_step)
    if json:
        print_json({"safe": result.safe, **asdict(result)})
    else:
        print_lines(attack_lines(result))
    if not result.safe:
        raise typer.Exit(EXIT_AUDIT)


def attack_lines(result: StagingAttack) -> list[str]:
    """The result for people: every group with its verdict, what is exposed and how, and what to do."""
    datasets = sum(len(group.datasets) for group in result.groups)
    lines = [f"{result.address}: {datasets} datasets, {result.releases} releases, {len(result.groups)} groups"]
    for group in result.groups:
        lines += ["", *_group_lines(group)]
    return [*lines, "", *_end(result)]


def _group_lines(group: Group) -> list[str]:
    lines = [
        f"{', '.join(group.datasets)} · {group.verdict.upper() if group.verdict in ('exposed', 'undecided') else group.verdict}"
    ]
    lines += [f"  {tie}" for tie in group.ties]
    for finding in group.findings[:NAMED_AT_MOST]:
        lines.append(f"  - {finding.sentence}")
        lines.append(
            f"    hidden in {', '.join(finding.hidden_in) or 'no table'}; from {', '.join(finding.computed_from)}"
        )
    if len(group.findings) > NAMED_AT_MOST:
        lines.append(f"  … and {len(group.findings) - NAMED_AT_MOST:,} more; --json lists all.")
    return [*lines, *(f"  ? {problem}" for problem in group.problems)]


def _end(result: StagingAttack) -> list[str]:
    if result.safe:
        return ["No hidden count can be computed from all of it together."]
    return [
        "What to do: tell the data coordinator and the privacy officer, who decide which release is withdrawn. Then give the",
        "datasets named the same dimensions and categories, or make one dataset of them, and refresh them one after another.",
    ]
