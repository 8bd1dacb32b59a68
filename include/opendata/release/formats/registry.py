"""The files a table is offered as: their paths, and the writing of them.

Decides paths, and what is refused before anything is written; what a file looks like is decided in the module of its
format, what it is called in ``rules.formats``. Every file but the CSV is made of the CSV (``rows``). Rules: Handbook,
Guidelines §3 (CSV is the standard; points as shapefile or coordinates in WGS 84).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.tables import Table
from include.opendata.errors import Place, Refused
from include.opendata.release.formats import (
    geojson_files,
    json_files,
    parquet_files,
    shapefile_files,
    xlsx_files,
    xml_files,
)
from include.opendata.release.formats.release_format import ReleaseFormat
from include.opendata.release.formats.tabular import TabularFile
from include.opendata.release.metadata.dictionary import FieldDescription
from include.opendata.rules.formats import FILE_FORMATS, FileFormat
from include.opendata.vocabulary import ProtectedTable

RELEASE_FORMATS: dict[str, ReleaseFormat] = {
    known.facts.name: known
    for known in (
        json_files.FORMAT,
        xlsx_files.FORMAT,
        parquet_files.FORMAT,
        xml_files.FORMAT,
        geojson_files.FORMAT,
        shapefile_files.FORMAT,
    )
}
"""Name in a declaration → format. CSV is not among them: it is what they are made of."""


@dataclass(frozen=True)
class PublishedFile:
    """One file of a table, ``path`` from the release's folder."""

    format: FileFormat
    path: str


def published_files(table: Table) -> tuple[PublishedFile, ...]:
    """The data files of ``table``: the CSV first, then the others as they are declared."""
    formats = [FILE_FORMATS[name] for name in table.published_formats]
    return tuple(PublishedFile(known, f"data/{table.table}.{known.ending}") for known in formats)


def require_fits(table: Table, rows: int, *, dataset: str) -> None:
    """Raise Refused (``too-many-rows``) when a declared format cannot hold so many rows."""
    for known in _made_of_csv(table):
        if known.most_rows is not None and rows > known.most_rows:
            raise Refused(
                f"the table has {rows:,} rows; {known.facts.label} holds at most {known.most_rows:,}",
                remedy=f"Take {known.facts.name} out of the table's `formats`, or make the table coarser.",
                slug="too-many-rows",
                place=Place(dataset, table.table),
            )


def write_formats(
    folder: Path, dataset: Dataset, protected: ProtectedTable, fields: tuple[FieldDescription, ...], method: str
) -> tuple[str, ...]:
    """Write every declared format of a table but the CSV, which is there already; the paths written.

    Raises Refused: what a format cannot hold (``too-many-rows``, ``text-too-long``, ``text-ends-blank``, ``text-not-xml``,
    ``number-too-long``, ``too-many-columns``, ``file-too-large``).
    """
    table = dataset.table(protected.structure.table)
    require_fits(table, len(protected.frame), dataset=dataset.dataset)
    source = TabularFile.of(folder / f"data/{table.table}.csv", dataset, protected, fields, method)
    written: list[str] = []
    for known in _made_of_csv(table):
        files = [(f"data/{table.table}.{known.facts.ending}", known.write)]
        if known.schema is not None:
            files.append((f"dictionary/{table.table}.{known.schema.format.ending}", known.schema.write))
        for path, write in files:
            write(folder / path, source)
            written.append(path)
    return tuple(written)


def _made_of_csv(table: Table) -> list[ReleaseFormat]:
    return [RELEASE_FORMATS[name] for name in table.published_formats if name in RELEASE_FORMATS]
