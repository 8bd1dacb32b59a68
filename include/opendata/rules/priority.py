"""The priority scoring template for a new table, as data (Handbook, priority scoring template)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from pydantic import model_validator

from include.opendata.rules.criteria import Criterion, read


class PriorityBand(Criterion):
    """So many points from a number on (``at_least``), or up to one (``at_most``)."""

    points: int
    at_least: int | None = None
    at_most: int | None = None

    def holds(self, number: int) -> bool:
        """Whether ``number`` lies in the band."""
        return (self.at_least is None or number >= self.at_least) and (self.at_most is None or number <= self.at_most)


class PriorityLine(Criterion):
    """One line of the template; without bands and choices people answer it."""

    line: str
    label: str
    points: int
    asks: str
    bands: tuple[PriorityBand, ...] = ()
    choices: Mapping[str, int] = {}

    def of_number(self, number: int) -> int:
        """The points of a number; 0 where no band holds."""
        return next((band.points for band in self.bands if band.holds(number)), 0)


class Readiness(Criterion):
    """Scored apart from the rest."""

    label: str
    points: int
    asks: str


class PriorityCriteria(Criterion):
    """The whole template."""

    section: str
    lines: tuple[PriorityLine, ...]
    readiness: Readiness

    @model_validator(mode="after")
    def _no_line_has_more_than_it_may(self) -> PriorityCriteria:
        for line in self.lines:
            if max([b.points for b in line.bands] + list(line.choices.values()), default=line.points) != line.points:
                raise ValueError(f"{line.line}: its best band or choice is not its points")
        return self

    def line(self, name: str) -> PriorityLine:
        """The line called ``name``; KeyError when there is none."""
        for line in self.lines:
            if line.line == name:
                return line
        raise KeyError(name)


@lru_cache(maxsize=1)
def priority_criteria() -> PriorityCriteria:
    """The template of ``priority.yaml``."""
    return read("priority.yaml", PriorityCriteria)
