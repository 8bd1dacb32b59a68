"""The step ``protect``: hide small cells and what would reveal them, over all tables of a dataset at once.

The result is attacked as a person would attack it who kept every release before it, and has what other datasets published of
the same records.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from include.opendata.disclosure.history.published import PublishedRelease, PublishedTable
from include.opendata.disclosure.protection import protect_and_attack
from include.opendata.disclosure.protection_result import Protection
from include.opendata.pipeline.other_datasets import find_others, record_others
from include.opendata.pipeline.published_history import earlier_releases, keep_attack
from include.opendata.pipeline.records import ProtectionRecord, read_assessment
from include.opendata.pipeline.results import TablesProtected
from include.opendata.pipeline.run import Run
from include.opendata.pipeline.run_context import OpenRun, open_run
from include.opendata.staging import open_staging
from include.opendata.storage.tables import read_table, write_table
from include.opendata.tables.column_dependencies import refuse_dependent_columns
from include.opendata.tables.column_ties import CountingTable
from include.opendata.tables.measure_relations import tied_tables
from include.opendata.vocabulary import DataTable, columns_of
from include.opendata.warehouse import open_snapshot


def perform(run: Run) -> TablesProtected:
    """Protect and attack. Raises AuditFailed where a hidden figure can be narrowed too far, and Refused."""
    opened = open_run(run)
    true_tables = [read_table(opened.area, "tables", name) for name in opened.tables]
    earlier = earlier_releases(
        opened.declared,
        true_tables,
        staging=open_staging(run.staging),
        address=run.staging,
        ledger=opened.ledger,
        declaration=opened.record.declaration_sha256,
    )
    masked = any(read_assessment(opened.area, name).masking_required for name in opened.tables)
    others = find_others(opened, true_tables)
    true_tables = _tied(opened, true_tables, [*earlier, *others.releases], masked=masked)
    protection = protect_and_attack(
        opened.declared, true_tables, masked=masked, earlier=earlier, others=others.releases
    )
    keep_attack(opened.area, protection)
    record_others(opened, others)
    for table in protection.tables:
        write_table(opened.area, "protected", table)
        _record_table(opened, protection, table.structure.table)
    facts_of = {name: dict(facts) for name, facts in protection.facts.items()}
    ProtectionRecord(tables=facts_of, systems=protection.systems).write(opened.area)
    return TablesProtected(
        tables={
            name: {key: value for key, value in facts.items() if key != "attack"}
            for name, facts in protection.facts.items()
        }
    )


def _tied(
    opened: OpenRun, tables: list[DataTable], earlier: Sequence[PublishedRelease], *, masked: bool
) -> list[DataTable]:
    """The tables with what the records say of how their columns and counts hang together. Raises Refused where that cannot
    be protected."""
    # What is shown in full now still says what an earlier release hid.
    compared = [release for release in earlier if masked or release.hides]
    if not (masked or compared):
        return tables
    published = [table.structure for release in compared for table in release.tables]
    with open_snapshot(opened.snapshot.parquet, dataset=opened.run.dataset) as warehouse:
        refuse_dependent_columns(
            opened.declared,
            warehouse,
            linked=_linked_axes(tables, earlier),
            earlier=[list(map(_counting, release.tables)) for release in compared],
            masked=masked,
        )
        tied = tied_tables(opened.declared, tables, warehouse, published=published)
    for sentence in tied.sentences:
        opened.decide("protect", "counts-read-together", sentence, section="DDG 2.0 §4.4.1 (2)")
    return tied.tables


def _linked_axes(tables: Iterable[DataTable], earlier: Iterable[PublishedRelease]) -> set[frozenset[str]]:
    """Columns whose cells are linked: in these tables, their filters, or an earlier release."""
    axes = {frozenset(d.tied) for table in tables for d in table.structure.dimensions if d.tied}
    axes |= {frozenset(columns_of(axis)) for table in tables for axis in table.structure.filter_atoms}
    return axes | {axis for release in earlier for axis in release.tied}


def _counting(table: PublishedTable) -> CountingTable:
    counts = frozenset(m.identity for m in table.structure.measures if m.role == "count")
    shows = frozenset(d.column for d in table.structure.dimensions)
    return CountingTable(table.table, counts, shows, frozenset(table.extents.there))


def _record_table(opened: OpenRun, protection: Protection, name: str) -> None:
    slug, sentence = protection.summary(name)
    figures = {key: value for key, value in protection.facts[name].items() if isinstance(value, int)}
    opened.decide("protect", slug, sentence, section="DDG 2.0 §4.4", table=name, figures=figures)
