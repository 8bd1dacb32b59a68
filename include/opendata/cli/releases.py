"""``bin/opendata releases``: what is in staging of a dataset, the newest first, and what became of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from include.opendata import places
from include.opendata.cli.options import DatasetId, Json, StagingAddress, located
from include.opendata.cli.output import print_json, print_lines
from include.opendata.declaration.load import load
from include.opendata.ledger import open_ledger
from include.opendata.pipeline.releases import withdrawn_releases
from include.opendata.staging import open_staging


@dataclass(frozen=True)
class RolledBack:
    """When, by whom and why a release was withdrawn, and which one took its place."""

    at: str | None
    by: str
    reason: str
    to: str | None


@dataclass(frozen=True)
class ReleaseRow:
    """One release in staging. ``previous``: the release it followed · ``hidden``: blank counts over all tables."""

    release: str
    started_at: str
    previous: str | None
    tables: int
    rows: int
    hidden: int
    current: bool
    rolled_back: RolledBack | None


def releases(id: DatasetId, staging: StagingAddress = None, json: Json = False) -> None:
    """List a dataset's releases in staging, the newest first: which is the current one, which were rolled back."""
    address = located(staging) or places.staging()
    rows = release_rows(id, address)
    if json:
        print_json({"dataset": id, "releases": [asdict(row) for row in rows]})
    elif rows:
        print_lines(["release           made                  tables    rows  hidden  ", *map(_line, rows)])
    else:
        print_lines([f"{id} has no release in {address} yet."])


def release_rows(dataset: str, address: str) -> list[ReleaseRow]:
    """The releases of ``dataset`` in staging, the newest first. Raises DeclarationError and StorageError."""
    load(dataset)  # a slip in the name is said, not answered with an empty list
    place = open_staging(address)
    current = place.current(dataset)
    withdrawn = withdrawn_releases(dataset, place, open_ledger())
    rows = []
    for release in place.releases(dataset):
        manifest = place.read_manifest(dataset, release)
        move = withdrawn.get(release)
        rows.append(
            ReleaseRow(
                release=release,
                started_at=manifest.run.started_at,
                previous=manifest.previous_release,
                tables=len(manifest.tables),
                rows=sum(t.rows for t in manifest.tables),
                hidden=sum(t.small + t.complementary for t in manifest.tables),
                current=current == release,
                rolled_back=None if move is None else RolledBack(move.done_at, move.by, move.reason, move.to_release),
            )
        )
    return sorted(rows, key=lambda row: str(row.started_at), reverse=True)


def _line(row: ReleaseRow) -> str:
    became = "current" if row.current else ""
    if row.rolled_back is not None:
        became = f"rolled back at {row.rolled_back.at} by {row.rolled_back.by}"
        became += f": {row.rolled_back.reason}" if row.rolled_back.reason else ""
    return f"{row.release:<18}{row.started_at:<22}{row.tables:>6}{row.rows:>8}{row.hidden:>8}  {became}".rstrip()
