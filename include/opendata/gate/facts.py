"""Computes from what a table shows the facts its score is made of (DDG 2.0 §4.3.1).

For each variable the smallest group decides, so each function gives the smallest: the narrowest age band, the shortest
period, the least peopled area. Pass only the categories that the table shows, totals left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from include.opendata.errors import DeclarationError
from include.opendata.gate.fact_sheet import Time
from include.opendata.gate.safe_harbor import AgeBand
from include.opendata.rules.scoring import scoring_criteria

UNEVEN_CALENDAR = 0.01
"""Years by which a calendar period may fall short of its name."""

PeriodUnit = Literal["year", "half_year", "quarter", "month", "week", "day"]


def narrowest_age_band(bins: Iterable[AgeBand]) -> int:
    """Years in the narrowest band; 12–14 is three. “65 and over” is counted up to the oldest age of the criteria.

    Raises DeclarationError when there is no band, or one ends before it starts.
    """
    oldest = scoring_criteria().oldest_age
    widths = [max((last if last is not None else max(oldest, first)) - first + 1, 0) for first, last in bins]
    if not widths or min(widths) == 0:
        raise DeclarationError(
            "an age group ends before it starts" if widths else "there are no age groups",
            remedy="Give each age group its first and last year, such as 12 to 14.",
            slug="age-groups-invalid",
        )
    return min(widths)


def time_category(years: Iterable[float] | float | PeriodUnit) -> Time:
    """The time category of the shortest period: from its length(s) in years, or from the unit it is cut by.

    5 years or more → ``five_years``; from 2 → ``two_to_four_years``; from 1 → ``year``; from ½ → ``half_year``;
    from ¼ → ``quarter``; shorter → ``month``. Calendars are uneven (a quarter has 90 to 92 days), so a hundredth of a
    year is let pass. Raises DeclarationError when there is no period or one has no length.
    """
    if isinstance(years, str):
        return years
    lengths = [float(years)] if isinstance(years, int | float) else [float(length) for length in years]
    if not lengths or not min(lengths) > 0:
        raise DeclarationError(
            "a period without length cannot be scored",
            remedy="Give each period's length in years, such as 0.25 for a quarter.",
            slug="period-invalid",
        )
    shortest = min(lengths)
    steps: tuple[tuple[float, Time], ...] = (
        (5, "five_years"),
        (2, "two_to_four_years"),
        (1, "year"),
        (0.5, "half_year"),
        (0.25, "quarter"),
    )
    return next((category for at_least, category in steps if shortest >= at_least - UNEVEN_CALENDAR), "month")


def race_groups(labels: Iterable[str]) -> Literal["broad", "all"]:
    """``broad`` when every label is one of White, Asian, Black, Hispanic, Middle Eastern or North African, in a usual
    spelling; ``all`` as soon as one is not: American Indian, Pacific Islander, mixed, “Other”, “Unknown”, or unread."""
    criteria = scoring_criteria()
    given = tuple(labels)
    return "broad" if given and all(criteria.is_broad_race(label) for label in given) else "all"


def smallest_population(reference: Mapping[str, int], codes: Iterable[str]) -> int:
    """The population of the least peopled of ``codes``. ``reference``: code → people.

    Raises DeclarationError when there is no code, or one is not in the reference; it says how many, not which.
    """
    wanted = sorted(set(codes))
    unknown = sum(1 for code in wanted if code not in reference)
    if unknown or not wanted:
        raise DeclarationError(
            f"{unknown} of {len(wanted)} areas have no population in the reference" if wanted else "there are no areas",
            remedy="Use a reference that lists every area the table shows, or give the smallest population yourself.",
            slug="population-unknown",
        )
    return min(reference[code] for code in wanted)
