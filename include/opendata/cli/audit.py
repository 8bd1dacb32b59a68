"""``bin/opendata audit``: what a stranger can recover from a published table in long form, ours or not.

The user owns the table, so recovered intervals are shown on standard output (and nowhere else).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from include.opendata.cli.audit_table import AuditRequest, audit_answer, audit_file, audit_lines
from include.opendata.cli.options import Json
from include.opendata.cli.output import print_json, print_lines, report_step
from include.opendata.cli.table_options import CountColumn, Dimensions, Hierarchies, MinWidth, Seed, Threshold, rule_of
from include.opendata.errors import EXIT_AUDIT


def audit(
    published: Annotated[Path, typer.Argument(metavar="PUBLISHED.csv", help="A published table in long form.")],
    dimension: Dimensions,
    count: CountColumn,
    annotation: Annotated[
        str | None, typer.Option(metavar="separate|combined", help="What its codes tell. Default: read off the table.")
    ] = None,
    annotation_column: Annotated[
        str | None, typer.Option(metavar="COL", help="The column of codes. Default: the count's name and _annotation.")
    ] = None,
    hierarchy: Hierarchies = None,
    denominator: Annotated[
        str | None, typer.Option(metavar="COL", help="The denominator shown beside the count.")
    ] = None,
    rate: Annotated[
        list[str] | None, typer.Option(metavar="COL:PER:DECIMALS", help="A rounded rate of the denominator.")
    ] = None,
    absent_unknown: Annotated[
        bool, typer.Option("--absent-unknown", help="Combinations without a row are unknown, not zero.")
    ] = False,
    threshold: Threshold = None,
    min_width: MinWidth = None,
    time_limit: Annotated[
        float | None, typer.Option(metavar="SECONDS", min=0.001, help="What is open by then stays undecided.")
    ] = None,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Try to recover every blank of a published table, as a stranger would."""
    request = AuditRequest(
        count, tuple(dimension), tuple(hierarchy or ()), annotation, annotation_column, denominator, tuple(rate or ()),
        absent_unknown, rule_of(threshold, min_width),
    )  # fmt: skip
    result = audit_file(published, request, seed=seed, seconds=time_limit, progress=report_step)
    if json:
        print_json(audit_answer(result))
    else:
        print_lines(audit_lines(result))
    if not result.report.passed:
        raise typer.Exit(EXIT_AUDIT)
