"""What ``audit`` and ``protect`` take about a table in long form."""

from __future__ import annotations

from typing import Annotated

import typer

from include.opendata.rules.release import thresholds
from include.opendata.rules.small_cells import SmallCellRule

Dimensions = Annotated[
    list[str],
    typer.Option(
        "--dimension", metavar="NAME[:TOTAL_LABEL]", help="A column of labels, and the label of its total rows."
    ),
]
Hierarchies = Annotated[
    list[str] | None,
    typer.Option("--hierarchy", metavar="NAME=CSV", help="Groups of a dimension's labels: lines of child,parent."),
]
CountColumn = Annotated[str, typer.Option("--count", metavar="COL", help="The column of counts.")]
Threshold = Annotated[
    int | None,
    typer.Option("--threshold", min=2, help="Counts from 1 to one less are small. Default: as the rule book says."),
]
MinWidth = Annotated[
    int | None,
    typer.Option(
        "--min-width",
        min=1,
        help="How far apart a blank's smallest and largest possible value must be. Default: as the rule book says.",
    ),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Decides near-ties and draws; recorded.")]


def rule_of(threshold: int | None, min_width: int | None) -> SmallCellRule:
    """The rule book's rule about small counts, with what the caller gave in its place; also a lower threshold."""
    given = {"below": threshold, "width": min_width}
    return thresholds().small_cell.model_copy(update={k: v for k, v in given.items() if v is not None})
