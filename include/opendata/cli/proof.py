"""``bin/opendata proof verify``: re-check a release's proof later, without trusting the code that made it.

Reads the published files in staging and the private evidence store, and nothing else but the digest the ledger has of the
proof. Exit code 0: proven; 4: not proven.
"""

from __future__ import annotations

from typing import Annotated

import typer

from include.opendata import places
from include.opendata.cli.options import DatasetId, Json, StagingAddress
from include.opendata.cli.output import print_json, print_lines
from include.opendata.disclosure.proof.check import ProofReport, check_proof
from include.opendata.errors import EXIT_AUDIT, Place, Refused
from include.opendata.ledger import EvidenceStore, open_ledger
from include.opendata.staging import open_staging

proof = typer.Typer(
    help="Re-check the proof that a release gives no small count away.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@proof.callback()
def _group() -> None:
    """Keeps `verify` a command of its own: typer would make a group of one command into that command."""


@proof.command()
def verify(
    id: DatasetId,
    release: Annotated[str | None, typer.Argument(metavar="[RELEASE]", help="Default: the current release.")] = None,
    staging: StagingAddress = None,
    json: Json = False,
) -> None:
    """Add up the stored witnesses of a release against its files in staging."""
    report = verify_release(id, release, staging or places.staging())
    if json:
        print_json(proof_view(report))
    else:
        print_lines(proof_lines(report))
    if not report.proven:
        raise typer.Exit(EXIT_AUDIT)


def verify_release(dataset: str, release: str | None, address: str) -> ProofReport:
    """Re-check one release. Raises InputError when it, or its proof, is not there."""
    staging, store = open_staging(address), EvidenceStore()
    name = staging.read_manifest(dataset, release).release
    releases = staging.releases(dataset)
    folder = store.folder(dataset, name)
    known = {
        entry.proof_sha256
        for entry in open_ledger().published(dataset)
        if entry.release == name and entry.proof_sha256 is not None
    }
    if len(known) > 1:
        raise Refused(
            "the ledger knows several proofs of this release",
            remedy="Compare the ledger with its backup; a release has one proof.",
            slug="proof-ambiguous",
            place=Place(dataset=dataset),
        )

    def read(one: str, path: str) -> bytes:
        return staging.read_file(dataset, one, path)

    return check_proof(folder, releases, read, store.root / dataset, release=name, known=next(iter(known), None))


def proof_view(report: ProofReport) -> dict[str, object]:
    """The report for programs."""
    return {
        "dataset": report.dataset,
        "release": report.release,
        "proven": report.proven,
        **report.figures,
        "problems": list(report.problems),
    }


def proof_lines(report: ProofReport) -> list[str]:
    """The report for people."""
    f = report.figures
    lines = [
        f"{report.dataset} · release {report.release} · {'proven' if report.proven else 'NOT PROVEN'}",
        f"  {f['views']} way(s) of reading it, alone and with earlier releases; {f['blanks']} blanks in all",
        f"  {f['by_witnesses']} proven by two whole tables each, {f['large']} large as their code says",
        f"  {f['by_bounds']} safe by bounds alone (linear programming), not re-checked here",
    ]
    if f["percentages"]:
        lines.append(
            f"  {f['percentages']} table(s) of whole percentages: the file fits tables that differ enough in the small count; "
            "that the total is large enough is on the run's record, not re-checked here"
        )
    if f["withheld"]:
        lines.append(f"  {f['withheld']} whose witness is withheld, because it would be the true table")
    if f["set_aside"]:
        lines.append(f"  {f['set_aside']} readings of other releases set aside, because they contradict")
    return [*lines, *(f"  - {problem}" for problem in report.problems)]
