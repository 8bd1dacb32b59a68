"""``bin/opendata onboard``: get to know a source that is not declared yet and draft everything for it. Nothing is published."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypedDict

import typer

from include.opendata.cli.options import Json, located
from include.opendata.cli.output import print_json, print_lines, report_step
from include.opendata.onboarding.onboard import onboard as run_onboarding


def onboard(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A path, or an https://, http://, file:// or s3:// address.")
    ],
    department: Annotated[str, typer.Option(metavar="NAME", help="The department that owns the data.")] = "",
    steward_name: Annotated[str, typer.Option(metavar="NAME", help="The data steward.")] = "",
    steward_email: Annotated[str, typer.Option(metavar="ADDRESS", help="The data steward's e-mail.")] = "",
    topic: Annotated[str, typer.Option(metavar="TOPIC", help="The portal's category.")] = "",
    frequency: Annotated[str, typer.Option(metavar="HOW_OFTEN", help="How often it will be brought up to date.")] = "",
    column: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="A column that matters; repeatable.")
    ] = None,
    title: Annotated[str, typer.Option(metavar="TITLE", help="Default: made of the source's name.")] = "",
    id: Annotated[str, typer.Option(metavar="ID", help="The dataset's id. Default: made of the title.")] = "",
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where to put the bundle. Default: the work area.")
    ] = None,
    json: Json = False,
) -> None:
    """Get to know a new source and draft its declaration, suites, dictionary and a page to review; publishes nothing."""
    written = run_onboarding(
        {
            "source": located(source),
            "department": department,
            "steward_name": steward_name,
            "steward_email": steward_email,
            "topic": topic,
            "frequency": frequency,
            "columns": column or [],
            "title": title,
            "dataset": id,
        },
        out=str(out.absolute()) if out is not None else None,
        progress=report_step,
    )
    facts: _Facts = jsonlib.loads((Path(written["bundle"]) / "onboarding.json").read_text(encoding="utf-8"))
    if json:
        print_json({**written, **facts})
    else:
        print_lines(_lines(written, facts))


class _Masking(TypedDict):
    """How many cells a drafted table would hide."""

    small: int
    complementary: int
    cells: int


class _DraftedTable(TypedDict):
    """A drafted table: ``masking`` None where it was refused."""

    table: str
    score: int | None
    masking: _Masking | None
    refusal: str | None


class _Facts(TypedDict):
    """What the command shows of ``onboarding.json``."""

    dataset: str
    source: Mapping[str, Any]
    record: Mapping[str, Any]
    tables: list[_DraftedTable]
    open_questions: list[object]
    permission: Mapping[str, list[object]]
    priority: Mapping[str, int]


def _lines(written: dict[str, str], facts: _Facts) -> list[str]:
    lines = [f"{facts['dataset']}: {facts['source']['rows']:,} records; {facts['record']['reason']}"]
    for table in facts["tables"]:
        score = "not scored" if table["score"] is None else f"score {table['score']}"
        lines.append(f"  {table['table']}: {score}, {_protection(table)}")
    still_open = len(facts["open_questions"]) + len(facts["permission"]["open"])
    points = facts["priority"]
    lines += [
        f"  priority: {points['points']} to {points['reachable']} points",
        f"  open questions: {still_open}; no refresh runs before they are answered",
        f"bundle  {written['bundle']}",
        f"page    {written['page']}",
    ]
    return lines


def _protection(table: _DraftedTable) -> str:
    masking = table["masking"]
    if not masking:
        return str(table["refusal"])
    return f"{masking['small'] + masking['complementary']:,} of {masking['cells']:,} cells hidden"
