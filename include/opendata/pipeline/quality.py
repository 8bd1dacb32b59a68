"""Tells the ledger how every expectation of a suite went, also where the run is about to be refused for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from include.opendata.quality.report import QualityReport


def to_ledger(run: Mapping[str, Any], table: str = "") -> Callable[[QualityReport], None]:
    """What takes the report of a suite of this run; ``table``: empty for the source's suite."""

    def keep(report: QualityReport) -> None:
        from include.opendata.ledger import open_ledger
        from include.opendata.ledger.quality_results import record_quality

        record_quality(open_ledger(), run["dataset"], run["run_id"], table, report.to_json())

    return keep
