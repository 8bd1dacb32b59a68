"""The floor of each suite: the expectations a declaration demands, with their exact arguments.

A committed suite that lacks one of them, or has it with weaker arguments, is refused before it runs; a steward may add more.
What a source must be follows from its declared columns; what a published table must be follows from DDG 2.0 §4.4 and
Handbook, Guidelines §3. Whether the data meet it is for the run to say.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from include.opendata.declaration import tables as t
from include.opendata.declaration.consistency import declared_labels, shows_zip3
from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.source import SourceColumn, ValueRange
from include.opendata.declaration.standards import published_standards
from include.opendata.errors import DeclarationError, Place
from include.opendata.quality.expected import COUNTY_REFERENCE, Expectation
from include.opendata.quality.expected import expect as _expect
from include.opendata.quality.standards import published_attributes, published_points, source_standards
from include.opendata.rules.portal import annotation_codes
from include.opendata.rules.small_cells import SmallCellRule
from include.opendata.vocabulary import ANNOTATION_SUFFIX

MASKED = {"$PARAMETER": "masked"}
"""Whether masking applied to the table; given to the suite when it runs."""


def mandatory_source(dataset: Dataset) -> list[Expectation]:
    """What the declaration demands of the source: columns, types, blanks, valid values, forms, the key; some rows.

    Raises DeclarationError: ``pattern-needs-text`` (a pattern on a column of another type), ``valid-values-type`` (a valid
    value that is not of its column's type).
    """
    source = dataset.source
    demands = [
        _expect("table_columns_to_match_set", column_set=[column.name for column in source.columns], exact_match=True),
        _expect("table_row_count_to_be_between", min_value=1),
    ]
    for column in source.columns:
        demands += _source_column(dataset, column)
    demands += source_standards(dataset)
    if source.key:
        demands.append(_expect("key_to_be_unique", columns=list(source.key)))
    return demands


def _source_column(dataset: Dataset, column: SourceColumn) -> Iterator[Expectation]:
    kinds = ["number", "integer"] if column.type == "number" else [column.type]
    yield _expect("column_type_to_be_declared", column=column.name, kinds=kinds)
    if column.required or column.name in dataset.source.key:
        yield _expect("column_values_to_not_be_null", column=column.name)
    place = Place(dataset=dataset.dataset, column=column.name)
    yield from _valid_values(column, place)
    yield from _pattern(column, place)


def _valid_values(column: SourceColumn, place: Place) -> Iterator[Expectation]:
    valid = column.valid_values
    if isinstance(valid, list):
        values = [_typed(value, column.type, place) for value in valid]
        yield _expect("column_values_to_be_in_set", column=column.name, value_set=values)
    elif isinstance(valid, ValueRange):
        ends = {"min_value": valid.from_, "max_value": valid.to}
        typed = {end: _typed(value, column.type, place) for end, value in ends.items() if value is not None}
        if typed:
            yield _expect("column_values_to_be_between", column=column.name, **typed)


def _pattern(column: SourceColumn, place: Place) -> Iterator[Expectation]:
    if column.pattern is None:
        return
    if column.type != "text":
        raise DeclarationError(
            f"a pattern is for text; this column is of type {column.type}",
            remedy="Declare the column as text, or use `valid_values` instead of `pattern`.",
            slug="pattern-needs-text",
            place=place,
        )
    yield _expect("column_values_to_match_regex", column=column.name, regex=f"^(?:{column.pattern})$")


def _typed(value: Any, kind: str, place: Place) -> Any:
    """A declared value as the column's type has it; a declaration writes categories as text."""
    if not isinstance(value, str):
        return value
    try:
        if kind in ("integer", "number"):
            number = float(value)
            return int(number) if number.is_integer() else number
        if kind == "boolean":
            return {"true": True, "yes": True, "false": False, "no": False}[value.strip().lower()]
        if kind == "date":
            return dt.date.fromisoformat(value).isoformat()
    except (ValueError, KeyError):
        raise DeclarationError(
            f"a valid value of this column is not of its type, {kind}",
            remedy="Correct `valid_values` or the column's `type`; dates are written as 2026-01-31.",
            slug="valid-values-type",
            place=place,
        ) from None
    return value


def mandatory_publishable(dataset: Dataset, table: t.Table) -> list[Expectation]:
    """What must be true of ``table`` as the public will see it.

    The declared columns and no other, rows with a key of their own, no direct identifier, no small count, blanks and codes
    that agree, derived values hidden with what they are derived from, the field standards, nothing a spreadsheet would run.
    """
    demands = [
        _expect("table_columns_to_match_ordered_list", column_list=published_columns(table)),
        _expect("table_row_count_to_be_between", min_value=1),
        _expect("key_to_be_unique", columns=[dimension.name for dimension in table.dimensions]),
        _no_direct_identifiers(dataset, table),
        _expect("no_spreadsheet_formula", columns=_text_columns(dataset, table)),
    ]
    for dimension in table.dimensions:
        demands += _published_dimension(dataset, table, dimension)
    demands += published_points(dataset, table)
    if table.masking == "whole_percentages":
        for percent in table.published_measures:
            demands += _whole_percentage(percent.name)
        return demands
    for measure in table.measures:
        demands += _published_measure(table, measure, dataset.small_cell_rule)
    return demands


def _no_direct_identifiers(dataset: Dataset, table: t.Table) -> Expectation:
    """No published column names a person and no text looks like an identifier, but for what the declaration explains."""
    answered = _answered(dataset, table)
    columns = published_columns(table)
    return _expect(
        "no_direct_identifiers",
        columns=columns if dataset.personal_characteristics else [name for name in columns if name not in answered],
        text_columns=[text for text in _text_columns(dataset, table) if text not in answered],
        identifiers=_identifying_columns(dataset),
    )


def _identifying_columns(dataset: Dataset) -> list[str]:
    """The source columns that identify a record: those declared so, and the key where it is one column of records."""
    names = [column.name for column in dataset.source.columns if column.privacy == "direct_identifier"]
    if dataset.source.record != "aggregate" and len(dataset.source.key) == 1:
        names += [name for name in dataset.source.key if name not in names]
    return names


def published_columns(table: t.Table) -> list[str]:
    """The columns of the published file as the declaration orders them: dimensions and codes, measures and annotations."""
    columns: list[str] = []
    for dimension in table.dimensions:
        columns += [dimension.name, *([code_column(dimension)] if dimension.standard == "county" else [])]
        columns += [attribute.name for attribute in dimension.attributes]
    for measure in table.published_measures:
        columns += [measure.name, *([] if t.is_public_population(measure) else [measure.name + ANNOTATION_SUFFIX])]
    return columns


def code_column(dimension: t.Dimension) -> str:
    """The published column that holds a county's code beside its name."""
    return f"{dimension.name}_FIPS"


def _text_columns(dataset: Dataset, table: t.Table) -> list[str]:
    numbers = {measure.name for measure in table.measures}
    numbers |= {a.name for a in table.attributes if dataset.source.column(a.column).type != "text"}
    return [name for name in published_columns(table) if name not in numbers]


def _published_dimension(dataset: Dataset, table: t.Table, dimension: t.Dimension) -> Iterator[Expectation]:
    name = dimension.name
    words = [label for label in (dimension.missing, dimension.total) if label is not None]
    yield _expect("column_type_to_be_declared", column=name, kinds=["text"])
    yield _expect("column_values_to_not_be_null", column=name)
    if labels := declared_labels(dimension):
        yield _expect("column_values_to_be_in_set", column=name, value_set=[*labels, *words])
    if dimension.standard == "county":
        yield from _county(dimension)
    elif shows_zip3(dimension):
        yield _expect("field_to_follow_standard", column=name, element="ZIP3", besides=words)
    elif standard := published_standards(dataset, table).get(name):
        besides = {"besides": words} if words else {}
        yield _expect("field_to_follow_standard", column=name, element=standard.element, **besides)
    yield from published_attributes(dataset, table, dimension)


def _county(dimension: t.Dimension) -> Iterator[Expectation]:
    name, code = dimension.name, code_column(dimension)
    yield _expect("column_type_to_be_declared", column=code, kinds=["text"])
    yield _expect(
        "area_to_follow_reference", column=name, code_column=code, reference=COUNTY_REFERENCE, total=dimension.total
    )
    yield _expect("field_to_follow_standard", column=name, element="County")
    yield _expect("field_to_follow_standard", column=code, element="County_FIPS")


def _answered(dataset: Dataset, table: t.Table) -> set[str]:
    """The published texts whose source column only looks personal, as the declaration explains.

    In a table that describes no one a column may also have a name that looks personal: a clinic's license number.
    """
    answered = {column.name for column in dataset.source.columns if column.not_personal_because is not None}
    shown: list[t.Dimension | t.Attribute] = [*table.dimensions, *table.attributes]
    return {published.name for published in shown if published.column in answered}


def _published_measure(table: t.Table, measure: t.Measure, rule: SmallCellRule) -> Iterator[Expectation]:
    name, annotation = measure.name, measure.name + ANNOTATION_SUFFIX
    public = t.is_public_population(measure)
    whole = public or t.is_protected_count(measure)
    yield _expect("column_type_to_be_declared", column=name, kinds=["integer"] if whole else ["number", "integer"])
    if public:
        yield _expect("column_values_to_be_between", column=name, min_value=0)
        return
    yield _expect("column_type_to_be_declared", column=annotation, kinds=["text"])
    codes = [str(code.code) for code in annotation_codes().codes if code.blank]
    yield _expect("blank_to_be_annotated", column=name, annotation_column=annotation, codes=codes)
    if t.is_protected_count(measure):
        masked: Any = True if table.high_risk_populations else dict(MASKED)
        yield _expect("column_values_to_be_between", column=name, min_value=0)
        yield _expect(
            "no_small_count_shown", column=name, annotation_column=annotation, threshold=rule.below, masked=masked
        )
    else:
        yield from _derived(table, measure)


def _derived(table: t.Table, measure: t.Measure) -> Iterator[Expectation]:
    """A rate, percentage or mean: blank with what it is computed from, and within its range."""
    name, annotation = measure.name, measure.name + ANNOTATION_SUFFIX
    for base in _bases(table, measure):
        yield _expect("derived_to_be_blank_with_base", column=name, base=base)
    if isinstance(measure, t.RateMeasure):
        if t.is_public_population(table.measure(measure.denominator)):
            yield _expect("zero_to_be_shown", column=name, base=measure.numerator, annotation_column=annotation)
        yield _expect("column_values_to_be_between", column=name, min_value=0)
    if isinstance(measure, t.PercentMeasure):
        yield _expect("column_values_to_be_between", column=name, min_value=0, max_value=100)
        yield _expect(
            "percent_to_be_blank_with_total",
            column=name,
            base=measure.numerator,
            totals={within: table.dimension(within).total for within in measure.within},
            dimensions=[d.name for d in table.dimensions if d.name not in measure.within],
        )


def _whole_percentage(name: str) -> Iterator[Expectation]:
    """A percentage in place of a count: whole, one category blank as less than 1 % (DDG 2.0 §4.4)."""
    annotation = name + ANNOTATION_SUFFIX
    yield _expect("column_type_to_be_declared", column=name, kinds=["number", "integer"])
    yield _expect("column_type_to_be_declared", column=annotation, kinds=["text"])
    yield _expect("blank_to_be_annotated", column=name, annotation_column=annotation, codes=["1"])
    yield _expect("column_values_to_be_between", column=name, min_value=0, max_value=100)
    yield _expect("whole_percentages_but_one", column=name)


def _bases(table: t.Table, measure: t.Measure) -> list[str]:
    """The figures of the table a derived one is computed from and hidden with (DDG 2.0 §4.4.1 (3))."""
    if isinstance(measure, t.RateMeasure):
        return [measure.numerator, measure.denominator]
    if isinstance(measure, t.PercentMeasure):
        return [measure.numerator]
    base = getattr(measure, "base", None)
    return [base] if base is not None else []
