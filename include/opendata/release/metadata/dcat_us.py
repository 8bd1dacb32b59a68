"""The dataset's entry in a DCAT-US 1.1 catalog (``data.json``).

Decides the entry of one release. Two things in it are the catalog's business and are settled when a release is staged:
``modified`` is here the last day the data speak of, and the addresses leave the release out
(``<public address>/<dataset>/data/<table>.csv``), so that the same data always make the same bytes. The public address is
where the published files will be seen, at the paths they have in staging; ``OPENDATA_PUBLIC_URL`` sets it.
Rules: DCAT-US 1.1, non-federal dataset.
"""

from __future__ import annotations

import os
from urllib.parse import quote

from include.opendata.declaration.dataset import Dataset
from include.opendata.release.formats.registry import PublishedFile, published_files
from include.opendata.release.metadata.ckan_package import package_name, temporal_coverage
from include.opendata.release.metadata.json_document import JsonObject
from include.opendata.rules.formats import CSV
from include.opendata.rules.portal import portal_choices
from include.opendata.vocabulary import ProtectedTable

RIGHTS_LENGTH = 255
_LANGUAGES = {"english": "en-US", "spanish": "es-US"}


def public_base_url() -> str:
    """Where the public will see the published files, with a slash at its end; ``OPENDATA_PUBLIC_URL`` sets it."""
    return (os.environ.get("OPENDATA_PUBLIC_URL") or "https://data.example.org/").rstrip("/") + "/"


def dcat_us_entry(
    dataset: Dataset, protected: tuple[ProtectedTable, ...], *, base_url: str | None = None
) -> JsonObject:
    """The entry: ``dataset`` of a non-federal DCAT-US 1.1 catalog."""
    base = (base_url or public_base_url()) + quote(dataset.dataset)
    entry: JsonObject = {
        "@type": "dcat:Dataset",
        "identifier": package_name(dataset.dataset),
        "title": dataset.title,
        "description": dataset.description,
        "keyword": list(dataset.tags),
        "theme": [dataset.topic],
        "modified": dataset.coverage.end.isoformat(),
        "publisher": {"@type": "org:Organization", "name": dataset.department},
        "contactPoint": {
            "@type": "vcard:Contact",
            "fn": dataset.contact.name,
            "hasEmail": f"mailto:{dataset.contact.email}",
        },
        "accessLevel": "public",
        "rights": _rights(dataset.limitations),
        "accrualPeriodicity": portal_choices().dcat_periodicity(dataset.frequency),
        "temporal": temporal_coverage(dataset),
        "spatial": dataset.coverage.geography,
        "landingPage": dataset.program_web_page,
    }
    language = _LANGUAGES.get(dataset.language.lower())
    if language:
        entry["language"] = [language]
    if dataset.related_resources:
        entry["references"] = list(dataset.related_resources)
    entry["distribution"] = [
        {
            "@type": "dcat:Distribution",
            "title": _title(dataset.table(table.structure.table).title, file),
            "description": dataset.table(table.structure.table).description,
            "format": file.format.label,
            "mediaType": file.format.media_type,
            "downloadURL": f"{base}/{file.path}",
            "describedBy": f"{base}/dictionary/{table.structure.table}.csv",
            "describedByType": CSV.media_type,
        }
        for table in protected
        for file in published_files(dataset.table(table.structure.table))
    ]
    return entry


def _title(title: str, file: PublishedFile) -> str:
    """The table's title; the other formats say theirs, so that no two distributions are called the same."""
    return title if file.format == CSV else f"{title} ({file.format.label})"


def _rights(limitations: str) -> str:
    """The limitations, cut at a word: DCAT-US allows 255 characters; the portal's own field holds all of them."""
    if len(limitations) <= RIGHTS_LENGTH:
        return limitations
    return limitations[: RIGHTS_LENGTH - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"
