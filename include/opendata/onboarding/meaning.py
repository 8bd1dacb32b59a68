"""What a column stands for among the variables that are scored, guessed from its name and its values (DDG 2.0 §4.3.1).

A guess comes with its reason and is the steward's to confirm. Where the rules need a fact no column holds (a population, a
plan's members), the column is proposed as a variable that an expert must review, by name, which nobody has been yet: then the
question stays open and no refresh runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from pydantic import BaseModel, ConfigDict

from include.opendata.declaration.choices import ScoringVariableName
from include.opendata.gate.table_facts import _AGES
from include.opendata.onboarding.profile import ColumnProfile
from include.opendata.rules.identifiers import words_of
from include.opendata.rules.reference import california_counties
from include.opendata.rules.scoring import scoring_criteria

Role = Literal[
    "county", "area", "time", "age", "group", "category", "count", "population", "person", "event_id", "none"
]
"""``group``: a characteristic of persons the criteria list; ``category``: any other. ``none``: for no table."""

MOST_GROUPS = 40
OLDEST = 120
AGE_BANDS = ((0, 17), (18, 34), (35, 49), (50, 64), (65, None))
"""No group narrower than 15 years (2 points), and all ages over 89 in one (HIPAA Safe Harbor)."""
TOTAL = re.compile(r"^(grand |sub)?totals?$|^all( .*)?$|^(both sexes|statewide|california|overall|any)$", re.I)

_HISPANIC = {"hispanic", "not hispanic", "non hispanic", "latino", "not latino", "non latino", "hispanic or latino",
             "not hispanic or latino", "non hispanic or latino", "yes", "no", "unknown"}  # fmt: skip
_SEXES = {"m", "f", "male", "female", "man", "woman", "men", "women", "boy", "girl", "males", "females", "u", "unknown",
          "x", "other", "not stated", "missing", "1", "2", "9"}  # fmt: skip
_COUNTED = (
    "count|counts|number|num|n|cases|deaths|births|visits|users|members|enrollees|enrolled|enrollment|persons|people|"
    "patients|clients|recipients|beneficiaries|victims|murders|homicides|arrests|admissions|discharges|encounters|claims|"
    "tests|hospitalizations|incidents|events|total|totals|utilizers|children|residents|participants"
)
_OF_PERSONS = (
    "deaths|users|members|enrollees|enrolled|enrollment|persons|people|patients|clients|recipients|beneficiaries|victims|"
    "murders|homicides|children|residents|participants|utilizers|population|pop|popul"
)
_NOT_COUNTS = "rate|percent|pct|ratio|share|average|mean|median|per|index|score|margin|code|annotation|id|year|age|fips"


class Meaning(BaseModel):
    """What a column stands for. ``reason``: why, for people. ``question``: what must be found out before it is right.

    ``variable`` is None where it is no dimension. ``definition``: a sentence where the name says enough, else empty.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    role: Role
    reason: str
    label: str
    definition: str = ""
    variable: ScoringVariableName | None = None
    scores: dict[str, str] = {}
    standard: Literal["county"] | None = None
    of_persons: bool = False
    question: str = ""
    totals: tuple[str, ...] = ()

    @property
    def is_dimension(self) -> bool:
        """Whether a table can be broken down by it."""
        return self.variable is not None


def meaning(column: ColumnProfile) -> Meaning:
    """What ``column`` stands for."""
    label = _label(column.name)
    if column.unreadable:
        return Meaning(
            column=column.name, role="none", label=label, reason=f"A refresh could not read it: {column.unreadable}."
        )
    found = next((m for rule in _RULES if (m := rule(column, words_of(column.name), label)) is not None), None)
    found = found or Meaning(column=column.name, role="none", label=label, reason=_too_many(column))
    totals = tuple(v for v in column.values or () if TOTAL.match(v.strip())) if found.is_dimension else ()
    return found.model_copy(update={"totals": totals if len(totals) < len(column.values or ()) else ()})


def _too_many(column: ColumnProfile) -> str:
    if column.type in ("number", "date"):
        return "Nothing in its name says what it is for."
    return (
        f"It has {'about ' if not column.exact else ''}{column.distinct:,} different values, too many for categories."
    )


def _named(words: str, pattern: str) -> bool:
    return re.search(rf"(?:^| )(?:{pattern})(?: |$)", words) is not None


def _ids(column: ColumnProfile, words: str, label: str) -> Meaning | None:
    if not _named(words, "id|ids|identifier|uid|guid|key|no|nr|record|rownames|rowid|mrn|cin|index|seq") or (
        column.values is not None and len(column.values) <= 20
    ):
        return None
    if _named(words, "person|patient|client|member|beneficiary|enrollee|recipient|participant|mrn|cin|ssn"):
        return Meaning(
            column=column.name, role="person", label=label, reason="It is named like the number of a person."
        )
    if _named(words, "visit|encounter|claim|event|case|incident|admission|discharge|test|report"):
        return Meaning(
            column=column.name, role="event_id", label=label, reason="It is named like the number of an event."
        )
    return Meaning(column=column.name, role="none", label=label, reason="It is named like a running number.")


def _zip(column: ColumnProfile, words: str, label: str) -> Meaning | None:
    if not _named(words, "zip|zip code|zipcode|postal code|zip ?[345]|zcta"):
        return None
    return Meaning(
        column=column.name,
        role="none",
        label=label,
        reason="ZIP codes make a table only as areas of three digits, whose least population must be known (HIPAA Safe "
        "Harbor); declare `standard: zip3` with that `population` if it is needed.",
    )


def _county(column: ColumnProfile, words: str, label: str) -> Meaning | None:
    values = column.values
    if not values:
        return None
    codes = {area.code for area in california_counties().areas}
    plain = [v for v in values if not TOTAL.match(v.strip())]
    digits = [v for v in plain if v.isdigit()]
    by_code = {f"{int(v) - 6000 if int(v) > 6000 else int(v):03}" for v in digits}
    written_so = column.type == "integer" or all(len(v) in (3, 5) for v in plain)
    named = _named(words, "county ?fips|fips|county ?code|county|countyfp|fips ?code|geoid|cnty|co")
    if named and plain and len(digits) == len(plain) and by_code <= codes and written_so:
        return Meaning(
            column=column.name, role="county", variable="residence_geography", standard="county", label="County",
            definition="The county.",
            reason="Its values are the FIPS numbers of California's counties, published by name and number "
            "(Handbook, Guidelines §3).",
        )  # fmt: skip
    names = {area.name for area in california_counties().areas}
    if plain and {v.strip() for v in plain} <= names:
        return Meaning(
            column=column.name, role="area", variable="residence_geography", scores={"reference": "california_counties"},
            reason="Its values are the names of California's counties; a column of FIPS numbers would be better, for the "
            "Handbook (Guidelines §3) asks for County_FIPS beside County.", label="County", definition="The county.",
        )  # fmt: skip
    if _named(words, "county|cnty") or _named(words, "region|city|district|tract|msa|mssa|area|place|geography"):
        if len(values) > MOST_GROUPS * 3:
            return None
        return Meaning(
            column=column.name,
            role="area",
            variable="unlisted",
            label=label,
            reason="It is named like an area, and the population of its smallest area is not known.",
            question=f"what is the population of the smallest area of {column.name}? Then declare scores_as: "
            "{variable: residence_geography, population: …} and take the reviewer out",
        )
    return None


def _time(column: ColumnProfile, words: str, label: str) -> Meaning | None:
    if column.type == "date":
        if _named(words, "birth|dob|born|birthday|birthdate"):
            return Meaning(column=column.name, role="none", label=label, reason="A date of birth is never shown.")
        return Meaning(
            column=column.name, role="time", variable="time", label="Year", definition="Calendar year.",
            reason="It is a date; it is cut into years, which score 0.",
        )  # fmt: skip
    years = [
        re.fullmatch(r"(?:CY|FY|SFY|FFY)? ?((?:19|20)\d\d)(?:[-–/](?:\d\d|\d{4}))?", v.strip())
        for v in column.values or ()
    ]
    if (
        years
        and all(years)
        and (_named(words, "year|yr|period|cy|fy|sfy|ffy|fiscal|calendar") or _named(words, r"\w*year\w*"))
    ):
        return Meaning(
            column=column.name, role="time", variable="time", label="Year", definition="The year.",
            reason="It is named like a year and its values are years, which score 0.",
        )  # fmt: skip
    if _named(words, "month|quarter|week|period"):
        return Meaning(
            column=column.name,
            role="none",
            label=label,
            reason="It is named like a part of a year, which costs 3 to 5 points; years are proposed instead.",
        )
    return None


def _age(column: ColumnProfile, words: str, label: str) -> Meaning | None:
    if not _named(words, "ages?|agegroups?|agegrp|ageband|agecat"):
        return None
    low, high = column.low, column.high
    if column.type in ("integer", "number") and low is not None and high is not None and 0 <= low <= high <= OLDEST:
        return Meaning(
            column=column.name, role="age", variable="age_range", label="Age group", definition="Age in years.",
            reason="It is an age in years; groups of 15 years and more, the oldest open, score 2.",
        )  # fmt: skip
    values = column.values or ()
    plain = [v for v in values if not TOTAL.match(v.strip())]
    if plain and column.type == "text" and all(_AGES.match(v) or v.isdigit() for v in plain):
        return Meaning(
            column=column.name, role="group", variable="age_range", label="Age group", definition="Age group in years.",
            reason="Its values are age groups; the narrowest one decides the score.",
        )  # fmt: skip
    if values and len(values) <= MOST_GROUPS:
        return _expert(column, label, "It is named like an age, and not every group's first and last age can be read.",
                       f"which ages does each group of {column.name} hold? Then use `labels` that say so and "
                       "scores_as: age_range")  # fmt: skip
    return None


def _persons(column: ColumnProfile, words: str, label: str) -> Meaning | None:
    """Sex, race, ethnicity, language and the other characteristics the criteria list."""
    values = column.values
    if not values or len(values) > MOST_GROUPS:
        return None
    told = {re.sub(r"[^a-z0-9]+", " ", v.lower()).strip() for v in values if not TOTAL.match(v.strip())}

    def group(variable: ScoringVariableName, said: str, definition: str, **more: str) -> Meaning:
        return Meaning(
            column=column.name,
            role="group",
            variable=variable,
            label=label,
            definition=definition,
            reason=said,
            scores=more,
        )

    if _named(words, "sex|gender|gender identity|sex at birth"):
        if told <= _SEXES:
            return group("sex", "It is named like sex and has its categories.", "Sex, as the source records it.")
        if any("intersex" in v for v in told):
            return group(
                "intersex", "It is named like sex and has a third option, intersex.", "Sex, as the source records it."
            )
        return group("gender_identity", "It is named like gender and has more categories than two.", "Gender identity.")
    if _named(words, "sexual orientation|orientation"):
        return group("sexual_orientation", "It is named like sexual orientation.", "Sexual orientation.")
    if _named(words, "race|race eth|race ethnicity|raceeth|ethnicity|ethnic|ethnic group|hispanic|latino"):
        if told <= _HISPANIC and len(told) <= 3:
            return group("ethnicity", "It tells Hispanic from not Hispanic.", "Whether Hispanic or Latino.")
        broad = [scoring_criteria().is_broad_race(v) for v in values]
        if sum(broad) * 2 >= len(told) or len(told) <= 10:
            return group("race_ethnicity", "It is named like race or ethnicity; the groups shown decide the score.",
                         "Race and ethnicity, as the source groups them.")  # fmt: skip
        return _expert(column, label, "It is named like race or ethnicity in detail.",
                       f"what is the statewide population of the smallest group of {column.name}? Then declare scores_as: "
                       "{variable: detailed_race, population: …}")  # fmt: skip
    if _named(words, "language|lang|language spoken|primary language"):
        if told <= {"english", "spanish", "other"}:
            return group(
                "language", "Its values are English, Spanish and Other.", "Language.", groups="english_spanish_other"
            )
        return _expert(column, label, "It is named like language.",
                       f"how many people speak the smallest language of {column.name}? Then declare scores_as: "
                       "{variable: language, population: …}")  # fmt: skip
    if _named(words, "citizenship|citizen|immigration|immigration status|nativity|foreign born"):
        return group("immigration", "It is named like immigration status; finer groups are a population at high risk.",
                     "Immigration status.")  # fmt: skip
    if _named(words, "plan|health plan|insurance plan|payer|payor|coverage plan|program|aid code"):
        return _expert(column, label, "It is named like a plan or program, whose members must be known.",
                       f"how many members has the smallest plan or program of {column.name}? Then declare scores_as "
                       "insurance_coverage with `members`, or means_tested_program with `enrollment`")  # fmt: skip
    return None


def _figure(column: ColumnProfile, words: str, label: str) -> Meaning | None:
    if column.type != "integer" or column.low is None or column.low < 0 or _named(words, _NOT_COUNTS):
        return None
    of_persons = _named(words, _OF_PERSONS)
    if _named(words, "population|pop|popul|denominator|residents"):
        return Meaning(column=column.name, role="population", label=label, of_persons=True,
                       reason="It is named like a population.")  # fmt: skip
    if _named(words, _COUNTED):
        return Meaning(column=column.name, role="count", label=label, of_persons=of_persons,
                       reason="It is a whole number that is named like a count.")  # fmt: skip
    return None


def _category(column: ColumnProfile, words: str, label: str) -> Meaning | None:
    values = column.values
    if not values or len(values) > MOST_GROUPS or len(values) < 2 or column.type in ("number", "date"):
        return None
    coded = column.type == "integer" or column.code
    return Meaning(
        column=column.name,
        role="category",
        variable="other",
        label=label,
        reason=f"It has {len(values)} categories and is no variable the scoring criteria list; it scores by their number.",
        question=f"what does each code of {column.name} mean? Give `labels`" if coded else "",
    )


def _expert(column: ColumnProfile, label: str, reason: str, question: str) -> Meaning:
    return Meaning(
        column=column.name, role="category", variable="unlisted", label=label, reason=reason,
        question=f"{question}; or name the expert who reviewed it (DDG 2.0 §4.3.1)",
    )  # fmt: skip


def _label(name: str) -> str:
    words = words_of(name) or name
    return words[:1].upper() + words[1:]


_RULES: tuple[Callable[[ColumnProfile, str, str], Meaning | None], ...] = (
    _zip, _county, _time, _age, _persons, _ids, _figure, _category,
)  # fmt: skip
