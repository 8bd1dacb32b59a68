"""The change file of a table: the rows that were added, changed or removed since the release before, by key.

``_change`` says which; then come the columns of the published file as they are now, and for every measure the value it had,
``_before_<measure>``. A removed row has its labels and what it had. Names with an underscore in front cannot be those of a
published column. Rows stand as in the new file, removed ones after them as in the old. Whoever keeps a copy of the table
puts the added and changed rows in by key, takes the removed ones out, and has the new table.
"""

from __future__ import annotations

from collections.abc import Iterator

from include.opendata.changes.compare import changed_rows, matched
from include.opendata.changes.sides import Facts, Side
from include.opendata.vocabulary import ANNOTATION_SUFFIX

CHANGE, BEFORE = "_change", "_before_"


def change_header(new: Side, facts: Facts) -> list[str]:
    """The columns of the change file."""
    return [CHANGE, *new.types, *(f"{BEFORE}{measure}" for measure in new.measures(facts))]


def change_rows(old: Side, new: Side, facts: Facts) -> Iterator[tuple[str, ...]]:
    """The rows of the change file; the keys of both sides are the same columns."""
    measures = new.measures(facts)
    figures = {*measures, *(f"{m}{ANNOTATION_SUFFIX}" for m in measures)}
    at = matched(old, new)
    changed = changed_rows(old, new, at)
    now = {column: new.rows[column].tolist() for column in new.types}
    was = {column: old.rows[column].tolist() for column in old.types}
    for position, before in enumerate(at.tolist()):
        if before < 0 or changed[position]:
            yield (
                "added" if before < 0 else "changed",
                *(now[column][position] for column in new.types),
                *("" if before < 0 or m not in was else was[m][before] for m in measures),
            )
    staying = set(at.tolist())
    for before in range(len(old)):
        if before not in staying:
            yield (
                "removed",
                *("" if c in figures or c not in was else was[c][before] for c in new.types),
                *(was[m][before] if m in was else "" for m in measures),
            )
