"""What the ledger keeps of a run beside its decisions' sentences, for people who look at many runs at once.

How every expectation of a suite went, also where the run is about to be refused for it; what makes up a score; what coarser
tables would show. Sentences and counts, never a value of a record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from include.opendata.advice.advisor import Advice
from include.opendata.gate.assessment import Assessment
from include.opendata.ledger.quality_results import record_quality
from include.opendata.pipeline.run_context import OpenRun
from include.opendata.quality.report import QualityReport


def quality_recorder(opened: OpenRun, table: str = "") -> Callable[[QualityReport], None]:
    """What records the report of a suite of this run, also where the run is then refused; ``table``: empty for the source."""

    def record(report: QualityReport) -> None:
        record_quality(opened.ledger, opened.run.dataset, opened.run.run_id, table, report.to_json())

    return record


def score_figures(assessment: Assessment) -> dict[str, Any]:
    """``score``, and ``variables``: variable, score and band of every line it is the sum of."""
    if assessment.score is None:
        return {"score": None, "variables": []}
    lines = [{"variable": c.variable, "score": c.score, "band": c.band} for c in assessment.score.components]
    return {"score": assessment.score.total, "variables": lines}


def record_advice(opened: OpenRun, advice: Mapping[str, Advice]) -> None:
    """The sentences of the advice: one decision per table, ``proposals`` the best first."""
    for table, of_table in advice.items():
        proposals = [{"sentence": proposal.sentence, "settles": proposal.settles} for proposal in of_table.proposals]
        figures = {"proposals": proposals}
        opened.decide("build_release", "advice", of_table.sentence, table=table, figures=figures)
