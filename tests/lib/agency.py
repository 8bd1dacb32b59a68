"""Several small datasets in one installation, declared as a steward would; the source is a table of persons."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Records = Sequence[Mapping[str, str]]


def records(counts: Mapping[tuple[str, ...], int], columns: Sequence[str]) -> list[dict[str, str]]:
    """So many persons of each combination of ``columns``, in an order that says nothing."""
    rows = [dict(zip(columns, values, strict=True)) for values, n in counts.items() for _ in range(n)]
    random.Random(5).shuffle(rows)
    return [{"id": str(n), **row} for n, row in enumerate(rows, 1)]


def write_source(path: Path, rows: Records) -> Path:
    """``rows`` as a CSV file."""
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def dimension(column: str, name: str | None = None, **facts: Any) -> dict[str, Any]:
    """A dimension of the values of ``column`` with a total; ``facts`` add to it."""
    name = name or column.capitalize()
    return {
        "name": name,
        "label": name,
        "definition": name,
        "column": column,
        "scores_as": "other",
        "total": "All",
    } | facts


def table(name: str, *dimensions: Mapping[str, Any], **facts: Any) -> dict[str, Any]:
    """A table that counts the records, of a population whose small counts are always hidden."""
    count = {"name": "Persons", "label": "Persons", "definition": "Persons", "kind": "count"}
    return {
        "table": name,
        "title": name,
        "description": name,
        "dimensions": list(dimensions),
        "measures": [count],
        "high_risk_populations": ["homelessness"],
    } | facts


def declaration(
    dataset: str, source: Path, columns: Sequence[str], *tables: Mapping[str, Any], **facts: Any
) -> dict[str, Any]:
    """The declaration of a dataset of persons; ``facts`` add to it."""
    person = {"name": "A", "email": "a@example.org"}
    roles = ("data_steward", "deputy_director", "legal_counsel", "department_director")
    return {
        "dataset": dataset,
        "title": dataset,
        "description": "Persons.",
        "department": "Department of Health Care Services",
        "program": "Clinics",
        "program_web_page": "https://example.org/clinics",
        "steward": person,
        "contact": person,
        "topic": "Health Care",
        "tags": ["clinics"],
        "frequency": "annually",
        "coverage": {"start": "2020-01-01", "end": "2020-12-31", "geography": "California", "granularity": "statewide"},
        "source_link": "https://example.org/source",
        "limitations": "None known.",
        "statutes": ["California Civil Code §1798.24"],
        "source": {
            "location": str(source),
            "record": "person",
            "key": ["id"],
            "columns": [
                {"name": name, "type": "integer" if name == "id" else "text", "label": name, "definition": name,
                 "privacy": "indirect_identifier"} for name in ("id", *columns)
            ],
        },
        "quality": {"suite": f"{dataset}__source"},
        "permission": {
            "individual_records": False,
            "prohibited_by_law": False,
            "originates_solely_in_program": True,
            "sensitivities": [],
            "mandate": True,
        },
        "approvals": [{"role": role, "name": "A", "date": "2026-01-01", "reference": "F1"} for role in roles],
        "tables": list(tables),
    } | facts  # fmt: skip


def declare(folder: Path, declared: Mapping[str, Any]) -> None:
    """Write a declaration below ``folder/datasets`` (JSON is YAML too)."""
    place = folder / "datasets" / declared["dataset"] / "dataset.yaml"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(declared, indent=1))


def published(staging: Path, dataset: str, table_name: str) -> dict[tuple[str, ...], int | None]:
    """Labels → the count that stands in the current release, None for a blank."""
    release = json.loads((staging / dataset / "current.json").read_text())["release"]
    with (staging / dataset / "releases" / release / "data" / f"{table_name}.csv").open() as stream:
        rows = list(csv.reader(stream))
    at = rows[0].index("Persons")
    return {tuple(row[:at]): int(row[at]) if row[at] else None for row in rows[1:]}
