"""The records of an undeclared source, typed as the profile found them, and what in them looks personal."""

from __future__ import annotations

from pathlib import Path

import duckdb

from include.opendata.errors import Place
from include.opendata.identifiers import Column, scan_columns
from include.opendata.onboarding.profile import Profile
from include.opendata.onboarding.reading import Reading
from include.opendata.sources.readers.typed import write_typed
from include.opendata.storage.atomic import replacing
from include.opendata.warehouse import open_snapshot
from include.opendata.warehouse.duckdb_dialect import settings

LooksLike = dict[str, str]
"""Kind of identifier a column looks like → a sentence with numbers of rows."""


def write_records(reading: Reading, profile: Profile, *, dataset: str, into: Path) -> None:
    """Write the records to the Parquet file ``into``, as a refresh would read them; columns it could not read are left out.

    Raises InputError, StorageError.
    """
    columns = [
        column
        for column, stored in zip(profile.columns, reading.stored, strict=True)
        if stored == "VARCHAR" or not column.unreadable
    ]
    with replacing(into) as partial, duckdb.connect(config=settings(into.with_suffix(".spill"))) as connection:
        write_typed(
            reading.as_read(),
            columns,
            missing=profile.missing,
            into=partial,
            connection=connection,
            place=Place(dataset=dataset),
        )


def personal_columns(profile: Profile, records: Path, *, dataset: str, individuals: bool) -> dict[str, LooksLike]:
    """Column → what it looks like, for those that look personal; ``individuals``: as if records were of persons."""
    looks: dict[str, LooksLike] = {}
    with open_snapshot(records, dataset=dataset) as warehouse:
        readable = {column.name for column in warehouse.sql_table.columns}
        columns = [Column(column.name, column.type) for column in profile.columns if column.name in readable]
        for finding in scan_columns(warehouse, columns, dataset=dataset, individuals=individuals):
            looks.setdefault(finding.column, {})[finding.kind] = finding.sentence
    return looks
