"""The declaration of the coarser table, and the part of it that a steward pastes.

What hangs on a changed dimension follows it: a percentage within it, a population by it, a rate over that population.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import yaml
from pydantic import BaseModel

from include.opendata.advice.coarsenings import Coarsening
from include.opendata.declaration.tables import (
    Dimension,
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
    dimensions = [_dimension_after(dimension, by_name) for dimension in table.dimensions]
    measures = _measures_after(table.measures, by_name)
    names = {measure.name for measure in measures}
    return table.model_copy(
        update={
            "dimensions": [dimension for dimension in dimensions if dimension is not None],
            "measures": measures,
            "expected_totals": [e for e in table.expected_totals if e.measure in names],
        }
    )


def snippet(table: Table, coarser: Table, changes: Sequence[Coarsening]) -> str:
    """The changed dimensions and measures as YAML, to paste over those of the declaration; comments say what to remove."""
    before = {measure.name: measure for measure in table.measures}
    changed_parts = {
        "dimensions": [_short_scores(_as_declared(c.replacement)) for c in changes if c.replacement is not None],
        "measures": [_as_declared(measure) for measure in coarser.measures if measure != before[measure.name]],
    }
    parts = {name: part for name, part in changed_parts.items() if part}
    comments = "".join(f"# {line}\n" for line in _comments(table, coarser, changes))
    if not parts:
        return comments
    return comments + yaml.safe_dump(parts, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None)


def _comments(table: Table, coarser: Table, changes: Sequence[Coarsening]) -> list[str]:
    """What to do with the snippet, and what to mind."""
    lines = [
        f"remove the dimension {change.dimension}"
        if change.replacement is None
        else f"in place of the dimension {change.dimension}"
        for change in changes
    ]
    kept = {measure.name for measure in coarser.measures}
    lines += [f"remove the measure {measure.name}" for measure in table.measures if measure.name not in kept]
    if any(change.kind == "periods" for change in changes):
        lines += _about_populations(coarser)
    return lines


def _about_populations(coarser: Table) -> list[str]:
    """What periods do to a population, which its label must tell."""
    lines: list[str] = []
    for measure in coarser.measures:
        if isinstance(measure, SumMeasure) and measure.of == "population":
            lines.append(f"{measure.name} is then added up over each period (person-years); say so in its label")
        elif isinstance(measure, PopulationMeasure):
            lines.append(
                f"{measure.name} stays that of one point in time; a rate over it is then one of the whole period"
            )
    return lines


def _dimension_after(dimension: Dimension, changes: Mapping[str, Coarsening]) -> Dimension | None:
    """The dimension once the changes are made; None where it is left out."""
    change = changes.get(dimension.name)
    return dimension if change is None else change.replacement


def _measures_after(measures: Sequence[Measure], changes: Mapping[str, Coarsening]) -> list[Measure]:
    """The measures that are left, each following its dimensions; a rate goes with what it is made of."""
    followed = [_measure_after(measure, changes) for measure in measures]
    kept = [measure for measure in followed if measure is not None]
    names = {measure.name for measure in kept}
    return [m for m in kept if not isinstance(m, RateMeasure) or {m.numerator, m.denominator} <= names]


def _measure_after(measure: Measure, changes: Mapping[str, Coarsening]) -> Measure | None:
    """The measure once the changes are made; None where it cannot be worked out any more."""
    if isinstance(measure, PercentMeasure):
        return _percent_after(measure, changes)
    if isinstance(measure, PopulationMeasure) and measure.dimension in changes:
        change = changes[measure.dimension]
        if change.replacement is None:
            return None
        reference = change.reference or measure.reference
        return measure.model_copy(update={"dimension": change.replacement.name, "reference": reference})
    return measure


def _percent_after(measure: PercentMeasure, changes: Mapping[str, Coarsening]) -> PercentMeasure | None:
    names = [_name_after(name, changes) for name in measure.within]
    within = [name for name in names if name is not None]
    if not within:
        return None
    return measure if within == measure.within else measure.model_copy(update={"within": within})


def _name_after(name: str, changes: Mapping[str, Coarsening]) -> str | None:
    change = changes.get(name)
    if change is None:
        return name
    return None if change.replacement is None else change.replacement.name


def _as_declared(part: BaseModel) -> dict[str, object]:
    return part.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _short_scores(dimension: dict[str, object]) -> dict[str, object]:
    """``scores_as: sex`` rather than ``scores_as: {variable: sex}``."""
    scores_as = dimension["scores_as"]
    if isinstance(scores_as, dict) and list(scores_as) == ["variable"]:
        return {**dimension, "scores_as": scores_as["variable"]}
    return dimension
