"""The table as Apache Parquet: text, 64-bit whole numbers and doubles, null for every empty cell of the CSV.

Each column carries its label, definition and valid values as metadata, the file its title. Row groups have a fixed number
of rows, so that the same table gives the same bytes; the statistics in them are of shown values only.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from include.opendata.release.formats.release_format import ReleaseFormat
from include.opendata.release.formats.tabular import TabularFile
from include.opendata.rules.formats import PARQUET

ROWS_PER_GROUP = 100_000


def write(path: Path, source: TabularFile) -> None:
    """Write the table to ``path``."""
    kinds: dict[str, pa.DataType] = {"text": pa.string(), "integer": pa.int64(), "number": pa.float64()}
    schema = pa.schema(
        [
            pa.field(
                column.name,
                kinds[column.kind],
                metadata={
                    "label": field.label,
                    "description": field.definition,
                    "valid_values": field.valid_values,
                    "notes": field.notes,
                },
            )
            for column, field in zip(source.columns, source.fields, strict=True)
        ],
        metadata={"title": source.table.title, "description": source.table.description},
    )
    with pq.ParquetWriter(path, schema, compression="snappy", store_schema=True) as writer:
        waiting: list[pa.Table] = []
        for piece in source.rows():
            arrays = [
                pa.array(values, type=kinds[column.kind])
                for column, values in zip(source.columns, zip(*piece, strict=True), strict=True)
            ]
            waiting.append(pa.Table.from_arrays(arrays, schema=schema))
            if sum(map(len, waiting)) >= ROWS_PER_GROUP:
                writer.write_table(pa.concat_tables(waiting), row_group_size=ROWS_PER_GROUP)
                waiting = []
        if waiting:
            writer.write_table(pa.concat_tables(waiting), row_group_size=ROWS_PER_GROUP)


FORMAT = ReleaseFormat(PARQUET, write)
