"""What a release differs in from the one before it, and whether a person must look at that before it is staged.

Both sides are read as the public has them: the release before from staging, the new one from its protected tables, written
as they will be published. Where figures moved further than the declaration lets them, the release is refused and the ledger
keeps the digest of exactly these changes. A person who looked at them accepts them with a reason; any other change is
refused again. A release that differs for another reason has another digest, so nothing is accepted unseen.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from include.opendata.changes import (
    Differences,
    Side,
    TableFacts,
    change_header,
    change_rows,
    check_tolerances,
    compare_tables,
    differences_bytes,
    read_differences,
)
from include.opendata.changes.report import TableChange, ToleranceResult
from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.tables import Table
from include.opendata.errors import Place, Refused
from include.opendata.ledger.decided import decided_before
from include.opendata.pipeline.limits import LONGEST_NOTE
from include.opendata.pipeline.records import ReleaseRecord
from include.opendata.pipeline.run import Run
from include.opendata.pipeline.run_context import OpenRun, open_run
from include.opendata.release.formats.csv_files import write_table_csv
from include.opendata.release.inputs import ChangesSince
from include.opendata.release.metadata.dictionary import describe_fields
from include.opendata.staging import Staging
from include.opendata.storage import RunArea
from include.opendata.storage.atomic import write_bytes
from include.opendata.storage.digests import sha256_of
from include.opendata.vocabulary import ProtectedTable

BEYOND, ACCEPTED = "moved-beyond-tolerance", "changes-accepted"
_PACKAGE = "datapackage.json"


def changes_since(
    declared: Dataset,
    protected: Sequence[ProtectedTable],
    release: str,
    previous: str | None,
    staging: Staging,
    area: RunArea,
) -> ChangesSince | None:
    """What ``release`` differs in from ``previous``; None where there is none. Leaves ``diff.json`` in the work area."""

    if previous is None:
        area.path("changes", "diff.json").unlink(missing_ok=True)  # of a try that began elsewhere
        return None
    package = json.loads(staging.read_file(declared.dataset, previous, _PACKAGE))
    published = [table.table for table in staging.read_manifest(declared.dataset, previous).tables]
    changes: list[TableChange] = []
    files: dict[str, tuple[Sequence[str], Iterable[Sequence[str]]]] = {}
    for table_now in protected:
        name = table_now.structure.table
        table, new = declared.table(name), _about_to_be(declared, table_now, area)
        old = _published(staging, declared.dataset, previous, name, package) if name in published else None
        change = _compared(table, old, new)
        changes.append(change)
        if old is not None and change.status == "compared":
            facts = _facts(table)
            files[name] = (change_header(new, facts), change_rows(old, new, facts))
    now = {table.structure.table for table in protected}
    for name in published:
        if name not in now:
            changes.append(_compared(None, _published(staging, declared.dataset, previous, name, package), None))
    differences = Differences(dataset=declared.dataset, from_=previous, to=release, tables=tuple(changes))
    content = differences_bytes(differences)
    write_bytes(area.path("changes", "diff.json"), content)
    return ChangesSince(content, differences.model_dump(mode="json", by_alias=True), files)


def compare_releases(dataset: str, staging: Staging, *, since: str, to: str, declared: Dataset | None) -> Differences:
    """What two staged releases differ in. ``declared``: tells which rows are totals and which figures add up.

    Raises InputError (``release-unknown``) and StorageError (``staging-drifted``, ``published-file-differs``).
    """

    packages = {release: json.loads(staging.read_file(dataset, release, _PACKAGE)) for release in (since, to)}
    names = {release: [t.table for t in staging.read_manifest(dataset, release).tables] for release in (since, to)}
    known = {} if declared is None else {table.table: table for table in declared.tables}
    tables = []
    for name in dict.fromkeys([*names[to], *names[since]]):
        old, new = (
            _published(staging, dataset, release, name, packages[release]) if name in names[release] else None
            for release in (since, to)
        )
        tables.append(_compared(known.get(name), old, new))
    return Differences(dataset=dataset, from_=since, to=to, tables=tuple(tables))


def check_changes(run: Run) -> None:
    """Refuse a release whose figures moved further than declared, unless a person accepted exactly these changes.

    Raises Refused (``moved-beyond-tolerance``); its sentences name categories, never a figure.
    """
    opened = open_run(run)
    path = opened.area.folder / "changes" / "diff.json"
    if not path.is_file():  # there is no release before
        return
    content = path.read_bytes()
    differences = read_differences(content)
    if not differences.beyond:
        return
    digest = sha256_of(content)
    figures = {"beyond": differences.beyond, "digest": digest}
    if _accepted(opened, digest, figures):
        return
    opened.decide("check_changes", BEYOND, f"The release waits: {_sentence(differences.beyond)}.", figures=figures)
    raise _moved_too_far(opened, differences)


def _accepted(opened: OpenRun, digest: str, figures: dict[str, Any]) -> bool:
    """Whether exactly these changes were accepted before, or are now: they were refused first, so that a person saw them."""
    if _was_decided(opened, ACCEPTED, digest):
        return True
    reason, by = opened.run.accept_changes, opened.run.by or "somebody"
    if not reason or not _was_decided(opened, BEYOND, digest):
        return False
    why = " ".join(reason.split())[:LONGEST_NOTE]
    opened.decide("check_changes", ACCEPTED, f"{by} accepted these changes: {why}", figures=figures)
    return True


def _was_decided(opened: OpenRun, slug: str, digest: str) -> bool:
    decisions = decided_before(opened.ledger, opened.declared.dataset, slug)
    return any(decision.figures.get("digest") == digest for decision in decisions)


def _moved_too_far(opened: OpenRun, differences: Differences) -> Refused:
    dataset = opened.declared.dataset
    unseen = " They are not the changes that were looked at before." if opened.run.accept_changes else ""
    return Refused(
        f"{_sentence(differences.beyond)} since the release before.{unseen}",
        remedy=f"Look at the evidence page, {_evidence(opened.area)}, and ask the steward about what you did not "
        "expect; if it is right: "
        f'`bin/opendata refresh {dataset} --accept-changes "why"`, or in Airflow a refresh with "Accept the changes" '
        f"filled in by an approver of this dataset.",
        slug=BEYOND,
        place=Place(dataset=dataset),
        details=tuple(
            f"{table.table}: {result.rule}: {result.beyond} of {result.compared}: {'; '.join(result.where)}"
            for table in differences.tables
            for result in table.tolerances
            if result.beyond
        ),
    )


def _sentence(beyond: int) -> str:
    figures = "1 figure" if beyond == 1 else f"{beyond:,} figures"
    return f"{figures} moved as far as a declared tolerance or further"


def _evidence(area: RunArea) -> str:
    folder = ReleaseRecord.read(area).folder if ReleaseRecord.is_in(area) else "release"
    return str(area.folder / folder / "evidence" / "index.html")


def _compared(table: Table | None, old: Side | None, new: Side | None) -> TableChange:

    facts = _facts(table)
    compared = compare_tables(old, new, facts)
    rules = [] if table is None else list(table.tolerances)
    if not rules or old is None or new is None:
        return compared
    if compared.status == "compared":
        return compared.model_copy(update={"tolerances": check_tolerances(old, new, rules, facts)})
    unknown = ToleranceResult(
        rule="the declared tolerances",
        compared=0,
        beyond=1,
        where=("its rows cannot be compared",),
        not_compared=len(old),
    )
    return compared.model_copy(update={"tolerances": (unknown,)})


def _facts(table: Table | None) -> TableFacts:

    return TableFacts() if table is None else TableFacts.declared(table)


def _published(staging: Staging, dataset: str, release: str, name: str, package: dict[str, Any]) -> Side:

    return Side.from_package(name, staging.read_file(dataset, release, f"data/{name}.csv"), package)


def _about_to_be(declared: Dataset, protected: ProtectedTable, area: RunArea) -> Side:
    """The new table, written as it will be published."""

    name = protected.structure.table
    path = area.path("changes", f"{name}.csv")
    write_table_csv(path, protected, dataset=declared.dataset)
    kinds = {
        field.name: "string" if field.type == "text" else field.type for field in describe_fields(declared, protected)
    }
    return Side.of(name, path.read_bytes(), kinds, [d.name for d in protected.structure.dimensions])
