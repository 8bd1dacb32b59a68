"""What a person may ask of one refresh, by hand: on the command line or in Airflow's trigger form.

==============  ===============================================================================================
force           go on although source, declaration and code are those of the current release, and stage again
dry_run         everything but approvals and staging; the release is left in the work area to look at
only            this table alone may differ from the current release
source          read the source from here instead of the declared place
whole           the source is the whole of every table, whatever the declared mechanism
accept_changes  why the changes are right for which an earlier run was refused; ``by`` says who looked at them
note            why; kept with the run in the ledger
==============  ===============================================================================================

``only`` is a promise about the outcome, not a shorter way to it. The tables of a dataset share cells and are protected and
attacked together, so all of them are made; a release whose other tables do not come out the same, byte for byte, as in the
current release is refused. Mixing a new table with old ones would publish two states of the same figures, whose difference
no one protected.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from include.opendata.errors import DeclarationError, Place, Refused
from include.opendata.pipeline.limits import LONGEST_NOTE
from include.opendata.staging import Staging
from include.opendata.storage.manifest import Manifest

_TEXTS = ("only", "accept_changes", "note")
TABLE_FILES = ("data/{table}.csv", "dictionary/{table}.csv")


class RefreshOptions(BaseModel):
    """What was asked of one refresh."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, strict=True)

    force: bool = False
    dry_run: bool = False
    only: str | None = None
    whole: bool = False
    accept_changes: Annotated[str | None, Field(max_length=LONGEST_NOTE)] = None
    by: str | None = None
    note: Annotated[str | None, Field(max_length=LONGEST_NOTE)] = None


def checked_options(options: Mapping[str, object], *, dataset: str, tables: Sequence[str]) -> RefreshOptions:
    """The options, when each is known and can be met; an empty text is none.

    Raises DeclarationError ``option-unknown`` with the list, ``option-invalid``, ``table-unknown``.
    """
    place = Place(dataset=dataset)
    _require_known(options, place)
    given = {name: (value or None) if name in _TEXTS else value for name, value in options.items()}
    try:
        checked = RefreshOptions.model_validate(given)
    except ValidationError as error:
        wrong = sorted({str(detail["loc"][0]) for detail in error.errors(include_url=False)})
        raise DeclarationError(
            f"these options do not have the form asked for: {', '.join(wrong)}",
            remedy=f"`force`, `dry_run` and `whole` are true or false, `only` is a table, `accept_changes` and `note` have up "
            f"to {LONGEST_NOTE} characters.",
            slug="option-invalid",
            place=place,
        ) from None
    if checked.only is not None and checked.only not in tables:
        alike = difflib.get_close_matches(checked.only, tables, n=1)
        raise DeclarationError(
            f"there is no table called {checked.only!r}" + (f"; did you mean {alike[0]!r}?" if alike else ""),
            remedy=f"Declared tables: {', '.join(tables)}.",
            slug="table-unknown",
            place=place,
        )
    return checked


def _require_known(options: Mapping[str, object], place: Place) -> None:
    known = [name for name in RefreshOptions.model_fields if name != "by"]
    unknown = sorted(set(options) - {*known, "by"})
    if not unknown:
        return
    alike = {name: difflib.get_close_matches(name, known) for name in unknown}
    raise DeclarationError(
        f"a refresh has no option called {', '.join(repr(name) for name in unknown)}",
        remedy=f"Options: {', '.join([*known, 'source'])}.",
        slug="option-unknown",
        place=place,
        details=tuple(f"{name!r} (did you mean {names[0]!r}?)" for name, names in alike.items() if names),
    )


def continues(options: RefreshOptions, *, merging: bool, dataset: str) -> bool:
    """Whether a run whose inputs are those of the current release continues all the same.

    ``merging``: the extract would be merged into what is there. Raises Refused ``force-merges-twice``: it was merged already.
    """
    if options.force and merging:
        raise Refused(
            "the source is the extract that was merged last, and merging it again would count it twice",
            remedy="Refresh without `force`, or give the whole source with --whole.",
            slug="force-merges-twice",
            place=Place(dataset=dataset),
        )
    return options.force or options.dry_run


def require_no_dry_run(options: RefreshOptions, *, dataset: str) -> None:
    """Raises Refused ``dry-run``: what was started as a dry run is never staged."""
    if options.dry_run:
        raise Refused(
            "a dry run is not staged",
            remedy="Start a refresh that is no dry run.",
            slug="dry-run",
            place=Place(dataset=dataset),
        )


def require_only(only: str | None, built: Manifest, staging: Staging) -> None:
    """Raises Refused ``only-not-possible`` unless every other table is the same as in the release before; None asks nothing."""
    if only is None:
        return
    place = Place(dataset=built.dataset, table=only)
    if built.previous_release is None:
        raise Refused(
            "one table alone was asked for, and no release is there yet to take the others from",
            remedy="Refresh the whole dataset first.",
            slug="only-not-possible",
            place=place,
        )
    before = staging.read_manifest(built.dataset, built.previous_release)
    new, old = _files_of_others(built, only), _files_of_others(before, only)
    changed = [name for name, files in new.items() if old.get(name) != files]
    gone = [name for name in old if name not in new]
    if changed or gone:
        raise Refused(
            f"one table alone was asked for, and {len(changed) + len(gone)} other(s) would change as well",
            remedy="Refresh the whole dataset: its tables share cells, so they are protected and published together.",
            slug="only-not-possible",
            place=place,
            details=(*(f"{name} would change" for name in changed), *(f"{name} would go" for name in gone)),
        )


def _files_of_others(manifest: Manifest, only: str) -> dict[str, list[str | None]]:
    """Table → digests of its files, of all tables but ``only``."""
    digests = {file.path: file.sha256 for file in manifest.files}
    return {
        table.table: [digests.get(file.format(table=table.table)) for file in TABLE_FILES]
        for table in manifest.tables
        if table.table != only
    }
