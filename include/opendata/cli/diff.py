"""``bin/opendata diff``: what two staged releases of a dataset differ in, as the public sees them."""

from __future__ import annotations

import json as json_module
import sys
from typing import Annotated

import typer

from include.opendata import places
from include.opendata.changes import Differences, differences_bytes
from include.opendata.changes.report import TableChange
from include.opendata.cli.options import located
from include.opendata.declaration.load import load
from include.opendata.errors import DeclarationError, InputError, Place
from include.opendata.pipeline.changes import compare_releases
from include.opendata.staging import open_staging


def diff(
    id: Annotated[str, typer.Argument(metavar="ID", help="The dataset's id: the name of its folder.")],
    since: Annotated[
        str | None, typer.Option("--from", metavar="RELEASE", help="Default: the release that the other one followed.")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="RELEASE", help="Default: the current release.")] = None,
    staging: Annotated[
        str | None, typer.Option(metavar="URL", help="Where they are staged. Default: ./staging.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")] = False,
) -> None:
    """What changed from one release to another: rows, totals, the largest movers, blanks, tolerances."""

    found = diff_of(id, since, to, located(staging) or places.staging())
    if json:
        sys.stdout.write(json_module.dumps(json_module.loads(differences_bytes(found)), indent=2, ensure_ascii=False))
        sys.stdout.write("\n")
    else:
        sys.stdout.write("\n".join(diff_lines(found)) + "\n")


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


def diff_lines(found: Differences) -> list[str]:
    """The differences for people."""
    lines = [f"{found.dataset} · from {found.from_} to {found.to}"]
    for table in found.tables:
        lines += ["", *_table_lines(table)]
    return lines


def _table_lines(table: TableChange) -> list[str]:
    rows = table.rows
    if table.status != "compared":
        return [f"{table.table}: {table.status} ({rows.old:,} rows before, {rows.new:,} now)"]
    lines = [
        f"{table.table}: {rows.added:,} rows added, {rows.changed:,} changed, {rows.removed:,} removed, "
        f"{rows.unchanged:,} as they were"
    ]
    lines += [f"  column {name} is new" for name in table.columns.added]
    lines += [f"  column {name} is gone" for name in table.columns.removed]
    lines += [f"  column {one.column} was {one.was} and is {one.is_}" for one in table.columns.retyped]
    for total in table.totals:
        figures = f"{_shown(total.old)} -> {_shown(total.new)}  {_percent(total.percent)}"
        lines.append(f"  {total.measure} ({total.of}): {figures}".rstrip())
    for hidden in table.hidden:
        if hidden.old or hidden.new:
            lines.append(
                f"  {hidden.measure}: {hidden.newly_hidden:,} newly hidden, {hidden.newly_shown:,} newly shown"
            )
    if table.movers:
        lines.append("  moved most:")
        lines += [
            f"    {mover.measure} of {', '.join(mover.row.values())}: {_shown(mover.old)} -> {_shown(mover.new)}  "
            f"{_percent(mover.percent)}".rstrip()
            for mover in table.movers
        ]
    lines += [
        f"  beyond its tolerance: {result.rule}: {result.beyond} of {result.compared} ({'; '.join(result.where)})"
        for result in table.tolerances
        if result.beyond
    ]
    return lines


def _shown(figure: float | None) -> str:
    return "blank" if figure is None else f"{figure:,}"


def _percent(percent: float | None) -> str:
    return "" if percent is None else f"({percent:+,.1f} %)"
