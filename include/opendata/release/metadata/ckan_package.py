"""The portal's package for a dataset: the CalHHS profile of CKAN, and a DataStore dictionary per table.

Decides names and texts; it sends nothing. A resource carries three keys that are for whoever pushes it and are not
fields of the portal: ``path`` (the file in the release), ``hash`` and ``datastore`` (the arguments of
``datastore_create``). Every format of a table follows its CSV, which alone is loaded into the
DataStore. File names and resource names never change from release to release, for API users depend on them.
Rules: Handbook, Guidelines §4; the portal's package form.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from include.opendata.declaration.dataset import Dataset
from include.opendata.release.formats.registry import published_files
from include.opendata.release.metadata.dictionary import HEADER, FieldDescription
from include.opendata.release.metadata.json_document import JsonObject
from include.opendata.rules.formats import CSV, XML_SCHEMA
from include.opendata.rules.portal import portal_choices
from include.opendata.vocabulary import ProtectedTable

NAME_LENGTH = 100
_TAG_MAY_NOT_HOLD = re.compile(r"[^\w \-.]")


def package_name(dataset_id: str) -> str:
    """The portal's name of a dataset; it never changes once published."""
    return dataset_id.replace("_", "-")


def portal_slug(text: str) -> str:
    """A name of small letters, digits and dashes, as the portal names organizations and groups."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:NAME_LENGTH]


def ckan_package(
    dataset: Dataset,
    protected: tuple[ProtectedTable, ...],
    fields: Mapping[str, tuple[FieldDescription, ...]],
    hashes: Mapping[str, str],
    method: str,
) -> JsonObject:
    """The package as ``package_create`` takes it. ``hashes``: path in the release → sha256."""
    choices = portal_choices()
    package: JsonObject = {
        "name": package_name(dataset.dataset),
        "title": dataset.title,
        "notes": dataset.description,
        "owner_org": portal_slug(dataset.department),
        "author": dataset.program,
        "program_web_page": dataset.program_web_page,
        "contact_email": dataset.contact.email,
        "groups": [{"name": portal_slug(dataset.topic)}],
        "tags": [{"name": _TAG_MAY_NOT_HOLD.sub("", tag).strip()} for tag in dataset.tags],
        "language": dataset.language,
        "accrual_periodicity": dataset.frequency,
        "temporal_coverage": temporal_coverage(dataset),
        "geo_coverage": dataset.coverage.geography,
        "geographic_granularity": dataset.coverage.granularity,
        "data_license": choices.data_license,
        "limitations": choices.limitations,
        "additional_limitations": dataset.limitations,
        "additional_information": "Governing statutes: " + "; ".join(dataset.statutes) + ".",
        "de_identification_method": method,
        "url": dataset.source_link,
    }
    if dataset.citation:
        package["citation"] = dataset.citation
    if dataset.related_resources:
        package["related_resources"] = "\n".join(dataset.related_resources)
    package["resources"] = [
        resource
        for table in protected
        for resource in _resources(dataset, table, fields[table.structure.table], hashes)
    ]
    return package


def temporal_coverage(dataset: Dataset) -> str:
    """``start/end`` in ISO 8601, so that the portal's own catalog is right too."""
    return f"{dataset.coverage.start.isoformat()}/{dataset.coverage.end.isoformat()}"


def _resources(
    dataset: Dataset, protected: ProtectedTable, fields: tuple[FieldDescription, ...], hashes: Mapping[str, str]
) -> list[JsonObject]:
    name = protected.structure.table
    table = dataset.table(name)
    data, dictionary = f"data/{name}.csv", f"dictionary/{name}.csv"
    # What tells the files of a table apart comes first: the portal's page of a package cuts a name after 50 characters.
    others: list[JsonObject] = [
        {
            "name": f"{file.format.label}: {table.title}",
            "description": f"{table.description} The same rows as the CSV file: {file.format.description}.",
            "format": file.format.label,
            "mimetype": file.format.media_type,
            "url": file.path.rpartition("/")[2],
            "path": file.path,
            "hash": hashes[file.path],
        }
        for file in published_files(table)
        if file.format != CSV
    ]
    return [
        {
            "name": table.title,
            "description": table.description,
            "format": CSV.label,
            "mimetype": CSV.media_type,
            "url": f"{name}.csv",
            "path": data,
            "hash": hashes[data],
            "datastore": {
                "fields": [_datastore_field(field) for field in fields],
                "primary_key": [dimension.name for dimension in protected.structure.dimensions],
            },
        },
        *others,
        {
            "name": f"Data dictionary: {table.title}",
            "description": f"What each field of “{table.title}” holds, where it comes from and why values are blank.",
            "format": CSV.label,
            "mimetype": CSV.media_type,
            "url": f"{name}_data_dictionary.csv",
            "path": dictionary,
            "hash": hashes[dictionary],
            "datastore": {
                "fields": [{"id": column, "type": "text", "info": {"type_override": "text"}} for column in HEADER],
                "primary_key": ["field_name"],
            },
        },
        *_xml_schema(table.title, name, hashes),
    ]


def _xml_schema(title: str, name: str, hashes: Mapping[str, str]) -> list[JsonObject]:
    """The schema beside the data dictionary, where the table is offered as XML."""
    path = f"dictionary/{name}.xsd"
    if path not in hashes:
        return []
    return [
        {
            "name": f"XML schema: {title}",
            "description": f"What the XML file of “{title}” may hold (W3C XML Schema).",
            "format": XML_SCHEMA.label,
            "mimetype": XML_SCHEMA.media_type,
            "url": f"{name}.xsd",
            "path": path,
            "hash": hashes[path],
        }
    ]


def _datastore_field(field: FieldDescription) -> JsonObject:
    """Types are declared, never guessed from the first rows; ``numeric`` is the one number the portal's loader knows."""
    kind = "text" if field.type == "text" else "numeric"
    notes = " ".join(part for part in (field.definition, field.notes) if part)
    return {"id": field.name, "type": kind, "info": {"label": field.label, "notes": notes, "type_override": kind}}
