"""A table of places as a zipped ESRI shapefile: points in WGS 84, the columns as dBase fields.

dBase allows a field's name ten characters, a text 254 bytes, a file 2 GB: names are shortened, and ``fields.csv`` in the
archive says which column each stands for; what is too long is refused, never cut. The archive is the same, byte for byte,
for the same table: no clock is asked. Rules: ESRI Shapefile Technical Description; Handbook, Guidelines §4 (.shp .dbf .prj
.shx, WGS 84).
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from pathlib import Path

import shapefile

from include.opendata.errors import Refused
from include.opendata.release.formats.csv_files import csv_line
from include.opendata.release.formats.geojson_files import point_columns, point_of
from include.opendata.release.formats.release_format import ReleaseFormat
from include.opendata.release.formats.rows import PublishedColumn
from include.opendata.release.formats.tabular import TabularFile
from include.opendata.rules.formats import SHAPEFILE
from include.opendata.storage.published_csv import Value

NAME_LENGTH = 10
TEXT_BYTES = 254
NUMBER_DIGITS = 18
MOST_FIELDS = 255
MOST_BYTES = 2**31 - 1
_PADDING = (" ", "\0")
"""What dBase fills a text up with: at the end of a text, no one could tell it from that."""
DATED = bytes((100, 1, 1))
"""2000-01-01, where dBase keeps the day of the last change."""
ZIP_DATE = (1980, 1, 1, 0, 0, 0)

WGS_84 = (
    'GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],'
    'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]'
)


def field_names(columns: tuple[PublishedColumn, ...]) -> tuple[str, ...]:
    """A dBase name of at most ten characters for each column: its beginning, numbered where two would be the same."""
    taken: set[str] = set()
    names: list[str] = []
    for column in columns:
        name, number = column.name[:NAME_LENGTH], 1
        while name.upper() in taken:
            number += 1
            ending = f"_{number}"
            name = column.name[: NAME_LENGTH - len(ending)] + ending
        taken.add(name.upper())
        names.append(name)
    return tuple(names)


def write(path: Path, source: TabularFile) -> None:
    """Write the table to ``path``. Raises Refused (``text-too-long``, ``text-ends-blank``, ``number-too-long``,
    ``too-many-columns``, ``file-too-large``)."""
    if len(source.columns) > MOST_FIELDS:
        raise _refused(source, "too-many-columns", f"a shapefile has at most {MOST_FIELDS} fields")
    names = field_names(source.columns)
    with tempfile.TemporaryDirectory(prefix=".shapefile-", dir=path.parent) as scratch:
        stem = Path(scratch) / source.table.table
        _write_points(stem, source, names)
        stem.with_suffix(".prj").write_text(WGS_84, encoding="ascii", newline="\n")
        stem.with_suffix(".cpg").write_text("UTF-8", encoding="ascii", newline="\n")
        listed = [("field", "column", "label")]
        listed += [
            (name, column.name, field.label)
            for name, column, field in zip(names, source.columns, source.fields, strict=True)
        ]
        fields = Path(scratch) / "fields.csv"
        fields.write_text("".join(map(csv_line, listed)), encoding="utf-8", newline="")
        parts = [stem.with_suffix(ending) for ending in (".shp", ".shx", ".dbf", ".prj", ".cpg")]
        _zip([*parts, fields], path)


def _write_points(stem: Path, source: TabularFile, names: tuple[str, ...]) -> None:
    widths = _widths(source)
    bytes_per_record = 1 + sum(widths)
    at = point_columns(source)
    rows = 0
    with shapefile.Writer(str(stem), shapeType=shapefile.POINT, encoding="utf-8", strict=True) as writer:
        for name, column, width in zip(names, source.columns, widths, strict=True):
            if column.kind == "text":
                writer.field(name, "C", size=width)
            else:
                writer.field(name, "N", size=width, decimal=column.decimals or 0)
        for piece in source.rows():
            rows += len(piece)
            if rows * bytes_per_record > MOST_BYTES:
                raise _refused(source, "file-too-large", "its fields need more than the 2 GB a dBase file may have")
            for row in piece:
                point = point_of(row, at)
                if point is None:
                    writer.null()
                else:
                    writer.point(*point)
                writer.record(*_dbase_values(row, source.columns))
    with stem.with_suffix(".dbf").open("r+b") as table:
        # The library writes today's date; the same table must make the same bytes on every day.
        table.seek(1)
        table.write(DATED)


def _dbase_values(row: tuple[Value, ...], columns: tuple[PublishedColumn, ...]) -> list[Value]:
    """dBase knows no missing text, only an empty one; a missing number it has."""
    return [
        "" if value is None and column.kind == "text" else value for value, column in zip(row, columns, strict=True)
    ]


def _widths(source: TabularFile) -> list[int]:
    """Bytes each field needs: one more reading of the file, so that a text of three letters does not take 254."""
    widths = [1] * len(source.columns)
    for piece in source.rows():
        for index, (column, values) in enumerate(zip(source.columns, zip(*piece, strict=True), strict=True)):
            widths[index] = max(widths[index], _widest(source, column, set(values)))
    for column, width in zip(source.columns, widths, strict=True):
        if column.kind == "text" and width > TEXT_BYTES:
            raise _refused(source, "text-too-long", f"a text has more than {TEXT_BYTES} bytes", column.name)
        if column.kind != "text" and width > NUMBER_DIGITS:
            raise _refused(source, "number-too-long", f"a number has more than {NUMBER_DIGITS} digits", column.name)
    return widths


def _widest(source: TabularFile, column: PublishedColumn, values: set[Value]) -> int:
    if any(isinstance(value, str) and value.endswith(_PADDING) for value in values):
        raise _refused(source, "text-ends-blank", "a text ends with a blank", column.name)
    return max(_width(value, column) for value in values)


def _width(value: Value, column: PublishedColumn) -> int:
    if value is None:
        return 1
    if isinstance(value, float):
        return len(f"{value:.{column.decimals}f}")
    return len(str(value).encode())


def _zip(files: list[Path], path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            entry = zipfile.ZipInfo(file.name, date_time=ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            entry.file_size = file.stat().st_size
            with file.open("rb") as content, archive.open(entry, "w") as target:
                shutil.copyfileobj(content, target, 1 << 20)


def _refused(source: TabularFile, slug: str, what: str, column: str | None = None) -> Refused:
    remedy = "Take shapefile out of the table's `formats`, or fix it: shorten what is too long, cut blanks off in the source."
    return source.refused(what, slug=slug, remedy=remedy, column=column)


FORMAT = ReleaseFormat(SHAPEFILE, write)
