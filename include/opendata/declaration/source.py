"""The declaration's account of the source: where it is, what a record is, what each column means."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator

from include.opendata.declaration.base import ColumnName, DayOrText, RangeEnd, Strict, Text, texts
from include.opendata.declaration.choices import ColumnType, Encoding, FieldStandardName, PrivacyClass, SourceFormat


class ValueRange(Strict):
    """Numbers or dates from ``from`` to ``to``, both included; either end may be left open."""

    from_: Annotated[RangeEnd, Field(alias="from")] = None
    to: RangeEnd = None


class SourceColumn(Strict):
    """One column of the source, as the data dictionary will describe it."""

    name: Annotated[str, Field(min_length=1, description="The column's header in the source, to the letter.")]
    type: ColumnType
    label: Text
    definition: Text
    privacy: PrivacyClass
    valid_values: Annotated[
        list[str] | ValueRange | None,
        Field(
            default=None,
            description="Every value allowed, or a range `{from: …, to: …}`. Left out: anything of the type.",
        ),
    ] = None
    pattern: Annotated[str | None, Field(default=None, description="A regular expression every value must match.")] = (
        None
    )
    standard: Annotated[
        FieldStandardName | None,
        Field(
            default=None,
            description="The field standard its values follow, such as `county_fips` or `latitude`; the source is checked "
            "against it, and so is every published column that shows the values as they are.",
        ),
    ] = None
    required: Annotated[bool, Field(default=True, description="Whether a blank is an error.")] = True
    not_personal_because: Annotated[
        Text | None,
        Field(default=None, description="Answers a false alarm of the identifier scan: why this column names no one."),
    ] = None

    @field_validator("valid_values", mode="before")
    @classmethod
    def _values_are_text(cls, value: Any) -> Any:
        return texts(value)


class ControlTotal(Strict):
    """A figure the source must reproduce, as its owner states it."""

    column: Annotated[
        str | None, Field(default=None, description="The column to add up. Left out: the number of rows.")
    ] = None
    total: float | int
    where: Annotated[str, Field(default="", description="Where the figure is from.")] = ""


class UnrelatedColumns(Strict):
    """Columns that look in the data as if one were a part of the other, and are not."""

    columns: Annotated[list[str], Field(min_length=2, description="Names of source columns.")]
    because: Annotated[Text, Field(description="Why none of them counts a part of another.")]


class Source(Strict):
    """The source, read as it is and never changed."""

    location: Annotated[
        Text,
        Field(
            description="A path (from the project's root, or absolute), or an https://, http://, file:// or s3:// address."
        ),
    ]
    format: SourceFormat = "csv"
    encoding: Encoding = "utf-8"
    # A tab is white space, and would be stripped with the rest.
    delimiter: Annotated[str, StringConstraints(strip_whitespace=False, min_length=1, max_length=1)] = ","
    missing: Annotated[list[DayOrText], Field(default=[""], description="The texts that mean “no value”.")] = [""]
    record: Annotated[
        Literal["person", "event", "aggregate"],
        Field(description="What one record is: a person, an event of a person, or a figure already added up."),
    ]
    records_per_person: Annotated[
        Literal["one", "several"] | None,
        Field(
            default=None,
            description="How many records a person may have. Needed where events are counted and no column names the person: "
            "`one`: never more than one; `several`: a count of many events may be of one person, which the evidence page then "
            "says. A person's own records (`record: person`) are one each; say `one` where different persons share a value of "
            "a direct identifier.",
        ),
    ] = None
    key: Annotated[
        list[str], Field(default=[], description="Columns that together name a record; checked to be unique.")
    ] = []
    columns: Annotated[list[SourceColumn], Field(min_length=1)]
    unused_columns: Annotated[
        list[str],
        Field(default=[], description="Columns the source has and the tables do not need; they are not kept."),
    ] = []
    control_totals: list[ControlTotal] = []
    unrelated: Annotated[
        list[UnrelatedColumns],
        Field(
            default=[],
            description="Answers the refusal `measures-nearly-tied`: columns that are added up and have nothing to do with one "
            "another, although one is the larger, or the sum of others, in all but a few records.",
        ),
    ] = []

    def column(self, name: str) -> SourceColumn:
        """The column called ``name``; KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


__all__ = ["ColumnName", "ControlTotal", "Source", "SourceColumn", "UnrelatedColumns", "ValueRange"]
