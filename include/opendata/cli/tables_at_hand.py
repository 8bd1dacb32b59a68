"""The commands for any table at hand: ``audit`` a published one, ``protect`` an aggregated one.

Their arguments and how they end; what they do is in ``audit_table`` and ``protect_table``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from include.opendata.cli.audit_table import AuditRequest, audit_answer, audit_file, audit_lines
from include.opendata.cli.protect_table import ProtectRequest, protect_file, protect_lines
from include.opendata.errors import EXIT_AUDIT

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
Count = Annotated[str, typer.Option("--count", metavar="COL", help="The column of counts.")]
Threshold = Annotated[int, typer.Option("--threshold", min=2, help="Counts from 1 to one less are small.")]
MinWidth = Annotated[
    int, typer.Option("--min-width", min=1, help="What must lie between the least and the most a blank can be.")
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Settles near-ties and draws; recorded.")]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]


def audit(
    published: Annotated[Path, typer.Argument(metavar="PUBLISHED.csv", help="A published table in long form.")],
    dimension: Dimensions,
    count: Count,
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
    threshold: Threshold = 11,
    min_width: MinWidth = 3,
    time_limit: Annotated[
        float | None, typer.Option(metavar="SECONDS", min=0.001, help="What is open by then stays undecided.")
    ] = None,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Try to recover every blank of a published table, as a stranger would."""

    request = AuditRequest(
        count, tuple(dimension), tuple(hierarchy or ()), annotation, annotation_column, denominator, tuple(rate or ()),
        absent_unknown, threshold, min_width,
    )  # fmt: skip
    found = audit_file(published, request, seed=seed, seconds=time_limit, progress=_progress)
    _answer(audit_answer(found) if json else audit_lines(found))
    if not found.report.passed:
        raise typer.Exit(EXIT_AUDIT)


def protect(
    table: Annotated[
        Path, typer.Argument(metavar="IN.csv", help="An aggregated table in long form, with true counts.")
    ],
    dimension: Dimensions,
    count: Count,
    out: Annotated[Path, typer.Option(metavar="OUT.csv", help="Where the protected table goes.")],
    evidence: Annotated[Path, typer.Option(metavar="E.json", help="Where figures, seed and verdicts go.")],
    derived: Annotated[
        list[str] | None, typer.Option(metavar="COL", help="A column derived from the count, blank where it is.")
    ] = None,
    annotation: Annotated[str, typer.Option(metavar="separate|combined", help="What the codes tell.")] = "separate",
    hierarchy: Hierarchies = None,
    threshold: Threshold = 11,
    min_width: MinWidth = 3,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Hide small counts of an aggregated table and what would reveal them; attack the result before it is written."""

    request = ProtectRequest(
        count, tuple(dimension), tuple(hierarchy or ()), tuple(derived or ()), annotation, threshold, min_width, seed
    )
    facts = protect_file(table, out, evidence, request, progress=_progress)
    _answer(facts if json else protect_lines(facts, out, evidence))


def _progress(step: str) -> None:
    sys.stderr.write(f"  {step} …\n")
    sys.stderr.flush()


def _answer(said: dict[str, Any] | list[str]) -> None:
    text = "\n".join(said) if isinstance(said, list) else json.dumps(said, indent=2, ensure_ascii=False)
    sys.stdout.write(text + "\n")
