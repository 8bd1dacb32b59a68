"""Says in plain language, for a data coordinator, what an assessment came to. It decides nothing."""

from __future__ import annotations

from collections.abc import Sequence

from include.opendata.gate.findings import GateFinding
from include.opendata.gate.judgement import Judgement

_WHAT_IS_OPEN = {
    "level-3": "it is level 3",
    "permission-open": "its permission level is not settled",
    "score-missing": "its publication score cannot be computed",
    "persons-behind-unknown": "no one has said how many of its events may be of one person",
    "reviewer-missing": "a variable still needs an expert's review",
    "sample-sizes-missing": "the sample cases behind its estimates are unknown",
    "ages-over-89": "it shows single ages over 89",
    "zip3-small": "it shows three-digit ZIP areas with too few people",
}


def conclude(judged: Judgement, reasons: Sequence[GateFinding]) -> str:
    """The conclusion: what becomes of the table, and of its small counts where it may be published."""
    level = judged.permission.level
    if level == 3:
        return "This table is not published: it is level 3, and level 3 never reaches the portal."
    values = _small_counts(judged)
    if any(finding.slug == "estimates-unstable" for finding in reasons):
        values += "; estimates from too few sample cases are left blank"
    open_points = [_WHAT_IS_OPEN[finding.slug] for finding in reasons if finding.severity == "refuse"]
    if open_points:
        listed = ", and ".join(dict.fromkeys(open_points))
        return f"This table cannot be published yet: {listed}. Once that is settled: {values}."
    asked = any(finding.slug == "approval-to-be-asked" for finding in reasons)
    once = " once its approvers agree" if asked else ""
    return f"This table may be published at level {level}{once}: {values}."


def _small_counts(judged: Judgement) -> str:
    """What becomes of the small counts of a table that may be published."""
    cells, words = judged.condition.small_cells, judged.given.rule.words
    counted = f"{cells} count{'' if cells == 1 else 's'} {words}"
    match judged.masking, bool(cells):
        case True, True:
            return f"{counted} must be hidden, with everything that would reveal {'it' if cells == 1 else 'them'}"
        case True, False:
            return f"counts {words} must be hidden; it has none today"
        case False, True:
            return f"{counted} may be shown, because its score allows it"
        case _:
            return "no small count needs hiding"
