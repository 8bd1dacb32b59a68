"""The declaration of a data table: which dimensions, which measures, which totals, how it is refreshed and protected."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from include.opendata.declaration.base import ColumnName, RangeEnd, Strict, TableName, Text, as_text, texts
from include.opendata.declaration.choices import (
    FileFormat,
    HighRiskPopulation,
    Masking,
    ScoringVariableName,
)
from include.opendata.declaration.refreshing import Refresh, Tolerance
from include.opendata.vocabulary import Annotation


class ScoresAs(Strict):
    """The row of the Publication Scoring Criteria a dimension stands for, and what the data cannot tell (DDG 2.0 §4.3.1)."""

    variable: ScoringVariableName
    reference: Annotated[
        str | None, Field(default=None, description="A population reference shipped with the project, by name.")
    ] = None
    population: Annotated[int | None, Field(default=None, ge=0, description="Population of the smallest group.")] = None
    members: Annotated[int | None, Field(default=None, ge=0, description="Members of the smallest plan.")] = None
    enrollment: Annotated[int | None, Field(default=None, ge=0, description="Enrollment of the smallest program.")] = (
        None
    )
    setting: Literal["address", "rural_address", "frontier_address"] | None = None
    groups: Annotated[
        Literal["broad", "all", "three", "detailed", "english_spanish_other"] | None,
        Field(
            default=None,
            description="For rows scored by kind of grouping. Left out: found from the labels where it can be.",
        ),
    ] = None
    reason: Annotated[
        Text | None, Field(default=None, description="Needed for not_personal: why it describes no person.")
    ] = None
    reviewer: Annotated[
        Text | None, Field(default=None, description="Needed for unlisted: the expert who reviewed it.")
    ] = None

    @model_validator(mode="before")
    @classmethod
    def _a_bare_word_is_the_variable(cls, value: Any) -> Any:
        return {"variable": value} if isinstance(value, str) else value


class Bin(Strict):
    """A range of whole numbers, both ends included; ``to`` left out means "and over"."""

    from_: Annotated[int, Field(alias="from")]
    to: int | None = None
    label: Text

    @model_validator(mode="after")
    def _ends_in_order(self) -> Bin:
        if self.to is not None and self.to < self.from_:
            raise ValueError("`to` is below `from`")
        return self


class Attribute(Strict):
    """A published column that says more of each category: a facility's address, an area's name. Every record of a category
    has the same value; the row of the total has none. What it says is public: its source column is of privacy `public`."""

    name: ColumnName
    label: Text
    definition: Text
    column: Annotated[str, Field(description="The source column it shows as it is: text, integer or number.")]
    decimals: Annotated[
        int, Field(default=6, ge=0, le=9, description="For a column of type number: the decimals published.")
    ] = 6


class Points(Strict):
    """Where the rows of a table lie: two attributes of one of its dimensions, in degrees (WGS 84)."""

    latitude: Annotated[str, Field(description="The attribute whose source column has `standard: latitude`.")]
    longitude: Annotated[str, Field(description="The attribute whose source column has `standard: longitude`.")]
    inside: Annotated[
        Literal["California"] | None,
        Field(default=None, description="Where every point must lie. Left out: anywhere on earth."),
    ] = None


class Dimension(Strict):
    """One dimension of a data table. Its categories come from exactly one of: the values as they are, ``labels``,
    ``recode``, ``bins``, ``period`` or ``standard``."""

    name: ColumnName
    label: Text
    definition: Text
    column: Annotated[str, Field(description="The source column it is made from.")]
    labels: Annotated[
        dict[str, Text] | None,
        Field(default=None, description="Published label for each value of the source, in order."),
    ] = None
    recode: Annotated[
        dict[str, list[str]] | None, Field(default=None, description="Published label: the source's values it gathers.")
    ] = None
    bins: Annotated[list[Bin] | None, Field(default=None, min_length=1)] = None
    period: Annotated[
        Literal["year", "half_year", "quarter", "month"] | None, Field(default=None, description="Cuts a date column.")
    ] = None
    standard: Annotated[
        Literal["county", "zip3"] | None,
        Field(
            default=None,
            description="A field standard: `county` reads a FIPS number and publishes County and County_FIPS; `zip3` reads "
            "ZIP codes of five digits, or their first three, and publishes the first three; it needs the `population` of "
            "the least peopled of these areas under `scores_as` (more than 20,000 under HIPAA's Safe Harbor).",
        ),
    ] = None
    missing: Annotated[
        Text | None, Field(default=None, description="Label for blanks. Left out: a blank is an error.")
    ] = None
    total: Annotated[
        Text | None, Field(default=None, description="Label of the published total. Left out: no total.")
    ] = None
    scores_as: ScoresAs
    attributes: Annotated[
        list[Attribute],
        Field(default=[], description="Further columns that say more of each category, such as a facility's address."),
    ] = []
    least_interesting: Annotated[
        list[str],
        Field(default=[], description="Labels to hide first when something must be hidden beside a small cell."),
    ] = []

    @field_validator("labels", mode="before")
    @classmethod
    def _label_keys_are_text(cls, value: Any) -> Any:
        return {as_text(k): as_text(v) for k, v in value.items()} if isinstance(value, dict) else value

    @field_validator("recode", mode="before")
    @classmethod
    def _recoded_values_are_text(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {as_text(k): texts(v) for k, v in value.items()}

    @model_validator(mode="after")
    def _one_way_of_making_categories(self) -> Dimension:
        ways = [w for w in ("labels", "recode", "bins", "period", "standard") if getattr(self, w) is not None]
        if len(ways) > 1:
            raise ValueError(f"categories are made in more than one way ({', '.join(ways)}); keep one")
        return self


class Condition(Strict):
    """Keeps the records whose column has one of these values, or lies in this range. Conditions add up with “and”."""

    column: str
    in_: Annotated[list[str] | None, Field(default=None, alias="in")] = None
    not_in: list[str] | None = None
    from_: Annotated[RangeEnd, Field(alias="from")] = None
    to: RangeEnd = None

    @field_validator("in_", "not_in", mode="before")
    @classmethod
    def _values_are_text(cls, value: Any) -> Any:
        return texts(value)

    @model_validator(mode="after")
    def _something_is_asked(self) -> Condition:
        asked = [self.in_ is not None, self.not_in is not None, self.from_ is not None or self.to is not None]
        if sum(asked) != 1:
            raise ValueError("give exactly one of `in`, `not_in`, or a range with `from` and/or `to`")
        return self


class _Measure(Strict):
    name: ColumnName
    label: Text
    definition: Text


class CountMeasure(_Measure):
    """How many records: persons when a record is a person, else events."""

    kind: Literal["count"]
    persons: Annotated[
        str | None,
        Field(
            default=None,
            description="For events: the column that names the person; both counts are kept from being small.",
        ),
    ] = None


class CountDistinctMeasure(_Measure):
    """How many different persons."""

    kind: Literal["count_distinct"]
    column: Annotated[str, Field(description="The column that names the person.")]


NotACount = Annotated[
    Text | None,
    Field(
        default=None,
        description="For an amount or a mean of small whole numbers, or of one and the same: why its figures count nothing "
        "(a score, a grade).",
    ),
]


class SumMeasure(_Measure):
    """A column added up."""

    kind: Literal["sum"]
    column: str
    of: Annotated[
        Literal["persons", "events", "population", "amount"],
        Field(description="What is added: persons or events (protected as counts), a public population, or an amount."),
    ]
    base: Annotated[
        str | None,
        Field(
            default=None,
            description="For an amount: the count it is derived from. Only a table that describes no people goes without.",
        ),
    ] = None
    decimals: Annotated[int, Field(default=0, ge=0, le=6)] = 0
    not_a_count_because: NotACount = None


class PopulationMeasure(_Measure):
    """The population of an area, from a reference that ships with the project."""

    kind: Literal["population"]
    reference: str
    dimension: Annotated[str, Field(description="The dimension whose categories the reference lists.")]


class MeanMeasure(_Measure):
    """A column's mean."""

    kind: Literal["mean"]
    column: str
    base: Annotated[str, Field(description="The count the mean is taken over; hidden with it.")]
    decimals: Annotated[int, Field(default=1, ge=0, le=6)] = 1
    not_a_count_because: NotACount = None


class RateMeasure(_Measure):
    """Numerator per so many of the denominator."""

    kind: Literal["rate"]
    numerator: str
    denominator: str
    per: Annotated[int, Field(gt=0)]
    decimals: Annotated[int, Field(default=1, ge=0, le=6)] = 1


class PercentMeasure(_Measure):
    """A count as a percentage of the same count with the named dimensions at their totals."""

    kind: Literal["percent"]
    numerator: str
    within: Annotated[list[str], Field(min_length=1, description="Dimensions whose total is the denominator.")]
    decimals: Annotated[int, Field(default=1, ge=0, le=6)] = 1


Measure = Annotated[
    CountMeasure | CountDistinctMeasure | SumMeasure | PopulationMeasure | MeanMeasure | RateMeasure | PercentMeasure,
    Field(discriminator="kind"),
]


class ExpectedTotal(Strict):
    """A figure the table as a whole must reproduce before anything is hidden."""

    measure: str
    total: float | int
    where: Annotated[str, Field(default="", description="Where the figure is from.")] = ""


class Table(Strict):
    """One data table: a selection and aggregation of the dataset, published as one file."""

    table: TableName
    title: Text
    description: Text
    dimensions: Annotated[list[Dimension], Field(min_length=1)]
    measures: Annotated[list[Measure], Field(min_length=1)]
    filter: list[Condition] = []
    absent_combinations: Annotated[
        Literal["zero", "omit"],
        Field(
            default="zero", description="Whether a combination no record has is written as a row of zeros or left out."
        ),
    ] = "zero"
    formats: Annotated[
        list[FileFormat],
        Field(
            default=["csv"],
            description="The files the table is offered as. CSV is always among them; `geojson` and `shapefile` are for "
            "tables with `points`.",
        ),
    ] = ["csv"]
    points: Annotated[
        Points | None,
        Field(
            default=None,
            description="For a table of facilities or other places: which attributes hold their coordinates.",
        ),
    ] = None
    refresh: Annotated[
        Refresh,
        Field(
            default_factory=Refresh,
            description="`replace` (left out), `append`, `update` or `delete`; see docs/refresh-mechanisms.md.",
        ),
    ]
    annotation: Annotated[
        Annotation,
        Field(
            default="separate",
            description="`separate`: codes 1 and 2 are distinguished. `combined`: one code for both.",
        ),
    ] = "separate"
    masking: Annotated[
        Masking,
        Field(
            default="suppression",
            description="`suppression`: counts, the small ones hidden. `whole_percentages`: no count at all, for three "
            "categories of which one is small; the table has one dimension with a total, a count, and its percentage with 0 "
            "decimals, and is the only table of its dataset.",
        ),
    ] = "suppression"
    high_risk_populations: list[HighRiskPopulation] = []
    expected_totals: list[ExpectedTotal] = []
    tolerances: Annotated[
        list[Tolerance],
        Field(default=[], description="How far its figures may move before a person must look at the release."),
    ] = []

    @property
    def published_measures(self) -> list[Measure]:
        """The measures that are published; in a table of whole percentages the count they are made of is not."""
        if self.masking == "whole_percentages":
            return [m for m in self.measures if isinstance(m, PercentMeasure)]
        return list(self.measures)

    def dimension(self, name: str) -> Dimension:
        """The dimension called ``name``; KeyError when there is none."""
        for dimension in self.dimensions:
            if dimension.name == name:
                return dimension
        raise KeyError(name)

    @property
    def attributes(self) -> list[Attribute]:
        """The attributes of all dimensions, in order."""
        return [attribute for dimension in self.dimensions for attribute in dimension.attributes]

    @property
    def published_formats(self) -> list[FileFormat]:
        """The formats in the order they are offered in: CSV first, then as declared."""
        declared: list[FileFormat] = ["csv", *self.formats]
        return list(dict.fromkeys(declared))

    def attribute(self, name: str) -> Attribute:
        """The attribute called ``name``; KeyError when there is none."""
        for attribute in self.attributes:
            if attribute.name == name:
                return attribute
        raise KeyError(name)

    def measure(self, name: str) -> Measure:
        """The measure called ``name``; KeyError when there is none."""
        for measure in self.measures:
            if measure.name == name:
                return measure
        raise KeyError(name)


def is_protected_count(measure: Any) -> bool:
    """Whether a measure counts persons or their events, so that small cells of it are hidden (DDG 2.0 §4.4.1)."""
    return isinstance(measure, CountMeasure | CountDistinctMeasure) or (
        isinstance(measure, SumMeasure) and measure.of in ("persons", "events")
    )


def names_persons_behind(measure: Any) -> bool:
    """Whether a measure counts records and says whose they are."""
    return isinstance(measure, CountMeasure) and measure.persons is not None


def is_public_population(measure: Any) -> bool:
    """Whether a measure is a population figure that is public by itself."""
    return isinstance(measure, PopulationMeasure) or (isinstance(measure, SumMeasure) and measure.of == "population")
