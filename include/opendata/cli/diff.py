"""``bin/opendata diff``: what two staged releases of a dataset differ in, as the public sees them."""

from __future__ import annotations

import json as json_module
from collections.abc import Iterator
from typing import Annotated

import typer

from include.opendata import places
from include.opendata.changes import Differences, differences_bytes
from include.opendata.changes.report import TableChange
from include.opendata.cli.options import DatasetId, Json, StagingAddress, located
from include.opendata.cli.output import print_json, print_lines
from include.opendata.declaration.load import load
from include.opendata.errors import DeclarationError, InputError, Place
from include.opendata.pipeline.changes import compare_releases
from include.opendata.staging import open_staging


def diff(
    id: DatasetId,
    since: Annotated[
        str | None, typer.Option("--from", metavar="RELEASE", help="Default: the release that the other one followed.")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="RELEASE", help="Default: the current release.")] = None,
    staging: StagingAddress = None,
    json: Json = False,
) -> None:
    """What changed from one release to another: rows, totals, the largest movers, blanks, tolerances."""
    differences = diff_of(id, since, to, located(staging) or places.staging())
    if json:
        print_json(json_module.loads(differences_bytes(differences)))
    else:
        print_lines(diff_lines(differences))


def diff_of(dataset: str, since: str | None, to: str | None, address: str) -> Differences:
    """The differences. Raises InputError (``nothing-to-compare``, ``release-unknown``) and StorageError."""
    staging = open_staging(address)
    newer = staging.read_manifest(dataset, to)
    older = since or newer.previous_release
    if older is None:
        raise InputError(
            "this is the first release; there is none to compare it with",
            remedy=f"`bin/opendata releases {dataset}` lists what is staged; name another with --from.",
            slug="nothing-to-compare",
            place=Place(dataset=dataset),
        )
    try:
        declared = load(dataset)
    except DeclarationError:  # releases outlive their declaration; then it is not known which rows are totals
        declared = None
    return compare_releases(dataset, staging, since=older, to=newer.release, declared=declared)


def diff_lines(differences: Differences) -> list[str]:
    """The differences for people: a block of lines per table."""
    lines = [f"{differences.dataset} · from {differences.from_} to {differences.to}"]
    for table in differences.tables:
        lines += ["", *_table_lines(table)]
    return lines


def _table_lines(table: TableChange) -> Iterator[str]:
    rows = table.rows
    if table.status != "compared":
        yield f"{table.table}: {table.status} ({rows.old:,} rows before, {rows.new:,} now)"
        return
    yield (
        f"{table.table}: {rows.added:,} rows added, {rows.changed:,} changed, {rows.removed:,} removed, "
        f"{rows.unchanged:,} as they were"
    )
    yield from _column_lines(table)
    yield from _figure_lines(table)
    yield from _mover_lines(table)
    yield from _tolerance_lines(table)


def _column_lines(table: TableChange) -> Iterator[str]:
    for name in table.columns.added:
        yield f"  column {name} is new"
    for name in table.columns.removed:
        yield f"  column {name} is gone"
    for column in table.columns.retyped:
        yield f"  column {column.column} was {column.was} and is {column.is_}"


def _figure_lines(table: TableChange) -> Iterator[str]:
    """Totals, and how many figures are newly blank or newly shown."""
    for total in table.totals:
        figures = f"{_shown(total.old)} -> {_shown(total.new)}  {_percent(total.percent)}"
        yield f"  {total.measure} ({total.of}): {figures}".rstrip()
    for hidden in table.hidden:
        if hidden.old or hidden.new:
            yield f"  {hidden.measure}: {hidden.newly_hidden:,} newly hidden, {hidden.newly_shown:,} newly shown"


def _mover_lines(table: TableChange) -> Iterator[str]:
    if table.movers:
        yield "  moved most:"
    for mover in table.movers:
        row = ", ".join(mover.row.values())
        figures = f"{_shown(mover.old)} -> {_shown(mover.new)}  {_percent(mover.percent)}"
        yield f"    {mover.measure} of {row}: {figures}".rstrip()


def _tolerance_lines(table: TableChange) -> Iterator[str]:
    for result in table.tolerances:
        if result.beyond:
            where = "; ".join(result.where)
            yield f"  beyond its tolerance: {result.rule}: {result.beyond} of {result.compared} ({where})"


def _shown(figure: float | None) -> str:
    return "blank" if figure is None else f"{figure:,}"


def _percent(percent: float | None) -> str:
    return "" if percent is None else f"({percent:+,.1f} %)"
