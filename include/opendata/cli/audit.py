"""``bin/opendata audit``: what an attacker can recover from a published table in long form, ours or not.

The user owns the table, so recovered intervals are shown on standard output (and nowhere else).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from include.opendata.cli.options import Json
from include.opendata.cli.output import print_json, print_lines, report_step
from include.opendata.cli.table_options import CountColumn, Dimensions, Hierarchies, MinWidth, Seed, Threshold, rule_of
from include.opendata.disclosure.attack import (
    CODE_COMPLEMENTARY,
    RECOVERABLE,
    SAFE_LP,
    SAFE_WITNESS,
    UNBOUNDED,
    UNDECIDED,
    CellFinding,
)
from include.opendata.disclosure.long_tables import Audit, AuditRequest, audit_file
from include.opendata.errors import EXIT_AUDIT

NAMED_AT_MOST = 50
"""Sentences that are shown to people; ``--json`` lists all."""


def audit(
    published: Annotated[Path, typer.Argument(metavar="PUBLISHED.csv", help="A published table in long form.")],
    dimension: Dimensions,
    count: CountColumn,
    annotation: Annotated[
        str | None,
        typer.Option(metavar="separate|combined", help="What its codes distinguish. Default: read from the table."),
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
        float | None,
        typer.Option(metavar="SECONDS", min=0.001, help="How long to try; what is open by then stays undecided."),
    ] = None,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Try to recover every blank of a published table, as an attacker would."""
    request = AuditRequest(
        count, tuple(dimension), rule_of(threshold, min_width), tuple(hierarchy or ()), annotation, annotation_column,
        denominator, tuple(rate or ()), absent_unknown,
    )  # fmt: skip
    result = audit_file(published, request, seed=seed, seconds=time_limit, progress=report_step)
    if json:
        print_json(audit_view(result))
    else:
        print_lines(audit_lines(result))
    if not result.report.passed:
        raise typer.Exit(EXIT_AUDIT)


def audit_view(audit: Audit) -> dict[str, Any]:
    """The audit for programs."""
    figures = audit.report.figures
    return {
        "passed": audit.report.passed,
        "annotation": audit.annotation,
        "annotation_assumed": audit.assumed,
        "threshold": audit.view.rule.below,
        "min_width": audit.view.rule.width,
        "blanks": figures["blanks"],
        "verdicts": audit.blanks,
        "failing_groups": figures["failing_groups"],
        "failing_totals_not_published": figures["failing_absent"],
        "small_counts_shown": audit.shown_small,
        "seed": audit.report.seed,
        "cells": [_cell_view(finding, audit) for finding in audit.report.cells],
        "groups": [{"verdict": g.verdict, "sentence": g.sentence} for g in audit.report.groups],
    }


def _cell_view(finding: CellFinding, audit: Audit) -> dict[str, Any]:
    names = [dimension.column for dimension in audit.table.dimensions]
    view: dict[str, Any] = {
        "cell": dict(zip(names, audit.view.keys[finding.cell], strict=True)),
        "verdict": finding.verdict,
    }
    if finding.verdict == RECOVERABLE:
        view |= {"low": finding.low, "high": finding.high}
    if finding.sentence:
        view["sentence"] = finding.sentence
    return view


def audit_lines(audit: Audit) -> list[str]:
    """The audit for people: what was assumed, what was found, and what an attacker would write."""
    figures, verdicts, rule = audit.report.figures, audit.blanks, audit.view.rule
    lines = [
        f"{audit.table.file}: {len(audit.table.rows):,} rows, {figures['blanks']:,} blanks",
        f"  annotation: {audit.annotation} ({_reading(audit)})",
        f"  proven safe by two tables no one can tell apart: {verdicts[SAFE_WITNESS]:,}",
        f"  proven safe because it is certainly {rule.below} or more: {verdicts[SAFE_LP]:,}",
        f"  recoverable: {verdicts[RECOVERABLE]:,}",
        f"  undecided: {verdicts[UNDECIDED]:,}",
    ]
    if figures["failing_groups"] or figures["failing_absent"]:
        lines.append(
            f"  groups whose hidden parts add up to a small count: {figures['failing_groups']:,}; "
            f"totals in no row that are narrowed down: {figures['failing_absent']:,}"
        )
    if audit.shown_small:
        lines.append(f"  counts {rule.words} that are shown: {audit.shown_small:,}")
    end = "No hidden count can be recovered." if audit.report.passed else "Do not publish this table as it is."
    return [*lines, *_attacker_lines(audit), "", end]


def _reading(audit: Audit) -> str:
    """Where it is known from what the codes tell."""
    if not audit.assumed:
        return "as you said"
    if audit.annotation == "separate" and not (audit.view.state == CODE_COMPLEMENTARY).any():
        small = f"1 to {audit.view.rule.largest}"
        return f"code 1 may say {small}; where it stands for all blanks, say --annotation combined"
    return "the codes of the table"


def _attacker_lines(audit: Audit) -> list[str]:
    failing = [finding for finding in audit.report.cells if finding.verdict in (RECOVERABLE, UNDECIDED)]
    sentences = [f"{finding.sentence} {_interval(finding.low, finding.high)}".strip() for finding in failing]
    sentences += [group.sentence for group in audit.report.groups]
    if not sentences:
        return []
    lines = ["", "What an attacker would write:", *(f"  {sentence}" for sentence in sentences[:NAMED_AT_MOST])]
    if len(sentences) > NAMED_AT_MOST:
        lines.append(f"  … and {len(sentences) - NAMED_AT_MOST:,} more; --json lists all.")
    return lines


def _interval(low: int, high: int) -> str:
    if low == high:
        return f"It is {low}."
    return f"It is {low} or more." if high >= UNBOUNDED else f"It is from {low} to {high}."
