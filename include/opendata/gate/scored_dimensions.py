"""What the scoring criteria need to know of each dimension of a table: its variable, its smallest group, its length.

Where the declaration states something the data contradict, the reading that scores higher is used (DDG 2.0 §4.3.1).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.tables import Dimension, Table
from include.opendata.errors import DeclarationError, Place
from include.opendata.gate.fact_sheet import (
    AgeRange,
    GenderIdentity,
    InsuranceCoverage,
    Language,
    MeansTestedProgram,
    OtherVariable,
    Population,
    RaceEthnicity,
    ResidenceGeography,
    ServiceGeography,
    Shown,
    Time,
)
from include.opendata.gate.facts import narrowest_age_band, race_groups, smallest_population, time_category
from include.opendata.rules.reference import population_reference
from include.opendata.vocabulary import TableDimension

_PERIOD_YEARS = {"year": 1.0, "half_year": 0.5, "quarter": 0.25, "month": 1 / 12}
AGE_LABEL = re.compile(
    r"^\D*(\d{1,3})\s*(?:[-–—]|to)\s*(\d{1,3})\b|^\D*(\d{1,3})\s*(?:\+|and over|or older|or more)", re.I
)
"""A label that names a group of ages, such as “12–14”, “12 to 14” or “65 and over”."""

AgeBand = tuple[int, int | None]
"""First and last age of a group; None where it is open."""
Part = (
    ResidenceGeography
    | ServiceGeography
    | AgeRange
    | RaceEthnicity
    | GenderIdentity
    | Language
    | Population
    | InsuranceCoverage
    | MeansTestedProgram
    | OtherVariable
    | Shown
)
"""What a facts file would write of one variable."""


@dataclass(frozen=True)
class ScoredDimension:
    """One dimension as it is declared and as the table shows it."""

    dataset: Dataset
    table: Table
    declared: Dimension
    shown: TableDimension

    @property
    def variable(self) -> str:
        """The scoring variable the dimension stands for."""
        return self.declared.scores_as.variable

    def part(self) -> Part:
        """What the criteria need to know of it. Raises DeclarationError ``score-fact-missing``."""
        known = _PARTS.get(self.variable)
        return known(self) if known is not None else Shown()

    def needed(self, field: str) -> int:
        """A number that only the declaration can tell. Raises DeclarationError ``score-fact-missing``."""
        value = getattr(self.declared.scores_as, field)
        if value is None:
            raise self.cannot(f"its score needs `{field}`", f"give `{field}` under `scores_as`")
        return int(value)

    def ages(self) -> list[AgeBand]:
        """The age groups of the dimension."""
        return age_bands(self.declared, self.shown)

    def cannot(self, what: str, remedy: str) -> DeclarationError:
        """Why the score cannot be computed, and what to change in the declaration."""
        return DeclarationError(
            what,
            remedy=f"In the declaration, {remedy}.",
            slug="score-fact-missing",
            place=Place(dataset=self.dataset.dataset, table=self.table.table, column=self.declared.name),
        )


def _residence(scored: ScoredDimension) -> Part:
    return ResidenceGeography(population=_smallest_area(scored))


def _service(scored: ScoredDimension) -> Part:
    setting = scored.declared.scores_as.setting
    if setting is not None:
        return ServiceGeography(setting=setting)
    return ServiceGeography(population=_smallest_area(scored))


def _age_range(scored: ScoredDimension) -> Part:
    bands = scored.ages()
    if not bands:
        raise scored.cannot("the ages of its groups cannot be read", "use `bins` on an age in years")
    return AgeRange(narrowest_years=narrowest_age_band(bands))


def _race(scored: ScoredDimension) -> Part:
    groups = {race_groups(scored.shown.labels), scored.declared.scores_as.groups}
    return RaceEthnicity(groups="all" if "all" in groups else "broad")


def _gender(scored: ScoredDimension) -> Part:
    detailed = scored.declared.scores_as.groups == "detailed" or len(scored.shown.labels) > 3
    return GenderIdentity(groups="detailed" if detailed else "three")


def _language(scored: ScoredDimension) -> Part:
    if scored.declared.scores_as.groups != "english_spanish_other":
        return Language(population=scored.needed("population"))
    if not set(scored.shown.labels) <= {"English", "Spanish", "Other", scored.declared.missing}:
        raise scored.cannot("its labels are not English, Spanish, Other", "give the smallest `population`")
    return Language(groups="english_spanish_other")


def _detailed(scored: ScoredDimension) -> Part:
    return Population(population=scored.needed("population"))


def _insurance(scored: ScoredDimension) -> Part:
    return InsuranceCoverage(members=scored.needed("members"))


def _program(scored: ScoredDimension) -> Part:
    return MeansTestedProgram(enrollment=scored.needed("enrollment"))


def _other(scored: ScoredDimension) -> OtherVariable:
    population = scored.declared.scores_as.population
    if population is not None:
        return OtherVariable(name=scored.declared.label, population=population)
    return OtherVariable(name=scored.declared.label, groups=len(scored.shown.labels))


_PARTS: dict[str, Callable[[ScoredDimension], Part]] = {
    "residence_geography": _residence,
    "service_geography": _service,
    "age_range": _age_range,
    "race_ethnicity": _race,
    "gender_identity": _gender,
    "language": _language,
    "detailed_race": _detailed,
    "detailed_ethnicity": _detailed,
    "insurance_coverage": _insurance,
    "means_tested_program": _program,
    "other": _other,
    "unlisted": _other,
}
"""Variables that are more than shown or not shown."""


def _smallest_area(scored: ScoredDimension) -> int:
    """The population of the least peopled area the table shows; the declared figure where it is smaller."""
    declared = scored.declared
    stated = declared.scores_as.population
    reference = declared.scores_as.reference or ("california_counties" if declared.standard == "county" else None)
    if reference is None:
        if stated is None:
            raise scored.cannot("the smallest area's population is unknown", "give `population` or `reference`")
        return stated
    counted = _smallest_listed(scored, reference)
    return counted if stated is None else min(stated, counted)


def _smallest_listed(scored: ScoredDimension, reference: str) -> int:
    """The smallest population that the reference lists for the areas shown, by their codes or else by their names."""
    areas = population_reference(reference)
    codes = list(scored.shown.codes or ()) or _codes_of_labels(scored.declared, scored.shown)
    if set(codes) <= set(areas.population_by_code):
        return smallest_population(areas.population_by_code, codes)
    return smallest_population(areas.population_by_name, scored.shown.labels)


def _codes_of_labels(declared: Dimension, dimension: TableDimension) -> list[str]:
    """The source's value behind each label, which is the area's code where a reference lists it so."""
    back = {label: value for value, label in (declared.labels or {}).items()}
    return [back.get(label, label) for label in dimension.labels if label != declared.missing]


def age_bands(declared: Dimension, dimension: TableDimension) -> list[AgeBand]:
    """(first, last) age of every group the table shows; from bins, from whole ages, or read from labels such as "12–14"."""
    if declared.bins is not None:
        shown = set(dimension.labels)
        return [(b.from_, b.to) for b in declared.bins if b.label in shown]
    bands = [_band_of(label) for label in dimension.labels if label != declared.missing]
    # One label that cannot be read leaves the narrowest group unknown.
    return [] if None in bands else [band for band in bands if band is not None]


def _band_of(label: str) -> AgeBand | None:
    """The ages a label names; None where it names none."""
    if label.isdigit():
        return int(label), int(label)
    match = AGE_LABEL.match(label)
    if match is None:
        return None
    return (int(match[1]), int(match[2])) if match[1] else (int(match[3]), None)


def shortest_time(dataset: Dataset, scored: list[ScoredDimension]) -> Time:
    """The time category of the table's shortest period; without a time dimension, that of the whole coverage."""
    lengths = [years for one in scored if one.variable == "time" for years in _period_lengths(one)]
    if not lengths:
        lengths = [((dataset.coverage.end - dataset.coverage.start).days + 1) / 365]
    return time_category(lengths)


def _period_lengths(scored: ScoredDimension) -> list[float]:
    """The lengths in years of the periods of a dimension of time."""
    declared = scored.declared
    if declared.period is not None:
        return [_PERIOD_YEARS[declared.period]]
    if declared.bins is None:
        return [1.0]  # whole numbers as they are: years
    if any(b.to is None for b in declared.bins):
        raise scored.cannot("a period without an end has no length", "give every bin a `to`")
    return [float(b.to - b.from_ + 1) for b in declared.bins if b.to is not None]
