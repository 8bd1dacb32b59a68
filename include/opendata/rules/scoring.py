"""The Publication Scoring Criteria as data: rows, their bands and choices, the points of each (DDG 2.0 §4.3.1).

It looks points up. How rows combine into a total is decided in ``gate.scoring``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise

from pydantic import Field, model_validator

from include.opendata.rules.criteria import Criterion, read


class Band(Criterion):
    """The points for every number of ``at_least`` and more, up to the next coarser band."""

    at_least: int
    points: int
    band: str


class Choice(Criterion):
    """The points for a named grouping."""

    points: int
    band: str


class Row(Criterion):
    """One row of the scoring table; bands run from the coarsest to the finest and leave no number out."""

    variable: str
    label: str
    measured: str
    section: str
    bands: tuple[Band, ...] = ()
    choices: Mapping[str, Choice] = {}

    @model_validator(mode="after")
    def _every_number_has_a_band(self) -> Row:
        if not self.bands and not self.choices:
            raise ValueError("a row needs bands or choices")
        if any(coarser.at_least <= finer.at_least for coarser, finer in pairwise(self.bands)):
            raise ValueError("bands run from the coarsest to the finest")
        if self.bands and self.bands[-1].at_least != 0:
            raise ValueError("the finest band takes everything finer: it starts at 0")
        return self

    def band(self, number: float) -> Band:
        """The band ``number`` falls into. A number between two bands (2.5 years) falls into the finer one."""
        for band in self.bands:
            if number >= band.at_least:
                return band
        raise ValueError(f"{self.variable}: a number below zero has no band")

    def choice(self, name: str) -> Choice:
        """The choice called ``name``. KeyError when the row has none of that name."""
        return self.choices[name]


class Combining(Criterion):
    """The numbers the rules on combining turn on (DDG 2.0 §4.3.1)."""

    interaction_enrollment_at_most: int
    statewide_population_at_least: int
    annual_or_longer: tuple[str, ...]
    safe_harbor_section: str
    geography_section: str


class ScoringCriteria(Criterion):
    """The whole scoring table."""

    rows: tuple[Row, ...]
    combining: Combining
    broad_race_labels: frozenset[str]
    oldest_age: int = Field(gt=0)

    def row(self, variable: str) -> Row:
        """The row of ``variable``. KeyError when the table has no such row."""
        for row in self.rows:
            if row.variable == variable:
                return row
        raise KeyError(variable)

    def is_broad_race(self, label: str) -> bool:
        """Whether a label names one of the five broad groups of the race row, in one of its usual spellings."""
        words = re.sub(r"[^a-z -]", " ", label.lower())
        words = re.sub(r"\b(non-hispanic|nonhispanic|alone|people)\b", " ", words).replace("-", " ")
        return " ".join(words.split()) in self.broad_race_labels


@lru_cache(maxsize=1)
def scoring_criteria() -> ScoringCriteria:
    """The scoring table of ``scoring.yaml``."""
    return read("scoring.yaml", ScoringCriteria)
