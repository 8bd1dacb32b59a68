"""What a column stands for among the variables that are scored, guessed from its name and its values (DDG 2.0 §4.3.1).

A guess comes with its reason and is the steward's to confirm. Where the rules need a fact no column holds (a population, a
plan's members), the column is proposed as a variable that an expert must review, by name, which no one has been yet: then the
question stays open and no refresh runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from include.opendata.declaration.choices import ScoringVariableName
from include.opendata.gate.scored_dimensions import AGE_LABEL
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
CALIFORNIA = 6000
"""What a FIPS number of a county begins with where the state is part of it."""
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


@dataclass(frozen=True)
class _Clue:
    """A column with what its name and its values say: ``words``: of its name, in small letters; ``plain``: its values but for
    those that look like totals."""

    column: ColumnProfile
    words: str
    label: str
    plain: tuple[str, ...]

    @classmethod
    def of(cls, column: ColumnProfile) -> _Clue:
        words = words_of(column.name)
        text = words or column.name
        plain = tuple(v for v in column.values or () if not TOTAL.match(v.strip()))
        return cls(column, words, text[:1].upper() + text[1:], plain)

    @property
    def values(self) -> tuple[str, ...]:
        """Its values where they are listed."""
        return self.column.values or ()

    def is_named(self, pattern: str) -> bool:
        """Whether these whole words are in its name."""
        return re.search(rf"(?:^| )(?:{pattern})(?: |$)", self.words) is not None

    def means(
        self,
        role: Role,
        reason: str,
        *,
        variable: ScoringVariableName | None = None,
        label: str = "",
        definition: str = "",
        question: str = "",
        scores: dict[str, str] | None = None,
    ) -> Meaning:
        """The meaning of this column."""
        return Meaning(
            column=self.column.name,
            role=role,
            reason=reason,
            label=label or self.label,
            definition=definition,
            variable=variable,
            scores=scores or {},
            question=question,
        )

    def for_an_expert(self, reason: str, question: str) -> Meaning:
        """A category whose points depend on a fact no column holds."""
        return self.means(
            "category",
            reason,
            variable="unlisted",
            question=f"{question}; or name the expert who reviewed it (DDG 2.0 §4.3.1)",
        )


Rule = Callable[[_Clue], Meaning | None]
"""What a column stands for, or None where the rule does not know it."""


def meaning(column: ColumnProfile) -> Meaning:
    """What ``column`` stands for."""
    clue = _Clue.of(column)
    if column.unreadable:
        return clue.means("none", f"A refresh could not read it: {column.unreadable}.")
    meant = _first(_RULES, clue)
    if meant is None:
        return clue.means("none", _too_many(column))
    if not meant.is_dimension or not clue.plain:  # where every value looks like a total, none is
        return meant
    return meant.model_copy(update={"totals": tuple(v for v in clue.values if TOTAL.match(v.strip()))})


def _first(rules: Iterable[Rule], clue: _Clue) -> Meaning | None:
    """What the first rule that knows the column says of it."""
    return next((meant for rule in rules if (meant := rule(clue)) is not None), None)


def _too_many(column: ColumnProfile) -> str:
    if column.type in ("number", "date"):
        return "Nothing in its name says what it is for."
    return (
        f"It has {'about ' if not column.exact else ''}{column.distinct:,} different values, too many for categories."
    )


def _zip(clue: _Clue) -> Meaning | None:
    if not clue.is_named("zip|zip code|zipcode|postal code|zip ?[345]|zcta"):
        return None
    return clue.means(
        "none",
        "ZIP codes make a table only as areas of three digits, whose least population must be known (HIPAA Safe "
        "Harbor); declare `standard: zip3` with that `population` if it is needed.",
    )


def _county(clue: _Clue) -> Meaning | None:
    if not clue.plain:
        return None
    if clue.is_named("county ?fips|fips|county ?code|county|countyfp|fips ?code|geoid|cnty|co") and _are_fips_numbers(
        clue
    ):
        county = clue.means(
            "county",
            "Its values are the FIPS numbers of California's counties, published by name and number "
            "(Handbook, Guidelines §3).",
            variable="residence_geography",
            label="County",
            definition="The county.",
        )
        return county.model_copy(update={"standard": "county"})
    if {v.strip() for v in clue.plain} <= {area.name for area in california_counties().areas}:
        return clue.means(
            "area",
            "Its values are the names of California's counties; a column of FIPS numbers would be better, for the "
            "Handbook (Guidelines §3) asks for County_FIPS beside County.",
            variable="residence_geography",
            scores={"reference": "california_counties"},
            label="County",
            definition="The county.",
        )
    return None


def _are_fips_numbers(clue: _Clue) -> bool:
    """Whether the values are numbers of California's counties: with the state's 06 in front or not, as text in full length."""
    if not all(v.isdigit() for v in clue.plain):
        return False
    if clue.column.type != "integer" and not all(len(v) in (3, 5) for v in clue.plain):
        return False
    numbers = [int(v) for v in clue.plain]
    codes = {f"{number - CALIFORNIA if number > CALIFORNIA else number:03}" for number in numbers}
    return codes <= {area.code for area in california_counties().areas}


def _area(clue: _Clue) -> Meaning | None:
    if not clue.values or not clue.is_named("county|cnty|region|city|district|tract|msa|mssa|area|place|geography"):
        return None
    if len(clue.values) > MOST_GROUPS * 3:
        return None
    return clue.means(
        "area",
        "It is named like an area, and the population of its smallest area is not known.",
        variable="unlisted",
        question=f"what is the population of the smallest area of {clue.column.name}? Then declare scores_as: "
        "{variable: residence_geography, population: …} and take the reviewer out",
    )


def _time(clue: _Clue) -> Meaning | None:
    if clue.column.type == "date":
        if clue.is_named("birth|dob|born|birthday|birthdate"):
            return clue.means("none", "A date of birth is never shown.")
        return clue.means(
            "time",
            "It is a date; it is cut into years, which score 0.",
            variable="time",
            label="Year",
            definition="Calendar year.",
        )
    if clue.is_named(r"year|yr|period|cy|fy|sfy|ffy|fiscal|calendar|\w*year\w*") and _are_years(clue.values):
        return clue.means(
            "time",
            "It is named like a year and its values are years, which score 0.",
            variable="time",
            label="Year",
            definition="The year.",
        )
    if clue.is_named("month|quarter|week|period"):
        return clue.means(
            "none", "It is named like a part of a year, which costs 3 to 5 points; years are proposed instead."
        )
    return None


def _are_years(values: Sequence[str]) -> bool:
    """Whether these are years, fiscal ones (``SFY 2019-20``) among them."""
    year = re.compile(r"(?:CY|FY|SFY|FFY)? ?((?:19|20)\d\d)(?:[-–/](?:\d\d|\d{4}))?")
    return bool(values) and all(year.fullmatch(v.strip()) for v in values)


def _age(clue: _Clue) -> Meaning | None:
    if not clue.is_named("ages?|agegroups?|agegrp|ageband|agecat"):
        return None
    if _are_ages(clue.column):
        return clue.means(
            "age",
            "It is an age in years; groups of 15 years and more, the oldest open, score 2.",
            variable="age_range",
            label="Age group",
            definition="Age in years.",
        )
    if clue.column.type == "text" and clue.plain and all(AGE_LABEL.match(v) or v.isdigit() for v in clue.plain):
        return clue.means(
            "group",
            "Its values are age groups; the narrowest one decides the score.",
            variable="age_range",
            label="Age group",
            definition="Age group in years.",
        )
    if 0 < len(clue.values) <= MOST_GROUPS:
        return clue.for_an_expert(
            "It is named like an age, and not every group's first and last age can be read.",
            f"which ages does each group of {clue.column.name} hold? Then use `labels` that say so and scores_as: age_range",
        )
    return None


def _are_ages(column: ColumnProfile) -> bool:
    if column.type not in ("integer", "number") or column.low is None or column.high is None:
        return False
    return 0 <= column.low <= column.high <= OLDEST


def _sex(clue: _Clue) -> Meaning | None:
    if not clue.is_named("sex|gender|gender identity|sex at birth"):
        return None
    groups = _in_small_letters(clue.plain)
    if groups <= _SEXES:
        return clue.means(
            "group",
            "It is named like sex and has its categories.",
            variable="sex",
            definition="Sex, as the source records it.",
        )
    if any("intersex" in group for group in groups):
        return clue.means(
            "group",
            "It is named like sex and has a third option, intersex.",
            variable="intersex",
            definition="Sex, as the source records it.",
        )
    return clue.means(
        "group",
        "It is named like gender and has more categories than two.",
        variable="gender_identity",
        definition="Gender identity.",
    )


def _orientation(clue: _Clue) -> Meaning | None:
    if not clue.is_named("sexual orientation|orientation"):
        return None
    return clue.means(
        "group",
        "It is named like sexual orientation.",
        variable="sexual_orientation",
        definition="Sexual orientation.",
    )


def _race(clue: _Clue) -> Meaning | None:
    if not clue.is_named("race|race eth|race ethnicity|raceeth|ethnicity|ethnic|ethnic group|hispanic|latino"):
        return None
    groups = _in_small_letters(clue.plain)
    if groups <= _HISPANIC and len(groups) <= 3:
        return clue.means(
            "group",
            "It distinguishes Hispanic from not Hispanic.",
            variable="ethnicity",
            definition="Whether Hispanic or Latino.",
        )
    broad = sum(scoring_criteria().is_broad_race(v) for v in clue.values)
    if broad * 2 >= len(groups) or len(groups) <= 10:
        return clue.means(
            "group",
            "It is named like race or ethnicity; the groups shown decide the score.",
            variable="race_ethnicity",
            definition="Race and ethnicity, as the source groups them.",
        )
    return clue.for_an_expert(
        "It is named like race or ethnicity in detail.",
        f"what is the statewide population of the smallest group of {clue.column.name}? Then declare scores_as: "
        "{variable: detailed_race, population: …}",
    )


def _language(clue: _Clue) -> Meaning | None:
    if not clue.is_named("language|lang|language spoken|primary language"):
        return None
    if _in_small_letters(clue.plain) <= {"english", "spanish", "other"}:
        return clue.means(
            "group",
            "Its values are English, Spanish and Other.",
            variable="language",
            definition="Language.",
            scores={"groups": "english_spanish_other"},
        )
    return clue.for_an_expert(
        "It is named like language.",
        f"how many people speak the smallest language of {clue.column.name}? Then declare scores_as: "
        "{variable: language, population: …}",
    )


def _immigration(clue: _Clue) -> Meaning | None:
    if not clue.is_named("citizenship|citizen|immigration|immigration status|nativity|foreign born"):
        return None
    return clue.means(
        "group",
        "It is named like immigration status; finer groups are a population at high risk.",
        variable="immigration",
        definition="Immigration status.",
    )


def _plan(clue: _Clue) -> Meaning | None:
    if not clue.is_named("plan|health plan|insurance plan|payer|payor|coverage plan|program|aid code"):
        return None
    return clue.for_an_expert(
        "It is named like a plan or program, whose members must be known.",
        f"how many members has the smallest plan or program of {clue.column.name}? Then declare scores_as "
        "insurance_coverage with `members`, or means_tested_program with `enrollment`",
    )


def _characteristic(clue: _Clue) -> Meaning | None:
    """A characteristic of persons the criteria list: sex, race, ethnicity, language and the others."""
    if not 0 < len(clue.values) <= MOST_GROUPS:
        return None
    return _first((_sex, _orientation, _race, _language, _immigration, _plan), clue)


def _in_small_letters(values: Iterable[str]) -> set[str]:
    return {re.sub(r"[^a-z0-9]+", " ", v.lower()).strip() for v in values}


def _number(clue: _Clue) -> Meaning | None:
    """The number of a person, of an event, or a running one."""
    if not clue.is_named("id|ids|identifier|uid|guid|key|no|nr|record|rownames|rowid|mrn|cin|index|seq"):
        return None
    if clue.column.values is not None and len(clue.values) <= 20:  # so few are categories
        return None
    if clue.is_named("person|patient|client|member|beneficiary|enrollee|recipient|participant|mrn|cin|ssn"):
        return clue.means("person", "It is named like the number of a person.")
    if clue.is_named("visit|encounter|claim|event|case|incident|admission|discharge|test|report"):
        return clue.means("event_id", "It is named like the number of an event.")
    return clue.means("none", "It is named like a running number.")


def _figure(clue: _Clue) -> Meaning | None:
    column = clue.column
    if column.type != "integer" or column.low is None or column.low < 0 or clue.is_named(_NOT_COUNTS):
        return None
    if clue.is_named("population|pop|popul|denominator|residents"):
        return clue.means("population", "It is named like a population.").model_copy(update={"of_persons": True})
    if clue.is_named(_COUNTED):
        count = clue.means("count", "It is a whole number that is named like a count.")
        return count.model_copy(update={"of_persons": clue.is_named(_OF_PERSONS)})
    return None


def _category(clue: _Clue) -> Meaning | None:
    column = clue.column
    if not 2 <= len(clue.values) <= MOST_GROUPS or column.type in ("number", "date"):
        return None
    coded = column.type == "integer" or column.code
    return clue.means(
        "category",
        f"It has {len(clue.values)} categories and is no variable the scoring criteria list; it scores by their number.",
        variable="other",
        question=f"what does each code of {column.name} mean? Give `labels`" if coded else "",
    )


# The first that knows the column decides.
_RULES: tuple[Rule, ...] = (
    _zip, _county, _area, _time, _age, _characteristic, _number, _figure, _category,
)  # fmt: skip
