"""How a refresh that is no replacement works: what stood is looked up, the extract merged in, the outcome kept for the next.

Decides where figures to merge with come from (the release the run began at, and no other), that they are the ones that
release was made of, and when nothing is to be merged: an extract that was merged last is not merged again. What is made is
the whole table; everything after this step treats it like one that was counted from records, so that protection sees all
of it. Where nothing is kept to merge with, it refuses: it never begins again unasked.
"""

from __future__ import annotations

from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.tables import Table
from include.opendata.errors import Place, Refused, StorageError
from include.opendata.ledger import Ledger
from include.opendata.pipeline.records import SnapshotRecord
from include.opendata.pipeline.run import Run
from include.opendata.pipeline.run_context import OpenRun
from include.opendata.staging import Staging, open_staging
from include.opendata.storage import RunArea
from include.opendata.storage.atomic import PARTIAL, write_bytes
from include.opendata.storage.base_figures import BaseFigureStore
from include.opendata.storage.published_csv import read_texts
from include.opendata.storage.staging_address import same_place
from include.opendata.tables.column_atoms import Ways, atoms_of, ways_found
from include.opendata.tables.increments.base_figures import BaseFigures, BaseTable, merging_tables, shape_of
from include.opendata.tables.increments.merged_ways import extract_ways, first_period, merge_ways, recent_records
from include.opendata.tables.increments.merging import MergedRows, merge
from include.opendata.tables.table import Counted, assemble, count_records
from include.opendata.vocabulary import DataTable
from include.opendata.warehouse import Warehouse

_KEPT = "standing"


def merges(declared: Dataset) -> bool:
    """Whether some table of the dataset is refreshed by anything but `replace`."""
    return any(table.refresh.merges for table in declared.tables)


def taken_as_whole(run: Run, declared: Dataset, previous: str | None) -> bool:
    """Whether the extract is asked to be the whole table although there is one to merge it into."""
    return run.whole and previous is not None and merges(declared)


def tabulate_merged(opened: OpenRun, name: str, warehouse: Warehouse) -> DataTable:
    """One table of a dataset in which tables are merged: with what stood at the release the run began at.

    Leaves in the work area what :func:`keep_base_figures` will keep. Raises Refused (``standing-missing``,
    ``standing-of-another-shape``, what ``tables.increments`` refuses) and StorageError (``standing-differs``).
    """
    declared, table = opened.declared, opened.declared.table(name)
    source = SnapshotRecord.read(opened.area).sha256
    base = _base_figures(opened, table)
    counted, ways, merged = _with_extract(declared, table, base, source, warehouse)
    tabulated = assemble(declared, table, counted, atoms_of(declared, ways))
    if table.refresh.merges:
        kept = BaseFigures(shape_of(declared), source, {name: BaseTable.of(counted)}, ways).to_files()
        for file, content in kept.items():
            # Tasks of other tables write the facts they share at the same time.
            write_bytes(opened.area.path(_KEPT, file), content, concurrent=True)
        again = base is not None and base.source_sha256 == source and not _by_rule_alone(table)
        _record_merge(opened, table, merged, again=again, rows=len(tabulated.frame))
    return tabulated


def keep_base_figures(area: RunArea, declared: Dataset, release: str) -> None:
    """Keep what the tables of ``release`` are made of, for the extract after it; again does no harm."""

    folder = area.folder / _KEPT
    files = {path.name: path.read_bytes() for path in sorted(folder.glob("*")) if path.suffix != PARTIAL}
    names = {f"{table.table}.parquet" for table in declared.tables if table.refresh.merges}
    if not names <= set(files):
        raise StorageError(
            "the run's work area does not hold the figures to be kept for the next extract",
            remedy="Start the refresh again from its first step.",
            slug="work-area-swept",
            place=Place(dataset=declared.dataset),
        )
    BaseFigureStore().write(declared.dataset, release, files)


def require_current(declared: Dataset, current: str, previous: str | None) -> None:
    """Raises Refused (``staging-moved``) unless the current release is the one the run began at."""
    if current != previous:
        raise Refused(
            "another release became the current one while this one was being made",
            remedy="Run the refresh again; the extract is then merged into what is current now.",
            slug="staging-moved",
            place=Place(dataset=declared.dataset),
        )


def prune_base_figures(declared: Dataset, *, staging: Staging, address: str, ledger: Ledger) -> int:
    """Let go of the figures of releases that are staged nowhere any more; the number let go."""

    elsewhere = {entry.release for entry in ledger.releases(declared.dataset) if not same_place(entry.staging, address)}
    return BaseFigureStore().prune(declared.dataset, {*staging.releases(declared.dataset), *elsewhere})


def _base_figures(opened: OpenRun, table: Table) -> BaseFigures | None:
    """What the extract is merged into; None where the extract is the whole table."""
    declared, previous = opened.declared, opened.record.previous
    if previous is None or opened.run.whole:
        return None
    place = Place(dataset=declared.dataset)
    whole = f"refresh once with the full source: `bin/opendata refresh {declared.dataset} --whole --source FULL`."
    files = BaseFigureStore().read(declared.dataset, previous)
    if files is None:
        raise Refused(
            f"nothing is kept of what release {previous} was made of, so this extract cannot be merged into it",
            remedy=f"Restore the folder `.standing` of the work area from a backup, or {whole}",
            slug="standing-missing",
            place=place,
        )
    standing = BaseFigures.from_files(files, dataset=declared.dataset)
    if standing.shape != shape_of(declared):
        raise Refused(
            f"the declaration makes other categories or counts other figures than release {previous} did",
            remedy=f"What is published cannot be merged with; take the change back, or {whole}",
            slug="standing-of-another-shape",
            place=place,
        )
    if table.refresh.merges:
        published = open_staging(opened.run.staging).read_file(declared.dataset, previous, f"data/{table.table}.csv")
        _require_published(declared, table, standing, published.decode())
    return standing


def _with_extract(
    declared: Dataset, table: Table, base: BaseFigures | None, source: str, warehouse: Warehouse
) -> tuple[Counted, Ways, MergedRows | None]:

    lead, moved = merging_tables(declared)[0], None
    if base is not None and (_by_rule_alone(lead) or base.source_sha256 == source):
        before = first_period(lead, [base.ways], declared)
        ways = merge_ways(declared, lead, base, None, None, before=before)
        if not table.refresh.merges:
            return count_records(declared, table, warehouse), ways, None
        counted, moved = merge(declared, table, base.tables[table.table], None, before=before)
        return counted, ways, moved
    known = [ways_found(declared, warehouse), *([base.ways] if base is not None else [])]
    before = first_period(lead, known, declared)
    recent = recent_records(declared, lead, warehouse, before)
    ways = extract_ways(declared, warehouse, recent)
    extract = count_records(declared, table, recent if table.refresh.merges else warehouse)
    if base is None:
        return extract, ways, None
    counted = extract
    if table.refresh.merges:  # a repeated key is reported before anything that follows from it
        counted, moved = merge(declared, table, base.tables[table.table], extract, before=before)
    brought = extract if table.table == lead.table else count_records(declared, lead, recent)
    return counted, merge_ways(declared, lead, base, brought, ways, before=before), moved


def _by_rule_alone(table: Table) -> bool:
    """Whether nothing of an extract is looked at: a rule says what goes."""
    return table.refresh.mechanism == "delete" and table.refresh.remove is not None


def _require_published(declared: Dataset, table: Table, base: BaseFigures, text: str) -> None:
    """What is kept is what was published: every count that is shown, under the labels it is shown."""
    dimensions = [d.name for d in table.dimensions]
    rows = list(read_texts(text).records())
    true = _true_counts(declared, table, base, columns=list(rows[0]) if rows else [])
    kept = [(row, true.get(tuple(row.get(name, "") for name in dimensions))) for row in rows]
    compared = [(row, counts) for row, counts in kept if counts is not None]
    differing = sum(_shows_another_count(row, counts) for row, counts in compared)
    if compared and not differing:
        return
    raise StorageError(
        f"{differing} of {len(rows)} published rows are not what was kept for the next extract"
        if compared
        else "no published row is among those kept for the next extract",
        remedy="Compare staging and the folder `.standing` of the work area with their backups; then refresh once with the "
        f"full source: `bin/opendata refresh {declared.dataset} --whole --source FULL`.",
        slug="standing-differs",
        place=Place(dataset=declared.dataset, table=table.table),
    )


def _true_counts(
    declared: Dataset, table: Table, base: BaseFigures, columns: list[str]
) -> dict[tuple[str, ...], dict[str, str]]:
    """Labels of a row → count → its true figure as text, of the counts that are among the published ``columns``."""
    counted, _ = merge(declared, table, base.tables[table.table], None)
    # The totals the owner states are those of the table to come, not of the one that stood.
    without_totals = table.model_copy(update={"expected_totals": []})
    stood = assemble(declared, without_totals, counted, atoms_of(declared, base.ways))
    counts = [m.name for m in stood.structure.measures if m.role == "count" and m.name in columns]
    labels = stood.frame[[d.name for d in table.dimensions]].itertuples(index=False, name=None)
    figures = stood.frame[counts].astype(object).itertuples(index=False, name=None)
    return {
        tuple(label): {count: str(figure) for count, figure in zip(counts, row, strict=True)}
        for label, row in zip(labels, figures, strict=True)
    }


def _shows_another_count(row: dict[str, str], true: dict[str, str]) -> bool:
    return any(row[count] not in ("", figure) for count, figure in true.items())


_MERGED: dict[str, tuple[str, str]] = {
    "append": ("appended", "added {added}"),
    "update": ("updated", "added {added} and replaced {changed}"),
    "delete": ("deleted", "removed {removed}"),
}
"""Mechanism → slug of the decision, and what was done."""


def _record_merge(opened: OpenRun, table: Table, merged: MergedRows | None, *, again: bool, rows: int) -> None:
    """``merged`` None: there was nothing to merge with · ``again``: the extract is the one that was merged last."""
    figures = {"rows": rows}
    if merged is None:
        slug = "begun-anew" if opened.run.whole else "begun"
        mechanism = table.refresh.mechanism
        sentence = f"The extract was taken as the whole table; what comes after it is merged by {mechanism}."
    else:
        figures |= {"added": merged.added, "changed": merged.changed, "removed": merged.removed}
        slug, sentence = _merged_sentence(table, merged)
        if again:
            slug, sentence = "merged-before", "This extract is the one that was merged last; it was not merged again."
    opened.decide("tabulate", slug, sentence, table=table.table, figures=figures)


def _merged_sentence(table: Table, merged: MergedRows) -> tuple[str, str]:
    """(slug, sentence) of what was merged."""
    refresh = table.refresh
    slug, pattern = _MERGED[refresh.mechanism]
    counts = {"added": merged.added, "changed": merged.changed, "removed": merged.removed}
    done = pattern.format(**{name: f"{count:,} rows" for name, count in counts.items()})
    if refresh.mechanism != "delete" and refresh.remove is not None:
        done += f", removed {merged.removed:,} by rule"
    return slug, f"Merged the extract into the table as it stood: {done}; totals were added up again."
