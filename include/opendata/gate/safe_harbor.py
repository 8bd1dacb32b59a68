"""What HIPAA's Safe Harbor asks of ages, three-digit ZIP areas and dates (DDG 2.0 §4).

Pure functions: what a table shows in, findings out. Ages over 89 and thinly peopled ZIP areas are refused, since a
coarser category always exists; a date finer than the year is only noted, since the score already weighs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from include.opendata.gate.findings import GateFinding
from include.opendata.rules.release import thresholds
from include.opendata.rules.scoring import scoring_criteria

AgeBand = tuple[int, int | None]
"""First and last age of a band in years, both included; None where the band has no upper end."""


def safe_harbor_findings(
    *, age_bands: Iterable[AgeBand] = (), zip3_populations: Iterable[int] = (), time: str | None = None
) -> tuple[GateFinding, ...]:
    """The findings on a table's age bands, on the populations of its three-digit ZIP areas, and on its shortest period.

    ``time`` is a category of the scoring table, such as ``year`` or ``quarter``; None where the table has no period.
    """
    return (*ages_over_89(tuple(age_bands)), *small_zip3(zip3_populations), *dates_finer_than_year(time))


def ages_over_89(age_bands: Sequence[AgeBand]) -> tuple[GateFinding, ...]:
    """Refuses bands that show ages over 89 separately: they must all fall into one group of 90 and over, or a wider one."""
    rule = thresholds().safe_harbor
    oldest = scoring_criteria().oldest_age
    separate = 0
    for first, last in age_bands:
        open_ended = last is None or last >= oldest
        if (open_ended and first > rule.single_ages_up_to + 1) or (
            not open_ended and (last or 0) > rule.single_ages_up_to
        ):
            separate += 1
    if not separate:
        return ()
    return (
        GateFinding(
            slug="ages-over-89",
            severity="refuse",
            sentence=f"{separate} age group(s) show ages over {rule.single_ages_up_to} separately; "
            f"gather them in one group of {rule.single_ages_up_to + 1} and over.",
            section=rule.section,
        ),
    )


def small_zip3(populations: Iterable[int]) -> tuple[GateFinding, ...]:
    """Refuses three-digit ZIP areas of 20,000 people or fewer."""
    rule = thresholds().safe_harbor
    small = sum(1 for people in populations if not people > rule.zip3_population_above)
    if not small:
        return ()
    return (
        GateFinding(
            slug="zip3-small",
            severity="refuse",
            sentence=f"{small} three-digit ZIP area(s) have {rule.zip3_population_above:,} people or fewer; "
            "gather them in one area written 000, or show a wider area.",
            section=rule.section,
        ),
    )


def dates_finer_than_year(time: str | None) -> tuple[GateFinding, ...]:
    """Notes a period shorter than a year: the table is then outside Safe Harbor and rests on its score."""
    if time is None or time in scoring_criteria().combining.annual_or_longer:
        return ()
    return (
        GateFinding(
            slug="date-finer-than-year",
            severity="note",
            sentence="Its periods are shorter than a year, so Safe Harbor does not cover it; its score decides.",
            section=thresholds().safe_harbor.section,
        ),
    )
