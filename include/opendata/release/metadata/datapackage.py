"""The Frictionless data package (v1, tabular): the schema a program needs to read the files without guessing.

Says what the dictionary says, in the form data tools read: types, required fields, the labels a field may have, the key,
and that an empty cell is a missing value. Decides nothing of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from include.opendata.declaration.dataset import Dataset
from include.opendata.release.formats.registry import PublishedFile, published_files
from include.opendata.release.metadata.ckan_package import package_name
from include.opendata.release.metadata.dictionary import HEADER, FieldDescription
from include.opendata.release.metadata.json_document import JsonObject
from include.opendata.rules.formats import CSV
from include.opendata.vocabulary import ProtectedTable

_TYPES = {"text": "string", "integer": "integer", "number": "number"}


def datapackage(
    dataset: Dataset,
    protected: tuple[ProtectedTable, ...],
    fields: Mapping[str, tuple[FieldDescription, ...]],
    files: Mapping[str, tuple[str, int]],
) -> JsonObject:
    """The descriptor. ``files``: path in the release → (sha256, bytes)."""
    resources: list[JsonObject] = []
    for number, table in enumerate(protected):
        name = table.structure.table
        declared = dataset.table(name)
        schema: JsonObject = {
            "fields": [_field(field) for field in fields[name]],
            "missingValues": [""],
            "primaryKey": [dimension.name for dimension in table.structure.dimensions],
        }
        if keys := _foreign_keys(table, protected[:number]):
            schema["foreignKeys"] = [*keys]
        dictionary: JsonObject = {
            "fields": [{"name": column, "type": "string"} for column in HEADER],
            "missingValues": [""],
            "primaryKey": ["field_name"],
        }
        others = published_files(declared)[1:]
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
        resources += [_file(name, declared.title, file, files) for file in others]
    return {
        "profile": "data-package",
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
        "resources": [*resources],
    }


def _resource(
    name: str, title: str, description: str, path: str, schema: JsonObject, files: Mapping[str, tuple[str, int]]
) -> JsonObject:
    sha256, size = files[path]
    return {
        "profile": "tabular-data-resource",
        "name": name,
        "title": title,
        "description": description,
        "path": path,
        "format": CSV.ending,
        "mediatype": CSV.media_type,
        "encoding": "utf-8",
        "bytes": size,
        "hash": f"sha256:{sha256}",
        "dialect": {"delimiter": ",", "lineTerminator": "\n", "quoteChar": '"', "doubleQuote": True, "header": True},
        "schema": schema,
    }


def _file(name: str, title: str, file: PublishedFile, files: Mapping[str, tuple[str, int]]) -> JsonObject:
    """The table in another format, described as a file: the specification's tables are CSV, and the schema stands there."""
    sha256, size = files[file.path]
    return {
        "profile": "data-resource",
        "type": "file",
        "name": f"{name}_{file.format.name}",
        "title": f"{title} ({file.format.label})",
        "description": f"The same rows as {name}: {file.format.description}.",
        "path": file.path,
        "format": file.path.rsplit(".", 1)[-1],
        "mediatype": file.format.media_type,
        "bytes": size,
        "hash": f"sha256:{sha256}",
    }


def _foreign_keys(table: ProtectedTable, before: tuple[ProtectedTable, ...]) -> list[JsonObject]:
    """For each coded dimension that an earlier table has too, with all categories of this one: the key that leads there."""
    keys: list[JsonObject] = []
    for dimension in table.structure.dimensions:
        if dimension.code_column is None:
            continue
        fields = [dimension.name, dimension.code_column]
        for other in before:
            same = [d for d in other.structure.dimensions if (d.column, d.code_column) == (dimension.column, fields[1])]
            if same and same[0].name == dimension.name and _rows_of(table, fields) <= _rows_of(other, fields):
                keys.append(
                    {"fields": [*fields], "reference": {"resource": other.structure.table, "fields": [*fields]}}
                )
                break
    return keys


def _rows_of(table: ProtectedTable, columns: list[str]) -> set[tuple[str, ...]]:
    """The different values of some text columns, empty where there is none."""
    frame = table.frame[columns].fillna("").drop_duplicates()
    return {tuple(str(value) for value in row) for row in frame.itertuples(index=False, name=None)}


def _field(field: FieldDescription) -> JsonObject:
    constraints: JsonObject = {}
    if field.required:
        constraints["required"] = True
    if field.minimum is not None:
        constraints["minimum"] = field.minimum
    if field.values is not None:
        constraints["enum"] = list(field.values)
    described: JsonObject = {
        "name": field.name,
        "type": _TYPES[field.type],
        "title": field.label,
        "description": " ".join(part for part in (field.definition, field.notes) if part),
    }
    if constraints:
        described["constraints"] = constraints
    return described
