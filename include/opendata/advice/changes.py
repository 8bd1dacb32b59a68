"""The declaration of the coarser table, and the part of it that a steward pastes.

What hangs on a changed dimension follows it: a percentage within it, a population by it, a rate over that population.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from include.opendata.advice.coarsenings import Coarsening
from include.opendata.declaration.tables import (
    Measure,
    PercentMeasure,
    PopulationMeasure,
    RateMeasure,
    SumMeasure,
    Table,
)


def changed(table: Table, changes: Sequence[Coarsening]) -> Table:
    """``table`` with ``changes`` made, each of another dimension."""
    by_name = {change.dimension: change for change in changes}
    dimensions = []
    for dimension in table.dimensions:
        change = by_name.get(dimension.name)
        if change is None:
            dimensions.append(dimension)
        elif change.replacement is not None:
            dimensions.append(change.replacement)
    measures = _measures(table, by_name)
    names = {measure.name for measure in measures}
    return table.model_copy(
        update={
            "dimensions": dimensions,
            "measures": measures,
            "expected_totals": [e for e in table.expected_totals if e.measure in names],
        }
    )


def snippet(table: Table, coarser: Table, changes: Sequence[Coarsening]) -> str:
    """The changed dimensions and measures as YAML, to paste over those of the declaration; comments say what to remove."""
    lines = [
        f"# remove the dimension {change.dimension}"
        if change.replacement is None
        else f"# in place of the dimension {change.dimension}"
        for change in changes
    ]
    before = {measure.name: measure for measure in table.measures}
    kept = {measure.name for measure in coarser.measures}
    lines += [f"# remove the measure {name}" for name in before if name not in kept]
    if any(change.kind == "periods" for change in changes):
        lines += _about_populations(coarser)
    parts: dict[str, list[Any]] = {}
    replaced = [change.replacement for change in changes if change.replacement is not None]
    if replaced:
        parts["dimensions"] = [_plain(d.model_dump(mode="json", by_alias=True, exclude_unset=True)) for d in replaced]
    edited = [measure for measure in coarser.measures if measure != before[measure.name]]
    if edited:
        parts["measures"] = [m.model_dump(mode="json", by_alias=True, exclude_unset=True) for m in edited]
    text = yaml.safe_dump(parts, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None)
    return "\n".join(lines) + "\n" + (text if parts else "")


def _measures(table: Table, changes: dict[str, Coarsening]) -> list[Measure]:
    kept: list[Measure] = []
    for measure in table.measures:
        if isinstance(measure, PercentMeasure):
            within = [_name_after(name, changes) for name in measure.within]
            left = [name for name in within if name is not None]
            if left:
                kept.append(measure if left == measure.within else measure.model_copy(update={"within": left}))
        elif isinstance(measure, PopulationMeasure) and measure.dimension in changes:
            change = changes[measure.dimension]
            if change.replacement is not None:
                reference = change.reference or measure.reference
                kept.append(measure.model_copy(update={"dimension": change.replacement.name, "reference": reference}))
        else:
            kept.append(measure)
    names = {measure.name for measure in kept}
    return [m for m in kept if not isinstance(m, RateMeasure) or {m.numerator, m.denominator} <= names]


def _about_populations(coarser: Table) -> list[str]:
    """What periods do to a population, which its label must tell."""
    lines: list[str] = []
    for measure in coarser.measures:
        if isinstance(measure, SumMeasure) and measure.of == "population":
            lines.append(f"# {measure.name} is then added up over each period (person-years); say so in its label")
        elif isinstance(measure, PopulationMeasure):
            lines.append(
                f"# {measure.name} stays that of one point in time; a rate over it is then one of the whole period"
            )
    return lines


def _name_after(name: str, changes: dict[str, Coarsening]) -> str | None:
    change = changes.get(name)
    if change is None:
        return name
    return None if change.replacement is None else change.replacement.name


def _plain(dimension: dict[str, Any]) -> dict[str, Any]:
    """``scores_as: sex`` rather than ``scores_as: {variable: sex}``."""
    if list(dimension["scores_as"]) == ["variable"]:
        dimension["scores_as"] = dimension["scores_as"]["variable"]
    return dimension
