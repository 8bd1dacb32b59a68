"""The table as JSON: a list with one object per row, numbers as numbers, null for every empty cell of the CSV.

A suppressed value is null and its annotation beside it holds the code. One record per line, so that the file can be read
and compared line by line. Rules: RFC 8259; Handbook, Guidelines §3.
"""

from __future__ import annotations

import json
from pathlib import Path

from include.opendata.release.formats.release_format import ReleaseFormat
from include.opendata.release.formats.tabular import TabularFile
from include.opendata.rules.formats import JSON


def write(path: Path, source: TabularFile) -> None:
    """Write the table to ``path``."""
    names = [column.name for column in source.columns]
    between = "[\n"
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        for piece in source.rows():
            for row in piece:
                record = json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False, allow_nan=False)
                stream.write(between + record)
                between = ",\n"
        stream.write("\n]\n" if between.startswith(",") else "[]\n")


FORMAT = ReleaseFormat(JSON, write)
