"""``bin/opendata score``: the publication score of a table not yet built, as people read it (DDG 2.0 §4.3.1).

How points are given is decided in ``gate.scoring``; this module lays them out, one line per variable.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from include.opendata.cli.options import Json
from include.opendata.cli.output import print_json, print_lines
from include.opendata.gate.scoring import Score, load_facts, release_score
from include.opendata.gate.scoring import score as by_criteria
from include.opendata.rules.release import thresholds


def score(
    facts: Annotated[Path, typer.Argument(metavar="FACTS.yaml", help="What the table would show; see docs/rules.md.")],
    json: Json = False,
) -> None:
    """The publication score of a table not yet built, from a file of facts."""
    known = load_facts(facts)
    result, released = by_criteria(known), release_score(known)
    if json:
        in_a_release = {"in_a_release": released.model_dump(mode="json", include={"total", "masking_required"})}
        print_json({**result.model_dump(mode="json"), **(in_a_release if released.total != result.total else {})})
    else:
        print_lines(score_lines(result, released))


def score_lines(result: Score, released: Score) -> list[str]:
    """The score for people: a line per variable, the total, and what it and the score of a release lead to."""
    heads = ("variable", "band", "points", "why", "section")
    rows = [(c.variable, c.band, f"{c.score:+d}" if c.score else "0", c.reason, c.section) for c in result.components]
    widths = [max(len(row[i]) for row in (heads, *rows)) for i in range(len(heads))]
    lines = [_line(heads, widths), *(_line(row, widths) for row in rows)]
    lines.append(_line(("total", "", str(result.total), "", ""), widths))
    if released.total != result.total:
        lines.append(_line(("in a release", "", str(released.total), "its smallest count is taken for 1", ""), widths))
    return [*lines, "", _verdict(released)]


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    variable, band, points, why, section = row
    return (
        f"{variable:<{widths[0]}}  {band:<{widths[1]}}  {points:>{widths[2]}}  {why:<{widths[3]}}  {section}"
    ).rstrip()


def _verdict(result: Score) -> str:
    rules = thresholds()
    limits = rules.score
    if result.masking_required:
        small = rules.small_cell.words
        return f"Masking is required: {result.total} is {limits.mask_from} or more. Counts {small} must be hidden."
    sentence = f"No masking is required: {result.total} is {limits.publish_up_to} or less."
    if result.safe_harbor:
        sentence += " Statewide, by the year or longer, and nothing else shown: this is Safe Harbor."
    return f"{sentence} High-risk populations are masked whatever the score (DDG 2.0 §5.6.2)."
