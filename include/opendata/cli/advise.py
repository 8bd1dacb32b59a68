"""``bin/opendata advise``: what would show more of a table that must be masked, for programs and for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from include.opendata.advice import Advice
from include.opendata.advice.for_dataset import advise_dataset
from include.opendata.cli.options import DatasetId, Json, SourceAddress, located
from include.opendata.cli.output import print_json, print_lines, report_step


def advise(
    id: DatasetId,
    table: Annotated[str | None, typer.Option(metavar="TABLE", help="One table only.")] = None,
    source: SourceAddress = None,
    json: Json = False,
) -> None:
    """What would show more of the tables that must be masked: coarser designs, tried on the data and ranked."""
    advice = advise_dataset(id, table=table, source=located(source), progress=report_step)
    if json:
        print_json({"dataset": id, "tables": [entry.model_dump(mode="json") for entry in advice]})
    else:
        print_lines(advice_lines(advice))


def advice_lines(advice: Sequence[Advice]) -> list[str]:
    """The advice for people: a sentence per proposal and what to paste into the declaration."""
    lines = [line for entry in advice for line in _table_lines(entry)]
    if any(entry.proposals for entry in advice):
        lines.append(
            "Each figure is for the table by itself. Change the declaration, then look at a preview before you publish."
        )
    return lines


def _table_lines(entry: Advice) -> list[str]:
    lines = [entry.table, f"  {entry.sentence}"]
    for number, proposal in enumerate(entry.proposals, 1):
        lines += ["", f"  {number}. {proposal.sentence}"]
        lines += [f"       {line}" for line in proposal.yaml.splitlines()]
    if entry.not_possible:
        lines += ["", *(f"  Not possible, {refused.slug}: {refused.why}" for refused in entry.not_possible)]
    return [*lines, ""]
