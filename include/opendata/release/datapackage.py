"""The Frictionless data package (v1, tabular): the schema a program needs to read the files without guessing.

Says what the dictionary says, in the form data tools read: types, required fields, the labels a field may have, the key,
and that an empty cell is a missing value. Decides nothing of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from include.opendata.release.ckan_package import package_name
from include.opendata.release.dictionary import HEADER, FieldDescription
from include.opendata.spec.dataset import Dataset
from include.opendata.vocabulary import ProtectedTable

_TYPES = {"text": "string", "integer": "integer", "number": "number"}


def datapackage(
    dataset: Dataset,
    protected: tuple[ProtectedTable, ...],
    fields: Mapping[str, tuple[FieldDescription, ...]],
    files: Mapping[str, tuple[str, int]],
) -> dict[str, Any]:
    """The descriptor. ``files``: path in the release → (sha256, bytes)."""
    resources: list[dict[str, Any]] = []
    for table in protected:
        name = table.structure.table
        declared = dataset.table(name)
        schema = {
            "fields": [_field(field) for field in fields[name]],
            "missingValues": [""],
            "primaryKey": [dimension.name for dimension in table.structure.dimensions],
        }
        dictionary = {
            "fields": [{"name": column, "type": "string"} for column in HEADER],
            "missingValues": [""],
            "primaryKey": ["field_name"],
        }
        resources.append(_resource(name, declared.title, declared.description, f"data/{name}.csv", schema, files))
        resources.append(
            _resource(
                f"{name}_dictionary",
                f"{declared.title}: data dictionary",
                f"What each field of {name} holds.",
                f"dictionary/{name}.csv",
                dictionary,
                files,
            )
        )
    return {
        "profile": "tabular-data-package",
        "name": package_name(dataset.dataset),
        "title": dataset.title,
        "description": dataset.description,
        "homepage": dataset.program_web_page,
        "keywords": list(dataset.tags),
        "contributors": [
            {"title": dataset.department, "role": "publisher"},
            {"title": dataset.contact.name, "email": dataset.contact.email, "role": "contributor"},
        ],
        "sources": [{"title": dataset.citation or dataset.title, "path": dataset.source_link}],
        "resources": resources,
    }


def _resource(
    name: str, title: str, description: str, path: str, schema: dict[str, Any], files: Mapping[str, tuple[str, int]]
) -> dict[str, Any]:
    sha256, size = files[path]
    return {
        "profile": "tabular-data-resource",
        "name": name,
        "title": title,
        "description": description,
        "path": path,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": size,
        "hash": f"sha256:{sha256}",
        "dialect": {"delimiter": ",", "lineTerminator": "\n", "quoteChar": '"', "doubleQuote": True, "header": True},
        "schema": schema,
    }


def _field(field: FieldDescription) -> dict[str, Any]:
    constraints: dict[str, Any] = {}
    if field.required:
        constraints["required"] = True
    if field.minimum is not None:
        constraints["minimum"] = field.minimum
    if field.values is not None:
        constraints["enum"] = list(field.values)
    described: dict[str, Any] = {
        "name": field.name,
        "type": _TYPES[field.type],
        "title": field.label,
        "description": " ".join(part for part in (field.definition, field.notes) if part),
    }
    if constraints:
        described["constraints"] = constraints
    return described
