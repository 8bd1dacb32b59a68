"""What the portal is to show of a release: the package's fields by the portal's profile, and its files with their tables.

Decides names, texts and ids from the release's own metadata alone, and refuses a package the portal would not take, listing
everything that is missing, before anything is sent. Files whose role is ``internal`` or ``metadata`` are not for the portal.
Rules: Handbook, Guidelines §4; the portal's profile (``rules.portal``).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from include.opendata.errors import DeclarationError, Place, StorageError
from include.opendata.rules.formats import format_of
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
    said = {"package": package, "dcat": dcat}
    fields = {field.name: _text(field, said) for field in profile.fields}
    tags = tuple(dict.fromkeys(tag["name"] for tag in package.get("tags", ()) if tag["name"]))
    name, owner = str(package.get("name", "")), organization or str(package.get("owner_org", ""))
    problems = [*(p for field in profile.fields for p in _field_problems(field, fields[field.name]))]
    if not _NAME.match(name):
        problems.append("name: 2 to 100 small letters, digits, dashes and underscores")
    if not owner:
        problems.append("owner_org: the department is missing")
    if len(tags) < profile.tags_at_least:
        problems.append(f"tags: at least {profile.tags_at_least}")
    problems += [f"tags: {tag!r} is not 2 to 100 letters, digits, blanks, - _ ." for tag in tags if not _TAG.match(tag)]
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


def _text(field: PortalField, said: Mapping[str, Mapping[str, Any]]) -> str:
    if field.constant is not None:
        return field.constant
    found = []
    for source in field.sources:
        value: Any = said
        for key in source.split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
        if value:
            found.append(", ".join(map(str, value)) if isinstance(value, list) else str(value).strip())
    return "\n\n".join(found)


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
    by_path = {entry["path"]: entry for entry in described}
    strange = sorted(set(by_path) - set(files)) + sorted(
        path for path, entry in by_path.items() if path in files and entry.get("hash") not in (None, files[path].sha256)
    )
    if strange:
        raise StorageError(
            "the release's metadata and its manifest do not speak of the same files",
            remedy="Refresh the dataset; a release that contradicts itself is not published.",
            slug="release-metadata",
            place=Place(dataset=manifest.dataset),
            details=tuple(strange),
        )
    wanted: list[WantedResource] = []
    for path, entry in by_path.items():
        wanted.append(_described(package, entry, files.pop(path)))
        if path.startswith("data/") and path.endswith(".csv"):
            siblings = [
                p for p in sorted(files) if p not in by_path and p.startswith("data/") and _stem(p) == _stem(path)
            ]
            wanted += [_further_format(package, entry, files.pop(sibling)) for sibling in siblings]
    return (*wanted, *(_undescribed(package, files[path]) for path in sorted(files)))


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
    kind, media_type = _format(file)
    return _plain(package, file, f"{kind}: {csv['name']}", csv.get("description", ""), kind, media_type)


def _undescribed(package: str, file: ManifestFile) -> WantedResource:
    kind, media_type = _format(file)
    return _plain(package, file, PurePosixPath(file.path).name, "", kind, media_type)


def _plain(package: str, file: ManifestFile, name: str, description: str, kind: str, media_type: str) -> WantedResource:
    filename = PurePosixPath(file.path).name
    fields = {"name": name, "description": description, "format": kind, "mimetype": media_type, "hash": file.sha256}
    return WantedResource(resource_id(package, filename), file.path, filename, fields, file.bytes, None)


def _stem(path: str) -> str:
    return PurePosixPath(path).name.split(".", 1)[0]


def _format(file: ManifestFile) -> tuple[str, str]:
    """(name on a portal, media type) of a file: those of its format, else its ending and what the manifest says."""
    known = format_of(file.path)
    if known is not None:
        return known.label, known.media_type
    return PurePosixPath(file.path).suffix.removeprefix(".").upper(), file.media_type
