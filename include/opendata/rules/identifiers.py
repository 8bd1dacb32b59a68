"""What identifies a person, as data: names of columns, shapes of values, and when they alarm (HIPAA Safe Harbor; DDG 2.0 §4).

It fills the named parts into the patterns and looks names up. What a column's values are is asked in ``identifiers``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any, Literal

from pydantic import Field, model_validator

from include.opendata.rules.criteria import Criterion, read

ColumnType = Literal["text", "integer", "number", "date", "boolean"]
CheckDigit = Literal["luhn", "npi", "vin", "dea"]

ANYTHING = r"(.|\n)*"
_PART = re.compile(r"<([a-z0-9_]+)>")


class Alarm(Criterion):
    """When matching values alarm: from so many ``rows``, or from a ``share`` of the filled rows (0 to 1)."""

    rows: int | None = Field(default=None, ge=1)
    share: float | None = Field(default=None, gt=0, le=1)
    first_digits: int = Field(default=0, ge=0, le=10)
    distinct: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _one_measure(self) -> Alarm:
        if (self.rows is None) == (self.share is None):
            raise ValueError("an alarm counts rows or a share")
        return self

    def rings(self, *, rows: int, filled: int, distinct: int, first_digits: int) -> bool:
        """Whether ``rows`` matching of ``filled`` rows, with so many distinct values and first digits, are an alarm."""
        enough = rows >= self.rows if self.rows is not None else rows >= (self.share or 0) * filled
        return rows > 0 and enough and distinct >= self.distinct and first_digits >= self.first_digits


class Form(Criterion):
    """One shape of values. ``pattern`` fits the whole value; forms of date columns have none."""

    form: str
    of: tuple[ColumnType, ...]
    pattern: str | None = None
    within: bool = False
    edge: str = "[^0-9A-Z]"
    length: tuple[int, int] | None = None
    contains: tuple[str, ...] = ()
    unless: str | None = None
    check: CheckDigit | None = None
    individuals: bool = False
    named: str | None = None
    alarm: Alarm

    @model_validator(mode="after")
    def _patterns_are_for_text_and_digits(self) -> Form:
        if (self.pattern is None) != (self.of == ("date",)):
            raise ValueError(f"{self.form}: a form has a pattern, unless it is the date itself")
        if self.pattern is not None and self.length is None:
            raise ValueError(f"{self.form}: a pattern has a length")
        return self


class Unique(Criterion):
    """When values that hardly repeat are codes of the persons behind the records."""

    of: tuple[ColumnType, ...]
    filled_at_least: int
    distinct_share: float


class Kind(Criterion):
    """A kind of identifier: ``coarsening_helps`` where a wider category (a year, an age group) is no identifier any more."""

    slug: str
    label: str
    identifier: str
    coarsening_helps: bool = False
    names: tuple[str, ...] = ()
    names_of_individuals: tuple[str, ...] = ()
    forms: tuple[Form, ...] = ()
    unique: Unique | None = None


class NotIdentifying(Criterion):
    """Words that begin or end the name of a column which says nothing of a person, whatever else stands in it."""

    first_words: tuple[str, ...]
    last_words: tuple[str, ...]


class IdentifierRules(Criterion):
    """The whole of ``identifiers.yaml``; patterns with their parts filled in."""

    section: str
    guidelines: str
    not_identifying: NotIdentifying
    parts: Mapping[str, str]
    kinds: tuple[Kind, ...]
    not_a_person_words: tuple[str, ...]
    given_names: tuple[str, ...]

    @model_validator(mode="before")
    @classmethod
    def _fill_in_parts(cls, data: Mapping[str, Any]) -> Mapping[str, object]:
        parts = {
            **data["parts"],
            "given": _one_of(data["given_names"]),
            "not_a_person": rf"({ANYTHING}[^A-Z])?{_one_of(data['not_a_person_words'])}([^A-Z]{ANYTHING})?",
        }
        kinds = []
        for kind in data["kinds"]:
            forms = [
                {key: _filled(value, parts) if key in ("pattern", "unless") else value for key, value in form.items()}
                for form in kind.get("forms", [])
            ]
            kinds.append({**kind, "forms": forms})
        return {**data, "kinds": kinds}

    def kind(self, slug: str) -> Kind:
        """The kind with this slug. KeyError when there is none."""
        for kind in self.kinds:
            if kind.slug == slug:
                return kind
        raise KeyError(slug)

    def cite(self, kind: Kind) -> str:
        """The section a finding of this kind rests on."""
        return f"{self.section} {kind.identifier}; {self.guidelines}"

    @cached_property
    def _beside_the_point(self) -> re.Pattern[str]:
        first, last = "|".join(self.not_identifying.first_words), "|".join(self.not_identifying.last_words)
        return re.compile(rf"^(?:{first}) |(?:^| )(?:{last})$")

    def named_kinds(self, column: str, *, individuals: bool) -> tuple[Kind, ...]:
        """The kinds that a column's name points to; ``individuals``: its records are persons or their events."""
        words = words_of(column)
        if self._beside_the_point.search(words):
            return ()
        return tuple(
            kind
            for kind in self.kinds
            if any(
                re.search(rf"(?:^| )(?:{name})(?: |$)", words)
                for name in (*kind.names, *(kind.names_of_individuals if individuals else ()))
            )
        )

    def is_named(self, column: str, pattern: str) -> bool:
        """Whether a column's name matches ``pattern``."""
        return re.search(pattern, words_of(column)) is not None


def words_of(column: str) -> str:
    """A column's name in small letters with one space between its words: ``PatientLast_Name`` → ``patient last name``."""
    separated = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", column)
    separated = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", separated)
    return " ".join(re.findall(r"[a-z]+|[0-9]+", separated.lower()))


def _one_of(words: list[str]) -> str:
    return "(" + "|".join(dict.fromkeys(words)) + ")"


def _filled(pattern: str, parts: Mapping[str, str]) -> str:
    while _PART.search(pattern):
        pattern = _PART.sub(lambda match: parts[match[1]], pattern)
    return pattern


@lru_cache(maxsize=1)
def identifier_rules() -> IdentifierRules:
    """The rules of ``identifiers.yaml``."""
    return read("identifiers.yaml", IdentifierRules)
