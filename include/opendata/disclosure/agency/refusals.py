"""What a refresh is refused for where other datasets are the reason, in the words of the people who must act on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from include.opendata.disclosure.agency.together import Exposure, dataset_of
from include.opendata.errors import AuditFailed, Place, Refused

NAMED_AT_MOST = 20


def exposed_with_others(exposures: Sequence[Exposure], others: Iterable[str], dataset: str) -> AuditFailed:
    """What is safe by itself, and not for whoever has the tables of other datasets too."""
    details = [f"{exposure.sentence} {places_of(exposure, dataset)}".strip() for exposure in exposures]
    more = (f"… and {len(details) - NAMED_AT_MOST} more.",) if len(details) > NAMED_AT_MOST else ()
    names = ", ".join(sorted(set(others)))
    return AuditFailed(
        f"{len(exposures)} hidden counts or groups could be recovered, or could not be decided, by comparing this release with "
        f"what other datasets published of the same records: {names}",
        remedy=f"Publish the same dimensions and categories as {names} does, coarser ones, or the figures in one dataset, "
        "whose tables are protected together. `bin/opendata attack --all` shows what is exposed without this release.",
        slug="recoverable-with-other-datasets",
        place=Place(dataset=dataset),
        details=(*details[:NAMED_AT_MOST], *more),
    )


def small_counts_shown(count: int, others: Iterable[str], dataset: str) -> Refused:
    """Small counts that cannot be hidden any more."""
    names = ", ".join(sorted(set(others)))
    return Refused(
        f"{count} counts that are small and to be hidden are shown, with the same value, by another dataset: {names}",
        remedy=f"Leave the categories or totals out that {names} shows, or make one dataset of both, which are then hidden "
        "alike. Where they should never have been shown, tell the data coordinator and the privacy officer.",
        slug="small-cell-shown-by-other-dataset",
        place=Place(dataset=dataset),
    )


def places_of(exposure: Exposure, dataset: str) -> str:
    """Where a count is hidden, and where it is shown: datasets and tables."""
    hidden = _named(exposure.hidden_in, dataset)
    shown = _named(exposure.shown_in, dataset)
    parts = [f"hidden in {hidden}"] if hidden else []
    parts += [f"shown in {shown}"] if shown else []
    return f"({'; '.join(parts)})" if parts else ""


def _named(places: Sequence[tuple[str, str]], dataset: str) -> str:
    return ", ".join(sorted({f"{dataset_of(release) or dataset}.{table}" for release, table in places}))
