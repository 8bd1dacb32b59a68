"""``bin/opendata score``: the publication score of a table not yet built, as people read it (DDG 2.0 §4.3.1).

How points are given is decided in ``gate.scoring``; this module lays them out, one line per variable.
"""

from __future__ import annotations

from typing import Any

from include.opendata.gate.scoring import Score
from include.opendata.rules.release import thresholds


def score_view(found: Score) -> dict[str, Any]:
    """The score for programs: total, masking_required, safe_harbor, components (variable, score, band, reason, section)."""
    return found.model_dump(mode="json")


def score_lines(found: Score) -> list[str]:
    """The score for people: a line per variable, the total, and what it leads to."""
    heads = ("variable", "band", "points", "why", "section")
    rows = [(c.variable, c.band, f"{c.score:+d}" if c.score else "0", c.reason, c.section) for c in found.components]
    widths = [max(len(row[i]) for row in (heads, *rows)) for i in range(len(heads))]
    lines = [_line(heads, widths), *(_line(row, widths) for row in rows)]
    lines.append(_line(("total", "", str(found.total), "", ""), widths))
    return [*lines, "", _verdict(found)]


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    variable, band, points, why, section = row
    return (
        f"{variable:<{widths[0]}}  {band:<{widths[1]}}  {points:>{widths[2]}}  {why:<{widths[3]}}  {section}"
    ).rstrip()


def _verdict(found: Score) -> str:
    limits = thresholds().score
    if found.masking_required:
        return f"Masking is required: {found.total} is {limits.mask_from} or more. Counts from 1 to 10 must be hidden."
    said = f"No masking is required: {found.total} is {limits.publish_up_to} or less."
    if found.safe_harbor:
        said += " Statewide, by the year or longer, and nothing else shown: this is Safe Harbor."
    return f"{said} High-risk populations are masked whatever the score (DDG 2.0 §5.6.2)."
