"""The publication score of a table, one line per variable (DDG 2.0 §4.3.1, Appendix D §16.2).

Total = events + each variable shown + geography or insurance + time + variable interaction. The points are data
(``rules/scoring.yaml``); how they combine is decided here. What a score of 13 leads to, and the other reasons to mask,
are decided in ``gate.assessment``. One :class:`Facts` is one cross-tabulation: variables shown side by side, each with
its own margin only, are separate tables, and each is scored by itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict

from include.opendata.gate.fact_sheet import (
    AgeRange,
    Facts,
    Language,
    OtherVariable,
    ResidenceGeography,
    ServiceGeography,
    Variables,
    load_facts,
)
from include.opendata.rules.release import thresholds
from include.opendata.rules.scoring import Band, Choice, Row, scoring_criteria

__all__ = ["Component", "Facts", "Score", "Variables", "load_facts", "release_score", "score"]

BY_POPULATION = ("detailed_race", "detailed_ethnicity")
BY_GROUPS = ("race_ethnicity", "gender_identity")
SCORED_WHEN_SHOWN = ("ethnicity", "sex", "sexual_orientation", "intersex", "immigration")
NOT_SCORED = "not scored"


class Component(BaseModel):
    """One line of the score: the variable, its points, the band it fell into, why, and the section it rests on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    variable: str
    score: int
    band: str
    reason: str
    section: str


class Score(BaseModel):
    """A publication score. ``total`` is the sum of the components; from 13 on, small counts are masked.

    ``safe_harbor``: statewide, by the year or longer, and nothing else shown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    total: int
    masking_required: bool
    safe_harbor: bool
    components: tuple[Component, ...]

    def component(self, variable: str) -> Component:
        """The line of ``variable``. KeyError when it has none."""
        for component in self.components:
            if component.variable == variable:
                return component
        raise KeyError(variable)


def score(facts: Facts) -> Score:
    """The publication score of the cross-tabulation that ``facts`` describe, by the criteria as they are written."""
    geography, geographies_beside = _geography_or_insurance(facts.variables)
    others = _variables(facts.variables)
    program = _means_tested(facts.variables)
    interacting = len(others) + geographies_beside + (1 if program and _program_interacts(facts.variables) else 0)
    components = (
        _events(facts),
        _time(facts),
        *geography,
        *others,
        *program,
        _interaction(facts, interacting),
    )
    total = sum(component.score for component in components)
    return Score(
        total=total,
        masking_required=total >= thresholds().score.mask_from,
        safe_harbor=_is_safe_harbor(facts),
        components=components,
    )


def release_score(facts: Facts) -> Score:
    """The score by which a release is judged: that of ``score``, with the smallest count taken for 1 whatever it is.

    Both the score and whether counts are masked become public, and everything else the score is made of is public already. A
    score that followed the smallest count would tell how large every hidden count is at least: also in a table without a
    small count, whose cells may be hidden for those of another table or of an earlier release. It is never lower.
    """
    return score(facts.model_copy(update={"events": None}))


def _component(row: Row, found: Band | Choice, reason: str, variable: str | None = None) -> Component:
    return Component(
        variable=variable or row.variable, score=found.points, band=found.band, reason=reason, section=row.section
    )


def _by_number(variable: str, number: float, reason: str) -> Component:
    row = scoring_criteria().row(variable)
    return _component(row, row.band(number), reason)


def _by_choice(variable: str, choice: str, reason: str) -> Component:
    row = scoring_criteria().row(variable)
    return _component(row, row.choice(choice), reason)


def _events(facts: Facts) -> Component:
    row = scoring_criteria().row("events")
    if facts.events is None:
        return _component(row, row.band(0), "The counts are not looked at; scored as if the smallest could be 1.")
    band = row.band(facts.events)
    return _component(row, band, f"The smallest non-zero count in the table is {band.band}.")


def _time(facts: Facts) -> Component:
    row = scoring_criteria().row("time")
    choice = row.choice(facts.time)
    finer = facts.time in ("week", "day")
    reason = (
        f"Periods of a {facts.time} are finer than the finest row, which decides."
        if finer
        else f"The shortest period is {choice.band}."
    )
    return _component(row, choice, reason)


def _variables(variables: Variables) -> list[Component]:
    """One component for each variable shown, geography, insurance and means-tested programs aside."""
    return [
        *_ages(variables.age_range),
        *_by_groups(variables),
        *_by_population(variables),
        *_languages(variables.language),
        *_only_shown(variables),
        *(_other(other) for other in variables.other),
    ]


def _ages(ages: AgeRange | None) -> Iterator[Component]:
    if ages is not None:
        years = ages.narrowest_years
        yield _by_number("age_range", years, f"The narrowest age group is {years:g} year(s) wide.")


def _by_groups(variables: Variables) -> Iterator[Component]:
    for name in BY_GROUPS:
        part = getattr(variables, name)
        if part is not None:
            band = scoring_criteria().row(name).choice(part.groups).band
            yield _by_choice(name, part.groups, f"The groups shown: {band}.")


def _by_population(variables: Variables) -> Iterator[Component]:
    for name in BY_POPULATION:
        part = getattr(variables, name)
        if part is not None:
            yield _by_number(name, part.population, f"The smallest group has {part.population:,} people.")


def _languages(language: Language | None) -> Iterator[Component]:
    if language is None:
        return
    if language.groups is not None:
        yield _by_choice("language", language.groups, "Only English, Spanish and Other are shown.")
    else:
        people = language.population or 0
        yield _by_number("language", people, f"The smallest language group has {people:,} people.")


def _only_shown(variables: Variables) -> Iterator[Component]:
    for name in SCORED_WHEN_SHOWN:
        if getattr(variables, name) is not None:
            yield _by_choice(name, "shown", f"{scoring_criteria().row(name).label} is shown.")


def _other(other: OtherVariable) -> Component:
    if other.population is not None:
        row, number = scoring_criteria().row("other_population"), other.population
        reason = f"The smallest group of “{other.name}” has {number:,} people."
    else:
        row, number = scoring_criteria().row("other_groups"), other.groups or 0
        reason = f"“{other.name}” has {number} groups of unknown population."
    return _component(row, row.band(number), reason, variable=f"other: {other.name}")


def _means_tested(variables: Variables) -> list[Component]:
    if variables.means_tested_program is None:
        return []
    people = variables.means_tested_program.enrollment
    reason = f"The smallest program has {people:,} enrolled"
    reason += "." if _program_interacts(variables) else "; a program this large adds no interaction either."
    return [_by_number("means_tested_program", people, reason)]


def _program_interacts(variables: Variables) -> bool:
    limit = scoring_criteria().combining.interaction_enrollment_at_most
    return variables.means_tested_program is not None and variables.means_tested_program.enrollment <= limit


def _geography_or_insurance(variables: Variables) -> tuple[list[Component], int]:
    """The components for place and plan, and how many places count as further cross-tabulated variables.

    Residence and service geography that coincide: the higher score. Shown as two variables: both, unless one of them
    would lower the other. Insurance and geography: the insurance row when the plan has fewer members than the area has
    people, else the geography row. What is set aside stays visible with 0 points.
    """
    places, beside = _places(variables)
    if variables.insurance_coverage is None:
        return places, beside
    members = variables.insurance_coverage.members
    insurance = _by_number("insurance_coverage", members, f"The smallest plan has {members:,} members.")
    if not places:
        return [insurance], beside
    if _plan_decides(insurance, members, places, variables):
        reason = "The plan decides in its place: it is the smaller group."
        return [insurance, *(_aside(place, reason) for place in places)], beside
    return [*places, _aside(insurance, "Geography decides in its place: the plan is not the smaller group.")], beside


def _places(variables: Variables) -> tuple[list[Component], int]:
    """The components of residence and service, and how many of them count as a further variable."""
    residence, service = _residence(variables), _service(variables)
    if residence is None or service is None:
        return [place for place in (residence, service) if place is not None], 0
    higher, lower = (service, residence) if service.score > residence.score else (residence, service)
    if _coincide(variables):
        return [higher, _aside(lower, f"It coincides with {_plain(higher)}, whose score is not lower.")], 0
    if lower.score < 0:
        return [higher, _aside(lower, f"A wide area does not make up for {_plain(higher)}.")], 1
    return [residence, service], 1


def _coincide(variables: Variables) -> bool:
    return variables.service_geography is not None and variables.service_geography.coincides_with_residence


def _plan_decides(insurance: Component, members: int, places: list[Component], variables: Variables) -> bool:
    """Whether the plan has fewer members than every area in play has people.

    A street address has no population to compare with: there, the higher score decides.
    """
    residence, service = variables.residence_geography, variables.service_geography
    if service is not None and service.setting is not None:
        return insurance.score > sum(place.score for place in places)
    everyone = scoring_criteria().combining.statewide_population_at_least
    parts = [part for part in (residence, service) if part is not None]
    return members < min(everyone if part.statewide else part.population or 0 for part in parts)


def _residence(variables: Variables) -> Component | None:
    part = variables.residence_geography
    if part is None:
        return None
    if part.statewide:
        return _by_choice("residence_geography", "statewide", "The whole state is one area.")
    people = part.population or 0
    return _by_number("residence_geography", people, f"The smallest area where people live has {people:,} people.")


def _service(variables: Variables) -> Component | None:
    part = variables.service_geography
    if part is None:
        return None
    if part.statewide:
        return _by_choice("service_geography", "statewide", "The whole state is one area.")
    if part.setting is not None:
        return _service_address(part)
    people = part.population or 0
    return _by_number("service_geography", people, f"The smallest area of service has {people:,} people.")


def _service_address(part: ServiceGeography) -> Component:
    setting = part.setting or "address"
    if part.hospital and setting != "address":
        return _by_choice(
            "service_geography", "address", "Hospitals are exempt from the rise for rural and frontier areas."
        )
    band = scoring_criteria().row("service_geography").choice(setting).band
    return _by_choice("service_geography", setting, f"The place of service is shown as a {band}.")


def _aside(component: Component, reason: str) -> Component:
    section = scoring_criteria().combining.geography_section
    return component.model_copy(update={"score": 0, "band": NOT_SCORED, "reason": reason, "section": section})


def _plain(component: Component) -> str:
    return scoring_criteria().row(component.variable).label.lower()


def _interaction(facts: Facts, interacting: int) -> Component:
    criteria = scoring_criteria()
    if interacting == 0:
        row = criteria.row("only_events_time_population")
        band = row.band(facts.events or 0)
        return _component(
            row, band, "Nothing is shown beside events, time and population.", variable="variable_interaction"
        )
    reason = f"Cross-tabulated beside events, time and population: {interacting} variable(s)."
    return _by_number("variable_interaction", interacting, reason)


def _is_safe_harbor(facts: Facts) -> bool:
    """Statewide data by the year or longer with no other variable (DDG 2.0 §4.3.1)."""
    variables = facts.variables
    shown = {name for name in Variables.model_fields if getattr(variables, name) not in (None, ())}
    if not shown or shown - {"residence_geography", "service_geography"}:
        return False
    places = [part for part in (variables.residence_geography, variables.service_geography) if part is not None]
    return all(_is_statewide(place) for place in places) and facts.time in scoring_criteria().combining.annual_or_longer


def _is_statewide(place: ResidenceGeography | ServiceGeography) -> bool:
    return place.statewide or (place.population or 0) >= scoring_criteria().combining.statewide_population_at_least
