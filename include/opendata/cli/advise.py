"""``bin/opendata advise``: what would show more of a table that must be masked, for programs and for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from include.opendata.advice import Advice


def advice_view(dataset: str, advice: Sequence[Advice]) -> dict[str, Any]:
    """The advice for programs: per table how it stands and its proposals, best first."""
    return {"dataset": dataset, "tables": [one.model_dump(mode="json") for one in advice]}


def advice_lines(advice: Sequence[Advice]) -> list[str]:
    """The advice for people: a sentence per proposal and what to paste into the declaration."""
    lines: list[str] = []
    for one in advice:
        lines += [one.table, f"  {one.sentence}"]
        for number, proposal in enumerate(one.proposals, 1):
            lines += ["", f"  {number}. {proposal.sentence}"]
            lines += [f"       {line}" for line in proposal.yaml.splitlines()]
        if one.not_possible:
            lines += ["", *(f"  Not possible, {refused.slug}: {refused.why}" for refused in one.not_possible)]
        lines.append("")
    if any(one.proposals for one in advice):
        lines.append(
            "Each figure is for the table by itself. Change the declaration, then look at a preview before you publish."
        )
    return lines
