"""The facts a publication score is made of: what a table shows, never the table itself (DDG 2.0 §4.3.1).

The same model serves a table that exists, whose facts are computed (``gate.facts``), and one that is only planned,
whose facts a steward writes into a YAML file (``load_facts``). It says nothing about points: that is ``gate.scoring``.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from include.opendata import yaml_reader
from include.opendata.errors import DeclarationError, Place

Time = Literal["five_years", "two_to_four_years", "year", "half_year", "quarter", "month", "week", "day"]
Setting = Literal["address", "rural_address", "frontier_address"]
People = Annotated[int, Field(ge=0, strict=True)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


AnyPart = TypeVar("AnyPart", bound=_Part)


class Shown(_Part):
    """A variable whose being shown is all that counts, written ``sex: {}``."""


class Population(_Part):
    """Statewide population of the smallest group."""

    population: People


class ResidenceGeography(_Part):
    """Where people live: population of the smallest area, or the whole state."""

    population: People | None = None
    statewide: bool = False

    @model_validator(mode="after")
    def _one_of_the_two(self) -> ResidenceGeography:
        return _exactly_one(self, "population", "statewide")


class ServiceGeography(_Part):
    """Where people were served: population of the smallest area, the whole state, or the setting of the address.

    ``coincides_with_residence: false`` says that the table shows both where people live and where they were served, as
    two variables; otherwise the two are one (county-run services). A ``hospital`` is exempt from the rural rise.
    """

    population: People | None = None
    statewide: bool = False
    setting: Setting | None = None
    hospital: bool = False
    coincides_with_residence: bool = True

    @model_validator(mode="after")
    def _one_of_the_three(self) -> ServiceGeography:
        return _exactly_one(self, "population", "statewide", "setting")


class AgeRange(_Part):
    """Years in the narrowest age group; 12–14 is three."""

    narrowest_years: Annotated[float, Field(gt=0, allow_inf_nan=False)]


class RaceEthnicity(_Part):
    """``broad``: only White, Asian, Black, Hispanic, Middle Eastern or North African; ``all``: any group beyond."""

    groups: Literal["broad", "all"]


class Language(_Part):
    """English, Spanish and Other; or the population of the smallest language group."""

    groups: Literal["english_spanish_other"] | None = None
    population: People | None = None

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Language:
        return _exactly_one(self, "groups", "population")


class GenderIdentity(_Part):
    """``three``: man, woman, transgender or nonbinary; ``detailed``: groups within the third."""

    groups: Literal["three", "detailed"]


class InsuranceCoverage(_Part):
    """Members of the smallest plan."""

    members: People


class MeansTestedProgram(_Part):
    """Enrollment of the smallest program."""

    enrollment: People


class OtherVariable(_Part):
    """A variable without a row of its own: the population of its smallest group, or how many groups it has."""

    name: Annotated[str, StringConstraints(min_length=1)]
    population: People | None = None
    groups: Annotated[int, Field(ge=1, strict=True)] | None = None

    @model_validator(mode="after")
    def _one_of_the_two(self) -> OtherVariable:
        return _exactly_one(self, "population", "groups")


class Variables(_Part):
    """The variables a table shows, cross-tabulated with each other. What is left out is not shown."""

    residence_geography: ResidenceGeography | None = None
    service_geography: ServiceGeography | None = None
    age_range: AgeRange | None = None
    race_ethnicity: RaceEthnicity | None = None
    detailed_race: Population | None = None
    ethnicity: Shown | None = None
    detailed_ethnicity: Population | None = None
    language: Language | None = None
    sex: Shown | None = None
    sexual_orientation: Shown | None = None
    gender_identity: GenderIdentity | None = None
    intersex: Shown | None = None
    immigration: Shown | None = None
    insurance_coverage: InsuranceCoverage | None = None
    means_tested_program: MeansTestedProgram | None = None
    other: tuple[OtherVariable, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _named_is_shown(cls, value: Any) -> Any:
        """``sex:`` with nothing behind it says that sex is shown; reading it as “not shown” would lower the score."""
        if isinstance(value, dict):
            return {key: {} if part is None and key != "other" else part for key, part in value.items()}
        return value


class Facts(_Part):
    """Everything the score needs to know of a table.

    ``events``: smallest non-zero count (None: not looked at; scored as if it could be 1).
    ``time``: length of the shortest period. ``variables``: those shown together in one cross-tabulation.
    """

    events: Annotated[int, Field(ge=1, strict=True)] | None
    time: Time
    variables: Variables = Variables()


def load_facts(path: Path) -> Facts:
    """The facts written in a YAML file. Raises DeclarationError, listing every problem with its line."""
    data, positions = yaml_reader.read(path)
    shown = yaml_reader.shown(path)
    if not isinstance(data, dict):
        raise DeclarationError(
            "a facts file has the fields `events`, `time` and `variables`",
            remedy="Write one field per line, each as `name: value`.",
            slug="facts-invalid",
            place=Place(file=shown, line=1),
        )
    problems: list[tuple[int, str]] = []
    if "events" in data and data["events"] is None:
        problems.append((positions.line(("events",)), "`events`: the smallest non-zero count is needed"))
    try:
        facts = Facts.model_validate(data)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            problems.append((positions.line(detail["loc"]), _in_words(detail)))
    if problems:
        problems.sort()
        raise DeclarationError(
            "the facts have 1 problem" if len(problems) == 1 else f"the facts have {len(problems)} problems",
            remedy="Fix the lines that are named; docs/rules.md shows what a facts file holds.",
            slug="facts-invalid",
            place=Place(file=shown, line=problems[0][0]),
            details=tuple(f"line {line}, {sentence}" for line, sentence in problems),
        )
    return facts


def _in_words(detail: Any) -> str:
    """One of pydantic's problems as a sentence for the person who wrote the file; it never repeats the value."""
    location, kind = detail["loc"], detail["type"]
    field = ".".join(str(step + 1) if isinstance(step, int) else step for step in location)
    if kind == "extra_forbidden":
        return f"`{field}`: {_unknown_field(location)}"
    if kind == "literal_error":
        return f"`{field}`: {_unknown_choice(detail)}"
    for start, sentence in _SENTENCES.items():
        if kind.startswith(start):
            return f"`{field}`: {sentence.format(**detail.get('ctx', {}))}"
    return f"`{field}`: {str(detail['msg']).removeprefix('Value error, ')}"


_SENTENCES = {
    "missing": "this field is missing",
    "int_": "a whole number is needed, without commas or quotes",
    "float_": "a number is needed, without commas or quotes",
    "bool_": "yes or no is needed",
    "model_type": "named fields are needed here, such as `{{population: 40474}}`; `{{}}` where there is nothing to add",
    "dict_type": "named fields are needed here, such as `{{population: 40474}}`; `{{}}` where there is nothing to add",
    "tuple_type": "a list is needed: lines that start with a dash",
    "list_type": "a list is needed: lines that start with a dash",
    "greater_than_equal": "it must be {ge} or more",
    "greater_than": "it must be more than {gt}",
}
"""How pydantic's kinds of errors begin → what to tell; the longer of two that begin alike stands first."""


def _unknown_field(location: tuple[str | int, ...]) -> str:
    known = _fields_beside(location[:-1])
    return f"there is no such field here; allowed: {', '.join(known) or 'nothing'}{_did_you_mean(location[-1], known)}"


def _unknown_choice(detail: Any) -> str:
    expected = str(detail.get("ctx", {}).get("expected", ""))
    choices = expected.replace("'", "").replace(" or ", ", ").split(", ")
    return f"allowed: {', '.join(choices)}{_did_you_mean(detail.get('input'), choices)}"


def _did_you_mean(written: object, choices: Sequence[str]) -> str:
    similar = difflib.get_close_matches(str(written), choices, n=1)
    return f"; did you mean `{similar[0]}`?" if similar else ""


def _fields_beside(location: tuple[str | int, ...]) -> list[str]:
    """The fields allowed at ``location`` of a facts file, from the models themselves."""
    model: type[BaseModel] = Facts
    for step in location:
        if isinstance(step, str):
            model = _model_within(model.model_fields[step].annotation) or model
    return list(model.model_fields)


def _model_within(annotation: object) -> type[BaseModel] | None:
    """The model a field holds: by itself, in a tuple, or where it may be left out."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for inner in get_args(annotation) if (model := _model_within(inner))), None)


def _exactly_one(part: AnyPart, *names: str) -> AnyPart:
    # Not `in (None, False)`: an area of 0 people is given, and 0 equals False.
    given = [name for name in names if (value := getattr(part, name)) is not None and value is not False]
    if len(given) != 1:
        choice = " or ".join(f"`{name}`" for name in names)
        raise ValueError(f"give exactly one of {choice}")
    return part
