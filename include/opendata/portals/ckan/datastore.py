"""Brings one table of the DataStore to what its file says, without a moment in which readers find it empty.

What CKAN allows, and so what is done:

- A table is addressed by its resource's id, which must not change, so a table loaded elsewhere cannot be swapped in. Rows are
  therefore changed in place, by their key: added and changed ones first, then those that are gone.
- Each request is one transaction of its database. Up to :data:`ONE_TRANSACTION` added and changed rows go in one request, the
  removal in a second: between the two a reader may see rows that are about to go, never fewer than there should be. Beyond
  that, readers see old and new rows side by side while the load lasts.
- A column may be added or dropped in place. A column that changes its type, or another key, needs the table to be made again:
  CKAN drops and creates in two requests, and until it is loaded readers find it incomplete.

Types are declared and a blank is null, so no value decides how a column is read. Rules: CKAN 2.11 API, DataStore.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from include.opendata.errors import Place, Refused, StorageError
from include.opendata.portals.ckan.access import FieldsRejected, Missing, Portal
from include.opendata.portals.ckan.package import WantedTable
from include.opendata.portals.ckan.rows import Record, RowDifference, chunks, file_rows, row_difference
from include.opendata.storage.published_csv import count_rows

ROWS_PER_REQUEST = 10_000
ONE_TRANSACTION = 10_000
_ROWS_PER_PAGE = 32_000
_NATIVE = {"int": "int4", "float": "float8"}

Progress = Callable[[str], None]


@dataclass(frozen=True)
class TableOutcome:
    """What was done to a table: rows added, changed and removed; whether it was not there before (``created``), its columns
    or texts were changed (``described``), or it was made again (``rebuilt``)."""

    rows: int
    added: int = 0
    changed: int = 0
    removed: int = 0
    described: bool = False
    rebuilt: bool = False
    created: bool = False

    @property
    def touched(self) -> bool:
        """Whether anything was written."""
        return bool(self.added or self.changed or self.removed or self.described or self.rebuilt or self.created)


def table_info(portal: Portal, resource: str) -> Mapping[str, Any] | None:
    """What the DataStore says of a table; None when there is none."""
    try:
        info: Mapping[str, Any] = portal.call("datastore_info", id=resource)
    except Missing:
        return None
    return info


def drop_table(portal: Portal, resource: str) -> bool:
    """Remove a table that is no longer published; whether there was one. A resource that is removed without this leaves its
    rows readable to whoever knows its id."""
    if table_info(portal, resource) is None:
        return False
    _drop(portal, resource)
    return True


def _drop(portal: Portal, resource: str) -> None:
    """A request whose answer was lost is sent twice: the second finds no table, which is what was asked for."""
    with suppress(Missing):
        portal.call("datastore_delete", resource_id=resource, force=True)


def sync_table(
    portal: Portal, resource: str, wanted: WantedTable, file: Path, folder: Path, progress: Progress, *, active: bool
) -> TableOutcome:
    """Bring the DataStore's table of ``resource`` to the rows, types and texts of ``file``; ``folder``: empty, on disk.

    ``active``: whether the portal already shows the resource as having a table; making the table sets that.

    Raises Refused (``portal-rows-rejected``) and StorageError (``portal-mismatch``; as ``Portal.call``).
    """
    rows = count_rows(file)
    before = table_info(portal, resource)
    info, described, rebuilt = _shape(portal, resource, wanted, before, active=active)
    held = int(info["meta"]["count"])
    if held == 0:
        _load(portal, resource, file_rows(file), "insert", rows, progress)
        outcome = TableOutcome(rows, rows, described=described, rebuilt=rebuilt, created=before is None)
    else:
        _fetch_rows(portal, resource, folder / "held.csv")
        difference = row_difference(file, folder / "held.csv", wanted.columns, wanted.key, folder)
        _apply(portal, resource, difference, progress)
        outcome = TableOutcome(rows, difference.added, difference.changed, difference.removed, described, rebuilt)
    if outcome.touched:
        require_table(portal, resource, wanted, rows)
    return outcome


def require_table(portal: Portal, resource: str, wanted: WantedTable, rows: int) -> None:
    """Read back row count, types and dictionary. Raises StorageError (``portal-mismatch``) when they are not as sent."""
    info = table_info(portal, resource)
    problems = ["there is no table"] if info is None else [*_differences(wanted, info, rows)]
    if problems:
        raise StorageError(
            "what the DataStore holds is not what was sent",
            remedy="Publish again. If it stays so, something else writes to this table, such as the portal's own loader.",
            slug="portal-mismatch",
            place=portal.place,
            details=tuple(problems),
        )


def _differences(wanted: WantedTable, info: Mapping[str, Any], rows: int) -> Iterator[str]:
    """What of a table is not as it was sent, by what the DataStore says of it."""
    count = int(info["meta"]["count"])
    if count != rows:
        yield f"{count:,} rows instead of {rows:,}"
    there = {field["id"]: field for field in info["fields"]}
    for field in wanted.fields:
        shown = there.get(field["id"])
        if shown is None or _type(shown) != _type(field):
            yield f"column {field['id']}: missing, or of another type"
        elif (shown.get("info") or {}) != field["info"]:
            yield f"column {field['id']}: its entry in the data dictionary differs"
    for name in sorted(set(there) - set(wanted.columns)):
        yield f"column {name}: not of this table"


def _shape(
    portal: Portal, resource: str, wanted: WantedTable, info: Mapping[str, Any] | None, *, active: bool
) -> tuple[Mapping[str, Any], bool, bool]:
    """The table with the declared columns, texts and key: (what the DataStore says of it, described, rebuilt)."""
    rebuilt = False
    if info is not None and _needs_rebuild(wanted, info):
        _drop(portal, resource)
        info, rebuilt = None, True
    if info is not None and active and _is_described(wanted, info):
        return info, False, rebuilt
    try:
        _create(portal, resource, wanted)
    except FieldsRejected as error:
        if info is None:
            raise _rejected(portal, error) from None
        _drop(portal, resource)  # its rows repeat the key
        _create(portal, resource, wanted)
        rebuilt = True
    created = table_info(portal, resource)
    if created is None:
        raise StorageError(
            "the DataStore does not show a table that was just made",
            remedy="Publish again; it continues where it stopped.",
            slug="portal-mismatch",
            place=portal.place,
        )
    return created, info is not None, rebuilt


def _create(portal: Portal, resource: str, wanted: WantedTable) -> None:
    portal.call(
        "datastore_create",
        resource_id=resource,
        force=True,
        fields=[dict(field) for field in wanted.fields],
        primary_key=list(wanted.key),
        delete_fields=True,
    )


def _needs_rebuild(wanted: WantedTable, info: Mapping[str, Any]) -> bool:
    there = {field["id"]: field for field in info["fields"]}
    if any(_type(there[f["id"]]) != _type(f) for f in wanted.fields if f["id"] in there):
        return True
    return bool(_key(info)) and _key(info) != set(wanted.key)


def _is_described(wanted: WantedTable, info: Mapping[str, Any]) -> bool:
    there = [(field["id"], field.get("info") or {}) for field in info["fields"]]
    asked = [(field["id"], field["info"]) for field in wanted.fields]
    return sorted(there, key=_name) == sorted(asked, key=_name) and _key(info) == set(wanted.key)


def _name(entry: tuple[str, Any]) -> str:
    return entry[0]


def _key(info: Mapping[str, Any]) -> set[str]:
    """The columns of the table's one index of columns, which is its key."""
    return {field["id"] for field in info["fields"] if field.get("schema", {}).get("is_index")}


def _type(field: Mapping[str, Any]) -> str:
    kind = str(field["type"])
    return _NATIVE.get(kind, kind)


def _apply(portal: Portal, resource: str, difference: RowDifference, progress: Progress) -> None:
    total = difference.added + difference.changed
    if 0 < total <= ONE_TRANSACTION:
        rows = [*difference.changed_rows(), *difference.added_rows()]
        progress(f"{total:,} rows to change, in one transaction")
        _send(portal, resource, rows, "upsert", last=not difference.removed)
    elif total:
        _load(portal, resource, difference.changed_rows(), "upsert", difference.changed, progress)
        _load(portal, resource, difference.added_rows(), "insert", difference.added, progress)
    if difference.removed:
        progress(f"{difference.removed:,} rows to remove")
        _remove(portal, resource, difference)


def _remove(portal: Portal, resource: str, difference: RowDifference) -> None:
    gone, ids = 0, difference.removed_ids()
    while piece := list(itertools.islice(ids, ONE_TRANSACTION)):
        gone += len(piece)
        portal.call(
            "datastore_records_delete",
            resource_id=resource,
            force=True,
            filters={"_id": piece},
            calculate_record_count=gone >= difference.removed,
        )


def _load(portal: Portal, resource: str, rows: Iterable[Record], method: str, total: int, progress: Progress) -> None:
    """Send rows in requests of a bounded size, saying now and then how far it is."""
    sent, reported = 0, 0
    for piece in chunks(rows, ROWS_PER_REQUEST):
        _send(portal, resource, piece, method, last=sent + len(piece) >= total)
        sent += len(piece)
        if sent == total or sent - reported >= total / 10:
            progress(f"{sent:,} of {total:,} rows are in the DataStore")
            reported = sent


def _send(portal: Portal, resource: str, rows: list[Record], method: str, *, last: bool) -> None:
    upsert = partial(
        portal.call, "datastore_upsert", resource_id=resource, force=True, records=rows, calculate_record_count=last
    )
    try:
        upsert(method=method)
        return
    except FieldsRejected as error:
        rejected = error
    if method == "insert":
        # A request whose answer was lost was sent twice: its rows are there already.
        try:
            upsert(method="upsert")
            return
        except FieldsRejected as error:
            rejected = error
    raise _rejected(portal, rejected)


def _fetch_rows(portal: Portal, resource: str, into: Path) -> None:
    """Write the table's rows to a CSV file with a header, ``_id`` first, a page at a time."""
    with into.open("w", encoding="utf-8", newline="") as stream:
        offset = 0
        while True:
            page = portal.call(
                "datastore_search",
                resource_id=resource,
                records_format="csv",
                sort="_id",
                limit=_ROWS_PER_PAGE,
                offset=offset,
                include_total=False,
            )
            if offset == 0:
                csv.writer(stream, lineterminator="\n").writerow(field["id"] for field in page["fields"])
            if not page["records"]:
                return
            stream.write(page["records"])
            offset += int(page["limit"])


def _rejected(portal: Portal, error: FieldsRejected) -> Refused:
    """What CKAN says of a row may quote it; only where it found something is passed on."""
    return Refused(
        f"the DataStore does not take the rows or columns ({', '.join(sorted(error.problems)) or 'no reason given'})",
        remedy="Check the table's declared types and key against its file; the portal's administrators find the reason "
        "in its log.",
        slug="portal-rows-rejected",
        place=Place(dataset=portal.place.dataset),
    )
