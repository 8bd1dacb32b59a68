"""``bin/opendata onboard``: get to know a source nobody has declared and draft everything for it. Nothing is published."""

from __future__ import annotations

import json as jsonlib
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from include.opendata.cli.options import located
from include.opendata.onboarding.onboard import onboard as run


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
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")] = False,
):
    """Get to know a new source and draft its declaration, suites, dictionary and a page to review; publishes nothing."""

    written = run(
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
        progress=_progress,
    )
    told = jsonlib.loads((Path(written["bundle"]) / "onboarding.json").read_text(encoding="utf-8"))
    if json:
        sys.stdout.write(jsonlib.dumps({**written, **told}, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("\n".join(_lines(written, told)) + "\n")


def _progress(step: str) -> None:
    sys.stderr.write(f"  {step} …\n")


def _lines(written: dict[str, str], told: dict[str, Any]) -> list[str]:
    lines = [f"{told['dataset']}: {told['source']['rows']:,} records; {told['record']['reason']}"]
    for table in told["tables"]:
        score = "not scored" if table["score"] is None else f"score {table['score']}"
        hidden = table["masking"]
        said = (
            f"{hidden['small'] + hidden['complementary']:,} of {hidden['cells']:,} cells hidden"
            if hidden
            else table["refusal"]
        )
        lines.append(f"  {table['table']}: {score}, {said}")
    still_open = len(told["open_questions"]) + len(told["permission"]["open"])
    points = told["priority"]
    lines += [
        f"  priority: {points['points']} to {points['reachable']} points",
        f"  open questions: {still_open}; no refresh runs before they are answered",
        f"bundle  {written['bundle']}",
        f"page    {written['page']}",
    ]
    return lines
