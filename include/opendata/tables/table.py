"""Makes one data table from the records: the true figures, before anything is protected.

Decides what each cell is and in which order the rows stand. What may be shown of it is decided in ``gate`` and
``disclosure``. Everything the engine is asked is SQLAlchemy Core, so that records stay where they are and only aggregates
travel.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray

from include.opendata.declaration import tables as t
from include.opendata.declaration.dataset import Dataset
from include.opendata.errors import DeclarationError, Place
from include.opendata.rules.reference import population_reference
from include.opendata.tables.attributes import attribute_values, shape
from include.opendata.tables.categories import Categories
from include.opendata.tables.column_atoms import ColumnAtoms
from include.opendata.tables.column_atoms import atoms as find_atoms
from include.opendata.tables.derived import at_totals, per_cell, rounded
from include.opendata.tables.figures import Amount, Figures, Selection
from include.opendata.tables.totals import check_parts, compare
from include.opendata.vocabulary import (
    PERSONS_PREFIX,
    DataTable,
    MeasureRole,
    Structure,
    TableDimension,
    TableMeasure,
)
from include.opendata.warehouse import Warehouse


def tabulate(
    dataset: Dataset, table_name: str, warehouse: Warehouse, *, atoms: Mapping[str, ColumnAtoms] | None = None
) -> DataTable:
    """The table called ``table_name`` of ``dataset``, from the records in ``warehouse``.

    ``atoms`` are those of the dataset (found when left out). Rows: dimensions in the declared order, the first the slowest;
    categories in the declared order, blanks after them, the total last. With ``absent_combinations: zero`` every
    combination has a row; counts, amounts and added-up populations of no one are 0. A mean is the column's sum over the
    count it is declared to be based on. Means, rates and percentages are rounded half away from zero.

    Raises Refused: no record left (``no-rows``), a value or blank without category (``unknown-category``), a blank or
    negative count (``count-blank``, ``amount-blank``, ``count-negative``), too large a table (``table-too-large``), a label
    twice (``label-twice``), a category with two values of an attribute (``attribute-differs``), a total that is not the
    expected one (``total-does-not-add-up``). Raises DeclarationError when a declared value is not of its column's type or
    a population reference does not list a category.
    """
    try:
        table = dataset.table(table_name)
    except KeyError:
        raise DeclarationError(
            f"there is no table called {table_name!r}",
            remedy=f"Declared tables: {', '.join(declared.table for declared in dataset.tables)}.",
            slug="table-unknown",
            place=Place(dataset=dataset.dataset),
        ) from None
    counted = count_records(dataset, table, warehouse)
    return assemble(dataset, table, counted, find_atoms(dataset, warehouse) if atoms is None else atoms)


@dataclass(frozen=True)
class Counted:
    """A table's cells and their exact figures, before they are derived from and rounded. Never leaves the work area."""

    categories: list[Categories]
    figures: Figures
    attribute_values: dict[str, list[Any]]
    """Attribute → its value for each category of its dimension."""


def count_records(dataset: Dataset, table: t.Table, warehouse: Warehouse) -> Counted:
    """Count the records in ``warehouse`` for one table. Raises Refused as :func:`tabulate` does."""
    selection = Selection(dataset, table, warehouse)
    selection.check()
    categories = selection.categories()
    return Counted(categories, selection.figures(categories), attribute_values(selection, categories))


def assemble(dataset: Dataset, table: t.Table, counted: Counted, atoms: Mapping[str, ColumnAtoms]) -> DataTable:
    """The data table made of what was counted. Raises Refused (``total-does-not-add-up``) and DeclarationError."""
    categories, figures = counted.categories, counted.figures
    place = Place(dataset=dataset.dataset, table=table.table)
    measures = _measures(table)
    measured = _all_values(table, categories, figures, place)
    for measure in measures:
        if measure.additive:
            check_parts(figures.grid, figures.values[measure.name], measure.name, place)
    for expected in table.expected_totals:
        compare(
            measured.whole[expected.measure],
            expected.total,
            f"the total of {expected.measure} is not the expected one",
            where=expected.where,
            place=place,
            rule=dataset.small_cell_rule,
        )
    structure = Structure(
        table=table.table,
        dimensions=tuple(
            _dimension(dataset, table.table, d, c, atoms[d.column])
            for d, c in zip(table.dimensions, categories, strict=True)
        ),
        measures=measures,
        filter_atoms={
            of_column.axis: of_column.of_total(table.table)
            for of_column in atoms.values()
            if not {d.column for d in table.dimensions} & set(of_column.columns)
        },
    )
    return DataTable(structure, _frame(structure, figures, measured.values, counted.attribute_values))


def _dimension(
    dataset: Dataset, table: str, d: t.Dimension, categories: Categories, column: ColumnAtoms
) -> TableDimension:
    atoms = {label: column.of_category(table, d.name, categories, label) for label in categories.labels}
    everything = column.of_total(table)
    atoms |= {"": everything} | ({d.total: everything} if d.total is not None else {})
    coded = categories.codes is not None
    return TableDimension(
        name=d.name,
        column=d.column,
        labels=categories.labels,
        total=d.total,
        codes=categories.codes,
        code_column=f"{d.name}_FIPS" if coded else None,
        total_code="" if coded and d.total is not None else None,
        atoms=atoms,
        least_interesting=tuple(d.least_interesting),
        attributes=tuple(shape(a, dataset.source.column(a.column)) for a in d.attributes),
        tied=column.tied,
    )


def _measures(table: t.Table) -> tuple[TableMeasure, ...]:
    described: dict[str, TableMeasure] = {}
    for m in sorted(
        table.measures, key=lambda measure: isinstance(measure, t.MeanMeasure | t.RateMeasure | t.PercentMeasure)
    ):
        described[m.name] = _measure(table, m, described)
    return tuple(described[m.name] for m in table.measures)


_SUMS: dict[str, MeasureRole] = {"amount": "amount", "population": "population"}
"""What a sum is in the table; a sum of anything else counts persons or events."""


def _measure(table: t.Table, m: Any, described: dict[str, TableMeasure]) -> TableMeasure:
    if isinstance(m, t.CountMeasure):
        return TableMeasure(m.name, "count", "count:records", True, persons=m.persons is not None)
    if isinstance(m, t.CountDistinctMeasure):
        return TableMeasure(m.name, "count", f"count_distinct:{m.column}", False)
    if isinstance(m, t.SumMeasure):
        role = _SUMS.get(m.of, "count")
        decimals = m.decimals if role == "amount" and m.decimals else None
        return TableMeasure(m.name, role, f"sum:{m.column}", True, numerator=m.base, decimals=decimals)
    if isinstance(m, t.PopulationMeasure):
        # The same people whatever the other dimensions: a total over those is no sum.
        return TableMeasure(m.name, "population", f"population:{m.reference}", False)
    if isinstance(m, t.MeanMeasure):
        identity = f"mean:{m.column}/{described[m.base].identity}"
        return TableMeasure(m.name, "mean", identity, False, numerator=m.base, decimals=m.decimals)
    if isinstance(m, t.RateMeasure):
        identity = f"rate:{described[m.numerator].identity}/{described[m.denominator].identity}"
        return TableMeasure(m.name, "rate", identity, False, m.numerator, m.denominator, per=m.per, decimals=m.decimals)
    within = tuple(m.within)
    columns = ",".join(sorted(table.dimension(name).column for name in within))
    identity = f"percent:{described[m.numerator].identity}|{columns}"
    return TableMeasure(m.name, "percent", identity, False, m.numerator, within=within, decimals=m.decimals)


@dataclass(frozen=True)
class _Measured:
    """Each measure's value in every cell, and over the table as a whole; as they will be published."""

    values: dict[str, np.ndarray[Any, Any]]
    whole: dict[str, Amount | float | None]


def _all_values(table: t.Table, categories: list[Categories], figures: Figures, place: Place) -> _Measured:
    measured = _Measured(dict(figures.values), dict(figures.whole))
    values, whole = measured.values, measured.whole
    names = [d.name for d in table.dimensions]
    for m in table.measures:
        if isinstance(m, t.PopulationMeasure):
            index = names.index(m.dimension)
            people = _population(m, table, categories[index], place)
            total = sum(number for number in people if number is not None)
            along = np.array([*people, total], dtype=object)
            values[m.name], whole[m.name] = along[figures.grid.places[index]], total
    for m in table.measures:
        quotient = _quotient(m, measured, figures, names)
        if quotient is not None:
            values[m.name] = np.array(quotient.per_cell(), dtype=object)
            whole[m.name] = quotient.over_everything()
    return measured


@dataclass(frozen=True)
class _Quotient:
    """What a derived figure is computed from, in every cell and over all records."""

    numerators: Any
    denominators: Any
    whole: tuple[Any, Any]
    decimals: int
    times: int = 1

    def per_cell(self) -> list[float | None]:
        return per_cell(self.numerators, self.denominators, times=self.times, decimals=self.decimals)

    def over_everything(self) -> float | None:
        numerator, denominator = self.whole
        if numerator is None or denominator is None:
            return None
        return rounded(numerator, int(denominator), times=self.times, decimals=self.decimals)


def _quotient(m: t.Measure, measured: _Measured, figures: Figures, names: list[str]) -> _Quotient | None:
    """What ``m`` is computed from; None for what is counted or added up."""
    values, whole = measured.values, measured.whole
    last: tuple[Amount | float | None, Amount | float | None]
    if isinstance(m, t.MeanMeasure):
        last = (figures.whole[m.name], whole[m.base])
        return _Quotient(figures.values[m.name], values[m.base], last, m.decimals)
    if isinstance(m, t.RateMeasure):
        last = (whole[m.numerator], whole[m.denominator])
        return _Quotient(values[m.numerator], values[m.denominator], last, m.decimals, m.per)
    if isinstance(m, t.PercentMeasure):
        parts = values[m.numerator]
        totals = at_totals(figures.grid, parts, [names.index(name) for name in m.within])
        return _Quotient(parts, totals, (whole[m.numerator], whole[m.numerator]), m.decimals, 100)
    if isinstance(m, t.SumMeasure) and m.of == "amount":
        ones = [1] * len(figures.grid.cells)
        return _Quotient(figures.values[m.name], ones, (figures.whole[m.name], 1), m.decimals)
    return None


def _population(m: t.PopulationMeasure, table: t.Table, categories: Categories, place: Place) -> list[int | None]:
    reference = population_reference(m.reference)
    by_code, by_name = reference.population_by_code, reference.population_by_name
    missing = table.dimension(m.dimension).missing
    people: list[int | None] = []
    for index, label in enumerate(categories.labels):
        code = categories.codes[index] if categories.codes else label
        known = by_code.get(code, by_name.get(label))
        if known is None and label != missing:
            raise DeclarationError(
                f"the reference {m.reference} does not list every category of {m.dimension}",
                remedy="Name the categories as the reference does, or add up a population column of the source.",
                slug="population-unknown",
                place=Place(place.dataset, place.table, table.dimension(m.dimension).column),
            )
        people.append(known)
    return people


def _frame(
    structure: Structure,
    figures: Figures,
    values: Mapping[str, np.ndarray[Any, Any]],
    attribute_values: Mapping[str, list[Any]],
) -> pd.DataFrame:
    columns: dict[str, ExtensionArray] = {}
    for d, places in zip(structure.dimensions, figures.grid.places, strict=True):
        columns |= dict(_dimension_columns(d, places, attribute_values))
    for m in structure.measures:
        columns[m.name] = _column(values[m.name], "Int64" if m.decimals is None else "Float64")
    for name in values:
        if name.startswith(PERSONS_PREFIX):
            columns[name] = _column(values[name], "Int64")
    return pd.DataFrame(columns)


def _dimension_columns(
    d: TableDimension, places: np.ndarray[Any, Any], attribute_values: Mapping[str, list[Any]]
) -> Iterator[tuple[str, Any]]:
    """A dimension's columns by name: its labels, their codes, what its attributes say of each category."""
    has_total = d.total is not None
    labels = np.array([*d.labels, *([d.total] if has_total else [])], dtype=object)
    yield d.name, pd.array(labels[places], dtype="string")
    if d.code_column is not None and d.codes is not None:
        codes = np.array([*d.codes, d.total_code or ""], dtype=object)
        yield d.code_column, pd.array(codes[places], dtype="string")
    for attribute in d.attributes:
        along = np.empty(len(labels), dtype=object)
        along[:] = [*attribute_values[attribute.name], *([None] if has_total else [])]
        filled: Any = [pd.NA if value is None else value for value in along[places]]
        yield attribute.name, pd.array(filled, dtype=ATTRIBUTE_DTYPES[attribute.kind])


ATTRIBUTE_DTYPES: dict[str, Literal["string", "Int64", "Float64"]] = {
    "text": "string",
    "integer": "Int64",
    "number": "Float64",
}


def _column(values: Any, dtype: Literal["Int64", "Float64"]) -> Any:
    cast = int if dtype == "Int64" else float
    given: Any = [pd.NA if value is None else cast(value) for value in values]
    return pd.array(given, dtype=dtype)
