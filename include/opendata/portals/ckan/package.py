"""What the portal is to show of a release: the package's fields by the portal's profile, and its files with their tables.

Decides names, texts and ids from the release's own metadata alone, and refuses a package the portal would not take, listing
everything that is missing, before anything is sent. Files whose role is ``internal`` or ``metadata`` are not for the portal.
Rules: Handbook, Guidelines §4; the portal's profile (``rules.portal``).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from include.opendata.errors import DeclarationError, Place, StorageError
from include.opendata.rules.formats import CSV, format_of
from include.opendata.rules.portal import PortalField, PortalProfile
from include.opendata.storage.manifest import Manifest, ManifestFile

PACKAGE_METADATA = "metadata/ckan_package.json"
DCAT_METADATA = "metadata/dcat_us.json"

_ROLES = ("data", "dictionary")
_NAME = re.compile(r"^[a-z0-9_-]{2,100}$")
_TAG = re.compile(r"^[\w \-.]{2,100}$")
# Resource ids are made of names that never change, so that a publish that is repeated arrives at the same ids.
_IDS = uuid.UUID("6f1c1b6e-0a53-5f0e-9d2a-6f3a4c1d7b20")


@dataclass(frozen=True)
class WantedTable:
    """A file's table in the DataStore: ``fields`` as ``datastore_create`` takes them, and the columns of its key."""

    fields: tuple[Mapping[str, Any], ...]
    key: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(field["id"] for field in self.fields)


@dataclass(frozen=True)
class WantedResource:
    """One file as the portal is to offer it. ``path``: in the release · ``filename``: on the portal, never changing."""

    id: str
    path: str
    filename: str
    fields: Mapping[str, str]
    bytes: int
    table: WantedTable | None


@dataclass(frozen=True)
class WantedPackage:
    """The package as it is to be. ``fields``: those of the profile, empty where the release says nothing · ``adopted``: ids
    of resources made by hand that the last publish used for files of its own."""

    dataset: str
    release: str
    name: str
    organization: str
    fields: Mapping[str, str]
    tags: tuple[str, ...]
    groups: tuple[str, ...]
    resources: tuple[WantedResource, ...]
    adopted: frozenset[str] = frozenset()


def resource_id(package: str, filename: str) -> str:
    """The id of a package's file on every portal."""
    return str(uuid.uuid5(_IDS, f"{package}/{filename}"))


def wanted_package(
    manifest: Manifest,
    package: Mapping[str, Any],
    dcat: Mapping[str, Any],
    profile: PortalProfile,
    *,
    organization: str | None = None,
) -> WantedPackage:
    """The package for a release. ``package``, ``dcat``: the release's metadata files.

    Raises DeclarationError (``portal-fields-missing``) with every field the portal would not take, and StorageError
    (``release-metadata``) when the metadata do not belong to the manifest's files.
    """
    metadata = {"package": package, "dcat": dcat}
    fields = {field.name: _text(field, metadata) for field in profile.fields}
    tags = tuple(dict.fromkeys(tag["name"] for tag in package.get("tags", ()) if tag["name"]))
    name, owner = str(package.get("name", "")), organization or str(package.get("owner_org", ""))
    problems = [problem for field in profile.fields for problem in _field_problems(field, fields[field.name])]
    problems += [*_name_problems(name, owner), *_tag_problems(tags, profile)]
    if problems:
        raise DeclarationError(
            f"{profile.portal} would not take this package",
            remedy="Complete the declaration and refresh the dataset; nothing was sent.",
            slug="portal-fields-missing",
            place=Place(dataset=manifest.dataset),
            details=tuple(problems),
        )
    groups = tuple(profile.topics.get(group["name"], group["name"]) for group in package.get("groups", ()))
    return WantedPackage(
        dataset=manifest.dataset,
        release=manifest.release,
        name=name,
        organization=owner,
        fields=fields,
        tags=tuple(sorted(tags)),
        groups=tuple(sorted(groups)),
        resources=_resources(manifest, name, package.get("resources", ())),
    )


def _name_problems(name: str, owner: str) -> Iterator[str]:
    if not _NAME.match(name):
        yield "name: 2 to 100 small letters, digits, dashes and underscores"
    if not owner:
        yield "owner_org: the department is missing"


def _tag_problems(tags: Sequence[str], profile: PortalProfile) -> Iterator[str]:
    if len(tags) < profile.tags_at_least:
        yield f"tags: at least {profile.tags_at_least}"
    for tag in tags:
        if not _TAG.match(tag):
            yield f"tags: {tag!r} is not 2 to 100 letters, digits, blanks, - _ ."


def _text(field: PortalField, metadata: Mapping[str, Mapping[str, Any]]) -> str:
    if field.constant is not None:
        return field.constant
    texts = []
    for source in field.sources:
        value: Any = metadata
        for key in source.split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
        if value:
            texts.append(", ".join(map(str, value)) if isinstance(value, list) else str(value).strip())
    return "\n\n".join(texts)


def _field_problems(field: PortalField, text: str) -> list[str]:
    if not text:
        return [f"{field.name}: required, and the release says nothing"] if field.required else []
    if field.choices and text not in field.choices:
        return [f"{field.name}: must be one of {', '.join(field.choices)}"]
    if field.max_length and len(text) > field.max_length:
        return [f"{field.name}: at most {field.max_length} characters"]
    return []


def _resources(manifest: Manifest, package: str, described: Sequence[Mapping[str, Any]]) -> tuple[WantedResource, ...]:
    """The described files in the order of the metadata, each table's further formats behind its CSV."""
    files = {file.path: file for file in manifest.files if file.role in _ROLES}
    entries = {entry["path"]: entry for entry in described}
    _require_same_files(manifest.dataset, files, entries)
    undescribed = {path: files[path] for path in sorted(set(files) - set(entries))}
    wanted: list[WantedResource] = []
    for path, entry in entries.items():
        wanted.append(_described(package, entry, files[path]))
        wanted += [_further_format(package, entry, undescribed.pop(other)) for other in _siblings(path, undescribed)]
    return (*wanted, *(_undescribed(package, file) for file in undescribed.values()))


def _siblings(path: str, others: Iterable[str]) -> list[str]:
    """The further formats of a table among ``others``, when ``path`` is its CSV file."""
    if not (path.startswith("data/") and path.endswith(f".{CSV.ending}")):
        return []
    return [other for other in others if other.startswith("data/") and _stem(other) == _stem(path)]


def _require_same_files(
    dataset: str, files: Mapping[str, ManifestFile], entries: Mapping[str, Mapping[str, Any]]
) -> None:
    """Every described file is in the manifest, with the digest the description states, if it states one."""
    unknown = sorted(set(entries) - set(files))
    contradicted = sorted(
        path for path, entry in entries.items() if path in files and entry.get("hash") not in (None, files[path].sha256)
    )
    if unknown or contradicted:
        raise StorageError(
            "the release's metadata and its manifest do not speak of the same files",
            remedy="Refresh the dataset; a release that contradicts itself is not published.",
            slug="release-metadata",
            place=Place(dataset=dataset),
            details=(*unknown, *contradicted),
        )


def _described(package: str, entry: Mapping[str, Any], file: ManifestFile) -> WantedResource:
    filename = PurePosixPath(entry.get("url") or file.path).name
    table = entry.get("datastore")
    return WantedResource(
        id=resource_id(package, filename),
        path=file.path,
        filename=filename,
        fields={
            "name": entry["name"],
            "description": entry.get("description", ""),
            "format": entry.get("format") or _format(file)[0],
            "mimetype": entry.get("mimetype") or file.media_type,
            "hash": file.sha256,
        },
        bytes=file.bytes,
        table=None if table is None else WantedTable(tuple(table["fields"]), tuple(table["primary_key"])),
    )


def _further_format(package: str, csv: Mapping[str, Any], file: ManifestFile) -> WantedResource:
    label, _ = _format(file)
    return _plain(package, file, f"{label}: {csv['name']}", csv.get("description", ""))


def _undescribed(package: str, file: ManifestFile) -> WantedResource:
    return _plain(package, file, PurePosixPath(file.path).name, "")


def _plain(package: str, file: ManifestFile, name: str, description: str) -> WantedResource:
    """A file without a table in the DataStore."""
    label, media_type = _format(file)
    filename = PurePosixPath(file.path).name
    fields = {"name": name, "description": description, "format": label, "mimetype": media_type, "hash": file.sha256}
    return WantedResource(resource_id(package, filename), file.path, filename, fields, file.bytes, None)


def _stem(path: str) -> str:
    return PurePosixPath(path).name.split(".", 1)[0]


def _format(file: ManifestFile) -> tuple[str, str]:
    """(name on a portal, media type) of a file: those of its format, else its ending and what the manifest says."""
    known = format_of(file.path)
    if known is not None:
        return known.label, known.media_type
    return PurePosixPath(file.path).suffix.removeprefix(".").upper(), file.media_type
