"""A table of places as GeoJSON: one feature per row, its point in WGS 84, every column of the CSV among its properties.

A row without coordinates is a feature without geometry. Rules: RFC 7946 (longitude before latitude, no other reference
system); Handbook, Guidelines §4.
"""

from __future__ import annotations

import json
from pathlib import Path

from include.opendata.release.formats.release_format import ReleaseFormat
from include.opendata.release.formats.tabular import TabularFile
from include.opendata.rules.formats import GEOJSON
from include.opendata.storage.published_csv import Value


def point_columns(source: TabularFile) -> tuple[int, int]:
    """Positions of longitude and latitude among the columns."""
    names = [column.name for column in source.columns]
    points = source.table.points
    assert points is not None  # the declaration gives points to every table with such a format
    return names.index(points.longitude), names.index(points.latitude)


def point_of(row: tuple[Value, ...], at: tuple[int, int]) -> tuple[float, float] | None:
    """(longitude, latitude) of a row in degrees; None where it has none."""
    longitude, latitude = row[at[0]], row[at[1]]
    if longitude is None or latitude is None:
        return None
    return float(longitude), float(latitude)


def write(path: Path, source: TabularFile) -> None:
    """Write the table to ``path``."""
    names = [column.name for column in source.columns]
    at = point_columns(source)
    between = "\n"
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write('{"type": "FeatureCollection", "features": [')
        for piece in source.rows():
            for row in piece:
                point = point_of(row, at)
                feature = {
                    "type": "Feature",
                    "geometry": None if point is None else {"type": "Point", "coordinates": list(point)},
                    "properties": dict(zip(names, row, strict=True)),
                }
                stream.write(between + json.dumps(feature, ensure_ascii=False, allow_nan=False))
                between = ",\n"
        stream.write("\n]}\n")


FORMAT = ReleaseFormat(GEOJSON, write)
