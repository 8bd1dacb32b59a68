"""Counts, in the database and over all rows, the values of a column that look like an identifier.

One statement per column: its distinct values with their numbers of rows, then, for every form of value that may occur in
it, how many rows, distinct values and first digits match. Cheap tests (length, a character that must be there) come first;
regular expressions are written to fit whole values, which PostgreSQL's ``~`` and DuckDB's understand alike. Nothing but
these counts is asked for. Which counts are an alarm is data (``rules/identifiers.yaml``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from include.opendata.identifiers.check_digits import CHECKS
from include.opendata.rules.identifiers import ANYTHING, ColumnType, Form
from include.opendata.warehouse import Warehouse

_PLAIN = ("–‑‒—\u00a0\tÁÀÂÄÃÉÈÊËÍÌÎÏÓÒÔÖÕÚÙÛÜÑÇ", "----  AAAAAEEEEIIIIOOOOOUUUUNC")
"""Dashes, odd spaces and accents, and the plain characters the patterns are written with."""
_LARGEST_NUMBER = 10**18


@dataclass(frozen=True)
class Column:
    """A column to look into: its name and its declared type."""

    name: str
    type: ColumnType


@dataclass(frozen=True)
class Match:
    """How much of a column has a form."""

    rows: int
    distinct: int
    first_digits: int
    """Zero where the form's alarm does not ask for it."""


@dataclass(frozen=True)
class Contents:
    """What was counted in a column: filled rows, distinct filled values, and the matches of each form, in their order."""

    filled: int
    distinct: int
    matches: tuple[Match, ...]


def contents(
    warehouse: Warehouse, column: Column, forms: Sequence[Form], *, dataset: str, table: str | None
) -> Contents:
    """Count in ``column`` (of whose type all ``forms`` must be) what has each form.

    Raises StorageError when the database does not answer.
    """
    stored: sa.ColumnClause[Any] = sa.column(column.name)
    source = sa.table(warehouse.table, stored, schema=warehouse.schema)
    raw = sa.select(stored.label("stored"), sa.func.count().label("rows_of_value")).select_from(source)
    raw_values = raw.where(stored.is_not(None)).group_by(stored).subquery()
    plain, filled = _plain(raw_values.c.stored, column.type)
    values = sa.select(plain.label("plain"), raw_values.c.rows_of_value.label("rows_of_value")).where(filled).subquery()
    fits = [_where(_fits(values.c.plain, form)).label(f"fits_{at}") for at, form in enumerate(forms)]
    tested = sa.select(values.c.plain, values.c.rows_of_value, *fits).select_from(values).subquery()
    first = sa.func.substr(sa.cast(tested.c.plain, sa.String), 1, 1)
    asked: list[sa.ColumnElement[Any]] = [sa.func.sum(tested.c.rows_of_value), sa.func.count()]
    for at, form in enumerate(forms):
        fit = tested.c[f"fits_{at}"]
        spread = sa.func.count(sa.distinct(sa.case((fit == 1, first)))) if form.alarm.first_digits > 1 else sa.null()
        asked += [sa.func.sum(fit * tested.c.rows_of_value), sa.func.sum(fit), spread]
    answer = warehouse.rows(sa.select(*asked).select_from(tested), dataset=dataset, table=table)[0]
    counts = [int(count or 0) for count in answer]
    return Contents(
        filled=counts[0],
        distinct=counts[1],
        matches=tuple(Match(*counts[at : at + 3]) for at in range(2, len(counts), 3)),
    )


def _plain(stored: sa.ColumnElement[Any], kind: ColumnType) -> tuple[sa.ColumnElement[Any], sa.ColumnElement[bool]]:
    """A value as the patterns are written for, and whether there is one."""
    if kind == "text":
        text = sa.func.trim(sa.func.translate(sa.func.upper(sa.cast(stored, sa.String)), *_PLAIN))
        return text, text != ""
    if kind == "integer":
        return sa.cast(stored, sa.String), sa.true()
    if kind == "number":  # whole numbers as their digits; others have no form, but count as filled
        whole = sa.and_(stored >= 0, stored < _LARGEST_NUMBER, stored == sa.func.floor(stored))
        digits = sa.cast(sa.cast(sa.case((whole, stored), else_=0), sa.BigInteger), sa.String)
        return sa.case((whole, digits), else_=""), sa.true()
    return stored, sa.true()


def _fits(value: sa.ColumnElement[Any], form: Form) -> list[sa.ColumnElement[bool]]:
    """The conditions a value of this form meets, cheapest first."""
    if form.pattern is None:  # a year written as its first or last day tells no more than the year
        month, day = sa.extract("month", value), sa.extract("day", value)
        turn_of_year = sa.or_(sa.and_(month == 1, day == 1), sa.and_(month == 12, day == 31))
        return [sa.not_(turn_of_year)]
    conditions: list[sa.ColumnElement[bool]] = []
    if form.length is not None:
        conditions.append(sa.func.length(value).between(*form.length))
    if form.contains:
        conditions.append(sa.or_(*(sa.func.strpos(value, part) > 0 for part in form.contains)))
    pattern = f"({form.pattern})"
    if form.within:
        pattern = f"({ANYTHING}{form.edge})?{pattern}({form.edge}{ANYTHING})?"
    conditions.append(value.regexp_match(f"^({pattern})$"))
    if form.unless is not None:
        conditions.append(sa.not_(value.regexp_match(f"^({form.unless})$")))
    if form.check is not None:
        conditions.append(CHECKS[form.check](sa.func.replace(sa.func.replace(value, "-", ""), " ", "")))
    return conditions


def _where(conditions: Sequence[sa.ColumnElement[bool]]) -> sa.ColumnElement[int]:
    """One where all conditions hold, else zero; each is looked at only where those before it hold."""
    result: sa.ColumnElement[int] = sa.literal_column("1", sa.Integer)
    for condition in reversed(conditions):
        result = sa.case((condition, result), else_=sa.literal_column("0", sa.Integer))
    return result
