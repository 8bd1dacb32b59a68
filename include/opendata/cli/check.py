"""``bin/opendata check``: everything that can be said of a declaration without touching its source."""

from __future__ import annotations

from typing import Annotated

import typer

from include.opendata import places
from include.opendata.cli.options import Json
from include.opendata.cli.output import print_json, print_lines, report
from include.opendata.declaration.annotation import declared_annotation
from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.light import declared_ids
from include.opendata.declaration.load import load
from include.opendata.declaration.questions import require_answered
from include.opendata.declaration.tables import PopulationMeasure
from include.opendata.errors import DeclarationError, OpendataError, Place
from include.opendata.gate.permission import decide_permission
from include.opendata.quality.suites import check_suites
from include.opendata.rules.reference import population_reference
from include.opendata.rules.rule_book import follows_shipped_book, rule_book, rule_book_file


def followed_rule_book() -> str | None:
    """Title and file of the rule book, for people; None for the shipped one. Raises SetupError when it cannot be used."""
    book = rule_book()
    return None if follows_shipped_book() else f"{book.title} ({rule_book_file()})"


def check(id: Annotated[str | None, typer.Argument(metavar="[ID]")] = None, json: Json = False) -> None:
    """Check declarations and their suites: of one dataset, or of all."""
    ids = [id] if id else declared_ids()
    if not ids:
        raise DeclarationError(
            f"no dataset is declared in {places.datasets()}",
            remedy="Declare one: a folder there with a `dataset.yaml`; `bin/opendata onboard` drafts it.",
            slug="nothing-declared",
        )
    errors = {dataset: _error_of(dataset) for dataset in ids}
    _answer(errors, followed_rule_book(), json)
    exit_codes = [error.exit_code for error in errors.values() if error is not None]
    if exit_codes:
        raise typer.Exit(max(exit_codes))


def _answer(errors: dict[str, OpendataError | None], followed: str | None, as_json: bool) -> None:
    """``followed``: the rule book that is followed in place of the shipped one."""
    if as_json:
        datasets = [_view(dataset, error) for dataset, error in errors.items()]
        print_json({"datasets": datasets, **({"rule_book": followed} if followed else {})})
        return
    for error in filter(None, errors.values()):
        report(str(error))
    lines = [_line(dataset, error) for dataset, error in errors.items()]
    print_lines([f"rule book: {followed}", *lines] if followed else lines)


def check_declaration(dataset: str) -> Dataset:
    """The declaration when it is sound: fields, suites, references, permission. Raises DeclarationError or Refused."""
    declared = load(dataset)
    _require_references(declared)
    if decide_permission(declared.permission).level == 3:
        raise DeclarationError(
            "its tables are level 3: they never reach the portal",
            remedy="Publish another table, made without the data that make this one level 3.",
            slug="level-3",
            place=Place(dataset=dataset),
        )
    declared_annotation(declared)
    check_suites(declared)
    require_answered(declared)  # last, so that an open question hides no fault
    return declared


def _require_references(declared: Dataset) -> None:
    """Every population reference that a table names can be read."""
    for table in declared.tables:
        names = [d.scores_as.reference for d in table.dimensions]
        names += [m.reference for m in table.measures if isinstance(m, PopulationMeasure)]
        for name in filter(None, names):
            population_reference(name)


def _error_of(dataset: str) -> OpendataError | None:
    try:
        check_declaration(dataset)
    except OpendataError as error:
        return error
    return None


def _problems(error: OpendataError | None) -> list[str]:
    return [] if error is None else list(error.details) or [str(error)]


def _view(dataset: str, error: OpendataError | None) -> dict[str, object]:
    return {"dataset": dataset, "sound": error is None, "problems": _problems(error)}


def _line(dataset: str, error: OpendataError | None) -> str:
    return f"{dataset}: {'sound' if error is None else f'{len(_problems(error))} problem(s)'}"
