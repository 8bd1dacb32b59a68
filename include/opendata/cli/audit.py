"""``bin/opendata audit``: what an attacker can recover from published tables in long form, ours or not.

The user owns the table, so recovered intervals are shown on standard output (and nowhere else).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from include.opendata.cli.options import Json
from include.opendata.cli.output import print_json, print_lines, report_step
from include.opendata.cli.table_files import read_records
from include.opendata.cli.table_options import Hierarchies, MinWidth, Seed, Threshold, rule_of
from include.opendata.disclosure.attack import (
    CODE_COMPLEMENTARY,
    RECOVERABLE,
    SAFE_LP,
    SAFE_WITNESS,
    UNBOUNDED,
    UNDECIDED,
    CellFinding,
)
from include.opendata.disclosure.long_tables import Audit, AuditRequest, Totals, audit_records
from include.opendata.errors import EXIT_AUDIT

NAMED_AT_MOST = 50
"""Sentences that are shown to people; ``--json`` lists all."""

Many = list[str] | None


def audit(
    published: Annotated[
        list[Path],
        typer.Argument(metavar="PUBLISHED…", help="A published table in long form; several files are read together."),
    ],
    count: Annotated[
        list[str], typer.Option("--count", metavar="COL", help="A column of counts; several are read together.")
    ],
    dimension: Annotated[
        Many,
        typer.Option(metavar="NAME[:TOTAL_LABEL]", help="A column of labels, and the label of its total rows."),
    ] = None,
    sheet: Annotated[
        str | None, typer.Option(metavar="NAME", help="The sheet of an Excel workbook that has several.")
    ] = None,
    strata: Annotated[
        Many,
        typer.Option(
            metavar="STRATA/NAME[:TOTAL_LABEL]",
            help="Two columns of stacked strata: the rows of each stratum add up to the total.",
        ),
    ] = None,
    sums: Annotated[
        Many,
        typer.Option("--sum", metavar="NAME:TOTAL_LABEL=PART|PART", help="These labels add up to that one."),
    ] = None,
    hierarchy: Hierarchies = None,
    category: Annotated[
        Many, typer.Option(metavar="NAME:LABEL", help="This label looks like a total and is a category.")
    ] = None,
    totals: Annotated[
        Totals, typer.Option(metavar="exact|at-most", help="Parts add up to their total, or to less.")
    ] = "exact",
    tolerance: Annotated[
        int, typer.Option(metavar="N", min=0, help="How far a total may be from its parts: figures are rounded.")
    ] = 0,
    unshown: Annotated[
        Many, typer.Option(metavar="NAME", help="This dimension's total counts a category that has no row.")
    ] = None,
    running: Annotated[
        Many, typer.Option(metavar="NAME", help="Counts go on from label to label: year to date, cumulative.")
    ] = None,
    token: Annotated[
        Many,
        typer.Option(
            metavar="TEXT=MEANING", help="What stands for a count: 0, 1-10, 11+, small, complementary, hidden, unknown."
        ),
    ] = None,
    annotation: Annotated[
        str | None,
        typer.Option(metavar="separate|combined", help="What its codes distinguish. Default: read from the table."),
    ] = None,
    annotation_column: Annotated[
        str | None, typer.Option(metavar="COL", help="The column of codes. Default: the count's name and _annotation.")
    ] = None,
    denominator: Annotated[
        str | None, typer.Option(metavar="COL", help="The denominator shown beside the count.")
    ] = None,
    rate: Annotated[Many, typer.Option(metavar="COL:PER:DECIMALS", help="A rounded rate of the denominator.")] = None,
    ignore: Annotated[
        Many, typer.Option(metavar="COL", help="Leave a column of numbers out; the verdict says so.")
    ] = None,
    absent_unknown: Annotated[
        bool, typer.Option("--absent-unknown", help="Combinations without a row are unknown, not zero.")
    ] = False,
    small_shown: Annotated[
        bool, typer.Option("--small-shown", help="Small counts may be shown in this table; only hidden ones matter.")
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
    """Try to recover every hidden count of a published table, as an attacker would.

    Ends with 0 where nothing can be recovered under the totals it names, with 4 where something can, is small and shown, or was
    not decided, and with 2 where the table is not understood.
    """
    request = AuditRequest(
        tuple(count), _given(dimension), rule_of(threshold, min_width), hierarchies=_given(hierarchy), sums=_given(sums),
        strata=_given(strata), annotation=annotation, annotation_column=annotation_column, denominator=denominator,
        rates=_given(rate), absent_unknown=absent_unknown, totals=totals, tolerance=tolerance,
        unshown=_given(unshown), running=_given(running), categories=_given(category),
        tokens=_given(token), ignored=_given(ignore),
    )  # fmt: skip
    files = [read_records(path, sheet) for path in published]
    result = audit_records(files, request, seed=seed, seconds=time_limit, progress=report_step)
    if json:
        print_json(audit_view(result, small_shown=small_shown))
    else:
        print_lines(audit_lines(result, small_shown=small_shown))
    if not passed(result, small_shown=small_shown):
        raise typer.Exit(EXIT_AUDIT)


def _given(values: Many) -> tuple[str, ...]:
    return tuple(values or ())


def passed(audit: Audit, *, small_shown: bool) -> bool:
    """Whether nothing hidden can be recovered, and no small count is shown unless ``small_shown`` says it may be."""
    return audit.nothing_recovered and (small_shown or not audit.small_shown)


def audit_view(audit: Audit, *, small_shown: bool) -> dict[str, Any]:
    """The audit for programs."""
    published, rows = audit.published, audit.cells.rows
    failing = audit.failing_cells
    return {
        "passed": passed(audit, small_shown=small_shown),
        "files": [records.file for records in published.files],
        "rows": len(published.rows),
        "annotation": audit.annotation,
        "annotation_assumed": audit.assumed,
        "threshold": audit.view.rule.below,
        "min_width": audit.view.rule.width,
        "holds_under": {
            "totals": [each.sentence for each in audit.sums],
            "blanks_may_be_zero": audit.view.blanks_may_be_zero,
            "beside_counts": _beside(audit),
            "not_looked_at": list(audit.beside.not_looked_at),
        },
        "blanks": sum(audit.verdicts.values()),
        "verdicts": audit.verdicts,
        "failing_groups": len(audit.failing_groups),
        "failing_totals_not_published": sum(finding.cell >= rows for finding in failing),
        "small_counts_shown": len(audit.small_shown),
        "hidden_in_one_file_and_shown_in_another": [_cell(audit, row) for row in audit.hidden_and_shown],
        "seed": audit.report.seed,
        "cells": [
            _cell_view(finding, audit) for finding in audit.report.cells if finding.cell < rows or finding in failing
        ],
        "groups": [{"verdict": g.verdict, "sentence": g.sentence} for g in audit.failing_groups],
    }


def _cell(audit: Audit, cell: int) -> dict[str, str]:
    return dict(zip(audit.published.dimensions, audit.cells.labels[cell], strict=True))


def _cell_view(finding: CellFinding, audit: Audit) -> dict[str, Any]:
    view: dict[str, Any] = {"cell": _cell(audit, finding.cell), "verdict": finding.verdict}
    if finding.cell < audit.cells.rows:
        view["line"] = audit.published.place(finding.cell).line
    if finding.verdict == RECOVERABLE:
        view |= {"low": finding.low, "high": None if finding.high >= UNBOUNDED else finding.high}
    if finding.sentence:
        view["sentence"] = _sentence(audit, finding)
    return view


def audit_lines(audit: Audit, *, small_shown: bool) -> list[str]:
    """The audit for people: under what it holds, what was found, and what an attacker would write."""
    verdicts, rule, published = audit.verdicts, audit.view.rule, audit.published
    lines = [
        f"{published.name}: {len(published.rows):,} rows, {sum(verdicts.values()):,} hidden counts",
        "",
        *_holds_under(audit),
        "",
        f"  annotation: {audit.annotation} ({_reading(audit)})",
        f"  safe, for two tables that differ in it look the same: {verdicts[SAFE_WITNESS]:,}",
        f"  safe, for it is certainly {rule.below} or more: {verdicts[SAFE_LP]:,}",
        f"  recoverable: {verdicts[RECOVERABLE]:,}",
        f"  undecided: {verdicts[UNDECIDED]:,}",
    ]
    absent = sum(finding.cell >= audit.cells.rows for finding in audit.failing_cells)
    if audit.failing_groups or absent:
        lines.append(
            f"  groups whose hidden parts add up to a small count: {len(audit.failing_groups):,}; "
            f"counts in no row that are narrowed down: {absent:,}"
        )
    if audit.small_shown:
        lines.append(f"  counts {rule.words} that are shown: {len(audit.small_shown):,}")
    return [*lines, *_attacker_lines(audit, small_shown=small_shown), "", _end(audit, small_shown=small_shown)]


def _end(audit: Audit, *, small_shown: bool) -> str:
    if not passed(audit, small_shown=small_shown):
        return "Do not publish this table as it is."
    under = "under these totals" if audit.sums else "but no total is known: every hidden count was looked at by itself"
    beside = ", without what was left out" if audit.beside.not_looked_at else ""
    return f"No hidden count can be recovered, {under}{beside}."


def _holds_under(audit: Audit) -> list[str]:
    """What the verdict rests on."""
    sums = [f"    {each.sentence}" for each in audit.sums[:NAMED_AT_MOST]]
    if len(audit.sums) > NAMED_AT_MOST:
        sums.append(f"    … and {len(audit.sums) - NAMED_AT_MOST:,} more; --json lists all")
    lines = ["  The verdict holds under these totals:", *(sums or ["    none: no row is taken to be a sum of others"])]
    if audit.view.blanks_may_be_zero:
        lines.append("  Hidden counts may be zero: their tokens say so, or the totals allow nothing else.")
    lines += [f"  Used beside the counts: {sentence}." for sentence in _beside(audit)]
    if audit.beside.not_looked_at:
        lines.append(f"  Not looked at: {', '.join(audit.beside.not_looked_at)}.")
    return lines


def _beside(audit: Audit) -> list[str]:
    return [
        *(share.sentence for share in audit.beside.shares),
        *(f"no count is above {column}" for column in audit.beside.limits),
    ]


def _reading(audit: Audit) -> str:
    """Where it is known from what the codes tell."""
    if not audit.assumed:
        return "as you said"
    if audit.annotation == "separate" and not (audit.view.state == CODE_COMPLEMENTARY).any():
        small = f"1 to {audit.view.rule.largest}"
        return f"the mark may say {small}; where it stands for all blanks, say --annotation combined"
    return "the codes of the table"


def _attacker_lines(audit: Audit, *, small_shown: bool) -> list[str]:
    sentences = [
        f"{_line(audit, finding.cell)}{_sentence(audit, finding)} {_interval(finding.low, finding.high)}".strip()
        for finding in audit.failing_cells
    ]
    sentences += [
        f"{_line(audit, row)}{_name(audit, row)} is hidden in one file and shown in another."
        for row in audit.hidden_and_shown
    ]
    sentences += [group.sentence for group in audit.failing_groups]
    lines = ["", "What an attacker would write:", *_first(sentences)] if sentences else []
    if audit.small_shown and not small_shown:
        shown = [f"{_line(audit, row)}{_name(audit, row)}" for row in audit.small_shown]
        lines += ["", "Small counts that are shown (say --small-shown where they may be):", *_first(shown)]
    return lines


def _sentence(audit: Audit, finding: CellFinding) -> str:
    """A row without data is in the table, though the attack knows no more of it than of a cell that is not."""
    in_table = finding.cell < audit.cells.rows
    return finding.sentence.replace("cell in no table", "count without data") if in_table else finding.sentence


def _first(sentences: list[str]) -> list[str]:
    lines = [f"  {sentence}" for sentence in sentences[:NAMED_AT_MOST]]
    if len(sentences) > NAMED_AT_MOST:
        lines.append(f"  … and {len(sentences) - NAMED_AT_MOST:,} more; --json lists all.")
    return lines


def _name(audit: Audit, cell: int) -> str:
    return f"({', '.join(audit.cells.labels[cell])})"


def _line(audit: Audit, cell: int) -> str:
    if cell >= audit.cells.rows:
        return ""
    place = audit.published.place(cell)
    file = "" if len(audit.published.files) == 1 else f"{place.file}, "
    return f"{file}line {place.line}: "


def _interval(low: int, high: int) -> str:
    if low == high:
        return f"It is {low}."
    return f"It is {low} or more." if high >= UNBOUNDED else f"It is from {low} to {high}."
