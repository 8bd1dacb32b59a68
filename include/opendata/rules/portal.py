"""The portal's rules as data: annotation codes, field standards, and the lists the portal chooses from."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from include.opendata.rules.criteria import Criterion, read


class AnnotationCode(Criterion):
    """One annotation: its number, what it says, its letter in human-readable renderings, whether the value is blank."""

    code: int
    label: str
    letter: str
    blank: bool


class Annotations(Criterion):
    section: str
    codes: tuple[AnnotationCode, ...]

    def code(self, number: int) -> AnnotationCode:
        """The annotation with this number. KeyError when the Handbook has none."""
        for code in self.codes:
            if code.code == number:
                return code
        raise KeyError(number)


class FieldStandard(Criterion):
    """How one common field is written."""

    element: str
    type: Literal["text", "float"]
    rule: str
    max_length: int | None = None
    pattern: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    must_not_end_with: tuple[str, ...] = ()


class FieldStandards(Criterion):
    section: str
    fields: tuple[FieldStandard, ...]

    def field(self, element: str) -> FieldStandard | None:
        """The standard for a column of this name (letter case ignored), None when there is none."""
        for field in self.fields:
            if field.element.lower() == element.lower():
                return field
        return None


class Periodicity(Criterion):
    choice: str
    dcat: str


class PortalChoices(Criterion):
    section: str
    topics: tuple[str, ...]
    accrual_periodicity: tuple[Periodicity, ...]
    geographic_granularity: tuple[str, ...]
    data_license: str
    limitations: str

    def dcat_periodicity(self, choice: str) -> str:
        """The DCAT-US code for a frequency of the portal, ``annually`` → ``R/P1Y``. KeyError for an unknown one."""
        for periodicity in self.accrual_periodicity:
            if periodicity.choice == choice:
                return periodicity.dcat
        raise KeyError(choice)


@lru_cache(maxsize=1)
def annotation_codes() -> Annotations:
    """The codes of ``annotations.yaml`` (Handbook, Guidelines §3)."""
    return read("annotations.yaml", Annotations)


@lru_cache(maxsize=1)
def field_standards() -> FieldStandards:
    """The standards of ``field_standards.yaml`` (Handbook, Guidelines §3–4)."""
    return read("field_standards.yaml", FieldStandards)


@lru_cache(maxsize=1)
def portal_choices() -> PortalChoices:
    """The lists of ``portal_choices.yaml`` (Handbook, Guidelines §4)."""
    return read("portal_choices.yaml", PortalChoices)
