"""The file formats a table can be offered in: their names, endings and media types, which release and portal both read.

The only place where these stand. How a file of a format is written is a module of ``release.formats``, which cannot be read
from the portal's side; what a declaration may choose is a list in ``declaration.choices``, and a test keeps the three the
same. Rules: Handbook, Guidelines §3 (CSV is the standard); media types as IANA registers them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FileFormat:
    """A format. ``name``: in a declaration · ``ending``: of its files, without the first dot · ``label``: on a portal ·
    ``description``: what it is, for people."""

    name: str
    ending: str
    label: str
    media_type: str
    description: str


CSV = FileFormat("csv", "csv", "CSV", "text/csv", "comma-separated text, UTF-8")
JSON = FileFormat("json", "json", "JSON", "application/json", "a list of records, one object per row")
XLSX = FileFormat(
    "xlsx",
    "xlsx",
    "XLSX",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "Excel workbook with the data dictionary and notes; S and C mark suppressed values",
)
PARQUET = FileFormat("parquet", "parquet", "Parquet", "application/vnd.apache.parquet", "Apache Parquet, typed columns")
XML = FileFormat("xml", "xml", "XML", "application/xml", "XML, with its schema beside the data dictionary")
GEOJSON = FileFormat("geojson", "geojson", "GeoJSON", "application/geo+json", "points in WGS 84 (RFC 7946)")
SHAPEFILE = FileFormat("shapefile", "shp.zip", "SHP", "application/zip", "zipped ESRI shapefile, points in WGS 84")
FILE_FORMATS = {known.name: known for known in (CSV, JSON, XLSX, PARQUET, XML, GEOJSON, SHAPEFILE)}
"""Name in a declaration → format, in the order a declaration's documentation lists them."""

XML_SCHEMA = FileFormat("xsd", "xsd", "XSD", "application/xml", "W3C XML Schema")
"""Not a format of a table: the schema beside an XML file."""

_OTHER_MEDIA_TYPES = {"html": "text/html", "rdf": "application/rdf+xml", "jsonld": "application/ld+json"}


def format_of(path: str) -> FileFormat | None:
    """The format of a file, by its ending; None for one that is no form of a table."""
    return next((known for known in (*FILE_FORMATS.values(), XML_SCHEMA) if path.endswith(f".{known.ending}")), None)


def media_type_of(path: str) -> str:
    """The media type of a file of a release. KeyError for an ending that no release holds."""
    known = format_of(path)
    return known.media_type if known is not None else _OTHER_MEDIA_TYPES[path.rpartition(".")[2]]
