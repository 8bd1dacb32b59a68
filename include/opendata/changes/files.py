"""The change file of a table: the rows that were added, changed or removed since the release before, by key.

``_change`` says which; then come the columns of the published file as they are now, and for every measure the value it had,
``_before_<measure>``. A removed row has its labels and what it had. Names with an underscore in front cannot be those of a
published column. Rows stand as in the new file, removed ones after them as in the old. Whoever keeps a copy of the table
puts the added and changed rows in by key, takes the removed ones out, and has the new table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from include.opendata.changes.compare import changed_rows, matched
from include.opendata.changes.sides import Side, TableFacts
from include.opendata.vocabulary import ANNOTATION_SUFFIX

CHANGE, BEFORE = "_change", "_before_"


def change_header(new: Side, facts: TableFacts) -> list[str]:
    """The columns of the change file."""
    return [CHANGE, *new.types, *(f"{BEFORE}{measure}" for measure in new.measures(facts))]


def change_rows(old: Side, new: Side, facts: TableFacts) -> Iterator[tuple[str, ...]]:
    """The rows of the change file; the keys of both sides are the same columns."""
    measures = new.measures(facts)
    at = matched(old, new)
    changed = changed_rows(old, new, at)
    now, before = _Texts(new), _Texts(old)
    for row, old_row in enumerate(at.tolist()):
        if old_row < 0:
            yield ("added", *now.of(row, new.types), *("" for _ in measures))
        elif changed[row]:
            yield ("changed", *now.of(row, new.types), *before.of(old_row, measures))
    figures = {*measures, *(f"{measure}{ANNOTATION_SUFFIX}" for measure in measures)}
    labels = [column if column not in figures else None for column in new.types]
    staying = set(at.tolist())
    for old_row in range(len(old)):
        if old_row not in staying:
            yield ("removed", *before.of(old_row, labels), *before.of(old_row, measures))


class _Texts:
    """The cells of a side, column by column, as they stand in its file."""

    def __init__(self, side: Side) -> None:
        self._columns = {column: side.rows[column].tolist() for column in side.types}

    def of(self, row: int, columns: Iterable[str | None]) -> Iterator[str]:
        """The row's cells in these columns; empty for a column that the side does not have, and for None."""
        for column in columns:
            yield self._columns[column][row] if column in self._columns else ""
