"""Puts a release's package on the portal, in an order that keeps what readers have usable at every moment.

1. Nothing is sent before the token, the department, the topics and the package's owner are found to be in order.
2. A new package is made private and shown last, when everything has been read back.
3. Each table of the DataStore is brought to its file, row by row; a new one gets a resource that has no file yet.
4. Everything else changes in one request, which CKAN does whole or not at all: files, texts, what is no longer published. It
   is only done if the package is still as it was read; if someone else changed it meanwhile, it is compared again.
5. Files are downloaded and their digests compared; package, tables, types and texts are read back.

What is already so is not sent again, so a publish that was stopped goes on where it was, and a second one changes nothing.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from include.opendata.errors import DeclarationError, InputError, Refused, StorageError
from include.opendata.portals.ckan.access import FieldsRejected, Forbidden, Missing, Portal, PortalAccess
from include.opendata.portals.ckan.compare import Difference, Held, compare
from include.opendata.portals.ckan.datastore import Progress, TableOutcome, drop_table, sync_table
from include.opendata.portals.ckan.package import WantedPackage
from include.opendata.portals.ckan.readiness import existing_package, name_taken, require_ready
from include.opendata.portals.ckan.upload import FileToSend

MATCHES_TRIED = 3
"""How often the package is compared again because someone else changed it meanwhile."""

Fetch = Callable[[str, Path], None]
"""Writes a file of the release (its path there) to a place on this machine."""


@dataclass(frozen=True)
class PublishedPackage:
    """What :func:`publish_package` left on the portal. ``files``: name on the portal → resource id · ``tables``: likewise, what
    was done to each · ``changed``: whether anything was written."""

    id: str
    name: str
    address: str
    created: bool
    changed: bool
    files: Mapping[str, str]
    tables: Mapping[str, TableOutcome] = field(default_factory=dict)
    sent: tuple[str, ...] = ()


_NO_FILE = {"url": "_datastore_only_resource", "url_type": "datastore"}
"""How CKAN itself writes that a resource is a table and has no file."""


class _Moved(Exception):
    """Someone else changed the package after it was read."""


def publish_package(
    access: PortalAccess, wanted: WantedPackage, fetch: Fetch, progress: Progress, *, was_public: bool = False
) -> PublishedPackage:
    """Make the portal show ``wanted``; read it back. ``was_public``: it was published before, so it must not be private now.

    Raises InputError, DeclarationError, Refused and StorageError; docs/portal.md lists them.
    """
    with (
        Portal(access, wanted.dataset) as portal,
        tempfile.TemporaryDirectory(prefix="opendata-portal-") as folder,
        _for_people(portal),
    ):
        organization = require_ready(portal, wanted)
        shown = existing_package(portal, wanted, organization)
        if shown is not None and shown["private"] and was_public:
            raise _hidden(portal)
        created = shown is None
        if shown is None:
            shown = _create(portal, wanted, organization)
        publication = _Publication(portal, wanted, _Files(Path(folder), fetch), progress, to_show=shown["private"])
        for _ in range(MATCHES_TRIED):
            try:
                return publication.bring_about(shown, created=created)
            except _Moved:
                progress("someone else changed the package meanwhile; comparing again")
                shown = portal.call("package_show", id=shown["id"])
        raise StorageError(
            "the package was changed by someone else while it was being published, several times",
            remedy="Find out who else writes to this package, then publish again; it continues where it stopped.",
            slug="portal-contended",
            place=portal.place,
        )


class _Files:
    """The release's files on this machine, each fetched once."""

    def __init__(self, folder: Path, fetch: Fetch):
        self.folder, self._fetch = folder, fetch
        self._there: dict[str, Path] = {}

    def path(self, path: str) -> Path:
        if path not in self._there:
            into = self.folder / f"{len(self._there)}{Path(path).suffix}"
            self._fetch(path, into)
            self._there[path] = into
        return self._there[path]


@dataclass
class _Publication:
    """One publish under way. ``to_show``: the package was private when it began, and is shown at the end."""

    portal: Portal
    wanted: WantedPackage
    files: _Files
    progress: Progress
    to_show: bool
    tables: dict[str, TableOutcome] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    wrote: bool = False

    def bring_about(self, shown: Mapping[str, Any], *, created: bool) -> PublishedPackage:
        shown = self._make_room(shown)
        difference = compare(self.wanted, shown, drifted=self._drifted(compare(self.wanted, shown)))
        self._sync_tables(shown["id"], difference)
        for resource in difference.vanished:
            self.wrote |= drop_table(self.portal, resource["id"])
        shown = self._revise(shown, difference)
        shown = self._require_as_wanted(shown)
        if shown["private"]:
            if not self.to_show:
                raise _hidden(self.portal)  # meanwhile: a large table takes minutes
            self.progress("everything is as it should be; showing it")
            shown = self._send_revision(shown, _Revision(update={"private": False}))
        return PublishedPackage(
            id=shown["id"],
            name=self.wanted.name,
            address=f"{self.portal.url}/dataset/{self.wanted.name}",
            created=created,
            changed=created or self.wrote,
            files={held.wanted.filename: held.id for held in compare(self.wanted, shown).resources},
            tables=dict(self.tables),
            sent=tuple(self.sent),
        )

    def _make_room(self, shown: Mapping[str, Any]) -> Mapping[str, Any]:
        """Resources for the tables the portal does not have yet, still without their files: a portal that loads files by
        itself does so when one arrives, and must find the table's types and dictionary by then. They are called like
        the file: of a publish that stops here, that tells whose they are when the next release has no such table."""
        new = [h for h in compare(self.wanted, shown).new if h.wanted.table is not None]
        if not new:
            return shown
        rooms = tuple(
            {"id": h.id, "name": h.wanted.filename, "description": h.wanted.fields["description"], **_NO_FILE}
            for h in new
        )
        return self._send_revision(shown, _Revision(extend=rooms))

    def _drifted(self, difference: Difference) -> frozenset[str]:
        """The files that are said to be right and are not: someone replaced them by hand, or a transfer went wrong."""
        there = [h for h in difference.resources if h.shown is not None and not h.file_changed]
        settled = [h for h in there if h.wanted.filename not in self.sent]  # those are read back at the end
        return frozenset(h.id for h in settled if h.shown is not None and not self._is_right(h, h.shown))

    def _is_right(self, held: Held, shown: Mapping[str, Any]) -> bool:
        return self.portal.digest(shown["url"]) == (held.wanted.fields["hash"], held.wanted.bytes)

    def _sync_tables(self, package: str, difference: Difference) -> None:
        for held in difference.resources:
            if held.wanted.table is None:
                continue
            name = held.wanted.filename
            with tempfile.TemporaryDirectory(dir=self.files.folder) as folder:
                outcome = sync_table(
                    self.portal,
                    held.id,
                    held.wanted.table,
                    self.files.path(held.wanted.path),
                    Path(folder),
                    lambda text, name=name: self.progress(f"{name}: {text}"),  # type: ignore[misc]
                    active=bool(held.shown and held.shown.get("datastore_active")),
                )
            self.tables[name] = outcome
            self.wrote |= outcome.touched
        if any(outcome.created for outcome in self.tables.values()):
            shown = self.portal.call("package_show", id=package)
            self.portal.call("package_create_default_resource_views", package=shown, create_datastore_views=True)

    def _revise(self, shown: Mapping[str, Any], difference: Difference) -> Mapping[str, Any]:
        if difference.is_empty:
            return shown
        revision = _Revision(
            files=(*difference.to_send, *difference.new),
            update=difference.fields,
            resources={
                **{held.id: held.changed_fields for held in difference.to_describe},
                **_named_again(difference.to_send),
            },
            extend=tuple({"id": h.id, "url": h.wanted.filename, **h.wanted.fields} for h in difference.new),
            remove=tuple(resource["id"] for resource in difference.vanished),
        )
        if not revision.is_empty:
            shown = self._send_revision(shown, revision)
        if compare(self.wanted, shown).order_differs:
            order = [held.id for held in difference.resources]
            self.portal.call("package_resource_reorder", id=shown["id"], order=order)
            self.wrote = True
            shown = self._show(str(shown["id"]))
        return shown

    def _require_as_wanted(self, shown: Mapping[str, Any]) -> Mapping[str, Any]:
        """Read back package and files; a file that did not arrive as it was sent is sent once more."""
        wrong = self._wrong_files(shown)
        if wrong:
            self.progress(f"{len(wrong)} file(s) did not arrive as they were sent; sending them again")
            shown = self._send_revision(shown, _Revision(files=wrong, resources=_named_again(wrong)))
            wrong = self._wrong_files(shown)
        problems = [f"{h.wanted.filename}: the portal gives out other bytes than were sent" for h in wrong]
        problems += _left_over(compare(self.wanted, shown))
        if problems:
            raise StorageError(
                "what the portal shows is not what was sent",
                remedy="Publish again. If it stays so, ask the portal's administrators; its package form or a plugin may "
                "change what it is given.",
                slug="portal-mismatch",
                place=self.portal.place,
                details=tuple(problems),
            )
        return shown

    def _wrong_files(self, shown: Mapping[str, Any]) -> tuple[Held, ...]:
        held = [h for h in compare(self.wanted, shown).resources if h.wanted.filename in self.sent]
        return tuple(h for h in held if h.shown is not None and not self._is_right(h, h.shown))

    def _send_revision(self, shown: Mapping[str, Any], revision: _Revision) -> Mapping[str, Any]:
        """One ``package_revise``, done only while the package is as it was read; what the portal then shows."""
        match = {"id": shown["id"], "metadata_modified": shown["metadata_modified"]}
        uploads = {}
        for held in revision.files:
            wanted = held.wanted
            self.progress(f"{wanted.filename}: sending {wanted.bytes:,} bytes")
            uploads[f"update__resources__{held.id}__upload"] = FileToSend(
                self.files.path(wanted.path), wanted.filename, wanted.fields["mimetype"]
            )
        try:
            self.portal.call("package_revise", files=uploads or None, match=json.dumps(match), **revision.arguments())
        except FieldsRejected as error:
            if "match" in error.problems:
                raise _Moved from None
            raise
        self.sent += [held.wanted.filename for held in revision.files]
        self.wrote = True
        return self._show(str(shown["id"]))

    def _show(self, package: str) -> Mapping[str, Any]:
        shown: Mapping[str, Any] = self.portal.call("package_show", id=package)
        return shown


@dataclass(frozen=True)
class _Revision:
    """What one ``package_revise`` changes. ``update``: fields of the package · ``resources``: id → fields of a file ·
    ``extend``: new resources · ``remove``: ids of those that go · ``files``: those whose bytes are sent with it."""

    files: tuple[Held, ...] = ()
    update: Mapping[str, Any] = field(default_factory=dict)
    resources: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    extend: tuple[Mapping[str, str], ...] = ()
    remove: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change; new files stand in ``extend``, files sent again in ``resources``."""
        return not (self.update or self.resources or self.extend or self.remove)

    def arguments(self) -> dict[str, str]:
        """The action's arguments: JSON in text, as a form with files sends them."""
        arguments = {f"update__resources__{name}": json.dumps(dict(texts)) for name, texts in self.resources.items()}
        if self.update:
            arguments["update"] = json.dumps(dict(self.update))
        if self.remove:
            arguments["filter"] = json.dumps([f"-resources__{name}" for name in self.remove])
        if self.extend:
            arguments["update__resources__extend"] = json.dumps([dict(resource) for resource in self.extend])
        return arguments


def _left_over(difference: Difference) -> Iterator[str]:
    """What is still to be done to a package that should be as it is wanted."""
    for name in difference.fields:
        yield f"{name}: the portal keeps something else"
    for held in difference.to_describe:
        yield f"{held.wanted.filename}: {', '.join(held.changed_fields)} differ"
    for held in difference.new:
        yield f"{held.wanted.filename}: it is not there"
    for resource in difference.vanished:
        yield f"{resource.get('name') or resource['id']}: it is still there"


def _named_again(files: Iterable[Held]) -> dict[str, dict[str, str]]:
    """A file sent again must be given its name, format and hash again: CKAN would keep the old ones."""
    return {held.id: {**held.wanted.fields, "url": held.wanted.filename} for held in files}


def _hidden(portal: Portal) -> Refused:
    return Refused(
        "the package was public and someone made it private",
        remedy="Find out why. If it may be seen again, make it public on the portal, then publish again.",
        slug="portal-package-hidden",
        place=portal.place,
    )


def _create(portal: Portal, wanted: WantedPackage, organization: str) -> Mapping[str, Any]:
    """The package, private and without files; the one that is there if an answer was lost on the way."""
    package: Mapping[str, Any] = {
        **{name: text for name, text in wanted.fields.items() if text},
        "name": wanted.name,
        "owner_org": organization,
        "private": True,
        "tags": [{"name": tag} for tag in wanted.tags],
        "groups": [{"name": group} for group in wanted.groups],
    }
    try:
        created: Mapping[str, Any] = portal.call("package_create", **package)
        return created
    except FieldsRejected as error:
        if "name" not in error.problems:
            raise
    shown = existing_package(portal, wanted, organization)
    if shown is None:
        raise name_taken(portal)
    return shown


@contextmanager
def _for_people(portal: Portal) -> Iterator[None]:
    """What CKAN says no to, as errors for people."""
    try:
        yield
        return
    except FieldsRejected as error:
        details = tuple(f"{name}: {_plain(problem)}" for name, problem in sorted(error.problems.items()))
        failure: Exception = DeclarationError(
            "the portal rejects the package",
            remedy="Fix what it names in the declaration (or the profile, if the portal's form has changed) and refresh "
            "the dataset; then publish again.",
            slug="portal-field-rejected",
            place=portal.place,
            details=details,
        )
    except Forbidden as error:
        failure = Refused(
            f"the portal does not allow this token's owner to do {error}",
            remedy="Ask an administrator of the department on the portal to make the token's owner an editor there, and a "
            "member of the topic's group.",
            slug="portal-not-allowed",
            place=portal.place,
        )
    except Missing as error:
        failure = InputError(
            f"the portal does not have what {error} needs; it may have been removed meanwhile",
            remedy="Look at the package on the portal, then publish again.",
            slug="portal-missing",
            place=portal.place,
        )
    except (OSError, duckdb.Error) as error:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else type(error).__name__
        failure = StorageError(
            f"the temporary folder of this machine failed ({reason})",
            remedy="Free some space there, or name a larger one in TMPDIR; then publish again, it continues where it stopped.",
            slug="portal-disk",
            place=portal.place,
        )
    raise failure


def _plain(problem: Any) -> str:
    if isinstance(problem, list):
        return "; ".join(_plain(part) for part in problem if part)
    if isinstance(problem, Mapping):
        return "; ".join(f"{name}: {_plain(part)}" for name, part in problem.items())
    return str(problem)
