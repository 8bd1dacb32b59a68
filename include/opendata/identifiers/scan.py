"""Scans a source, or a table about to be published, for identifiers of persons (HIPAA Safe Harbor; DDG 2.0 §4).

Of a source: columns declared direct identifiers are known and not looked into, but refused where a table shows them; a
column that is public, or that a table shows, and looks personal is refused, unless the declaration says why it is not. A
date or an age becomes harmless in wider categories, a number or a name does not. Columns that stay in the work area are
looked into all the same, and noted. Of a table: whatever looks personal is refused.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.source import SourceColumn
from include.opendata.identifiers.columns import Column, Contents, Match, contents
from include.opendata.identifiers.exposure import Exposure, exposure, origins, published
from include.opendata.identifiers.findings import By, IdentifierFinding, IdentifierScan, Severity
from include.opendata.rules.identifiers import ColumnType, Form, IdentifierRules, Kind, identifier_rules
from include.opendata.storage.system_errors import storage_errors
from include.opendata.vocabulary import ProtectedTable, Structure
from include.opendata.warehouse import Warehouse, open_snapshot

DECLARED = "direct-identifier"
"""The kind of a finding on a column that the declaration itself calls a direct identifier."""


def scan_source(dataset: Dataset, warehouse: Warehouse) -> IdentifierScan:
    """The findings on every declared column of the records in ``warehouse``.

    Raises StorageError when the database does not answer.
    """
    individuals = dataset.source.record != "aggregate"
    rows = _rows(warehouse, dataset.dataset, None)
    findings: list[IdentifierFinding] = []
    for column in dataset.source.columns:
        if column.privacy == "direct_identifier":
            findings += _declared(column.name, rows, published(dataset, column.name))
            continue
        seen = exposure(dataset, column)
        for hit in _look(
            warehouse, Column(column.name, column.type), individuals=individuals, dataset=dataset.dataset, table=None
        ):
            if hit.hardly_repeats and seen == "figures":
                continue  # exact amounts of events hardly repeat; added up they are no codes
            findings.append(_finding(column.name, hit, _severity(column, hit.kind, seen)))
    return _scan(dataset, None, rows, len(dataset.source.columns), findings, {f.column: f.column for f in findings})


def scan_columns(
    warehouse: Warehouse, columns: Sequence[Column], *, dataset: str, individuals: bool
) -> tuple[IdentifierFinding, ...]:
    """The findings on columns that are not declared yet, all of them notes; ``individuals``: records may be of persons.

    Raises StorageError when the database does not answer.
    """
    return tuple(
        _finding(column.name, hit, "note")
        for column in columns
        for hit in _look(warehouse, column, individuals=individuals, dataset=dataset, table=None)
    )


def scan_output(dataset: Dataset, protected: ProtectedTable, folder: Path) -> IdentifierScan:
    """The findings on exactly the columns and rows of ``protected`` that would be published.

    ``folder`` lies in the work area; the table is there as Parquet while it is looked at. Raises StorageError when the
    work area cannot take it.
    """
    table = protected.structure.table
    made_of = origins(dataset.table(table))
    columns = _published_columns(protected.structure)
    findings: list[IdentifierFinding] = []
    with storage_errors(dataset.dataset, "the work area"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".identifiers-", dir=folder) as scratch:
        parquet = Path(scratch) / f"{table}.parquet"
        with storage_errors(dataset.dataset, "the work area"):
            protected.frame.to_parquet(parquet, index=False)
        with open_snapshot(parquet, dataset=dataset.dataset) as warehouse:
            rows = _rows(warehouse, dataset.dataset, table)
            for column in columns:
                source = _source_column(dataset, made_of.get(column.name))
                if source is not None and source.privacy == "direct_identifier":
                    findings += _declared(column.name, rows, shown=True)
                answered = source is not None and _answered(source)
                findings += [
                    _finding(column.name, hit, "answered" if answered else "refuse")
                    for hit in _look(warehouse, column, individuals=False, dataset=dataset.dataset, table=table)
                ]
    return _scan(dataset, table, rows, len(columns), findings, made_of)


def _published_columns(structure: Structure) -> list[Column]:
    """The columns as they would be published, with their types."""
    types: dict[str, ColumnType] = {m.name: "integer" if m.decimals is None else "number" for m in structure.measures}
    types |= {attribute.name: attribute.kind for attribute in structure.attributes}
    return [Column(name, types.get(name, "text")) for name in structure.published_columns()]


@dataclass(frozen=True)
class _Hit:
    """One kind a column looks like: matching and filled rows, and whether all that speaks for it is that values differ."""

    kind: Kind
    by: By
    rows: int
    filled: int
    hardly_repeats: bool = False


def _look(
    warehouse: Warehouse, column: Column, *, individuals: bool, dataset: str, table: str | None
) -> Iterator[_Hit]:
    """The kinds of identifier ``column`` looks like.

    One hit for each kind: values tell more than a name, and of several forms the one with the most rows is kept.
    """
    rules = identifier_rules()
    looked_for = [(kind, form) for kind in rules.kinds for form in _forms(rules, kind, column, individuals)]
    inside = contents(warehouse, column, [form for _, form in looked_for], dataset=dataset, table=table)
    by_values = _alarming(looked_for, inside)
    named = {kind.slug for kind in rules.named_kinds(column.name, individuals=individuals)}
    for kind in rules.kinds:
        if kind.slug in by_values:
            yield _Hit(kind, "values", by_values[kind.slug].rows, inside.filled)
        elif kind.slug in named:
            yield _Hit(kind, "name", inside.filled, inside.filled)
        elif individuals and _tells_records_apart(kind, column, inside):
            yield _Hit(kind, "values", inside.filled, inside.filled, hardly_repeats=True)


def _alarming(looked_for: Sequence[tuple[Kind, Form]], inside: Contents) -> dict[str, Match]:
    """Of the kinds whose alarm rings the match with the most rows."""
    matches: dict[str, Match] = {}
    for (kind, form), match in zip(looked_for, inside.matches, strict=True):
        rings = form.alarm.rings(
            rows=match.rows, filled=inside.filled, distinct=match.distinct, first_digits=match.first_digits
        )
        if rings and match.rows > matches.get(kind.slug, Match(0, 0, 0)).rows:
            matches[kind.slug] = match
    return matches


def _forms(rules: IdentifierRules, kind: Kind, column: Column, individuals: bool) -> list[Form]:
    return [
        form
        for form in kind.forms
        if column.type in form.of
        and (individuals or not form.individuals)
        and (form.named is None or rules.is_named(column.name, form.named))
    ]


def _tells_records_apart(kind: Kind, column: Column, inside: Contents) -> bool:
    rule = kind.unique
    return (
        rule is not None
        and column.type in rule.of
        and inside.filled >= rule.filled_at_least
        and inside.distinct >= rule.distinct_share * inside.filled
    )


def _severity(column: SourceColumn, kind: Kind, seen: Exposure) -> Severity:
    safe: tuple[Exposure, ...] = ("none",)
    if kind.coarsening_helps:
        safe = (
            ("none", "categories", "figures", "period")
            if kind.slug == "full-date"
            else ("none", "categories", "figures")
        )
    if seen in safe:
        return "note"
    return "answered" if _answered(column) else "refuse"


def _answered(column: SourceColumn) -> bool:
    """A reason answers a false alarm; it cannot make a declared direct identifier harmless."""
    return column.not_personal_because is not None and column.privacy != "direct_identifier"


def _declared(column: str, rows: int, shown: bool) -> list[IdentifierFinding]:
    if not shown:
        return []
    rules = identifier_rules()
    sentence = f"column {column} is declared a direct identifier and would be published"
    return [IdentifierFinding(column, DECLARED, "declaration", rows, 1.0, sentence, rules.section, "refuse")]


def _finding(column: str, hit: _Hit, severity: Severity) -> IdentifierFinding:
    label = hit.kind.label
    if hit.by == "name":
        sentence = f"column {column} is named like {label}; {hit.filled:,} row(s) are filled"
    elif hit.hardly_repeats:
        sentence = (
            f"column {column} has a different value in nearly all of its {hit.filled:,} filled row(s), as {label} does"
        )
    else:
        sentence = f"column {column}: {hit.rows:,} of {hit.filled:,} filled row(s) look like {label}"
    share = round(hit.rows / hit.filled, 4) if hit.filled else 0.0
    section = identifier_rules().cite(hit.kind)
    return IdentifierFinding(column, hit.kind.slug, hit.by, hit.rows, share, sentence, section, severity)


def _scan(
    dataset: Dataset,
    table: str | None,
    rows: int,
    columns: int,
    findings: Sequence[IdentifierFinding],
    made_of: dict[str, str],
) -> IdentifierScan:
    reasons: dict[str, str] = {}
    for finding in findings:
        source = _source_column(dataset, made_of.get(finding.column))
        if finding.severity == "answered" and source is not None and source.not_personal_because:
            reasons[finding.column] = source.not_personal_because
    return IdentifierScan(dataset.dataset, table, rows, columns, tuple(findings), reasons)


def _source_column(dataset: Dataset, name: str | None) -> SourceColumn | None:
    return next((column for column in dataset.source.columns if column.name == name), None)


def _rows(warehouse: Warehouse, dataset: str, table: str | None) -> int:
    counted = sa.select(sa.func.count()).select_from(sa.table(warehouse.table, schema=warehouse.schema))
    return int(warehouse.rows(counted, dataset=dataset, table=table)[0][0])
