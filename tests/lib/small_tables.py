"""Small declarations for tests: a shipped dataset's particulars around a source and tables of the test's own."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.load import load
from include.opendata.warehouse import open_snapshot


@cache
def _particulars() -> dict[str, Any]:
    return load("health_insurance_coverage").model_dump(by_alias=True, exclude={"source", "tables"})


def dataset(columns: dict[str, Any], *tables: dict[str, Any], record: str = "person", **source: Any) -> Dataset:
    """A dataset whose source has ``columns`` (name → type, or more facts) and these tables."""
    facts = [{"type": kind} if isinstance(kind, str) else kind for kind in columns.values()]
    declared = [
        {"name": name, "label": name, "definition": name, "privacy": "indirect_identifier", **fact}
        for name, fact in zip(columns, facts, strict=True)
    ]
    return Dataset.model_validate(
        {
            **_particulars(),
            "source": {"location": "source.csv", "record": record, "columns": declared, **source},
            "tables": [{"title": "t", "description": "d", **table} for table in tables],
        }
    )


def dimension(name: str, column: str | None = None, **facts: Any) -> dict[str, Any]:
    """A dimension; its column is its name in small letters."""
    return {
        "name": name,
        "label": name,
        "definition": name,
        "column": column or name.lower(),
        "scores_as": "other",
        **facts,
    }


def measure(name: str = "Persons", kind: str = "count", **facts: Any) -> dict[str, Any]:
    """A measure; a count of records when nothing is said."""
    return {"name": name, "label": name, "definition": name, "kind": kind, **facts}


def table(
    dimensions: list[Any], measures: list[Any] | None = None, name: str = "one_table", **facts: Any
) -> dict[str, Any]:
    """A table; it counts records when nothing is said."""
    return {"table": name, "dimensions": dimensions, "measures": measures or [measure()], **facts}


@contextmanager
def warehouse_of(records: pd.DataFrame, folder: Path):
    """The embedded warehouse over these records."""
    path = folder / "records.parquet"
    records.to_parquet(path, index=False)
    with open_snapshot(path, dataset="demo") as warehouse:
        yield warehouse
