"""How a table is refreshed, and by how much a refresh may move it before a person has to look.

A table is replaced unless its declaration says otherwise. The other mechanisms bring a part: *append* adds rows whose key
is new, *update* puts rows in place of those with the same key, *delete* takes away the rows whose key the extract names, or
those a rule names. A key is the dimensions of the table, or some of them. What follows from a choice, across fields, is
checked in ``refresh_rules``.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from include.opendata.declaration.base import Strict, Text
from include.opendata.declaration.choices import RefreshMechanism

_SPAN = re.compile(r"^(\d{1,3})\s+(year|month)s?$")
_PERCENT = re.compile(r"^(\d+(?:\.\d+)?)\s*%$")


class Removal(Strict):
    """Which rows a rule takes away: those of periods before one, or older than so long."""

    dimension: Annotated[str, Field(description="The dimension that is the time: years, or a date cut with `period`.")]
    before: Annotated[
        Text | None, Field(default=None, description="The first period that stays, as it is published: 2021, 2021-Q3.")
    ] = None
    older_than: Annotated[
        str | None,
        Field(
            default=None,
            pattern=_SPAN.pattern,
            description="So many years or months up to the newest period of the table stay: `5 years`.",
        ),
    ] = None

    @field_validator("before", mode="before")
    @classmethod
    def _a_year_is_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @model_validator(mode="after")
    def _one_rule(self) -> Removal:
        if (self.before is None) == (self.older_than is None):
            raise ValueError("give exactly one of `before` and `older_than`")
        return self

    @property
    def months(self) -> int:
        """The months that stay, for ``older_than``."""
        matched = _SPAN.match(self.older_than or "")
        if matched is None:
            raise ValueError("only `older_than` has a length")
        return int(matched[1]) * (12 if matched[2] == "year" else 1)


class Refresh(Strict):
    """How the table comes to its next release. A bare word is the mechanism."""

    mechanism: RefreshMechanism = "replace"
    key: Annotated[
        list[str] | None,
        Field(
            default=None, min_length=1, description="The dimensions that name what is added, replaced or removed; all."
        ),
    ] = None
    remove: Annotated[
        Removal | None, Field(default=None, description="Rows that go by rule, whatever the extract brings.")
    ] = None

    @model_validator(mode="before")
    @classmethod
    def _a_bare_word_is_the_mechanism(cls, value: Any) -> Any:
        return {"mechanism": value} if isinstance(value, str) else value

    @property
    def merges(self) -> bool:
        """Whether what is published already stays, but for what the mechanism changes."""
        return self.mechanism != "replace"


class Tolerance(Strict):
    """How far published figures may move from one release to the next. What moves by that much or more waits for a person."""

    measure: Annotated[str | None, Field(default=None, description="The measure whose figures are compared.")] = None
    by: Annotated[
        list[str],
        Field(default=[], description="One figure for each category of these dimensions; all others at their total."),
    ] = []
    moves_less_than: Annotated[
        str | None,
        Field(default=None, pattern=_PERCENT.pattern, description="Of its old value, with a percent sign: `30%`."),
    ] = None
    rows_move_less_than: Annotated[
        str | None,
        Field(
            default=None, pattern=_PERCENT.pattern, description="For the number of rows, with a percent sign: `10%`."
        ),
    ] = None

    @field_validator("by", mode="before")
    @classmethod
    def _a_bare_word_is_one_dimension(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_question(self) -> Tolerance:
        asked = (self.measure is not None, self.moves_less_than is not None, self.rows_move_less_than is not None)
        if asked not in ((True, True, False), (False, False, True)) or (self.by and not asked[0]):
            raise ValueError("give `measure` with `moves_less_than` (and `by`), or `rows_move_less_than` alone")
        return self

    @property
    def percent(self) -> float:
        """The limit, in percent of the old value."""
        matched = _PERCENT.match(self.moves_less_than or self.rows_move_less_than or "")
        if matched is None:
            raise ValueError("a tolerance has a limit")
        return float(matched[1])
