"""How the values of a column become the categories of a dimension, in SQL and in words.

In SQL a category is a *key*: for labels, recodes, bins, valid values and counties its position in the declared order; for
a period the number of half-years, quarters or months; for values as they are the value itself. NULL is a blank and
:data:`UNKNOWN` a value that no category covers. Everything is plain SQLAlchemy Core, the same for every engine.

Counties are written as Handbook, Guidelines §3 has it: the name without “County”, beside it the FIPS number as text of 3.
Areas of three-digit ZIP codes are written as text of 3 (HIPAA Safe Harbor, DDG 2.0 §4); those found are the categories.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from include.opendata.declaration.source import SourceColumn
from include.opendata.declaration.tables import Condition, Dimension
from include.opendata.errors import DeclarationError, Place
from include.opendata.rules.reference import california_counties

Key = int | str | None
UNKNOWN = -1
NO_ZIP = "no ZIP code"
"""UNKNOWN among texts: a value that is neither five digits nor three."""
CALIFORNIA = 6

_TRUE, _FALSE = {"true", "yes", "t", "1"}, {"false", "no", "f", "0"}
_PER_YEAR = {"year": 1, "half_year": 2, "quarter": 4, "month": 12}


@dataclass(frozen=True)
class Categories:
    """The categories of a dimension in published order; the one for blanks, where there is one, is last."""

    labels: tuple[str, ...]
    keys: tuple[Key, ...]
    codes: tuple[str, ...] | None = None

    @property
    def label_of(self) -> dict[Key, str]:
        """Key → label."""
        return dict(zip(self.keys, self.labels, strict=True))

    @property
    def position_of(self) -> dict[Key, int]:
        """Key → place in the published order."""
        return {key: position for position, key in enumerate(self.keys)}


def key(dimension: Dimension, declared: SourceColumn, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The SQL of a value's key. Raises DeclarationError when a declared value is not of the column's type."""
    tests = _tests(dimension, declared, column)
    if tests is not None:
        known: list[Any] = [(test, sa.literal_column(str(position))) for position, test in enumerate(tests)]
        return sa.case(*known, (column.is_not(None), sa.literal_column(str(UNKNOWN))))
    if dimension.period is not None:
        return _period_key(dimension.period, column)
    if dimension.standard == "zip3":
        return _zip3_key(column)
    if declared.type == "boolean":
        return sa.case(
            (column.is_(sa.true()), sa.literal_column("1")), (column.is_(sa.false()), sa.literal_column("0"))
        )
    return sa.func.nullif(column, "") if declared.type == "text" else column


def comes_from_data(dimension: Dimension, declared: SourceColumn) -> bool:
    """Whether the categories are those found, not a declared list."""
    return declared_categories(dimension, declared) is None


def unknown_key(dimension: Dimension, declared: SourceColumn) -> int | str | None:
    """The key of values that no category covers; None where every value is a category."""
    if dimension.standard == "zip3":
        return NO_ZIP
    return None if comes_from_data(dimension, declared) else UNKNOWN


def declared_categories(dimension: Dimension, declared: SourceColumn) -> Categories | None:
    """The categories that are known without looking at data; None when they come from the data."""
    codes: tuple[str, ...] | None = None
    if dimension.labels is not None:
        labels = tuple(dimension.labels.values())
    elif dimension.recode is not None:
        labels = tuple(dimension.recode)
    elif dimension.bins is not None:
        labels = tuple(bin_.label for bin_ in dimension.bins)
    elif dimension.standard == "county":
        areas = _counties_by_name()
        labels, codes = tuple(area.name for area in areas), tuple(area.code for area in areas)
    elif _as_they_are(dimension) and isinstance(declared.valid_values, list):
        labels = tuple(declared.valid_values)
    else:
        return None
    return _with_blank(dimension, Categories(labels, tuple(range(len(labels))), codes))


def found_categories(dimension: Dimension, declared: SourceColumn, found: Iterable[Key], *, fill: bool) -> Categories:
    """The categories of a dimension whose values are taken as they are, from the keys found.

    Numbers and periods go upwards, texts by their characters. ``fill``: periods between the first and the last one found
    are there too, for a quarter without a case is a zero.
    """
    keys: list[Any] = sorted({key for key in found if key is not None})
    if dimension.period is not None:
        keys = _without_gaps(keys) if fill else keys
        labels = tuple(_period_label(dimension.period, key) for key in keys)
    elif declared.type == "boolean":
        keys = sorted(keys, reverse=True)
        labels = tuple("true" if key else "false" for key in keys)
    else:
        labels = tuple(str(key) for key in keys)
    return _with_blank(dimension, Categories(labels, tuple(keys)))


def _without_gaps(periods: list[int]) -> list[int]:
    return list(range(periods[0], periods[-1] + 1)) if periods else []


def keeps(
    conditions: Iterable[Condition], declared: dict[str, SourceColumn], table: sa.TableClause
) -> sa.ColumnElement[bool]:
    """The SQL of a filter: every condition holds. A blank lies in no range and is no value.

    Raises DeclarationError when a condition's value is not of its column's type.
    """
    return sa.and_(sa.true(), *(_holds(c, declared[c.column], table.c[c.column]) for c in conditions))


def _holds(condition: Condition, declared: SourceColumn, column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    if condition.in_ is not None:
        return _one_of(condition.in_, declared, column)
    if condition.not_in is not None:
        return sa.or_(column.is_(None), column.not_in([typed(value, declared) for value in condition.not_in]))
    ends: list[sa.ColumnElement[bool]] = []
    if condition.from_ is not None:
        ends.append(column >= typed(condition.from_, declared))
    if condition.to is not None:
        ends.append(column <= typed(condition.to, declared))
    return sa.and_(*ends)


def typed(value: Any, declared: SourceColumn) -> Any:
    """A declared value as the column's type has it. Raises DeclarationError when it is not of that type."""
    text = str(value)
    try:
        if declared.type == "integer":
            return int(text)
        if declared.type == "number":
            return float(text)
        if declared.type == "date":
            return dt.date.fromisoformat(text)
        if declared.type == "boolean":
            return {**dict.fromkeys(_TRUE, True), **dict.fromkeys(_FALSE, False)}[text.lower()]
    except (ValueError, KeyError):
        raise DeclarationError(
            f"{text!r} is not of the column's type, {declared.type}",
            remedy="Write the value as the column has it.",
            slug="value-type",
            place=Place(column=declared.name),
        ) from None
    return text


def _tests(
    dimension: Dimension, declared: SourceColumn, column: sa.ColumnElement[Any]
) -> list[sa.ColumnElement[bool]] | None:
    if dimension.labels is not None:
        return _equal_to(dimension.labels, declared, column)
    if dimension.recode is not None:
        return [_one_of(values, declared, column) for values in dimension.recode.values()]
    if dimension.bins is not None:
        return [_within(bin_.from_, bin_.to, column) for bin_ in dimension.bins]
    if dimension.standard == "county":
        return [column.in_(_ways_to_write(area.code, declared)) for area in _counties_by_name()]
    if _as_they_are(dimension) and isinstance(declared.valid_values, list):
        return _equal_to(declared.valid_values, declared, column)
    return None


def _equal_to(
    values: Iterable[Any], declared: SourceColumn, column: sa.ColumnElement[Any]
) -> list[sa.ColumnElement[bool]]:
    return [column == typed(value, declared) for value in values]


def _one_of(values: Iterable[Any], declared: SourceColumn, column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    return column.in_([typed(value, declared) for value in values])


def _as_they_are(dimension: Dimension) -> bool:
    return dimension.period is None and dimension.standard is None


def _zip3_key(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The first three of five digits, or three digits as they are; no cast, so that no value can make the engine stop."""
    digits = [str(digit) for digit in range(10)]

    def starts_with(count: int) -> list[sa.ColumnElement[bool]]:
        return [sa.func.substr(column, place, 1).in_(digits) for place in range(1, count + 1)]

    length = sa.func.length(column)
    is_code = sa.or_(sa.and_(length == 5, *starts_with(5)), sa.and_(length == 3, *starts_with(3)))
    return sa.case(
        (sa.func.nullif(column, "").is_(None), sa.null()), (is_code, sa.func.substr(column, 1, 3)), else_=NO_ZIP
    )


def _within(start: int, end: int | None, column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """A bin from 18 to 25 holds 25.9 too: an age of 25.9 years is 25 in everybody's words."""
    return column >= start if end is None else sa.and_(column >= start, column < end + 1)


def _counties_by_name() -> list[Any]:
    return sorted(california_counties().areas, key=lambda area: area.name)


def _ways_to_write(code: str, declared: SourceColumn) -> list[Any]:
    if declared.type == "integer":
        return [int(code), CALIFORNIA * 1000 + int(code)]
    return [code, f"{CALIFORNIA:02}{code}"]


def _period_key(period: str, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    year = sa.cast(sa.extract("year", column), sa.Integer)
    month = sa.cast(sa.extract("month", column), sa.Integer)
    parts = _PER_YEAR[period]
    if parts == 1:
        return year
    months = 12 // parts
    part = sa.case(
        *((month <= months * (index + 1), sa.literal_column(str(index))) for index in range(parts - 1)),
        (month.is_not(None), sa.literal_column(str(parts - 1))),
    )
    return year * sa.literal_column(str(parts)) + part


def _period_label(period: str, number: int) -> str:
    year, part = divmod(number, _PER_YEAR[period])
    return {
        "year": f"{year:04}",
        "half_year": f"{year:04}-H{part + 1}",
        "quarter": f"{year:04}-Q{part + 1}",
        "month": f"{year:04}-{part + 1:02}",
    }[period]


def _with_blank(dimension: Dimension, categories: Categories) -> Categories:
    if dimension.missing is None:
        return categories
    codes = None if categories.codes is None else (*categories.codes, "")
    return Categories((*categories.labels, dimension.missing), (*categories.keys, None), codes)
