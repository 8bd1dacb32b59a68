"""The first rows of a table as people read them on the evidence page: marks in place of blanks, explained below the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from include.opendata.declaration.tables import Table
from include.opendata.errors import Place
from include.opendata.release.formats.csv_files import number_text
from include.opendata.release.metadata.dictionary import mark_of, meanings_in
from include.opendata.vocabulary import (
    ANNOTATION_SUFFIX,
    ProtectedTable,
    Structure,
    TableAttribute,
    TableDimension,
    TableMeasure,
)

PREVIEW_ROWS = 12


@dataclass(frozen=True)
class PreviewColumn:
    """A column that is shown. ``figure``: what its numbers are; None for text."""

    name: str
    label: str
    figure: TableMeasure | TableAttribute | None = None

    @property
    def number(self) -> bool:
        """Whether it holds numbers."""
        return self.figure is not None


@dataclass(frozen=True)
class PreviewCell:
    """``mark``: it stands in place of a number."""

    text: str
    mark: bool = False


@dataclass(frozen=True)
class Preview:
    """``footnotes``: (mark, what it means), those that occur."""

    columns: tuple[PreviewColumn, ...]
    rows: tuple[tuple[PreviewCell, ...], ...]
    footnotes: tuple[tuple[str, str], ...]


def preview_of(dataset: str, declared: Table, protected: ProtectedTable) -> Preview:
    """The first rows of a protected table, its annotations folded into the marks."""
    columns = _columns(declared, protected.structure)
    place = Place(dataset, protected.structure.table)
    meanings = meanings_in(protected)
    footnotes: dict[str, str] = {}
    rows: list[tuple[PreviewCell, ...]] = []
    for record in protected.frame.head(PREVIEW_ROWS).astype(object).to_dict("records"):
        values = {str(name): None if pd.isna(value) else value for name, value in record.items()}
        cells = []
        for column in columns:
            cells.append(_cell(column, values, place))
            if cells[-1].mark and cells[-1].text:
                footnotes[cells[-1].text] = meanings.get(_code(column, values), "")
        rows.append(tuple(cells))
    return Preview(columns, tuple(rows), tuple(sorted(footnotes.items())))


def _columns(declared: Table, structure: Structure) -> tuple[PreviewColumn, ...]:
    columns = [column for dimension in structure.dimensions for column in _dimension_columns(declared, dimension)]
    measures = [PreviewColumn(m.name, declared.measure(m.name).label, m) for m in structure.measures]
    return (*columns, *measures)


def _dimension_columns(declared: Table, dimension: TableDimension) -> list[PreviewColumn]:
    label = declared.dimension(dimension.name).label
    columns = [PreviewColumn(dimension.name, label)]
    if dimension.code_column:
        columns.append(PreviewColumn(dimension.code_column, f"{label}: code"))
    for attribute in dimension.attributes:
        figure = attribute if attribute.kind != "text" else None
        columns.append(PreviewColumn(attribute.name, declared.attribute(attribute.name).label, figure))
    return columns


def _cell(column: PreviewColumn, values: Mapping[str, object], place: Place) -> PreviewCell:
    value = values[column.name]
    if column.figure is None:
        return PreviewCell("" if value is None else str(value))
    if value is None:
        return PreviewCell(mark_of(_code(column, values)), mark=True)
    text = number_text(value, column.figure, place)
    # A coordinate or a year is no amount: only measures have their thousands grouped.
    return PreviewCell(_grouped(text) if isinstance(column.figure, TableMeasure) else text)


def _code(column: PreviewColumn, values: Mapping[str, object]) -> str:
    """The annotation beside a value; empty without one."""
    code = values.get(f"{column.name}{ANNOTATION_SUFFIX}")
    return code if isinstance(code, str) else ""


def _grouped(text: str) -> str:
    whole, dot, decimals = text.partition(".")
    return f"{int(whole):,}{dot}{decimals}" if whole.lstrip("-").isdigit() and int(whole) else text
