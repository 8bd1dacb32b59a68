"""What is known of a dataset when it is looked at beside others: what it published, and what it is made of."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from include.opendata import places
from include.opendata.declaration.dataset import Dataset
from include.opendata.disclosure.history.extents import COVERED, Extent
from include.opendata.disclosure.history.published import PublishedRelease, PublishedTable
from include.opendata.vocabulary import TableMeasure


@dataclass(frozen=True)
class PublicDataset:
    """``releases``: all that was published of it, the oldest first · ``sources``: digests of the bytes they were made of ·
    ``declared``: its declaration; None where it is gone or cannot be read."""

    dataset: str
    releases: tuple[PublishedRelease, ...]
    sources: Mapping[str, str] = field(default_factory=dict)
    """Release → SHA-256 of the source's bytes."""
    declared: Dataset | None = None

    @property
    def newest(self) -> PublishedRelease:
        """What it published last, or is about to."""
        return self.releases[-1]

    @property
    def location(self) -> str | None:
        """Where its source is, so that two spellings of one place are the same text; None where that is not known."""
        return None if self.declared is None else one_spelling(self.declared.source.location)

    @property
    def columns(self) -> dict[str, str | None]:
        """Columns of its source → their type; of a dataset without declaration those that its tables are made of."""
        if self.declared is not None:
            return {column.name: column.type for column in self.declared.source.columns}
        used = {column for table in self.newest.tables for column in table.extents.whole}
        return dict.fromkeys(sorted(used - {COVERED}))

    @property
    def period(self) -> tuple[float, float]:
        """The days its tables speak of, from the first to just before the second."""
        ranges = [bounds for table in self.newest.tables for bounds in time_of(table).ranges]
        return min((a for a, _ in ranges), default=-math.inf), max((b for _, b in ranges), default=math.inf)


def one_spelling(location: str) -> str:
    """A source's place without what does not change it: links and relative paths, the query of an address."""
    if "://" not in location:
        return os.path.realpath(places.ROOT / location)
    parts = urlsplit(location)
    if parts.scheme.lower() == "file":
        return os.path.realpath(parts.path)
    return f"{parts.scheme.lower()}://{(parts.hostname or '').lower()}{parts.path}"


def time_of(table: PublishedTable) -> Extent:
    """What a table keeps of the time."""
    return table.extents.whole.get(table.extents.time, Extent())


def counts_of(table: PublishedTable) -> list[TableMeasure]:
    """The counts a table publishes."""
    return [measure for measure in table.structure.measures if measure.role == "count"]
