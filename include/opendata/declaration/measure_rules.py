"""What a measure must fit together with: its column, the counts and populations of its table, the dimensions it names."""

from __future__ import annotations

from collections.abc import Iterator

from include.opendata.declaration import tables as t
from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.inconsistency import FieldPath, Inconsistency, known


def measure_inconsistencies(
    dataset: Dataset, table: t.Table, measure: t.Measure, at: FieldPath
) -> Iterator[Inconsistency]:
    """What does not fit in one measure of a table. ``at``: where the measure stands."""
    counts = [m.name for m in table.measures if t.is_protected_count(m)]
    match measure:
        case t.CountMeasure():
            yield from _count(dataset, measure, at)
        case t.CountDistinctMeasure():
            yield from known(measure.column, _columns(dataset), (*at, "column"), "column")
        case t.SumMeasure() | t.MeanMeasure():
            yield from _added_up(dataset, measure, at)
            yield from _base(dataset, table, measure, counts, at)
        case t.RateMeasure():
            yield from known(measure.numerator, counts, (*at, "numerator"), "count in this table")
            yield from _denominator(table, measure, at)
        case t.PercentMeasure():
            yield from known(measure.numerator, counts, (*at, "numerator"), "count in this table")
            yield from _within(table, measure, at)
        case t.PopulationMeasure():
            names = [dimension.name for dimension in table.dimensions]
            yield from known(measure.dimension, names, (*at, "dimension"), "dimension")


def _count(dataset: Dataset, measure: t.CountMeasure, at: FieldPath) -> Iterator[Inconsistency]:
    if dataset.source.record == "aggregate":
        yield Inconsistency(
            (*at, "kind"), "the records are already added up; use `kind: sum` with `of: persons` or `of: events`"
        )
    if measure.persons is not None:
        yield from known(measure.persons, _columns(dataset), (*at, "persons"), "column")


def _added_up(dataset: Dataset, measure: t.SumMeasure | t.MeanMeasure, at: FieldPath) -> Iterator[Inconsistency]:
    at = (*at, "column")
    names = _columns(dataset)
    yield from known(measure.column, names, at, "column")
    if measure.column not in names:
        return
    kind = dataset.source.column(measure.column).type
    if kind not in ("integer", "number"):
        yield Inconsistency(at, "only a column of type integer or number can be added up")
    if t.is_protected_count(measure) and kind != "integer":
        yield Inconsistency(at, "a count of persons or events must be a column of type integer")


def _base(
    dataset: Dataset, table: t.Table, measure: t.SumMeasure | t.MeanMeasure, counts: list[str], at: FieldPath
) -> Iterator[Inconsistency]:
    """The count a sum or a mean is derived from: an amount of people has one, so that both are hidden together."""
    if measure.base is not None:
        yield from known(measure.base, counts, (*at, "base"), "count in this table")
        return
    of_people = dataset.personal_characteristics or counts or table.high_risk_populations
    if isinstance(measure, t.SumMeasure) and measure.of == "amount" and of_people:
        yield Inconsistency((*at, "base"), "an amount needs the count it is derived from, so that it is hidden with it")


def _denominator(table: t.Table, measure: t.RateMeasure, at: FieldPath) -> Iterator[Inconsistency]:
    usable = [m.name for m in table.measures if t.is_protected_count(m) or t.is_public_population(m)]
    yield from known(measure.denominator, usable, (*at, "denominator"), "count or population in this table")


def _within(table: t.Table, measure: t.PercentMeasure, at: FieldPath) -> Iterator[Inconsistency]:
    names = [dimension.name for dimension in table.dimensions]
    for index, name in enumerate(measure.within):
        where = (*at, "within", index)
        yield from known(name, names, where, "dimension")
        if name in names and table.dimension(name).total is None:
            yield Inconsistency(where, f"the dimension {name} publishes no total to be a percentage of")


def _columns(dataset: Dataset) -> list[str]:
    return [column.name for column in dataset.source.columns]
