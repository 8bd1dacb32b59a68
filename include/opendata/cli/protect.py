"""``bin/opendata protect``: hide small counts of any aggregated table in long form, and what would reveal them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from include.opendata.cli.options import Json
from include.opendata.cli.output import print_json, print_lines, report_step
from include.opendata.cli.protect_table import ProtectRequest, protect_file, protect_lines
from include.opendata.cli.table_options import CountColumn, Dimensions, Hierarchies, MinWidth, Seed, Threshold, rule_of


def protect(
    table: Annotated[
        Path, typer.Argument(metavar="IN.csv", help="An aggregated table in long form, with true counts.")
    ],
    dimension: Dimensions,
    count: CountColumn,
    out: Annotated[Path, typer.Option(metavar="OUT.csv", help="Where the protected table goes.")],
    evidence: Annotated[Path, typer.Option(metavar="E.json", help="Where figures, seed and verdicts go.")],
    derived: Annotated[
        list[str] | None, typer.Option(metavar="COL", help="A column derived from the count, blank where it is.")
    ] = None,
    annotation: Annotated[str, typer.Option(metavar="separate|combined", help="What the codes tell.")] = "separate",
    hierarchy: Hierarchies = None,
    threshold: Threshold = None,
    min_width: MinWidth = None,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Hide small counts of an aggregated table and what would reveal them; attack the result before it is written."""
    request = ProtectRequest(
        count, tuple(dimension), tuple(hierarchy or ()), tuple(derived or ()), annotation, rule_of(threshold, min_width),
        seed,
    )  # fmt: skip
    facts = protect_file(table, out, evidence, request, progress=report_step)
    if json:
        print_json(facts)
    else:
        print_lines(protect_lines(facts, out, evidence))
