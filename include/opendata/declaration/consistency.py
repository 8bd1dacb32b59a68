"""What a declaration must get right across its fields: names that must exist, totals a percentage needs, and so on.

The model checks each field by itself; this module checks them against each other. It looks at the declaration alone,
never at data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from include.opendata.declaration import tables as t
from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.formulas import formula_at, formula_inconsistencies, runs_as_formula
from include.opendata.declaration.inconsistency import FieldPath, Inconsistency
from include.opendata.declaration.inconsistency import known as _known
from include.opendata.declaration.inconsistency import twice as _twice
from include.opendata.declaration.refresh_rules import refresh_inconsistencies
from include.opendata.declaration.source import ValueRange
from include.opendata.declaration.standards import published_inconsistencies, source_inconsistencies
from include.opendata.vocabulary import ANNOTATION_SUFFIX


def inconsistencies(dataset: Dataset) -> list[Inconsistency]:
    """Everything in ``dataset`` that does not fit together, in the order of the file."""
    found = [*_whole(dataset), *_source(dataset)]
    for index, table in enumerate(dataset.tables):
        found += _table(dataset, table, ("tables", index))
    return found


def _whole(dataset: Dataset) -> Iterator[Inconsistency]:
    if dataset.coverage.end < dataset.coverage.start:
        yield Inconsistency(("coverage", "end"), "it is before `start`")
    if dataset.small_cells_below is not None and dataset.small_cells_below < dataset.small_below:
        yield Inconsistency(
            ("small_cells_below",),
            "the rule book's number may be raised, never lowered",
            f"{dataset.small_below} or more",
        )
    if runs_as_formula(dataset.statutes[0]):
        yield formula_at(("statutes", 0))
    yield from _twice([table.table for table in dataset.tables], ("tables",), "table")
    names = [table.table for table in dataset.tables]
    if dataset.approval_deadline.remind_after > dataset.approval_deadline.days:
        yield Inconsistency(("approval_deadline", "remind_after"), "it is after the deadline itself")
    for index, mitigation in enumerate(dataset.mitigations):
        if mitigation.table is not None:
            yield from _known(mitigation.table, names, ("mitigations", index, "table"), "table")
        if mitigation.expires <= mitigation.when:
            yield Inconsistency(("mitigations", index, "expires"), "it is not after `when`")


def _source(dataset: Dataset) -> Iterator[Inconsistency]:
    source = dataset.source
    names = [column.name for column in source.columns]
    yield from _twice([*names, *source.unused_columns], ("source", "columns"), "column")
    for index, key in enumerate(source.key):
        yield from _known(key, names, ("source", "key", index), "column")
    for index, column in enumerate(source.columns):
        if isinstance(column.valid_values, ValueRange) and column.type in ("text", "boolean"):
            yield Inconsistency(
                ("source", "columns", index, "valid_values"),
                f"a range makes no sense for a column of type {column.type}",
            )
        elif isinstance(column.valid_values, ValueRange) and _is_empty(column.valid_values):
            yield Inconsistency(
                ("source", "columns", index, "valid_values"), "`to` is before `from`: nothing is between"
            )
        if column.pattern is not None and not _is_readable(column.pattern):
            yield Inconsistency(
                ("source", "columns", index, "pattern"), "this is no regular expression that can be read"
            )
    yield from source_inconsistencies(source, ("source", "columns"))
    for index, control in enumerate(source.control_totals):
        if control.column is not None:
            where = ("source", "control_totals", index, "column")
            yield from _known(control.column, names, where, "column")
            if control.column in names and source.column(control.column).type not in ("integer", "number"):
                yield Inconsistency(where, "only a column of type integer or number can be added up")


def _is_empty(values: ValueRange) -> bool:
    first, last = values.from_, values.to
    if isinstance(first, str) and isinstance(last, str):
        return first > last  # days are written so that they sort as text
    return not isinstance(first, str | None) and not isinstance(last, str | None) and first > last


def _is_readable(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def _table(dataset: Dataset, table: t.Table, at: FieldPath) -> Iterator[Inconsistency]:
    columns = [column.name for column in dataset.source.columns]
    published = [d.name for d in table.dimensions] + [m.name for m in table.measures]
    published += [f"{d.name}_FIPS" for d in table.dimensions if d.standard == "county"]
    published += [f"{m.name}{ANNOTATION_SUFFIX}" for m in table.measures if not t.is_public_population(m)]
    published += [attribute.name for attribute in table.attributes]
    yield from _twice([name.lower() for name in published], at, "published column")
    yield from _twice([d.column for d in table.dimensions], (*at, "dimensions"), "source column of a dimension")
    yield from formula_inconsistencies(table, at)
    yield from refresh_inconsistencies(dataset, table, at)
    for index, condition in enumerate(table.filter):
        yield from _known(condition.column, columns, (*at, "filter", index, "column"), "column")
        kind = dataset.source.column(condition.column).type if condition.column in columns else ""
        if kind in ("text", "boolean") and (condition.from_ is not None or condition.to is not None):
            what = f"a range makes no sense for a column of type {kind}; list the values with `in` or `not_in`"
            yield Inconsistency((*at, "filter", index), what)
    for index, dimension in enumerate(table.dimensions):
        yield from _dimension(dataset, dimension, (*at, "dimensions", index))
    for index, measure in enumerate(table.measures):
        yield from _measure(dataset, table, measure, (*at, "measures", index))
    if not any(t.is_protected_count(m) for m in table.measures) and dataset.personal_characteristics:
        yield Inconsistency(
            (*at, "measures"),
            "a table about people needs a count of persons or events, so that small cells can be seen",
        )
    if table.masking == "whole_percentages":
        yield from _whole_percentages(dataset, table, at)
    yield from published_inconsistencies(dataset, table, at)
    names = [m.name for m in table.measures]
    for index, expected in enumerate(table.expected_totals):
        yield from _known(expected.measure, names, (*at, "expected_totals", index, "measure"), "measure")


def _whole_percentages(dataset: Dataset, table: t.Table, at: FieldPath) -> Iterator[Inconsistency]:
    """Percentages in place of counts: one dimension, one count, its whole percentage, and nothing beside (DDG 2.0 §4.4)."""
    at = (*at, "masking")
    if len(dataset.tables) > 1:
        yield Inconsistency(
            at, "a table of whole percentages is the only one of its dataset; another could tell its counts"
        )
    if dataset.survey:
        yield Inconsistency(at, "whole percentages are for full counts; a survey's small categories are unstable")
    if len(table.dimensions) != 1 or table.dimensions[0].total is None:
        yield Inconsistency(at, "a table of whole percentages has one dimension, with a total")
    elif (labels := declared_labels(table.dimensions[0])) and len(labels) + bool(table.dimensions[0].missing) != 3:
        yield Inconsistency(at, "whole percentages are for exactly three categories")
    counts = [m for m in table.measures if t.is_protected_count(m)]
    percents = [m for m in table.measures if isinstance(m, t.PercentMeasure)]
    if len(counts) != 1 or len(percents) != 1 or len(table.measures) != 2:
        yield Inconsistency(at, "a table of whole percentages has one count and its percentage, and no other measure")
    if any(percent.decimals for percent in percents):
        yield Inconsistency(at, "the percentage needs `decimals: 0`; a tenth of a percent would tell the small count")
    if any(isinstance(m, t.CountMeasure) and m.persons is not None for m in counts):
        yield Inconsistency(
            at, "count the persons themselves with `kind: count_distinct`, not events with `persons` behind"
        )


def _dimension(dataset: Dataset, dimension: t.Dimension, at: FieldPath) -> Iterator[Inconsistency]:
    columns = {column.name: column for column in dataset.source.columns}
    yield from _known(dimension.column, list(columns), (*at, "column"), "column")
    scores = dimension.scores_as
    if scores.variable == "not_personal" and not scores.reason:
        yield Inconsistency((*at, "scores_as"), "`not_personal` needs a `reason`")
    if scores.variable == "unlisted" and not scores.reviewer:
        yield Inconsistency((*at, "scores_as"), "`unlisted` needs the `reviewer` who looked at it (DDG 2.0 §4.3.1)")
    if scores.variable == "residence_geography" and not (scores.reference or scores.population or dimension.standard):
        yield Inconsistency(
            (*at, "scores_as"), "the population of the smallest area is not known; give `population` or `reference`"
        )
    if shows_zip3(dimension):
        if scores.variable not in ("residence_geography", "service_geography"):
            yield Inconsistency(
                (*at, "scores_as"), "a ZIP area is a geography", "residence_geography, service_geography"
            )
        if scores.population is None:
            yield Inconsistency(
                (*at, "scores_as"),
                "the three-digit ZIP areas need the `population` of the least peopled of them (HIPAA Safe Harbor)",
            )
    column = columns.get(dimension.column)
    if column is None:
        return
    if dimension.standard == "zip3" and column.type != "text":
        yield Inconsistency(
            (*at, "standard"), f"ZIP codes are text, so that leading zeros survive; this column is {column.type}"
        )
    if column.privacy == "direct_identifier":
        yield Inconsistency((*at, "column"), "a direct identifier cannot be a dimension of a data table")
    if dimension.bins is not None and column.type not in ("integer", "number"):
        yield Inconsistency((*at, "bins"), f"bins need a column of type integer or number; this one is {column.type}")
    if dimension.period is not None and column.type != "date":
        yield Inconsistency((*at, "period"), f"`period` cuts a column of type date; this one is {column.type}")
    if column.type == "date" and dimension.period is None:
        yield Inconsistency((*at, "column"), "a date cannot be a category by itself; cut it with `period`")
    if column.type == "number" and dimension.bins is None:
        yield Inconsistency((*at, "column"), "a number with decimals needs `bins` to become categories")
    yield from _bins(dimension, at)
    yield from _categories(dimension, column, at)


def _bins(dimension: t.Dimension, at: FieldPath) -> Iterator[Inconsistency]:
    bins = dimension.bins or []
    for earlier, (index, later) in zip(bins, list(enumerate(bins))[1:], strict=False):
        if earlier.to is None:
            yield Inconsistency((*at, "bins", index), "nothing can follow a bin without `to`")
        elif later.from_ <= earlier.to:
            yield Inconsistency((*at, "bins", index), "it overlaps the bin before it; bins go upwards")


def _categories(dimension: t.Dimension, column: object, at: FieldPath) -> Iterator[Inconsistency]:
    valid = getattr(column, "valid_values", None)
    labels = declared_labels(dimension)
    yield from _twice([label for label in labels if label], at, "label")
    if dimension.total is not None and dimension.total in labels:
        yield Inconsistency((*at, "total"), "the total's label is also a category's label")
    if dimension.missing is not None and dimension.missing in labels:
        yield Inconsistency((*at, "missing"), "the label for blanks is also a category's label")
    known = [*labels, *([dimension.missing] if dimension.missing else [])]
    if labels:
        for index, label in enumerate(dimension.least_interesting):
            yield from _known(label, known, (*at, "least_interesting", index), "label")
    way = "labels" if dimension.labels is not None else "recode" if dimension.recode is not None else None
    if way is None:
        return
    covered = (
        list(dimension.labels or {}) if way == "labels" else [v for vs in (dimension.recode or {}).values() for v in vs]
    )
    yield from _twice(covered, (*at, way), "value")
    if isinstance(valid, list):
        for value in covered:
            yield from _known(value, valid, (*at, way), "valid value of the source column")
        left = [value for value in valid if value not in covered]
        if left:
            yield Inconsistency(
                (*at, way), f"{len(left)} valid value(s) of the source column have no label", ", ".join(valid)
            )


def shows_zip3(dimension: t.Dimension) -> bool:
    """Whether a dimension's areas are those of three-digit ZIP codes: by its standard, or by its name."""
    return dimension.standard == "zip3" or dimension.name.lower() == "zip3"


def declared_labels(dimension: t.Dimension) -> list[str]:
    """The labels the declaration itself lists, in order; empty when they come from the data or from a standard."""
    if dimension.labels is not None:
        return list(dimension.labels.values())
    if dimension.recode is not None:
        return list(dimension.recode)
    return [b.label for b in dimension.bins or []]


def _measure(dataset: Dataset, table: t.Table, measure: t.Measure, at: FieldPath) -> Iterator[Inconsistency]:
    columns = {column.name: column for column in dataset.source.columns}
    measures = {m.name: m for m in table.measures}
    counts = [m.name for m in table.measures if t.is_protected_count(m)]
    if isinstance(measure, t.CountMeasure) and dataset.source.record == "aggregate":
        yield Inconsistency(
            (*at, "kind"), "the records are already added up; use `kind: sum` with `of: persons` or `of: events`"
        )
    if isinstance(measure, t.SumMeasure | t.MeanMeasure):
        yield from _known(measure.column, list(columns), (*at, "column"), "column")
        column = columns.get(measure.column)
        if column is not None and column.type not in ("integer", "number"):
            yield Inconsistency((*at, "column"), "only a column of type integer or number can be added up")
        if column is not None and t.is_protected_count(measure) and column.type != "integer":
            yield Inconsistency((*at, "column"), "a count of persons or events must be a column of type integer")
    if isinstance(measure, t.CountDistinctMeasure):
        yield from _known(measure.column, list(columns), (*at, "column"), "column")
    if isinstance(measure, t.CountMeasure) and measure.persons is not None:
        yield from _known(measure.persons, list(columns), (*at, "persons"), "column")
    if (
        isinstance(measure, t.SumMeasure)
        and measure.of == "amount"
        and measure.base is None
        and (dataset.personal_characteristics or counts or table.high_risk_populations)
    ):
        yield Inconsistency((*at, "base"), "an amount needs the count it is derived from, so that it is hidden with it")
    if isinstance(measure, t.SumMeasure | t.MeanMeasure) and measure.base is not None:
        yield from _known(measure.base, counts, (*at, "base"), "count in this table")
    if isinstance(measure, t.RateMeasure | t.PercentMeasure):
        yield from _known(measure.numerator, counts, (*at, "numerator"), "count in this table")
    if isinstance(measure, t.RateMeasure):
        usable = [n for n, m in measures.items() if t.is_protected_count(m) or t.is_public_population(m)]
        yield from _known(measure.denominator, usable, (*at, "denominator"), "count or population in this table")
    if isinstance(measure, t.PercentMeasure):
        names = [d.name for d in table.dimensions]
        for index, name in enumerate(measure.within):
            yield from _known(name, names, (*at, "within", index), "dimension")
            if name in names and table.dimension(name).total is None:
                yield Inconsistency(
                    (*at, "within", index), f"the dimension {name} publishes no total to be a percentage of"
                )
    if isinstance(measure, t.PopulationMeasure):
        yield from _known(measure.dimension, [d.name for d in table.dimensions], (*at, "dimension"), "dimension")
