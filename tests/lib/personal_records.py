"""Small records for the scan: a frame, what its columns are declared to be, and what was found."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from include.opendata.identifiers import IdentifierScan, scan_source
from include.opendata.identifiers.columns import Column, Match, contents
from include.opendata.rules.identifiers import ColumnType, identifier_rules
from tests.lib.small_tables import dataset, dimension, table, warehouse_of

TYPES = {"str": "text", "object": "text", "int64": "integer", "float64": "number", "bool": "boolean"}


def declared(columns: dict[str, Any], *tables: dict[str, Any], record: str = "person", **source: Any):
    """A dataset of these columns; without tables of its own, one that counts by the first column."""
    first = next(iter(columns))
    tables = tables or (table([dimension("Group", first, labels={"1": "A"}, scores_as="other")]),)
    return dataset(columns, *tables, record=record, **source)


def scan(values: dict[str, list[Any]], *tables: dict[str, Any], record: str = "person", **facts: Any) -> IdentifierScan:
    """The scan of these columns, public all of them unless ``facts`` (column → fact → value) say otherwise.

    A column ``group`` of one value stands before them, so that there is something to count by.
    """
    length = len(next(iter(values.values())))
    frame = pd.DataFrame({"group": [1] * length, **values})
    columns = {
        name: {"type": TYPES[str(frame[name].dtype)], "privacy": "public", **facts.get(name, {})} for name in frame
    }
    with tempfile.TemporaryDirectory() as folder, warehouse_of(frame, Path(folder)) as warehouse:
        return scan_source(declared(columns, *tables, record=record), warehouse)


def found(values: dict[str, list[Any]], *tables: dict[str, Any], record: str = "person", **facts: Any):
    """(column, kind, severity) of each finding."""
    return {(f.column, f.kind, f.severity) for f in scan(values, *tables, record=record, **facts).findings}


def matches(kind: str, form: str, values: list[Any], of: ColumnType = "text") -> Match:
    """What of ``values`` has one form of a kind."""
    (wanted,) = [f for f in identifier_rules().kind(kind).forms if f.form == form]
    assert of in wanted.of
    frame = pd.DataFrame({"value": values})
    with tempfile.TemporaryDirectory() as folder, warehouse_of(frame, Path(folder)) as warehouse:
        return contents(warehouse, Column("value", of), [wanted], dataset="demo", table=None).matches[0]


def luhn(digits: str) -> str:
    """``digits`` with its check digit, worked out as on paper."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit) * (2 if place % 2 == 0 else 1)
        total += number - 9 if number > 9 else number
    return digits + str(-total % 10)
