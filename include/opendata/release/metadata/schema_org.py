"""The dataset as a schema.org ``Dataset`` in JSON-LD, which search engines for data read.

Says what the other metadata say, in those words. The addresses of the files are relative to this file, as it lies in a
release, so that they are right wherever the release is served; nothing here tells when it was made.
Rules: schema.org Dataset, DataDownload, PropertyValue; Handbook, Guidelines §4.
"""

from __future__ import annotations

from collections.abc import Mapping

from include.opendata.declaration.dataset import Dataset
from include.opendata.release.formats.registry import published_files
from include.opendata.release.metadata.ckan_package import package_name, temporal_coverage
from include.opendata.release.metadata.dictionary import FieldDescription
from include.opendata.release.metadata.json_document import JsonObject
from include.opendata.vocabulary import ProtectedTable


def schema_org(
    dataset: Dataset,
    protected: tuple[ProtectedTable, ...],
    fields: Mapping[str, tuple[FieldDescription, ...]],
    files: Mapping[str, tuple[str, int]],
    method: str,
) -> JsonObject:
    """The document. ``files``: path in the release → (sha256, bytes)."""
    department: JsonObject = {"@type": "GovernmentOrganization", "name": dataset.department}
    document: JsonObject = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "identifier": package_name(dataset.dataset),
        "name": dataset.title,
        "description": dataset.description,
        "url": dataset.program_web_page,
        "sameAs": dataset.source_link,
        "keywords": [*dataset.tags, dataset.topic],
        "inLanguage": dataset.language,
        "isAccessibleForFree": True,
        "creator": department,
        "publisher": department,
        "maintainer": {
            "@type": "ContactPoint",
            "contactType": "data contact",
            "name": dataset.contact.name,
            "email": dataset.contact.email,
        },
        "temporalCoverage": temporal_coverage(dataset),
        "spatialCoverage": {"@type": "Place", "name": dataset.coverage.geography},
        "usageInfo": dataset.limitations,
        "measurementTechnique": method.strip(),
        "hasPart": [_table(dataset, table, fields[table.structure.table], files) for table in protected],
    }
    if dataset.citation:
        document["citation"] = dataset.citation
    if dataset.related_resources:
        document["subjectOf"] = list(dataset.related_resources)
    return document


def _table(
    dataset: Dataset,
    protected: ProtectedTable,
    fields: tuple[FieldDescription, ...],
    files: Mapping[str, tuple[str, int]],
) -> JsonObject:
    table = dataset.table(protected.structure.table)
    return {
        "@type": "Dataset",
        "identifier": f"{package_name(dataset.dataset)}/{table.table}",
        "name": table.title,
        "description": table.description,
        "variableMeasured": [
            {
                "@type": "PropertyValue",
                "name": field.name,
                "alternateName": field.label,
                "description": field.definition,
            }
            for field in fields
        ],
        "distribution": [
            {
                "@type": "DataDownload",
                "name": file.path.rsplit("/", 1)[-1],
                "description": file.format.description,
                "encodingFormat": file.format.media_type,
                "contentUrl": f"../{file.path}",
                "contentSize": f"{files[file.path][1]} B",
                "sha256": files[file.path][0],
            }
            for file in published_files(table)
        ],
    }
