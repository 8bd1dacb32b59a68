"""From a tabulated table and its declaration to the facts its assessment rests on (DDG 2.0 §4.3.1).

Nothing is typed in that the data can tell: the narrowest age band present, the smallest area, the shortest period, the
groups present, the smallest non-zero count. Where the declaration states something the data contradict, the reading that
scores higher is used.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from include.opendata.declaration.consistency import shows_zip3
from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.tables import Dimension, Table
from include.opendata.errors import DeclarationError, Place
from include.opendata.gate.fact_sheet import Facts, Variables
from include.opendata.gate.facts import narrowest_age_band, race_groups, smallest_population, time_category
from include.opendata.gate.judgement import TableFacts, UnlistedVariable
from include.opendata.rules.reference import population_reference
from include.opendata.vocabulary import PERSONS_PREFIX, DataTable, TableDimension, denominator_rows

_PERIOD_YEARS = {"year": 1.0, "half_year": 0.5, "quarter": 0.25, "month": 1 / 12}
_AGES = re.compile(r"^\D*(\d{1,3})\s*(?:[-–—]|to)\s*(\d{1,3})\b|^\D*(\d{1,3})\s*(?:\+|and over|or older|or more)", re.I)


def table_facts(dataset: Dataset, tabulated: DataTable) -> TableFacts:
    """All that is known of a table when it is assessed. Raises DeclarationError when a needed fact is neither in the data
    nor declared."""

    table = dataset.table(tabulated.structure.table)
    dimensions = {d.name: d for d in tabulated.structure.dimensions}
    variables: dict[str, Any] = {}
    other: list[dict[str, Any]] = []
    bands: list[tuple[int, int | None]] = []
    for declared in table.dimensions:
        name, part = _variable(dataset, table, declared, dimensions[declared.name])
        if name in ("other", "unlisted"):
            other.append(part)
        elif name not in ("time", "not_personal"):
            _keep_the_higher(variables, name, part, dataset, table, declared)
        if name == "age_range":
            bands += age_bands(declared, dimensions[declared.name])
    if other:
        variables["other"] = other
    if "residence_geography" not in variables and "service_geography" not in variables and _covers_the_state(dataset):
        variables["residence_geography"] = {"statewide": True}
    counts = _counts(tabulated)
    nonzero = counts[counts > 0]
    smallest = int(nonzero.min()) if nonzero.size else None
    return TableFacts(
        table=table.table,
        permission=dataset.permission,
        approvals=tuple(dataset.approvals),
        personal_characteristics=dataset.personal_characteristics,
        counts=counts,
        denominators=_denominators(tabulated),
        rule=dataset.small_cell_rule,
        facts=Facts.model_validate(
            {"events": smallest, "time": _time(dataset, table), "variables": Variables.model_validate(variables)}
        ),
        high_risk=tuple(table.high_risk_populations),
        survey=dataset.survey,
        sample_sizes=_sample_sizes(tabulated) if dataset.survey else None,
        unlisted=tuple(
            UnlistedVariable(d.label, d.scores_as.reviewer)
            for d in table.dimensions
            if d.scores_as.variable == "unlisted"
        ),
        age_bands=tuple(bands),
        zip3_populations=tuple(_needed(dataset, table, d, "population") for d in table.dimensions if shows_zip3(d)),
        mitigations=tuple(m for m in dataset.mitigations if m.table in (None, table.table)),
    )


def _variable(
    dataset: Dataset, table: Table, declared: Dimension, dimension: TableDimension
) -> tuple[str, dict[str, Any]]:
    """The scoring variable a dimension stands for and what the criteria need to know of it."""

    scores = declared.scores_as
    name = scores.variable
    if name == "residence_geography":
        return name, {"population": _smallest_area(dataset, table, declared, dimension)}
    if name == "service_geography":
        if scores.setting is not None:
            return name, {"setting": scores.setting}
        return name, {"population": _smallest_area(dataset, table, declared, dimension)}
    if name == "age_range":
        bands = age_bands(declared, dimension)
        if not bands:
            raise _cannot(
                dataset, table, declared, "the ages of its groups cannot be read", "use `bins` on an age in years"
            )
        return name, {"narrowest_years": narrowest_age_band(bands)}
    if name == "race_ethnicity":
        found = race_groups(dimension.labels)
        return name, {"groups": "all" if "all" in (found, scores.groups) else "broad"}
    if name == "gender_identity":
        return name, {"groups": "detailed" if scores.groups == "detailed" or len(dimension.labels) > 3 else "three"}
    if name == "language" and scores.groups == "english_spanish_other":
        if not set(dimension.labels) <= {"English", "Spanish", "Other", declared.missing}:
            raise _cannot(
                dataset, table, declared, "its labels are not English, Spanish, Other", "give the smallest `population`"
            )
        return name, {"groups": "english_spanish_other"}
    if name in ("detailed_race", "detailed_ethnicity", "language"):
        return name, {"population": _needed(dataset, table, declared, "population")}
    if name == "insurance_coverage":
        return name, {"members": _needed(dataset, table, declared, "members")}
    if name == "means_tested_program":
        return name, {"enrollment": _needed(dataset, table, declared, "enrollment")}
    if name in ("other", "unlisted"):
        part: dict[str, Any] = {"name": declared.label}
        part |= {"groups": len(dimension.labels)} if scores.population is None else {"population": scores.population}
        return name, part
    return name, {}


def _keep_the_higher(
    variables: dict[str, Any], name: str, part: dict[str, Any], dataset: Dataset, table: Table, declared: Dimension
) -> None:
    """Two dimensions of one variable: the finer one decides, and only where "finer" is a number."""
    if name not in variables:
        variables[name] = part
        return
    (field, value), (known_field, known) = (
        next(iter(part.items()), ("", 0)),
        next(iter(variables[name].items()), ("", 0)),
    )
    if field != known_field or not isinstance(value, int | float):
        raise _cannot(dataset, table, declared, f"{name} is shown by two dimensions", "keep one of them")
    variables[name] = {field: min(value, known)}


def _smallest_area(dataset: Dataset, table: Table, declared: Dimension, dimension: TableDimension) -> int:
    """The population of the least peopled area the table shows; the declared figure where it is smaller."""

    reference = declared.scores_as.reference or ("california_counties" if declared.standard == "county" else None)
    found = declared.scores_as.population
    if reference is not None:
        areas = population_reference(reference)
        codes = list(dimension.codes or ()) or _codes_of_labels(declared, dimension)
        by_code = set(codes) <= set(areas.population_by_code)
        counted = smallest_population(
            areas.population_by_code if by_code else areas.population_by_name, codes if by_code else dimension.labels
        )
        found = counted if found is None else min(found, counted)
    if found is None:
        raise _cannot(
            dataset, table, declared, "the smallest area's population is unknown", "give `population` or `reference`"
        )
    return found


def _codes_of_labels(declared: Dimension, dimension: TableDimension) -> list[str]:
    """The source's value behind each label, which is the area's code where a reference lists it so."""
    back = {label: value for value, label in (declared.labels or {}).items()}
    return [back.get(label, label) for label in dimension.labels if label != declared.missing]


def age_bands(declared: Dimension, dimension: TableDimension) -> list[tuple[int, int | None]]:
    """(first, last) age of every group the table shows; from bins, from whole ages, or read from labels such as "12–14"."""
    if declared.bins is not None:
        shown = set(dimension.labels)
        return [(b.from_, b.to) for b in declared.bins if b.label in shown]
    bands: list[tuple[int, int | None]] = []
    for label in dimension.labels:
        if label == declared.missing:
            continue
        if label.isdigit():
            bands.append((int(label), int(label)))
        elif match := _AGES.match(label):
            bands.append((int(match[1]), int(match[2])) if match[1] else (int(match[3]), None))
        else:
            return []
    return bands


def _time(dataset: Dataset, table: Table) -> str:
    """The time category of the table's shortest period; without a time dimension, that of the whole coverage."""

    lengths: list[float] = []
    for declared in table.dimensions:
        if declared.scores_as.variable != "time":
            continue
        if declared.period is not None:
            lengths.append(_PERIOD_YEARS[declared.period])
        elif declared.bins is not None:
            if any(b.to is None for b in declared.bins):
                raise _cannot(
                    dataset, table, declared, "a period without an end has no length", "give every bin a `to`"
                )
            lengths += [float(b.to - b.from_ + 1) for b in declared.bins if b.to is not None]
        else:
            lengths.append(1.0)  # whole numbers as they are: years
    if not lengths:
        lengths = [((dataset.coverage.end - dataset.coverage.start).days + 1) / 365]
    return time_category(lengths)


def _counts(tabulated: DataTable) -> np.ndarray:
    columns = [m.name for m in tabulated.structure.measures if m.role == "count"]
    columns += [PERSONS_PREFIX + name for name in columns if PERSONS_PREFIX + name in tabulated.frame]
    if not columns:
        return np.empty(0, dtype=np.int64)
    return np.concatenate([tabulated.frame[column].to_numpy(dtype=np.int64) for column in columns])


def _denominators(tabulated: DataTable) -> np.ndarray | None:
    """The populations the counts arise from: public populations, denominators of rates, totals behind percentages."""
    found: list[np.ndarray] = []
    for measure in tabulated.structure.measures:
        if measure.role == "population":
            found.append(tabulated.frame[measure.name].to_numpy(dtype=np.float64, na_value=np.nan))
        elif measure.role == "rate" and measure.denominator is not None:
            found.append(tabulated.frame[measure.denominator].to_numpy(dtype=np.float64, na_value=np.nan))
    sizes = _sample_sizes(tabulated)
    if sizes is not None:
        found.append(sizes.astype(np.float64))
    return np.concatenate(found) if found else None


def _sample_sizes(tabulated: DataTable) -> np.ndarray | None:
    """The cases behind every percentage (int64): the count with the dimensions it is taken within at their totals."""

    found = [
        tabulated.frame[m.numerator].to_numpy(dtype=np.int64)[
            denominator_rows(tabulated.structure, tabulated.frame, m.within)
        ]
        for m in tabulated.structure.measures
        if m.role == "percent" and m.numerator is not None
    ]
    return np.concatenate(found) if found else None


def _covers_the_state(dataset: Dataset) -> bool:
    return dataset.coverage.granularity == "statewide" or dataset.coverage.geography in ("California", "United States")


def _needed(dataset: Dataset, table: Table, declared: Dimension, field: str) -> int:
    value = getattr(declared.scores_as, field)
    if value is None:
        raise _cannot(dataset, table, declared, f"its score needs `{field}`", f"give `{field}` under `scores_as`")
    return int(value)


def _cannot(dataset: Dataset, table: Table, declared: Dimension, what: str, remedy: str) -> DeclarationError:
    return DeclarationError(
        what,
        remedy=f"In the declaration, {remedy}.",
        slug="score-fact-missing",
        place=Place(dataset=dataset.dataset, table=table.table, column=declared.name),
    )
