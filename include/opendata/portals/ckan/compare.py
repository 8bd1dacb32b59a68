"""What of a package on the portal is not as it should be: the difference, and nothing that is already so.

Texts are compared as CKAN keeps them (a missing field is an empty one; of a format only the letters count, not their case).
Fields, groups and files that are not this pipeline's are none of its business: they stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from include.opendata.portals.ckan.package import WantedPackage, WantedResource, resource_id


@dataclass(frozen=True)
class Held:
    """A wanted file and the portal's resource that is it: ``id`` on the portal, and what is shown (None: not there)."""

    wanted: WantedResource
    id: str
    shown: Mapping[str, Any] | None

    @property
    def changed_fields(self) -> dict[str, str]:
        """The fields to set; a replaced file keeps its old format and hash, so they are set by name."""
        if self.shown is None:
            return dict(self.wanted.fields)
        return {name: text for name, text in self.wanted.fields.items() if not _same(name, self.shown.get(name), text)}

    @property
    def file_changed(self) -> bool:
        """Whether the file itself must be sent, as far as the portal's own description tells."""
        shown = self.shown
        if shown is None or shown.get("url_type") != "upload" or "hash" in self.changed_fields:
            return True
        return filename_of(shown) != self.wanted.filename or shown.get("size") not in (None, self.wanted.bytes)


@dataclass(frozen=True)
class Difference:
    """What is to be done to the package. ``vanished``: resources of this pipeline that the release no longer has."""

    fields: Mapping[str, Any]
    resources: tuple[Held, ...]
    vanished: tuple[Mapping[str, Any], ...]
    order_differs: bool
    drifted: frozenset[str] = field(default=frozenset())
    """Ids of files whose bytes are not what the portal's description says."""

    @property
    def new(self) -> tuple[Held, ...]:
        """The resources the portal does not have yet."""
        return tuple(held for held in self.resources if held.shown is None)

    @property
    def to_send(self) -> tuple[Held, ...]:
        """The resources already there whose file must be sent again."""
        return tuple(h for h in self.resources if h.shown is not None and (h.file_changed or h.id in self.drifted))

    @property
    def to_describe(self) -> tuple[Held, ...]:
        """The resources already there of which a field differs."""
        return tuple(h for h in self.resources if h.shown is not None and h.changed_fields)

    @property
    def is_empty(self) -> bool:
        """Whether package and files are as they should be (the DataStore is compared where it is loaded)."""
        return not (self.fields or self.new or self.to_send or self.to_describe or self.vanished or self.order_differs)


def compare(wanted: WantedPackage, shown: Mapping[str, Any], *, drifted: frozenset[str] = frozenset()) -> Difference:
    """The difference between ``wanted`` and the package as ``package_show`` gives it."""
    resources = list(shown.get("resources", ()))
    held = tuple(_held(wanted, resource, resources) for resource in wanted.resources)
    ids = {h.id for h in held}
    order = [h.id for h in held if h.shown is not None]
    return Difference(
        fields=_fields(wanted, shown),
        resources=held,
        vanished=tuple(r for r in resources if r["id"] not in ids and r["id"] in {_own_id(wanted, r), *wanted.adopted}),
        order_differs=[r["id"] for r in resources if r["id"] in ids] != order,
        drifted=drifted,
    )


def filename_of(shown: Mapping[str, Any]) -> str:
    """The name of a resource's file on the portal."""
    return PurePosixPath(urlsplit(str(shown.get("url") or "")).path).name


def _held(wanted: WantedPackage, resource: WantedResource, resources: list[Mapping[str, Any]]) -> Held:
    """By its id; else by its file's name, so that a package once made by hand keeps the ids its readers know."""
    by_id = [r for r in resources if r["id"] == resource.id]
    by_name = [r for r in resources if filename_of(r) == resource.filename]
    for shown in (*by_id, *by_name):
        return Held(resource, shown["id"], shown)
    return Held(resource, resource.id, None)


def _own_id(wanted: WantedPackage, shown: Mapping[str, Any]) -> str:
    """The id it has if this pipeline made it; one whose file never came is called like the file."""
    waiting = shown.get("url_type") == "datastore"
    return resource_id(wanted.name, str(shown.get("name") or "") if waiting else filename_of(shown))


def _fields(wanted: WantedPackage, shown: Mapping[str, Any]) -> dict[str, object]:
    fields: dict[str, object] = {
        name: text for name, text in wanted.fields.items() if not _same(name, shown.get(name), text)
    }
    if sorted(tag["name"] for tag in shown.get("tags", ())) != list(wanted.tags):
        fields["tags"] = [{"name": tag} for tag in wanted.tags]
    groups = {group["name"] for group in shown.get("groups", ())}
    if not set(wanted.groups) <= groups:
        fields["groups"] = [{"name": name} for name in sorted(groups | set(wanted.groups))]
    return fields


def _same(name: str, shown: Any, text: str) -> bool:
    there = "" if shown is None else str(shown)
    if name == "format":
        return there.lower() == text.lower()
    return there.replace("\r\n", "\n").strip() == text.replace("\r\n", "\n").strip()
