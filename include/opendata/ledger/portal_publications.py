"""The ledger's record of what was published on which portal: one row per attempt, written before anything is sent.

A row that is still ``running`` when no one is publishing tells of an attempt that was killed: the portal then shows the
release before it, or part of this one, until it is published again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal

import sqlalchemy as sa

from include.opendata.ledger.schema import PORTAL_PUBLICATIONS
from include.opendata.storage.clock import stamp

Outcome = Literal["running", "published", "unchanged", "failed", "restored"]
SHOWING_OUTCOMES = ("published", "unchanged", "restored")
"""The outcomes after which the portal shows the row's release."""


@dataclass(frozen=True)
class PortalPublication:
    """One row of ``portal_publications``. ``outcome``: *published* and read back · *unchanged*: it was there already ·
    *failed*, see ``message`` · *restored*: put back after a later one failed · ``package``: its id on the portal."""

    dataset: str
    release: str
    staging: str
    portal: str
    profile: str
    organization: str | None
    outcome: Outcome = "running"
    message: str = ""
    package: str | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)
    started_at: str = ""
    finished_at: str | None = None
    id: int | None = None


class PortalPublications:
    """Reads and writes ``portal_publications``; made by :attr:`Ledger.portal_publications`."""

    def __init__(
        self,
        reading: Callable[[], AbstractContextManager[sa.Connection]],
        writing: Callable[[], AbstractContextManager[sa.Connection]],
    ):
        self._reading, self._writing = reading, writing

    def begin(self, publication: PortalPublication) -> int:
        """Record what is about to be published; the row's id, for :meth:`end`."""
        values = {key: value for key, value in vars(publication).items() if key != "id"}
        values |= {"figures": dict(publication.figures), "started_at": stamp(), "finished_at": None}
        with self._writing() as connection:
            key = connection.execute(sa.insert(PORTAL_PUBLICATIONS).values(**values)).inserted_primary_key
        if key is None:
            raise RuntimeError("the ledger gave no key to what was recorded")
        return int(key[0])

    def end(
        self,
        id: int,
        outcome: Outcome,
        *,
        message: str = "",
        package: str | None = None,
        figures: Mapping[str, Any] | None = None,
    ) -> None:
        """Record how it ended. ``message`` is for people and holds neither a record's value nor a secret."""
        values = {"outcome": outcome, "message": message, "package": package}
        with self._writing() as connection:
            connection.execute(
                sa.update(PORTAL_PUBLICATIONS)
                .where(PORTAL_PUBLICATIONS.c.id == id)
                .values(**values, figures=dict(figures or {}), finished_at=stamp())
            )

    def of(self, dataset: str, portal: str | None = None) -> list[PortalPublication]:
        """The attempts for a dataset, the newest first; on one portal when it is named."""
        columns = PORTAL_PUBLICATIONS.c
        query = sa.select(PORTAL_PUBLICATIONS).where(columns.dataset == dataset).order_by(columns.id.desc())
        if portal is not None:
            query = query.where(columns.portal == portal)
        with self._reading() as connection:
            return [PortalPublication(**row._mapping) for row in connection.execute(query)]

    def last_shown(self, dataset: str, portal: str) -> PortalPublication | None:
        """The last attempt after which the portal was known to show the dataset, None when there was none."""
        return next((entry for entry in self.of(dataset, portal) if entry.outcome in SHOWING_OUTCOMES), None)

    def shown_on(self, dataset: str) -> dict[str, str]:
        """Portal → the release it was last known to show."""
        found: dict[str, str] = {}
        for entry in self.of(dataset):
            if entry.outcome in SHOWING_OUTCOMES:
                found.setdefault(entry.portal, entry.release)
        return found
