"""The portal's rules as data: annotation codes, field standards, the lists the portal chooses from, and the profiles of
the portals a release can be published to."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

from pydantic import Field, model_validator

from include.opendata.rules.criteria import Criterion, read


class AnnotationCode(Criterion):
    """One annotation: its number, what it says, its letter in human-readable renderings, whether the value is blank."""

    code: int
    label: str
    letter: str
    blank: bool


class Annotations(Criterion):
    """The annotation codes (Handbook, Guidelines §3)."""

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
    """How common fields are written (Handbook, Guidelines §3–4)."""

    section: str
    fields: tuple[FieldStandard, ...]

    def field(self, element: str) -> FieldStandard | None:
        """The standard for a column of this name (letter case ignored), None when there is none."""
        for field in self.fields:
            if field.element.lower() == element.lower():
                return field
        return None


class Periodicity(Criterion):
    """A frequency a declaration may choose, and its DCAT-US code."""

    choice: str
    dcat: str


class PortalChoices(Criterion):
    """The lists the portal offers to choose from (Handbook, Guidelines §4)."""

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


class PortalField(Criterion):
    """One field of a portal's package form: its name there, and where its text comes from."""

    name: str
    sources: tuple[str, ...] = Field(default=(), alias="from")
    """``package.<key>`` or ``dcat.<key>[.<key>]`` of the release's metadata; several are joined by an empty line."""
    constant: str | None = None
    required: bool = False
    choices: tuple[str, ...] = ()
    max_length: int | None = None

    @model_validator(mode="after")
    def _has_one_origin(self) -> PortalField:
        if bool(self.sources) == (self.constant is not None):
            raise ValueError("a field has either `from` or `constant`")
        return self


class PortalProfile(Criterion):
    """How one portal names the package fields, what it requires and what may be chosen."""

    profile: str
    portal: str
    section: str
    fields: tuple[PortalField, ...]
    tags_at_least: int
    topics: Mapping[str, str] = {}
    """The portal's name for a topic, where it is not the agency's own."""


PORTAL_PROFILES = ("chhs", "data_ca")


@lru_cache(maxsize=len(PORTAL_PROFILES))
def portal_profile(name: str) -> PortalProfile:
    """The profile called ``name``, from ``portal_profile_<name>.yaml``. KeyError when there is none."""
    if name not in PORTAL_PROFILES:
        raise KeyError(name)
    return read(f"portal_profile_{name}.yaml", PortalProfile)


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
