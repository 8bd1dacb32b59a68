"""``bin/opendata verify``: read staged releases back, byte by byte, and compare them with what is recorded of them.

Exit code 3 when anything drifted: what the public is offered is not what was approved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from include.opendata import places
from include.opendata.cli.options import DatasetId, Json, StagingAddress, located
from include.opendata.cli.output import print_json, print_lines
from include.opendata.errors import EXIT_REFUSED
from include.opendata.pipeline.releases import verify as verify_release
from include.opendata.staging import open_staging
from include.opendata.staging.base import Drift


def verify(
    id: DatasetId,
    release: Annotated[str | None, typer.Argument(metavar="[RELEASE]", help="Default: the current release.")] = None,
    all: Annotated[bool, typer.Option("--all", help="Every release of the dataset in staging.")] = False,
    staging: StagingAddress = None,
    json: Json = False,
) -> None:
    """Re-hash what is staged and compare it with manifest, pointer, catalog and ledger."""
    address = located(staging) or places.staging()
    checked = [verify_release(id, address, name) for name in _releases(id, address, release, all)]
    if json:
        print_json({"dataset": id, "staging": address, "releases": [_view(*pair) for pair in checked]})
    else:
        for name, drifts in checked:
            print_lines(_lines(id, name, drifts))
    if any(drifts for _, drifts in checked):
        raise typer.Exit(EXIT_REFUSED)


def _releases(dataset: str, address: str, release: str | None, every: bool) -> Sequence[str | None]:
    """The releases to verify; None stands for the current one."""
    if every and release is None:
        return open_staging(address).releases(dataset) or [None]
    return [release]


def _view(release: str, drifts: Sequence[Drift]) -> dict[str, object]:
    return {"release": release, "drift": [asdict(drift) for drift in drifts]}


def _lines(dataset: str, release: str, drifts: Sequence[Drift]) -> list[str]:
    state = f"DRIFTED in {len(drifts)} place(s)" if drifts else "as it was staged"
    return [f"{dataset} · release {release} · {state}", *(f"  - {d.path}: {d.sentence}" for d in drifts)]
