"""The records of a source nobody has declared, typed as the profile found them, and what in them looks personal."""

from __future__ import annotations

from pathlib import Path

import duckdb

from include.opendata.declaration.source import Source, SourceColumn
from include.opendata.errors import Place
from include.opendata.identifiers import Column, scan_columns
from include.opendata.onboarding.profile import Profile
from include.opendata.onboarding.reading import Reading
from include.opendata.sources.readers.typed import write_typed
from include.opendata.warehouse import open_snapshot
from include.opendata.warehouse.duckdb_dialect import settings


def write_records(reading: Reading, found: Profile, *, dataset: str, into: Path) -> None:
    """Write the records to the Parquet file ``into``, as a refresh would read them; columns it could not read are left out.

    Raises InputError, StorageError.
    """
    columns = [
        SourceColumn(name=c.name, type=c.type, label=c.name, definition=c.name, privacy="sensitive")
        for c, stored in zip(found.columns, reading.stored, strict=True)
        if stored == "VARCHAR" or not c.unreadable
    ]
    source = Source(location="source", missing=list(found.missing), record="event", columns=columns)
    partial = into.with_suffix(".partial")
    with duckdb.connect(config=settings(into.with_suffix(".spill"))) as connection:
        write_typed(reading.records, source, into=partial, connection=connection, place=Place(dataset=dataset))
    partial.replace(into)


def personal_columns(found: Profile, records: Path, *, dataset: str, individuals: bool) -> dict[str, dict[str, str]]:
    """Column → kind of identifier it looks like → a sentence with numbers of rows; ``individuals``: as if records were of
    persons."""
    said: dict[str, dict[str, str]] = {}
    with open_snapshot(records, dataset=dataset) as warehouse:
        there = {column.name for column in warehouse.sql_table.columns}
        columns = [Column(c.name, c.type) for c in found.columns if c.name in there]
        for finding in scan_columns(warehouse, columns, dataset=dataset, individuals=individuals):
            said.setdefault(finding.column, {})[finding.kind] = finding.sentence
    return said
