"""``bin/opendata suites``: the Great Expectations suites that a declaration asks for, as drafts."""

from __future__ import annotations

from typing import Annotated

import typer

from include.opendata.cli.options import DatasetId
from include.opendata.cli.output import print_lines
from include.opendata.declaration.load import load
from include.opendata.quality import draft_suites, write_suites


def suites(
    id: DatasetId,
    write: Annotated[
        bool, typer.Option("--write", help="Write them; expectations you added yourself are kept.")
    ] = False,
) -> None:
    """Draft the Great Expectations suites a declaration asks for."""
    declared = load(id)
    if write:
        print_lines(f"wrote {path}" for path in write_suites(declared))
        return
    for name, text in draft_suites(declared).items():
        print_lines([f"# {name}", text])
