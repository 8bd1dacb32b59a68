"""What a writer of a format is given: the CSV file to make it of, its columns, and what is said about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.tables import Table
from include.opendata.errors import Place, Refused
from include.opendata.release.formats.rows import PublishedColumn, columns_of, typed_rows
from include.opendata.release.metadata.dictionary import FieldDescription, mark_of, meanings_in
from include.opendata.release.metadata.notes import table_notes
from include.opendata.storage.published_csv import Value
from include.opendata.vocabulary import ProtectedTable, Structure


@dataclass(frozen=True)
class TabularFile:
    """A table as its CSV file shows it. ``marks``: annotation code → (mark, meaning), for renderings that people read."""

    csv: Path
    dataset: str
    table: Table
    structure: Structure
    columns: tuple[PublishedColumn, ...]
    fields: tuple[FieldDescription, ...]
    marks: Mapping[str, tuple[str, str]]
    notes: tuple[tuple[str, str], ...]

    @classmethod
    def of(
        cls, csv: Path, dataset: Dataset, protected: ProtectedTable, fields: tuple[FieldDescription, ...], method: str
    ) -> TabularFile:
        """What is to be known of the table in ``csv``."""
        return cls(
            csv=csv,
            dataset=dataset.dataset,
            table=dataset.table(protected.structure.table),
            structure=protected.structure,
            columns=columns_of(protected.structure),
            fields=fields,
            marks={code: (mark_of(code), meaning) for code, meaning in meanings_in(protected).items()},
            notes=table_notes(dataset, protected, method),
        )

    def rows(self) -> Iterator[list[tuple[Value, ...]]]:
        """The rows, a piece at a time."""
        return typed_rows(self.csv, self.columns)

    def refused(self, what: str, *, slug: str, remedy: str, column: str | None = None) -> Refused:
        """A refusal that names the table, and the column where one is meant."""
        return Refused(what, remedy=remedy, slug=slug, place=Place(self.dataset, self.table.table, column))
