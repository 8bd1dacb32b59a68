"""Whether a portal still shows what was published on it: a look that changes nothing.

Compares the package's fields, the files by the digests the portal states of them, and the number of rows of every table.
That every byte and row is right is made sure of when a release is published; this tells that nobody changed it since.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from include.opendata.portal.access import Missing, Portal, PortalAccess
from include.opendata.portal.compare import compare
from include.opendata.portal.datastore import table_info
from include.opendata.portal.package import WantedPackage


def portal_drift(access: PortalAccess, wanted: WantedPackage, rows: Mapping[str, int]) -> tuple[str, ...]:
    """What on the portal is not as published, a sentence each; empty when all is. ``rows``: path in the release → its rows.

    Raises OpendataError when the portal cannot be asked.
    """
    with Portal(access, wanted.dataset) as portal:
        try:
            shown = portal.call("package_show", id=wanted.name)
        except Missing:
            return ("The package is not on the portal.",)
        return tuple(_sentences(portal, wanted, shown, rows))


def _sentences(portal: Portal, wanted: WantedPackage, shown: Mapping, rows: Mapping[str, int]) -> Iterator[str]:
    if shown.get("state", "active") != "active":
        yield "The package was deleted."
        return
    if shown.get("private"):
        yield "The package is private; nobody sees it."
    difference = compare(wanted, shown)
    if difference.fields:
        yield f"Fields of the package were changed: {', '.join(sorted(difference.fields))}."
    for held in difference.new:
        yield f"{held.wanted.filename} is missing."
    for held in difference.to_send:
        yield f"{held.wanted.filename} is not the file that was published."
    for held in difference.to_describe:
        if not held.file_changed:
            yield f"The description of {held.wanted.filename} was changed: {', '.join(sorted(held.changed_fields))}."
    for resource in difference.vanished:
        yield f"There is a file the release does not have: {resource.get('name') or resource['id']}."
    for held in difference.resources:
        if held.shown is None or held.wanted.table is None or held.wanted.path not in rows:
            continue
        info = table_info(portal, held.id)
        there = None if info is None else (info.get("meta") or {}).get("count")
        if there != rows[held.wanted.path]:
            shown_rows = "none" if there is None else f"{there:,}"
            yield f"The table of {held.wanted.filename} has {shown_rows} of {rows[held.wanted.path]:,} rows."
