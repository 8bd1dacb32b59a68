"""The published rows as typed values, read back from the CSV file that was just written.

Every other format is made of the CSV's own bytes and of nothing else: what the CSV does not show cannot be in any of them,
and the same cell has the same value in all. Rows come a piece at a time, so that memory does not grow with the table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from include.opendata.storage.published_csv import ColumnKind, Value, typed_pieces
from include.opendata.vocabulary import ANNOTATION_SUFFIX, Structure


@dataclass(frozen=True)
class PublishedColumn:
    """A column of the published file. ``annotation``: where it stands beside a measure, the position of its annotation."""

    name: str
    kind: ColumnKind
    decimals: int | None = None
    measure: bool = False
    annotation: int | None = None
    nullable: bool = True


def columns_of(structure: Structure) -> tuple[PublishedColumn, ...]:
    """The columns of the published file, in its order."""
    names = structure.published_columns()
    known: dict[str, PublishedColumn] = {
        d.name: PublishedColumn(d.name, "text", nullable=False) for d in structure.dimensions
    }
    known |= {a.name: PublishedColumn(a.name, a.kind, a.decimals) for a in structure.attributes}
    for m in structure.measures:
        beside = f"{m.name}{ANNOTATION_SUFFIX}"
        known[m.name] = PublishedColumn(
            m.name,
            "number" if m.decimals else "integer",
            m.decimals or None,
            measure=True,
            annotation=names.index(beside) if beside in names else None,
        )
    return tuple(known.get(name) or PublishedColumn(name, "text") for name in names)


def typed_rows(path: Path, columns: tuple[PublishedColumn, ...]) -> Iterator[list[tuple[Value, ...]]]:
    """The rows of the CSV file in ``path``, in pieces: text, int, float, or None for an empty cell."""
    return typed_pieces(path, {column.name: column.kind for column in columns})
