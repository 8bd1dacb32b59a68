"""The dataset in the elements of Dublin Core, as RDF/XML, which library catalogs read.

The fifteen elements where there is something to say, refined by DCMI terms; every file is a format of the dataset, its
address relative to this file as it lies in a release. ``dc:date`` is the time the data speak of: nothing here tells when
a release was made. Rules: DCMI Metadata Terms; Handbook, Guidelines §4 (metadata follow Dublin Core).
"""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from include.opendata.declaration.dataset import Dataset
from include.opendata.release.formats.registry import PublishedFile, published_files
from include.opendata.release.metadata.ckan_package import package_name, temporal_coverage
from include.opendata.vocabulary import ProtectedTable

_LANGUAGES = {"english": "en", "spanish": "es"}


def dublin_core(dataset: Dataset, protected: tuple[ProtectedTable, ...], method: str) -> str:
    """The document, UTF-8."""
    names = [table.structure.table for table in protected]
    files = [file for name in names for file in published_files(dataset.table(name))]
    elements = [*_elements(dataset), *_formats(files), *_refinements(dataset, method)]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"',
        '         xmlns:dc="http://purl.org/dc/elements/1.1/"',
        '         xmlns:dcterms="http://purl.org/dc/terms/">',
        '  <rdf:Description rdf:about="..">',
        *(f"    <{name}>{escape(text)}</{name}>" for name, text in elements),
        *(f"    <dcterms:hasFormat rdf:resource={quoteattr('../' + file.path)}/>" for file in files),
        *(f"    <dcterms:references rdf:resource={quoteattr(f'../dictionary/{name}.csv')}/>" for name in names),
        "  </rdf:Description>",
        "</rdf:RDF>",
    ]
    return "\n".join(lines) + "\n"


def _elements(dataset: Dataset) -> list[tuple[str, str]]:
    """(element, text) of the dataset, but for its formats."""
    return [
        ("dc:identifier", package_name(dataset.dataset)),
        ("dc:title", dataset.title),
        ("dc:description", dataset.description),
        ("dc:creator", dataset.program),
        ("dc:publisher", dataset.department),
        ("dc:contributor", f"{dataset.contact.name} <{dataset.contact.email}>"),
        *(("dc:subject", subject) for subject in (dataset.topic, *dataset.tags)),
        ("dc:type", "Dataset"),
        ("dc:language", _LANGUAGES.get(dataset.language.lower(), dataset.language)),
        ("dc:date", temporal_coverage(dataset)),
        ("dc:coverage", dataset.coverage.geography),
        ("dc:coverage", temporal_coverage(dataset)),
        ("dc:source", dataset.source_link),
        ("dc:rights", dataset.limitations),
        *(("dc:rights", f"Governed by {statute}") for statute in dataset.statutes),
        *(("dc:relation", address) for address in dataset.related_resources),
    ]


def _formats(files: list[PublishedFile]) -> list[tuple[str, str]]:
    return [("dc:format", media_type) for media_type in dict.fromkeys(file.format.media_type for file in files)]


def _refinements(dataset: Dataset, method: str) -> list[tuple[str, str]]:
    """(element, text) in the terms of DCMI that refine Dublin Core."""
    terms = [("dcterms:accrualPeriodicity", dataset.frequency), ("dcterms:provenance", method.strip())]
    return [*terms, *([("dcterms:bibliographicCitation", dataset.citation)] if dataset.citation else [])]
