"""The base figures of a dataset: what was counted for a release, kept exactly, so that a later extract can be merged in.

Holds counted cells with records (no zero rows, no rounded figure, nothing derived) under the keys of their categories, and
the ways the source's values were sorted. These are true figures, small cells among them: the private work area is the only
place for them. A shape goes with them; figures that were counted by another declaration are not merged with.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from include.opendata.declaration import tables as t
from include.opendata.declaration.dataset import Dataset
from include.opendata.errors import Place, StorageError
from include.opendata.storage.digests import sha256_of_json
from include.opendata.tables.categories import Key
from include.opendata.tables.column_atoms import Way, Ways
from include.opendata.tables.figures import counted
from include.opendata.tables.table import Counted

FORMAT = 1
_FACTS = "standing.json"
"""The name in the private store; it keeps its old word because the files of earlier releases bear it."""
_EXACT = pa.decimal128(38, 9)


@dataclass(frozen=True, eq=False, repr=False)
class BaseTable:
    """The cells of one table that have records. One entry per cell: ``keys`` and ``totals`` per dimension, ``values`` per
    figure the engine counts (int or Decimal). A key under a total says nothing."""

    keys: tuple[np.ndarray[Any, Any], ...]
    totals: tuple[np.ndarray[Any, Any], ...]
    values: dict[str, np.ndarray[Any, Any]]

    @classmethod
    def of(cls, counted_table: Counted) -> BaseTable:
        """What was counted, without zeros."""
        figures = counted_table.figures
        keys, totals = [], []
        for places, total, categories in zip(
            figures.grid.places, figures.grid.totals, counted_table.categories, strict=True
        ):
            along = np.empty(len(categories.keys) + 1, dtype=object)
            along[:] = [*categories.keys, None]
            keys.append(along[places[figures.found]])
            totals.append(np.array(places[figures.found] == (-1 if total is None else total)))
        return cls(tuple(keys), tuple(totals), {name: column[figures.found] for name, column in figures.values.items()})

    def __len__(self) -> int:
        return len(self.keys[0])

    def chosen(self, mask: np.ndarray[Any, Any]) -> BaseTable:
        """The cells where ``mask`` (bool) is true."""
        return BaseTable(
            tuple(column[mask] for column in self.keys),
            tuple(column[mask] for column in self.totals),
            {name: column[mask] for name, column in self.values.items()},
        )

    def and_also(self, other: BaseTable) -> BaseTable:
        """These cells and those of ``other``."""
        return BaseTable(
            tuple(np.concatenate(columns) for columns in zip(self.keys, other.keys, strict=True)),
            tuple(np.concatenate(columns) for columns in zip(self.totals, other.totals, strict=True)),
            {name: np.concatenate([column, other.values[name]]) for name, column in self.values.items()},
        )

    def to_bytes(self) -> bytes:
        """As Parquet; the same cells give the same bytes."""
        columns: dict[str, pa.Array] = {}
        for index, (keys, totals) in enumerate(zip(self.keys, self.totals, strict=True)):
            texts = any(isinstance(key, str) for key in keys)
            columns[f"k{index}"] = pa.array(keys.tolist(), type=pa.string() if texts else pa.int64())
            columns[f"t{index}"] = pa.array(totals.tolist(), type=pa.bool_())
        for name, values in self.values.items():
            columns[f"v:{name}"] = pa.array([Decimal(key) for key in values.tolist()], type=_EXACT)
        out = io.BytesIO()
        pq.write_table(pa.table(columns), out)
        return out.getvalue()

    @classmethod
    def from_bytes(cls, stored: bytes) -> BaseTable:
        """The inverse of :meth:`to_bytes`."""
        table = pq.read_table(io.BytesIO(stored))
        count = sum(name.startswith("k") for name in table.column_names)

        def entries(name: str) -> np.ndarray[Any, Any]:
            column = np.empty(table.num_rows, dtype=object)
            column[:] = table.column(name).to_pylist()
            return column

        return cls(
            tuple(entries(f"k{i}") for i in range(count)),
            tuple(np.array(table.column(f"t{i}").to_pylist(), dtype=bool) for i in range(count)),
            {
                name[2:]: np.array([_plain_number(value) for value in entries(name)], dtype=object)
                for name in table.column_names
                if name.startswith("v:")
            },
        )


@dataclass(frozen=True, repr=False)
class BaseFigures:
    """The merged tables of a dataset as of one release. ``source_sha256``: the extract that was merged last."""

    shape: str
    source_sha256: str
    tables: dict[str, BaseTable]
    ways: Ways

    def to_files(self) -> dict[str, bytes]:
        """File name → contents."""
        ways = {
            column: [
                [list(way), sorted(holders)]
                for way, holders in sorted(held.items(), key=lambda entry: _order(entry[0]))
            ]
            for column, held in self.ways.items()
        }
        facts = {"format": FORMAT, "shape": self.shape, "source_sha256": self.source_sha256, "ways": ways}
        files = {f"{name}.parquet": table.to_bytes() for name, table in self.tables.items()}
        return files | {_FACTS: (json.dumps(facts, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], *, dataset: str) -> BaseFigures:
        """The inverse of :meth:`to_files`. Raises StorageError when these are not the files of base figures."""
        try:
            facts = json.loads(files[_FACTS])
            if facts["format"] != FORMAT:
                raise ValueError("another format")
            ways: Ways = {
                column: {tuple(way): frozenset(holders) for way, holders in held}
                for column, held in facts["ways"].items()
            }
            tables = {
                name.removesuffix(".parquet"): BaseTable.from_bytes(content)
                for name, content in files.items()
                if name.endswith(".parquet")
            }
            return cls(facts["shape"], facts["source_sha256"], tables, ways)
        except (ValueError, KeyError, TypeError, IndexError, pa.ArrowException):
            raise StorageError(
                "the figures kept of the current release cannot be read",
                remedy="Restore the folder `.standing` of the work area from a backup, or refresh once with the full source: "
                f"`bin/opendata refresh {dataset} --whole --source FULL`.",
                slug="standing-unreadable",
                place=Place(dataset=dataset),
            ) from None


def shape_of(dataset: Dataset) -> str:
    """SHA-256 of what the kept figures depend on: how categories are made and what is counted; no title, no mechanism."""
    deciding = ("name", "column", "labels", "recode", "bins", "period", "standard", "missing")
    columns = sorted({d.column for table in dataset.tables for d in table.dimensions} | _filtered(dataset))
    typed = {"type", "valid_values"}
    facts = {
        "columns": {name: dataset.source.column(name).model_dump(mode="json", include=typed) for name in columns},
        "record": dataset.source.record,
        "tables": [
            {
                "table": table.table,
                "dimensions": [
                    {**d.model_dump(mode="json", include=set(deciding)), "total": d.total is not None} for d in table.dimensions
                ],
                "counted": counted(table),
                "filter": [c.model_dump(mode="json") for c in table.filter],
                "absent": table.absent_combinations,
            }
            for table in dataset.tables
        ],
    }  # fmt: skip
    return sha256_of_json(facts)


def merging_tables(dataset: Dataset) -> list[t.Table]:
    """The tables that are not replaced as a whole."""
    return [table for table in dataset.tables if table.refresh.merges]


def _filtered(dataset: Dataset) -> set[str]:
    return {condition.column for table in dataset.tables for condition in table.filter}


def _plain_number(value: Decimal) -> int | Decimal:
    return int(value) if value == value.to_integral_value() else value


def _order(way: Way) -> tuple[tuple[bool, Key], ...]:
    return tuple((key is None, 0 if key is None else key) for key in way)
