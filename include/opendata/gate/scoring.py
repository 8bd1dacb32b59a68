"""The publication score of a table, one line per variable (DDG 2.0 §4.3.1, Appendix D §16.2).

Total = events + each variable shown + geography or insurance + time + variable interaction. The points are data
(``rules/scoring.yaml``); how they combine is decided here. What a score of 13 leads to, and the other reasons to mask,
are decided in ``gate.assessment``. One :class:`Facts` is one cross-tabulation: variables shown side by side, each with
its own margin only, are separate tables, and each is scored by itself.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from include.opendata.gate.fact_sheet import Facts, ServiceGeography, Variables, load_facts
from include.opendata.rules.release import thresholds
from include.opendata.rules.scoring import Band, Choice, Row, scoring_criteria
from include.opendata.rules.small_cells import SmallCellRule

__all__ = ["Component", "Facts", "Score", "Variables", "load_facts", "score", "score_file"]

BY_POPULATION = ("detailed_race", "detailed_ethnicity")
BY_GROUPS = ("race_ethnicity", "gender_identity")
SHOWN = ("ethnicity", "sex", "sexual_orientation", "intersex", "immigration")
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


def score(facts: Facts, *, masked_by: SmallCellRule | None = None) -> Score:
    """The publication score of the cross-tabulation that ``facts`` describe.

    ``masked_by``: the rule by which small counts will be masked; None where they are not. A score that credits how large the
    smallest count is would tell how large every hidden count is at least. So the credit that only events, time and
    population earn from 3 or 5 on is left out, and a small count takes the points of the smallest one; such a score is
    never lower.
    """
    geography, geographies_beside = _geography_or_insurance(facts.variables)
    others = _variables(facts.variables)
    program = _means_tested(facts.variables)
    interacting = len(others) + geographies_beside + (1 if program and _program_interacts(facts.variables) else 0)
    components = (
        _events(facts, masked_by),
        _time(facts),
        *geography,
        *others,
        *program,
        _interaction(facts, interacting, credit=masked_by is None),
    )
    total = sum(component.score for component in components)
    return Score(
        total=total,
        masking_required=total >= thresholds().score.mask_from,
        safe_harbor=_is_safe_harbor(facts),
        components=components,
    )


def score_file(path: Path) -> Score:
    """The score of the facts in a YAML file. Raises DeclarationError when they cannot be used."""
    return score(load_facts(path))


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


def _events(facts: Facts, masked_by: SmallCellRule | None) -> Component:
    row = scoring_criteria().row("events")
    if facts.events is None:
        return _component(row, row.band(0), "Every cell is zero; scored as if a small count could appear.")
    if masked_by is not None and facts.events < masked_by.below and row.band(masked_by.largest) != row.band(0):
        # The small counts reach over more than one band: naming the band would narrow every hidden count down.
        return _component(row, row.band(0), "The smallest non-zero count is hidden; scored as if it could be 1.")
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
    found: list[Component] = []
    if variables.age_range is not None:
        years = variables.age_range.narrowest_years
        found.append(_by_number("age_range", years, f"The narrowest age group is {years:g} year(s) wide."))
    for name in BY_GROUPS:
        part = getattr(variables, name)
        if part is not None:
            band = scoring_criteria().row(name).choice(part.groups).band
            found.append(_by_choice(name, part.groups, f"The groups shown: {band}."))
    for name in BY_POPULATION:
        part = getattr(variables, name)
        if part is not None:
            found.append(_by_number(name, part.population, f"The smallest group has {part.population:,} people."))
    if variables.language is not None:
        if variables.language.groups is not None:
            found.append(
                _by_choice("language", variables.language.groups, "Only English, Spanish and Other are shown.")
            )
        else:
            people = variables.language.population or 0
            found.append(_by_number("language", people, f"The smallest language group has {people:,} people."))
    for name in SHOWN:
        if getattr(variables, name) is not None:
            found.append(_by_choice(name, "shown", f"{scoring_criteria().row(name).label} is shown."))
    for other in variables.other:
        row_name = "other_population" if other.population is not None else "other_groups"
        row = scoring_criteria().row(row_name)
        if other.population is not None:
            number, reason = other.population, f"The smallest group of “{other.name}” has {other.population:,} people."
        else:
            number = other.groups or 0
            reason = f"“{other.name}” has {number} groups of unknown population."
        found.append(_component(row, row.band(number), reason, variable=f"other: {other.name}"))
    return found


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
    residence, service = _residence(variables), _service(variables)
    places = [place for place in (residence, service) if place is not None]
    beside = 0
    if residence is not None and service is not None:
        higher, lower = (service, residence) if service.score > residence.score else (residence, service)
        if _coincide(variables):
            places = [higher, _aside(lower, f"It coincides with {_plain(higher)}, whose score is not lower.")]
        else:
            beside = 1
            if lower.score < 0:
                places = [higher, _aside(lower, f"A wide area does not make up for {_plain(higher)}.")]
    if variables.insurance_coverage is None:
        return places, beside
    members = variables.insurance_coverage.members
    insurance = _by_number("insurance_coverage", members, f"The smallest plan has {members:,} members.")
    if not places:
        return [insurance], beside
    if _plan_decides(insurance, members, places, variables):
        return [
            insurance,
            *(_aside(place, "The plan decides in its place: it is the smaller group.") for place in places),
        ], beside
    return [*places, _aside(insurance, "Geography decides in its place: the plan is not the smaller group.")], beside


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


def _interaction(facts: Facts, interacting: int, *, credit: bool) -> Component:
    criteria = scoring_criteria()
    if interacting == 0:
        row = criteria.row("only_events_time_population")
        band = row.band(facts.events if credit and facts.events is not None else 0)
        return _component(
            row, band, "Nothing is shown beside events, time and population.", variable="variable_interaction"
        )
    reason = f"Cross-tabulated beside events, time and population: {interacting} variable(s)."
    return _by_number("variable_interaction", interacting, reason)


def _is_safe_harbor(facts: Facts) -> bool:
    """Statewide data by the year or longer with no other variable (DDG 2.0 §4.3.1)."""
    combining = scoring_criteria().combining
    variables = facts.variables
    shown = [name for name in Variables.model_fields if getattr(variables, name) not in (None, ())]
    places = [part for part in (variables.residence_geography, variables.service_geography) if part is not None]
    if not places or set(shown) - {"residence_geography", "service_geography"}:
        return False
    statewide = all(
        part.statewide or (part.population or 0) >= combining.statewide_population_at_least for part in places
    )
    return statewide and facts.time in combining.annual_or_longer
