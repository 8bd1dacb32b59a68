"""The files a table is offered as: their paths, their names for people and programs, and the writing of them.

Decides paths and media types, and what is refused before anything is written; what a file looks like is decided in the
module of its format. Every file but the CSV is made of the CSV (``rows``). Rules: Handbook, Guidelines §3 (CSV is the
standard; points as shapefile or coordinates in WGS 84).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from include.opendata.declaration.choices import FileFormat
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
from include.opendata.release.formats.tabular import TabularFile
from include.opendata.release.metadata.dictionary import FieldDescription
from include.opendata.vocabulary import ProtectedTable


@dataclass(frozen=True)
class PublishedFormat:
    """A format: the ending of its files, its name on a portal, its media type, and a sentence for people."""

    ending: str
    label: str
    media_type: str
    described: str


FORMATS: dict[FileFormat, PublishedFormat] = {
    "csv": PublishedFormat("csv", "CSV", "text/csv", "comma-separated text, UTF-8"),
    "json": PublishedFormat("json", "JSON", "application/json", "a list of records, one object per row"),
    "xlsx": PublishedFormat(
        "xlsx",
        "XLSX",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "Excel workbook with the data dictionary and notes; S and C mark suppressed values",
    ),
    "parquet": PublishedFormat("parquet", "Parquet", "application/vnd.apache.parquet", "Apache Parquet, typed columns"),
    "xml": PublishedFormat("xml", "XML", "application/xml", "XML, with its schema beside the data dictionary"),
    "geojson": PublishedFormat("geojson", "GeoJSON", "application/geo+json", "points in WGS 84 (RFC 7946)"),
    "shapefile": PublishedFormat("shp.zip", "SHP", "application/zip", "zipped ESRI shapefile, points in WGS 84"),
}

MEDIA_TYPES = {f".{one.ending.rsplit('.', 1)[-1]}": one.media_type for one in FORMATS.values()} | {
    ".xsd": "application/xml",
    ".html": "text/html",
    ".rdf": "application/rdf+xml",
    ".jsonld": "application/ld+json",
}
"""The media type of every ending a release holds."""


@dataclass(frozen=True)
class PublishedFile:
    """One file of a table, ``path`` from the release's folder."""

    format: FileFormat
    path: str

    @property
    def about(self) -> PublishedFormat:
        """What the format is called."""
        return FORMATS[self.format]


def published_files(table: Table) -> tuple[PublishedFile, ...]:
    """The data files of ``table``: the CSV first, then the others as they are declared."""
    return tuple(PublishedFile(one, f"data/{table.table}.{FORMATS[one].ending}") for one in table.published_formats)


def require_fits(table: Table, rows: int, *, dataset: str) -> None:
    """Raise Refused (``too-many-rows``) when a declared format cannot hold so many rows."""
    most = {"xlsx": xlsx_files.MOST_ROWS}
    for one in table.published_formats:
        if rows > most.get(one, rows):
            raise Refused(
                f"the table has {rows:,} rows; {FORMATS[one].label} holds at most {most[one]:,}",
                remedy=f"Take {one} out of the table's `formats`, or make the table coarser.",
                slug="too-many-rows",
                place=Place(dataset, table.table),
            )


_WRITERS: dict[FileFormat, Callable[[Path, TabularFile], None]] = {
    "json": json_files.write,
    "xlsx": xlsx_files.write,
    "parquet": parquet_files.write,
    "xml": xml_files.write,
    "geojson": geojson_files.write,
    "shapefile": shapefile_files.write,
}


def write_formats(
    folder: Path, dataset: Dataset, protected: ProtectedTable, fields: tuple[FieldDescription, ...], method: str
) -> tuple[str, ...]:
    """Write every declared format of a table but the CSV, which is there already; the paths written.

    Raises Refused: what a format cannot hold (``too-many-rows``, ``text-too-long``, ``text-ends-blank``, ``text-not-xml``,
    ``number-too-long``, ``too-many-columns``, ``file-too-large``).
    """
    table = dataset.table(protected.structure.table)
    require_fits(table, len(protected.frame), dataset=dataset.dataset)
    csv_file, *others = published_files(table)
    source = TabularFile.of(folder / csv_file.path, dataset, protected, fields, method)
    written: list[str] = []
    for file in others:
        _WRITERS[file.format](folder / file.path, source)
        written.append(file.path)
        if file.format == "xml":
            schema = f"dictionary/{table.table}.xsd"
            xml_files.write_schema(folder / schema, source)
            written.append(schema)
    return tuple(written)
