"""``bin/opendata protect``: hide small counts of any aggregated table in long form, and what would reveal them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from include.opendata.cli.options import Json
from include.opendata.cli.output import print_json, print_lines, report_step
from include.opendata.cli.table_options import CountColumn, Dimensions, Hierarchies, MinWidth, Seed, Threshold, rule_of
from include.opendata.disclosure.long_tables import ProtectRequest, protect_file
from include.opendata.disclosure.long_tables.protection import ProtectionFacts


def protect(
    table: Annotated[
        Path, typer.Argument(metavar="IN.csv", help="An aggregated table in long form, with true counts.")
    ],
    dimension: Dimensions,
    count: CountColumn,
    out: Annotated[Path, typer.Option(metavar="OUT.csv", help="Where the protected table goes.")],
    evidence: Annotated[Path, typer.Option(metavar="E.json", help="Where figures, seed and verdicts go.")],
    derived: Annotated[
        list[str] | None,
        typer.Option(metavar="COL", help="A column derived from the count; left blank where the count is."),
    ] = None,
    annotation: Annotated[
        str, typer.Option(metavar="separate|combined", help="What the annotation codes distinguish.")
    ] = "separate",
    hierarchy: Hierarchies = None,
    threshold: Threshold = None,
    min_width: MinWidth = None,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Hide small counts of an aggregated table and what would reveal them; attack the result before it is written."""
    request = ProtectRequest(
        count, tuple(dimension), rule_of(threshold, min_width), tuple(hierarchy or ()), tuple(derived or ()), annotation,
        seed,
    )  # fmt: skip
    facts = protect_file(table, out, evidence, request, progress=report_step)
    if json:
        print_json(facts)
    else:
        print_lines(protect_lines(facts, out, evidence))


def protect_lines(facts: ProtectionFacts, out: Path, evidence: Path) -> list[str]:
    """What was done, for people."""
    figures, attacked = facts["suppression"], facts["attack"]
    hidden = figures["small"] + figures["complementary"]
    share = hidden / figures["published"]
    kept = ", ".join(facts["as_they_were"])
    return [
        f"{out}: {facts['output']['rows']:,} rows",
        f"  hidden: {figures['small']:,} small, {figures['complementary']:,} complementary ({share:.1%} of the counts)",
        f"  annotation: {facts['annotation']}; seed {facts['seed']}",
        f"  attacked: {attacked['safe_with_witness'] + attacked['safe_by_lp']:,} blanks proven safe, none recoverable",
        *([f"  as they were: {kept}; name with --derived what is computed from the count"] if kept else []),
        f"  evidence: {evidence}",
    ]
