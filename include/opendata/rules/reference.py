"""Population references that ship with the project: which areas there are, what they are called, how many people.

Sources are in ``reference/README.md``. Codes are text, so that leading zeros survive.
"""

from __future__ import annotations

import csv
import difflib
from dataclasses import dataclass
from functools import cache

from include.opendata.errors import DeclarationError
from include.opendata.rules.criteria import FOLDER


@dataclass(frozen=True)
class Area:
    """One area of a reference."""

    code: str
    name: str
    population: int


@dataclass(frozen=True)
class PopulationReference:
    """The areas of one reference, in the order of its file."""

    name: str
    areas: tuple[Area, ...]

    @property
    def population_by_code(self) -> dict[str, int]:
        """Code → people."""
        return {area.code: area.population for area in self.areas}

    @property
    def population_by_name(self) -> dict[str, int]:
        """Name → people."""
        return {area.name: area.population for area in self.areas}

    @property
    def total(self) -> int:
        """The people of all areas together."""
        return sum(area.population for area in self.areas)


def population_references() -> tuple[str, ...]:
    """The names a declaration may give as ``reference``, sorted."""
    return tuple(sorted(path.stem for path in (FOLDER / "reference").glob("*.csv")))


@cache
def population_reference(name: str) -> PopulationReference:
    """The reference called ``name`` (``california_counties``, ``california_regions``, ``us_census_regions``).

    The file's columns are code, name, population, in this order. Raises DeclarationError when
    there is none of that name.
    """
    known = population_references()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        raise DeclarationError(
            f"there is no population reference called {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
            remedy=f"Use one of: {', '.join(known)}; or add a CSV to include/opendata/rules/reference/.",
            slug="reference-unknown",
        )
    with (FOLDER / "reference" / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines))[1:]
    return PopulationReference(name, tuple(Area(code, label, int(people)) for code, label, people in rows))


def california_counties() -> PopulationReference:
    """The 58 counties by 3-digit FIPS code, without the word “County” (US Census 2020)."""
    return population_reference("california_counties")


def california_regions() -> PopulationReference:
    """Ten regions of California by slug, each with the people of its counties (``rules.regions``, US Census 2020)."""
    return population_reference("california_regions")


def us_census_regions() -> PopulationReference:
    """The four census regions of the United States by slug (US Census 2020)."""
    return population_reference("us_census_regions")
