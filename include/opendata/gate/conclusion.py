"""Says in plain language, for a data coordinator, what an assessment came to. It decides nothing."""

from __future__ import annotations

from collections.abc import Sequence

from include.opendata.gate.findings import Finding

_WHAT_IS_OPEN = {
    "level-3": "it is level 3",
    "permission-open": "its permission level is not settled",
    "score-missing": "its publication score cannot be computed",
    "events-disagree": "its score does not rest on its own smallest count",
    "reviewer-missing": "a variable still needs an expert's review",
    "sample-sizes-missing": "the sample cases behind its estimates are unknown",
    "ages-over-89": "it tells ages over 89 apart",
    "zip3-small": "it shows three-digit ZIP areas with too few people",
}


def conclude(reasons: Sequence[Finding], *, masking: bool, small_cells: int, level: int | None) -> str:
    """The conclusion: what becomes of the table, and of its small counts where it may be published."""
    if level == 3:
        return "This table is not published: it is level 3, and level 3 never reaches the portal."
    open_points = [_WHAT_IS_OPEN[finding.slug] for finding in reasons if finding.severity == "refuse"]
    small = f"{small_cells} count{'' if small_cells == 1 else 's'} from 1 to 10"
    if masking and small_cells:
        values = f"{small} must be hidden, with everything that would reveal {'it' if small_cells == 1 else 'them'}"
    elif masking:
        values = "counts from 1 to 10 must be hidden; it has none today"
    elif small_cells:
        values = f"{small} may be shown, because its score allows it"
    else:
        values = "no small count needs hiding"
    if any(finding.slug == "estimates-unstable" for finding in reasons):
        values += "; estimates from too few sample cases are left blank"
    if open_points:
        listed = ", and ".join(dict.fromkeys(open_points))
        return f"This table cannot be published yet: {listed}. Once that is settled: {values}."
    asked = any(finding.slug == "approval-to-be-asked" for finding in reasons)
    once = " once its approvers agree" if asked else ""
    return f"This table may be published at level {level}{once}: {values}."
