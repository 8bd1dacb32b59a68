"""From a tabulated table and its declaration to the facts its assessment rests on (DDG 2.0 §4.3.1).

Nothing is typed in that the data can tell: the narrowest age band present, the smallest area, the shortest period, the
groups present. How small the counts are is left out of the score (``scoring.release_score``). What each dimension shows is
read in ``scored_dimensions``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from include.opendata.declaration.consistency import shows_zip3
from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.tables import CountDistinctMeasure, CountMeasure, Table, is_protected_count
from include.opendata.gate.areas_shown import is_statewide
from include.opendata.gate.fact_sheet import Facts, ResidenceGeography, Variables
from include.opendata.gate.judgement import PersonsBehind, TableFacts, UnlistedVariable
from include.opendata.gate.scored_dimensions import AgeBand, Part, ScoredDimension, shortest_time
from include.opendata.vocabulary import PERSONS_PREFIX, DataTable, denominator_rows

_BY_THEMSELVES = ("other", "unlisted")
"""Variables without a row of their own: each counts for itself."""
_NOT_VARIABLES = ("time", "not_personal")
_NUMBERS = ("population", "narrowest_years", "members", "enrollment")


def table_facts(dataset: Dataset, tabulated: DataTable) -> TableFacts:
    """All that is known of a table when it is assessed. Raises DeclarationError when a needed fact is neither in the data
    nor declared."""
    table = dataset.table(tabulated.structure.table)
    shown = {d.name: d for d in tabulated.structure.dimensions}
    scored = [ScoredDimension(dataset, table, declared, shown[declared.name]) for declared in table.dimensions]
    variables = _variables(dataset, table, scored)
    counts = _counts(tabulated)
    return TableFacts(
        table=table.table,
        permission=dataset.permission,
        approvals=tuple(dataset.approvals),
        personal_characteristics=dataset.personal_characteristics,
        counts=counts,
        denominators=_denominators(tabulated),
        rule=dataset.small_cell_rule,
        facts=Facts(events=None, time=shortest_time(dataset, scored), variables=variables),
        high_risk=tuple(table.high_risk_populations),
        survey=dataset.survey,
        sample_sizes=_sample_sizes(tabulated) if dataset.survey else None,
        unlisted=_unlisted(scored),
        age_bands=_age_bands(scored),
        zip3_populations=tuple(
            dimension.needed("population") for dimension in scored if shows_zip3(dimension.declared)
        ),
        persons_behind=_persons_behind(dataset, table),
        mitigations=tuple(m for m in dataset.mitigations if m.table in (None, table.table)),
    )


def _persons_behind(dataset: Dataset, table: Table) -> PersonsBehind | None:
    """How many records a person may have, where a table counts events without naming the person behind each."""
    counts = [m for m in table.measures if is_protected_count(m) and not isinstance(m, CountDistinctMeasure)]
    named = all(isinstance(count, CountMeasure) and count.persons is not None for count in counts)
    return "named" if named or dataset.source.record != "event" else dataset.source.records_per_person


def _age_bands(scored: Sequence[ScoredDimension]) -> tuple[AgeBand, ...]:
    return tuple(band for dimension in scored if dimension.variable == "age_range" for band in dimension.ages())


def _unlisted(scored: Sequence[ScoredDimension]) -> tuple[UnlistedVariable, ...]:
    declared = [dimension.declared for dimension in scored if dimension.variable == "unlisted"]
    return tuple(UnlistedVariable(dimension.label, dimension.scores_as.reviewer) for dimension in declared)


def _variables(dataset: Dataset, table: Table, scored: Sequence[ScoredDimension]) -> Variables:
    """The scoring variables of a table; one that shows no area covers the state where the dataset is declared statewide."""
    parts: dict[str, Part] = {}
    others: list[Part] = []
    for dimension in scored:
        part = dimension.part()
        if dimension.variable in _BY_THEMSELVES:
            others.append(part)
        elif dimension.variable not in _NOT_VARIABLES:
            known = parts.get(dimension.variable)
            parts[dimension.variable] = part if known is None else _higher(known, part, dimension)
    labels = {dimension.shown.name: dimension.shown.labels for dimension in scored}
    if is_statewide(dataset, table, labels):
        parts["residence_geography"] = ResidenceGeography(statewide=True)
    return Variables.model_validate({**parts, "other": others})


def _higher(known: Part, part: Part, scored: ScoredDimension) -> Part:
    """Two dimensions of one variable: the finer one decides, and only where "finer" is a number."""
    numbers = [_number(known), _number(part)]
    if None in numbers or type(known) is not type(part):
        raise scored.cannot(f"{scored.variable} is shown by two dimensions", "keep one of them")
    return min(known, part, key=lambda given: _number(given) or 0)


def _number(part: Part) -> float | None:
    """The one number that says how fine a variable is; None where words say it, or nothing does."""
    return next((getattr(part, name) for name in sorted(part.model_fields_set) if name in _NUMBERS), None)


def _counts(tabulated: DataTable) -> np.ndarray:
    columns = [m.name for m in tabulated.structure.measures if m.role == "count"]
    columns += [PERSONS_PREFIX + name for name in columns if PERSONS_PREFIX + name in tabulated.frame]
    if not columns:
        return np.empty(0, dtype=np.int64)
    return np.concatenate([tabulated.frame[column].to_numpy(dtype=np.int64) for column in columns])


def _denominators(tabulated: DataTable) -> np.ndarray | None:
    """The populations the counts arise from: public populations, denominators of rates, totals behind percentages."""
    sizes_of_groups: list[np.ndarray] = []
    for measure in tabulated.structure.measures:
        if measure.role == "population":
            sizes_of_groups.append(tabulated.frame[measure.name].to_numpy(dtype=np.float64, na_value=np.nan))
        elif measure.role == "rate" and measure.denominator is not None:
            sizes_of_groups.append(tabulated.frame[measure.denominator].to_numpy(dtype=np.float64, na_value=np.nan))
    sizes = _sample_sizes(tabulated)
    if sizes is not None:
        sizes_of_groups.append(sizes.astype(np.float64))
    return np.concatenate(sizes_of_groups) if sizes_of_groups else None


def _sample_sizes(tabulated: DataTable) -> np.ndarray | None:
    """The cases behind every percentage (int64): the count with the dimensions it is taken within at their totals."""

    sizes_of_groups = [
        tabulated.frame[m.numerator].to_numpy(dtype=np.int64)[
            denominator_rows(tabulated.structure, tabulated.frame, m.within)
        ]
        for m in tabulated.structure.measures
        if m.role == "percent" and m.numerator is not None
    ]
    return np.concatenate(sizes_of_groups) if sizes_of_groups else None
