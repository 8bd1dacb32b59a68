"""Whether a portal still shows what was published on it: a look that changes nothing.

Compares the package's fields, the files by the bytes the portal gives out (the digest it states of a file stays when someone
replaces the file by hand), and the number of rows of every table. A row that was changed without its number changing is found
when the release is published again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from include.opendata.errors import Refused
from include.opendata.portals.ckan.access import Forbidden, Missing, Portal, PortalAccess
from include.opendata.portals.ckan.compare import Difference, Held, compare, filename_of
from include.opendata.portals.ckan.datastore import table_info
from include.opendata.portals.ckan.package import WantedPackage


def portal_drift(access: PortalAccess, wanted: WantedPackage, rows: Mapping[str, int]) -> tuple[str, ...]:
    """What on the portal is not as published, a sentence each; empty when all is. ``rows``: path in the release → its rows.

    Raises OpendataError when the portal cannot be asked, or does not let this token look (``portal-not-allowed``).
    """
    with Portal(access, wanted.dataset) as portal:
        try:
            shown = portal.call("package_show", id=wanted.name)
            return tuple(_sentences(portal, wanted, shown, rows))
        except Missing:
            return ("The package is not on the portal.",)
        except Forbidden:
            pass
        raise Refused(
            "the portal does not let this token's owner see the package: it is private, deleted or another department's",
            remedy="Ask an administrator of the department on the portal to make the token's owner an editor there.",
            slug="portal-not-allowed",
            place=portal.place,
        )


def _sentences(
    portal: Portal, wanted: WantedPackage, shown: Mapping[str, Any], rows: Mapping[str, int]
) -> Iterator[str]:
    if shown.get("state", "active") != "active":
        yield "The package was deleted."
        return
    if shown.get("private"):
        yield "The package is private; no one sees it."
    yield from _differences(portal, compare(wanted, shown), rows)


def _differences(portal: Portal, difference: Difference, rows: Mapping[str, int]) -> Iterator[str]:
    if difference.fields:
        yield f"Fields of the package were changed: {', '.join(sorted(difference.fields))}."
    for held in difference.new:
        yield f"{held.wanted.filename} is missing."
    present = [held for held in difference.resources if held.shown is not None]
    for held in present:
        yield from _file_sentences(portal, held)
    for resource in difference.vanished:
        yield f"There is a file the release does not have: {resource.get('name') or resource['id']}."
    for held in present:
        yield from _table_sentences(portal, held, rows)


def _file_sentences(portal: Portal, held: Held) -> Iterator[str]:
    if not _gives_out(portal, held):
        yield f"{held.wanted.filename} is not the file that was published."
    elif held.changed_fields:
        yield f"The description of {held.wanted.filename} was changed: {', '.join(sorted(held.changed_fields))}."


def _table_sentences(portal: Portal, held: Held, rows: Mapping[str, int]) -> Iterator[str]:
    """Whether the DataStore's table of a file, where it has one, has as many rows as the file."""
    if held.wanted.table is None or held.wanted.path not in rows:
        return
    wanted = rows[held.wanted.path]
    info = table_info(portal, held.id)
    count = None if info is None else (info.get("meta") or {}).get("count")
    if count != wanted:
        shown = "none" if count is None else f"{count:,}"
        yield f"The table of {held.wanted.filename} has {shown} of {wanted:,} rows."


def _gives_out(portal: Portal, held: Held) -> bool:
    """Whether the portal gives out the file that was published, under its name."""
    shown = held.shown or {}
    if shown.get("url_type") != "upload" or filename_of(shown) != held.wanted.filename:
        return False
    return portal.digest(str(shown["url"])) == (held.wanted.fields["hash"], held.wanted.bytes)
