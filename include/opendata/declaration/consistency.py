"""What a declaration must get right across its fields: names that must exist, totals a percentage needs, and so on.

The model checks each field by itself; this module checks them against each other. It looks at the declaration alone,
never at data.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from include.opendata.declaration import tables as t
from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.formulas import formula_at, formula_inconsistencies, runs_as_formula
from include.opendata.declaration.inconsistency import FieldPath, Inconsistency
from include.opendata.declaration.inconsistency import known as _known
from include.opendata.declaration.inconsistency import twice as _twice
from include.opendata.declaration.measure_rules import measure_inconsistencies
from include.opendata.declaration.refresh_rules import refresh_inconsistencies
from include.opendata.declaration.source import Source, SourceColumn, ValueRange
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
    if dataset.small_cells_below is not None and dataset.small_cells_below < dataset.small_cell_rule.below:
        yield Inconsistency(
            ("small_cells_below",),
            "the rule book's number may be raised, never lowered",
            f"{dataset.small_cell_rule.below} or more",
        )
    if runs_as_formula(dataset.statutes[0]):
        yield formula_at(("statutes", 0))
    names = [table.table for table in dataset.tables]
    yield from _twice(names, ("tables",), "table")
    if dataset.approval_deadline.remind_after > dataset.approval_deadline.days:
        yield Inconsistency(("approval_deadline", "remind_after"), "it is after the deadline itself")
    yield from _mitigations(dataset, names)


def _mitigations(dataset: Dataset, names: list[str]) -> Iterator[Inconsistency]:
    for index, mitigation in enumerate(dataset.mitigations):
        if mitigation.table is not None:
            yield from _known(mitigation.table, names, ("mitigations", index, "table"), "table")
        if mitigation.expires <= mitigation.when:
            yield Inconsistency(("mitigations", index, "expires"), "it is not after `when`")


def _source(dataset: Dataset) -> Iterator[Inconsistency]:
    source = dataset.source
    names = [column.name for column in source.columns]
    yield from _twice([*names, *source.unused_columns], ("source", "columns"), "column")
    yield from _records_per_person(source)
    for index, key in enumerate(source.key):
        yield from _known(key, names, ("source", "key", index), "column")
    for index, column in enumerate(source.columns):
        yield from _source_column(column, ("source", "columns", index))
    yield from source_inconsistencies(source, ("source", "columns"))
    for index, answer in enumerate(source.unrelated):
        for number, name in enumerate(answer.columns):
            yield from _known(name, names, ("source", "unrelated", index, "columns", number), "column")
    yield from _control_totals(source, names)


def _records_per_person(source: Source) -> Iterator[Inconsistency]:
    if source.records_per_person == "several" and source.record == "person":
        what = "records of which a person may have several are events: declare `record: event`"
        yield Inconsistency(("source", "records_per_person"), what)
    if source.records_per_person is not None and source.record == "aggregate":
        yield Inconsistency(("source", "records_per_person"), "figures already added up are no records of persons")


def _control_totals(source: Source, names: list[str]) -> Iterator[Inconsistency]:
    for index, control in enumerate(source.control_totals):
        if control.column is not None:
            where = ("source", "control_totals", index, "column")
            yield from _known(control.column, names, where, "column")
            if control.column in names and source.column(control.column).type not in ("integer", "number"):
                yield Inconsistency(where, "only a column of type integer or number can be added up")


def _source_column(column: SourceColumn, at: FieldPath) -> Iterator[Inconsistency]:
    if isinstance(column.valid_values, ValueRange):
        if column.type in ("text", "boolean"):
            yield Inconsistency((*at, "valid_values"), f"a range makes no sense for a column of type {column.type}")
        elif _is_empty(column.valid_values):
            yield Inconsistency((*at, "valid_values"), "`to` is before `from`: nothing is between")
    if column.pattern is not None and not _is_readable(column.pattern):
        yield Inconsistency((*at, "pattern"), "this is no regular expression that can be read")


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
    yield from _twice([name.lower() for name in _published_names(table)], at, "published column")
    yield from _twice([d.column for d in table.dimensions], (*at, "dimensions"), "source column of a dimension")
    yield from formula_inconsistencies(table, at)
    yield from refresh_inconsistencies(dataset, table, at)
    for index, condition in enumerate(table.filter):
        yield from _condition(dataset, condition, (*at, "filter", index))
    for index, dimension in enumerate(table.dimensions):
        yield from _dimension(dataset, dimension, (*at, "dimensions", index))
    for index, measure in enumerate(table.measures):
        yield from measure_inconsistencies(dataset, table, measure, (*at, "measures", index))
    if dataset.personal_characteristics and not any(t.is_protected_count(m) for m in table.measures):
        yield Inconsistency(
            (*at, "measures"),
            "a table about people needs a count of persons or events, so that small cells can be seen",
        )
    if table.masking == "whole_percentages":
        yield from _whole_percentages(dataset, table, (*at, "masking"))
    yield from published_inconsistencies(dataset, table, at)
    yield from _expected_totals(table, at)


def _published_names(table: t.Table) -> list[str]:
    """The columns of the published file, as far as they would clash."""
    return [
        *(dimension.name for dimension in table.dimensions),
        *(measure.name for measure in table.measures),
        *(f"{dimension.name}_FIPS" for dimension in table.dimensions if dimension.standard == "county"),
        *(f"{m.name}{ANNOTATION_SUFFIX}" for m in table.measures if not t.is_public_population(m)),
        *(attribute.name for attribute in table.attributes),
    ]


def _condition(dataset: Dataset, condition: t.Condition, at: FieldPath) -> Iterator[Inconsistency]:
    types = {column.name: column.type for column in dataset.source.columns}
    yield from _known(condition.column, types, (*at, "column"), "column")
    kind = types.get(condition.column)
    is_range = condition.from_ is not None or condition.to is not None
    if is_range and kind in ("text", "boolean"):
        what = f"a range makes no sense for a column of type {kind}; list the values with `in` or `not_in`"
        yield Inconsistency(at, what)


def _expected_totals(table: t.Table, at: FieldPath) -> Iterator[Inconsistency]:
    names = [m.name for m in table.measures]
    for index, expected in enumerate(table.expected_totals):
        yield from _known(expected.measure, names, (*at, "expected_totals", index, "measure"), "measure")


def _whole_percentages(dataset: Dataset, table: t.Table, at: FieldPath) -> Iterator[Inconsistency]:
    """Percentages in place of counts: one dimension, one count, its whole percentage, and nothing beside (DDG 2.0 §4.4)."""
    if len(dataset.tables) > 1:
        yield Inconsistency(
            at, "a table of whole percentages is the only one of its dataset; another could reveal its counts"
        )
    if dataset.survey:
        yield Inconsistency(at, "whole percentages are for full counts; a survey's small categories are unstable")
    yield from _three_categories(table, at)
    yield from _one_count_and_its_percentage(table, at)


def _three_categories(table: t.Table, at: FieldPath) -> Iterator[Inconsistency]:
    if len(table.dimensions) != 1 or table.dimensions[0].total is None:
        yield Inconsistency(at, "a table of whole percentages has one dimension, with a total")
        return
    labels = declared_labels(table.dimensions[0])
    if labels and len(labels) + bool(table.dimensions[0].missing) != 3:
        yield Inconsistency(at, "whole percentages are for exactly three categories")


def _one_count_and_its_percentage(table: t.Table, at: FieldPath) -> Iterator[Inconsistency]:
    counts = [m for m in table.measures if t.is_protected_count(m)]
    percents = [m for m in table.measures if isinstance(m, t.PercentMeasure)]
    if (len(counts), len(percents), len(table.measures)) != (1, 1, 2):
        yield Inconsistency(at, "a table of whole percentages has one count and its percentage, and no other measure")
    if any(percent.decimals for percent in percents):
        yield Inconsistency(at, "the percentage needs `decimals: 0`; a tenth of a percent would reveal the small count")
    if any(t.names_persons_behind(m) for m in counts):
        yield Inconsistency(
            at, "count the persons themselves with `kind: count_distinct`, not events with `persons` behind"
        )


def _dimension(dataset: Dataset, dimension: t.Dimension, at: FieldPath) -> Iterator[Inconsistency]:
    columns = {column.name: column for column in dataset.source.columns}
    yield from _known(dimension.column, list(columns), (*at, "column"), "column")
    yield from _scores_as(dimension, (*at, "scores_as"))
    if shows_zip3(dimension):
        yield from _zip3(dimension, (*at, "scores_as"))
    if dimension.column in columns:
        yield from _dimension_of_column(dimension, columns[dimension.column], at)
        yield from _bins(dimension, at)
        yield from _categories(dimension, columns[dimension.column], at)


def _scores_as(dimension: t.Dimension, at: FieldPath) -> Iterator[Inconsistency]:
    """What the answer about the scoring variable needs beside it (DDG 2.0 §4.3.1)."""
    scores = dimension.scores_as
    if scores.variable == "not_personal" and not scores.reason:
        yield Inconsistency(at, "`not_personal` needs a `reason`")
    if scores.variable == "unlisted" and not scores.reviewer:
        yield Inconsistency(at, "`unlisted` needs the `reviewer` who looked at it (DDG 2.0 §4.3.1)")
    if scores.variable == "residence_geography" and not (scores.reference or scores.population or dimension.standard):
        yield Inconsistency(at, "the population of the smallest area is not known; give `population` or `reference`")


def _zip3(dimension: t.Dimension, at: FieldPath) -> Iterator[Inconsistency]:
    if dimension.scores_as.variable not in ("residence_geography", "service_geography"):
        yield Inconsistency(at, "a ZIP area is a geography", "residence_geography, service_geography")
    if dimension.scores_as.population is None:
        what = "the three-digit ZIP areas need the `population` of the least peopled of them (HIPAA Safe Harbor)"
        yield Inconsistency(at, what)


def _dimension_of_column(dimension: t.Dimension, column: SourceColumn, at: FieldPath) -> Iterator[Inconsistency]:
    """Whether categories can be made of the column in the way that is declared."""
    kind = column.type
    rules = (
        ("standard", dimension.standard == "zip3" and kind != "text",
         f"ZIP codes are text, so that leading zeros survive; this column is {kind}"),
        ("column", column.privacy == "direct_identifier",
         "a direct identifier cannot be a dimension of a data table"),
        ("bins", dimension.bins is not None and kind not in ("integer", "number"),
         f"bins need a column of type integer or number; this one is {kind}"),
        ("period", dimension.period is not None and kind != "date",
         f"`period` cuts a column of type date; this one is {kind}"),
        ("column", kind == "date" and dimension.period is None,
         "a date cannot be a category by itself; cut it with `period`"),
        ("column", kind == "number" and dimension.bins is None,
         "a number with decimals needs `bins` to become categories"),
    )  # fmt: skip
    yield from (Inconsistency((*at, field), what) for field, broken, what in rules if broken)


def _bins(dimension: t.Dimension, at: FieldPath) -> Iterator[Inconsistency]:
    bins = dimension.bins or []
    for earlier, (index, later) in zip(bins, list(enumerate(bins))[1:], strict=False):
        if earlier.to is None:
            yield Inconsistency((*at, "bins", index), "nothing can follow a bin without `to`")
        elif later.from_ <= earlier.to:
            yield Inconsistency((*at, "bins", index), "it overlaps the bin before it; bins go upwards")


def _categories(dimension: t.Dimension, column: SourceColumn, at: FieldPath) -> Iterator[Inconsistency]:
    labels = declared_labels(dimension)
    yield from _twice([label for label in labels if label], at, "label")
    if dimension.total is not None and dimension.total in labels:
        yield Inconsistency((*at, "total"), "the total's label is also a category's label")
    if dimension.missing is not None and dimension.missing in labels:
        yield Inconsistency((*at, "missing"), "the label for blanks is also a category's label")
    if labels:
        yield from _least_interesting(dimension, labels, (*at, "least_interesting"))
    if dimension.labels is not None:
        yield from _labelled(list(dimension.labels), column, (*at, "labels"))
    elif dimension.recode is not None:
        yield from _labelled(list(itertools.chain.from_iterable(dimension.recode.values())), column, (*at, "recode"))


def _least_interesting(dimension: t.Dimension, labels: list[str], at: FieldPath) -> Iterator[Inconsistency]:
    known = [*labels, *([dimension.missing] if dimension.missing else [])]
    for index, label in enumerate(dimension.least_interesting):
        yield from _known(label, known, (*at, index), "label")


def _labelled(values: list[str], column: SourceColumn, at: FieldPath) -> Iterator[Inconsistency]:
    """The values of the source that have a label: each once, each a valid one, and no valid one left out."""
    yield from _twice(values, at, "value")
    valid = column.valid_values
    if not isinstance(valid, list):
        return
    for value in values:
        yield from _known(value, valid, at, "valid value of the source column")
    if left := [value for value in valid if value not in values]:
        what = f"{len(left)} valid value(s) of the source column have no label"
        yield Inconsistency(at, what, ", ".join(valid))


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
