"""The commands of ``bin/opendata`` and how they end.

Exit codes: 0 done · 2 bad usage, declaration or input · 3 refused by a rule (quality, gate, missing approval) · 4 an audit
found something recoverable or undecided · 1 anything unforeseen, with a pointer to the log. Answers go to standard output,
progress and errors to standard error; with ``--json`` standard output is JSON and nothing else.
"""

from __future__ import annotations

import json
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from include.opendata import places
from include.opendata.cli.approve import approvals, approve
from include.opendata.cli.diff import diff
from include.opendata.cli.onboard import onboard
from include.opendata.cli.options import located
from include.opendata.cli.progress import show_progress
from include.opendata.cli.proof import app as proof_app
from include.opendata.cli.prune import prune
from include.opendata.cli.publish import publish
from include.opendata.cli.releases import releases
from include.opendata.cli.rollback import rollback
from include.opendata.cli.scan import scan
from include.opendata.cli.tables_at_hand import audit, protect
from include.opendata.cli.verify import verify
from include.opendata.cli.watch import watch
from include.opendata.errors import EXIT_BAD_INPUT, EXIT_UNFORESEEN, OpendataError

app = typer.Typer(
    name="opendata",
    help="Refresh, check and look at the data tables this project publishes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done; 2 bad usage, declaration or input; 3 refused by a rule; 4 an audit found something "
    "recoverable or undecided; 1 anything unforeseen.",
)

DatasetArgument = Annotated[str, typer.Argument(metavar="ID", help="The dataset's id: the name of its folder.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
StagingOption = Annotated[
    str | None, typer.Option(metavar="URL", help="Where to stage: a folder, or s3://bucket/prefix. Default: ./staging.")
]
SourceOption = Annotated[
    str | None, typer.Option(metavar="PATH_OR_URL", help="Read the source from here instead of the declared place.")
]


WholeOption = Annotated[
    bool, typer.Option("--whole", help="The source is the whole table, though the declaration says to merge it.")
]


@app.command()
def refresh(
    id: DatasetArgument,
    source: SourceOption = None,
    staging: StagingOption = None,
    whole: WholeOption = False,
    accept_changes: Annotated[
        str | None,
        typer.Option(metavar="WHY", help="Accept the changes an earlier run was refused for, having looked at them."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Go on and stage again although nothing has changed.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Everything but staging, as `preview` does.")] = False,
    only: Annotated[
        str | None, typer.Option(metavar="TABLE", help="This table alone may change; refuse if another one would.")
    ] = None,
    note: Annotated[str | None, typer.Option(metavar="TEXT", help="Why; kept in the ledger.")] = None,
    json: JsonOption = False,
):
    """Refresh a dataset: from its source to a release in staging."""
    from include.opendata.cli.rollback import person
    from include.opendata.pipeline.run import run_refresh

    outcome = run_refresh(
        id, source=located(source), staging=located(staging), whole=whole, accept_changes=accept_changes, by=person(),
        preview=dry_run, force=force, only=only, note=note, progress=_progress,
    )  # fmt: skip
    if dry_run:
        _show_preview(id, outcome, json)
        return
    _show_summary([id], staging=outcome.staging, as_json=json, outcome={id: outcome.outcome})


@app.command()
def preview(
    id: DatasetArgument,
    source: SourceOption = None,
    staging: StagingOption = None,
    whole: WholeOption = False,
    json: JsonOption = False,
):
    """Everything a refresh does but staging it; the release is left in the work area to look at."""
    from include.opendata.pipeline.run import run_refresh

    outcome = run_refresh(
        id, source=located(source), staging=located(staging), preview=True, whole=whole, progress=_progress
    )
    _show_preview(id, outcome, json)


@app.command()
def check(id: Annotated[str | None, typer.Argument(metavar="[ID]")] = None, json: JsonOption = False):
    """Check declarations and their suites: of one dataset, or of all."""
    from include.opendata.cli.check import check_declaration
    from include.opendata.declaration.light import declared_ids

    wanted = [id] if id else declared_ids()
    if not wanted:
        _say(f"No dataset is declared in {places.datasets()}.")
        raise typer.Exit(EXIT_BAD_INPUT)
    problems: dict[str, list[str]] = {}
    failed: list[OpendataError] = []
    for dataset in wanted:
        try:
            check_declaration(dataset)
            problems[dataset] = []
        except OpendataError as error:
            failed.append(error)
            problems[dataset] = list(error.details) or [str(error)]
            if not json:
                _say(str(error))
    if json:
        _print_json({"datasets": [{"dataset": d, "sound": not p, "problems": p} for d, p in problems.items()]})
    else:
        _print([f"{dataset}: {'sound' if not p else f'{len(p)} problem(s)'}" for dataset, p in problems.items()])
    if failed:
        raise typer.Exit(max(error.exit_code for error in failed))


@app.command()
def suites(
    id: DatasetArgument,
    write: Annotated[
        bool, typer.Option("--write", help="Write them; expectations you added yourself are kept.")
    ] = False,
):
    """Draft the Great Expectations suites a declaration asks for."""
    from include.opendata.declaration.load import load
    from include.opendata.quality import draft_suites, write_suites

    declared = load(id)
    if write:
        _print([f"wrote {path}" for path in write_suites(declared)])
    else:
        for name, text in draft_suites(declared).items():
            _print([f"# {name}", text])


@app.command()
def show(id: DatasetArgument, staging: StagingOption = None, json: JsonOption = False):
    """Show a dataset: its tables, its current release, its last run and why it was decided so."""
    from include.opendata.cli.summary import dataset_view, view_lines

    view = dataset_view(id, located(staging) or places.staging())
    if json:
        _print_json(view)
    else:
        _print(view_lines(view))


@app.command()
def summary(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...")] = None,
    staging: StagingOption = None,
    json: JsonOption = False,
):
    """What is in staging, table by table: rows, score, cells suppressed, where files and evidence are."""
    from include.opendata.declaration.light import declared_ids

    _show_summary(ids or declared_ids(), staging=located(staging) or places.staging(), as_json=json, outcome={})


@app.command()
def score(
    facts: Annotated[Path, typer.Argument(metavar="FACTS.yaml", help="What the table would show; see docs/rules.md.")],
    json: JsonOption = False,
):
    """The publication score of a table not yet built, from a file of facts."""
    from include.opendata.cli.score import score_lines, score_view
    from include.opendata.gate.scoring import score_file

    found = score_file(facts)
    if json:
        _print_json(score_view(found))
    else:
        _print(score_lines(found))


@app.command()
def advise(
    id: DatasetArgument,
    table: Annotated[str | None, typer.Option(metavar="TABLE", help="One table only.")] = None,
    source: SourceOption = None,
    json: JsonOption = False,
):
    """What would show more of the tables that must be masked: coarser designs, tried on the data and ranked."""
    from include.opendata.advice.for_dataset import advise_dataset
    from include.opendata.cli.advise import advice_lines, advice_view

    advice = advise_dataset(id, table=table, source=located(source), progress=_progress)
    if json:
        _print_json(advice_view(id, advice))
    else:
        _print(advice_lines(advice))


app.command()(approve)
app.command()(watch)
app.command()(approvals)
app.command()(onboard)
app.command()(scan)
app.command()(releases)
app.command()(rollback)
app.command()(verify)
app.command()(prune)
app.command()(publish)
app.command()(diff)
app.command()(protect)
app.command()(audit)
app.add_typer(proof_app, name="proof")


def _show_preview(id: str, outcome: Any, json: bool) -> None:
    from include.opendata.cli.summary import manifest_lines, table_figures
    from include.opendata.storage.manifest import read_manifest

    if outcome.folder is None:
        raise RuntimeError("a preview leaves a release behind")
    manifest = read_manifest(outcome.folder / "manifest.json", dataset=id)
    if json:
        _print_json(
            {"dataset": id, "outcome": outcome.outcome, "folder": str(outcome.folder)} | table_figures(manifest)
        )
    else:
        _print(manifest_lines(manifest, str(outcome.folder), "previewed; nothing was staged"))


def _show_summary(ids: list[str], *, staging: str, as_json: bool, outcome: dict[str, str]) -> None:
    from include.opendata.cli.summary import summary_lines, summary_view

    view = summary_view(ids, staging, outcome)
    if as_json:
        _print_json(view)
    else:
        _print(summary_lines(view))


def main(arguments: list[str] | None = None) -> None:
    """Run a command and leave with its documented exit code; a traceback is never shown."""
    show_progress()
    try:
        app(arguments, standalone_mode=True)
    except OpendataError as error:
        _say(str(error))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        _say("Stopped. Staging and the ledger are as they were, or hold a whole release; run the command again.")
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - the last line of defence: people get a pointer, not a traceback
        _say(f"Something unforeseen happened ({type(error).__name__}). Nothing was staged half.")
        _say(f"What to do: the details are in {_keep_traceback()}, which may quote records; report this.")
        sys.exit(EXIT_UNFORESEEN)


def _keep_traceback() -> str:
    """Append the traceback to a log inside the private work area; the log's path."""
    path = places.work() / "unforeseen.log"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        with path.open("a", encoding="utf-8") as log:
            log.write(f"\n{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\n{traceback.format_exc()}")
    except OSError as error:
        return f"no log, for {path} cannot be written ({error.strerror})"
    return str(path)


def _progress(step: str) -> None:
    _say(f"  {step} …")


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _print(lines: Any) -> None:
    sys.stdout.write("\n".join(lines) + "\n")


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
