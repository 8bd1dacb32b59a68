"""The commands of ``bin/opendata`` and how they end.

Exit codes: 0 done · 2 bad usage, declaration or input · 3 refused by a rule (quality, gate, missing approval) · 4 an audit
found something recoverable or undecided · 1 an unexpected error, with a pointer to the log. Answers go to standard output,
progress and errors to standard error; with ``--json`` standard output is JSON and nothing else, also for an error.

Each command is a module of this room with a function of the command's name. Only the module of the command that is given is
imported: all of them together take some eight seconds, and ``--help`` must answer at once.
"""

from __future__ import annotations

import importlib
import sys
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime

import typer
from typer import _click as click  # typer carries its own copy of click and gives its usage errors no public name
from typer.core import TyperCommand, TyperGroup

from include.opendata import places
from include.opendata.cli.output import ErrorView, error_view, print_json, report, report_below_step, view_of
from include.opendata.errors import EXIT_UNFORESEEN, OpendataError
from include.opendata.progress import progress_to

PROGRAM = "bin/opendata"
EXIT_INTERRUPTED = 130


@dataclass(frozen=True)
class CommandEntry:
    """A command before it is imported: its name, which is also that of its module and function, and its line in the help."""

    name: str
    summary: str

    @property
    def module(self) -> str:
        """The module to import, in full."""
        return f"include.opendata.cli.{self.name}"

    def load(self) -> click.Command:
        """The command itself, imported now."""
        command = getattr(importlib.import_module(self.module), self.name)
        if not isinstance(command, typer.Typer):
            function, command = command, _new_app()
            command.command(name=self.name)(function)
        loaded = typer.main.get_command(command)
        loaded.name = self.name
        return loaded


COMMANDS = (
    CommandEntry("refresh", "Refresh a dataset: from its source to a release in staging."),
    CommandEntry("preview", "Everything a refresh does but staging it; the release is left in the work area to look at."),
    CommandEntry("check", "Check declarations and their suites: of one dataset, or of all."),
    CommandEntry("suites", "Draft the Great Expectations suites a declaration asks for."),
    CommandEntry("show", "Show a dataset: its tables, its current release, its last run and why it was decided so."),
    CommandEntry(
        "summary", "What is in staging, table by table: rows, score, cells suppressed, where files and evidence are."
    ),
    CommandEntry("score", "The publication score of a table not yet built, from a file of facts."),
    CommandEntry(
        "advise", "What would show more of the tables that must be masked: coarser designs, tried on the data and ranked."
    ),
    CommandEntry("approve", "Record a signed approval form (or a rejection) in the ledger."),
    CommandEntry("watch", "What is late, changed without our knowledge, waiting or broken, over all datasets."),
    CommandEntry(
        "approvals", "What was put before a dataset's approvers, what changed since, who answered and what each answer covers."
    ),
    CommandEntry(
        "onboard",
        "Get to know a new source and draft its declaration, suites, dictionary and a page to review; publishes nothing.",
    ),
    CommandEntry(
        "scan",
        "Look for names, numbers and addresses of persons in a dataset's source; refuse what is public and looks personal.",
    ),
    CommandEntry(
        "releases", "List a dataset's releases in staging, the newest first: which is the current one, which were rolled back."
    ),
    CommandEntry(
        "rollback", "Make an earlier release the current one again, data and metadata; or restore one that was rolled back."
    ),
    CommandEntry("verify", "Re-hash what is staged and compare it with manifest, pointer, catalog and ledger."),
    CommandEntry("prune", "Remove all but the newest N releases of a dataset from staging; the current one always stays."),
    CommandEntry("publish", "Publish a dataset's current release on a CKAN portal; what is already there stays as it is."),
    CommandEntry("diff", "What changed from one release to another: rows, totals, the largest movers, blanks, tolerances."),
    CommandEntry(
        "protect",
        "Hide small counts of an aggregated table and what would reveal them; attack the result before it is written.",
    ),
    CommandEntry("audit", "Try to recover every hidden count of a published table, as an attacker would."),
    CommandEntry("attack", "Attack everything in a staging place together, as one person who keeps all of it."),
    CommandEntry("proof", "Re-check the proof that a release gives no small count away."),
)  # fmt: skip


class LazyCommands(TyperGroup):
    """The commands by name and summary; the one that is given is imported when its turn comes."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that ``args`` begins with, imported; a usage error names those that are spelled alike."""
        name, _, rest = super().resolve_command(ctx, args)
        entry = next(entry for entry in COMMANDS if entry.name == name)
        return name, entry.load(), rest


def _new_app() -> typer.Typer:
    return typer.Typer(
        add_completion=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


app = LazyCommands(
    name="opendata",
    help="Refresh, check and look at the data tables this project publishes.",
    commands=[TyperCommand(entry.name, help=entry.summary) for entry in COMMANDS],
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done; 2 bad usage, declaration or input; 3 refused by a rule; 4 an audit found something "
    "recoverable or undecided; 1 an unexpected error.",
)


def main(arguments: list[str] | None = None) -> None:
    """Run a command and leave with its documented exit code; a traceback is never shown.

    ``arguments``: what follows the program's name; by default those of the process.
    """
    given = sys.argv[1:] if arguments is None else arguments
    try:
        with progress_to(report_below_step):
            code = app.main(given, prog_name=PROGRAM, standalone_mode=False)
    except OpendataError as error:
        report(str(error))
        _fail(view_of(error), given)
    except click.exceptions.ClickException as error:
        error.show()
        _fail(_usage_view(error), given)
    except Exception as error:  # noqa: BLE001 - the last line of defence: people get a pointer, not a traceback
        unexpected = _unexpected_view(error)
        report(f"{unexpected['what']}\nWhat to do: {unexpected['remedy']}")
        _fail(unexpected, given)
    else:
        if code == EXIT_INTERRUPTED:
            stopped = _interrupted_view()
            report(f"{stopped['what']} {stopped['remedy']}")
            _fail(stopped, given)
        sys.exit(code)


def _fail(view: ErrorView, arguments: list[str]) -> None:
    if "--json" in arguments:
        print_json(view)
    sys.exit(view["exit_code"])


def _usage_view(error: click.exceptions.ClickException) -> ErrorView:
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else PROGRAM
    return error_view("usage", error.format_message(), f"`{command} --help` lists what can be given.", error.exit_code)


def _unexpected_view(error: Exception) -> ErrorView:
    return error_view(
        "unexpected",
        f"Unexpected error ({type(error).__name__}). No partial release was staged.",
        f"The details are in {_keep_traceback()}, which may quote records; report this.",
        EXIT_UNFORESEEN,
    )


def _interrupted_view() -> ErrorView:
    return error_view(
        "interrupted",
        "Stopped. Staging and the ledger are as they were, or hold a whole release.",
        "Run the command again.",
        EXIT_INTERRUPTED,
    )


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
