"""Which source columns the public gets to see, and how: as they are, in wider categories, added up, or not at all.

Read from the declaration alone. Whether what is seen is personal is decided in ``scan``.
"""

from __future__ import annotations

from typing import Literal

from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.source import SourceColumn
from include.opendata.declaration.tables import Dimension, MeanMeasure, SumMeasure, Table

Exposure = Literal["public", "as_is", "period", "categories", "figures", "none"]
"""``public``: declared so. ``as_is``: a dimension shows its values. ``period``: a dimension that the publication score
weighs as time shows them. ``categories``: a dimension shows wider categories. ``figures``: a measure adds it up or averages
it. ``none``: it stays in the work area."""


def exposure(dataset: Dataset, column: SourceColumn) -> Exposure:
    """The widest way in which ``column`` becomes public."""
    if column.privacy == "public":
        return "public"
    found = {_shown(d) for table in dataset.tables for d in table.dimensions if d.column == column.name}
    ways: tuple[Exposure, ...] = ("as_is", "period", "categories")
    for way in ways:
        if way in found:
            return way
    return "figures" if any(column.name in _figures(table) for table in dataset.tables) else "none"


def published(dataset: Dataset, column: str) -> bool:
    """Whether a table shows the column's values, in any form."""
    return any(
        column in {*(d.column for d in table.dimensions), *(a.column for a in table.attributes), *_figures(table)}
        for table in dataset.tables
    )


def origins(table: Table) -> dict[str, str]:
    """Published column to the source column it shows; counts, rates and codes that show none are left out."""
    shown = {dimension.name: dimension.column for dimension in table.dimensions}
    shown |= {f"{d.name}_FIPS": d.column for d in table.dimensions if d.standard == "county"}
    shown |= {attribute.name: attribute.column for attribute in table.attributes}
    return shown | {m.name: m.column for m in table.measures if isinstance(m, SumMeasure | MeanMeasure)}


def _shown(dimension: Dimension) -> Exposure:
    if dimension.bins or dimension.period or dimension.labels or dimension.recode or dimension.standard:
        return "categories"
    return "period" if dimension.scores_as.variable == "time" else "as_is"


def _figures(table: Table) -> list[str]:
    return [m.column for m in table.measures if isinstance(m, SumMeasure | MeanMeasure)]
