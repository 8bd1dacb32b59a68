"""Amounts, means and populations that are counts of persons under another name.

An amount is hidden with the count it comes from, and asked no further: two million dollars tell of no one. That is wrong
where the column counts:

- of 0 and 1 the sum is a number of persons, and the mean a percentage of them;
- where no value is more than the largest small count (whole numbers from 0 to 10 by the shipped rule book), the amount of
  a cell is itself a small number, such as the children, visits or offences of a few;
- where every value is the same, the sum divided by it is the number of persons.

A public population tells as much where the count beside it is nearly all of it: the rest are a handful of persons.
Such a measure is refused until the declaration says what it counts. Reads aggregates alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from include.opendata.declaration import tables as t
from include.opendata.declaration.dataset import Dataset
from include.opendata.errors import Place, Refused
from include.opendata.tables.categories import keeps
from include.opendata.vocabulary import DataTable, TableMeasure
from include.opendata.warehouse import Warehouse


def refuse_amounts_that_count(dataset: Dataset, warehouse: Warehouse) -> None:
    """Raise Refused (``amount-counts-persons``, ``amount-like-a-count``) for the first amount or mean that is a count."""
    for table in dataset.tables:
        for measure in table.measures:
            if isinstance(measure, t.SumMeasure | t.MeanMeasure) and _is_amount_of_people(measure):
                _refuse_count(dataset, table, measure, warehouse)


def _is_amount_of_people(measure: t.SumMeasure | t.MeanMeasure) -> bool:
    """Whether a measure is an amount or a mean with a count behind it; an amount without one describes no people."""
    return isinstance(measure, t.MeanMeasure) or (measure.of == "amount" and measure.base is not None)


@dataclass(frozen=True)
class _Values:
    """What the records of a table hold in a column. ``whole``: no value has a fraction · ``records``: those with a value."""

    least: Any
    most: Any
    whole: bool
    records: int

    @property
    def may_count(self) -> bool:
        """Whether there are values, none below 0 and not all 0."""
        return bool(self.records and self.most and not self.least < 0)

    @property
    def all_the_same(self) -> bool:
        return bool(self.least == self.most and self.records > 1)


def _values(dataset: Dataset, table: t.Table, column: str, warehouse: Warehouse) -> _Values:
    declared = {column.name: column for column in dataset.source.columns}
    value = warehouse.sql_table.c[column]
    broken = sa.func.sum(sa.case((value == sa.func.floor(value), 0), else_=1))
    asked: Any = sa.select(sa.func.min(value), sa.func.max(value), broken, sa.func.count(value))
    kept = asked.where(keeps(table.filter, declared, warehouse.sql_table), value.is_not(None))
    (answer,) = warehouse.rows(kept, dataset=dataset.dataset)
    least, most, fractions, records = tuple(answer)
    return _Values(least, most, not fractions, records)


def _refuse_count(
    dataset: Dataset, table: t.Table, measure: t.SumMeasure | t.MeanMeasure, warehouse: Warehouse
) -> None:
    values = _values(dataset, table, measure.column, warehouse)
    if not values.may_count:
        return
    if values.whole and values.most <= 1:
        raise _refused(
            dataset, table, measure,
            "it holds 0 or 1 only, so its sum counts persons or events and its mean is a share of them",
            remedy="Declare `kind: sum` with `of: persons` (or `of: events`) instead, and in place of a mean a `rate` per 100 "
            "of it over the count.",
            slug="amount-counts-persons",
        )  # fmt: skip
    small = values.whole and values.most <= dataset.small_cell_rule.largest
    if (small or values.all_the_same) and measure.not_a_count_because is None:
        what = (
            f"it holds whole numbers up to {dataset.small_cell_rule.largest} only, so that its figures are nearly counts"
            if small
            else "it holds the same value in every record, so that its sum tells how many there are"
        )
        raise _refused(
            dataset, table, measure, what,
            remedy="Where it counts something of persons (visits, children, offences), declare `kind: sum` with `of: events` "
            "instead; where it does not (a score, a grade), say why under `not_a_count_because`.",
            slug="amount-like-a-count",
        )  # fmt: skip


def _refused(dataset: Dataset, table: t.Table, measure: t.Measure, what: str, *, remedy: str, slug: str) -> Refused:
    column = measure.column if isinstance(measure, t.SumMeasure | t.MeanMeasure) else None
    place = Place(dataset=dataset.dataset, table=table.table, column=column)
    return Refused(f"{measure.name} is declared as an amount or a mean: {what}", remedy=remedy, slug=slug, place=place)


def refuse_populations_that_count(dataset: Dataset, tables: Sequence[DataTable]) -> None:
    """Raise Refused (``population-nearly-counted``) where a population is hardly more than the count of persons beside it.

    A count that is small is hidden, so that what is left of its population is not known; and where a population is the count
    itself in most rows, showing it shows every count.
    """
    below = dataset.small_cell_rule.below
    for table in tables:
        for population, count in _pairs(dataset, table):
            people = table.frame[population.name].to_numpy(dtype=float, na_value=np.nan)
            counted = table.frame[count.name].to_numpy(dtype=np.int64)
            left = people - counted
            few = int(((counted >= below) & (left > 0) & (left < below)).sum())
            some = (counted > 0) & ~np.isnan(people)
            same = bool(some.any()) and 2 * int((some & (left == 0)).sum()) > int(some.sum())
            if few or same:
                raise Refused(
                    f"{population.name} is the same as {count.name} in most rows"
                    if same
                    else f"in {few} row(s) {population.name} is hardly more than {count.name}, and the rest are a few persons",
                    remedy="Where the column counts persons who are not public knowledge, declare it with `of: persons`, and "
                    "both are protected together; else publish coarser categories.",
                    slug="population-nearly-counted",
                    place=Place(dataset=dataset.dataset, table=table.structure.table),
                )


def _pairs(dataset: Dataset, table: DataTable) -> Iterator[tuple[TableMeasure, TableMeasure]]:
    """Every population of a table with every count of persons in it, and with what a rate says is counted from it."""
    rates = {(m.denominator, m.numerator) for m in _of_role(table, "rate")}
    for population, count in itertools.product(_of_role(table, "population"), _of_role(table, "count")):
        if (population.name, count.name) in rates or _counts_persons(dataset, count.identity):
            yield population, count


def _of_role(table: DataTable, role: str) -> list[TableMeasure]:
    return [measure for measure in table.structure.measures if measure.role == role]


def _counts_persons(dataset: Dataset, identity: str) -> bool:
    if identity == "count:records":
        return dataset.source.record == "person"
    sums = (m for table in dataset.tables for m in table.measures if isinstance(m, t.SumMeasure))
    return identity.startswith("count_distinct:") or any(
        m.of == "persons" and identity == f"sum:{m.column}" for m in sums
    )
