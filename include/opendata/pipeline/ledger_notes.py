"""What the ledger is told of a run beside its decisions' sentences, for who looks at many runs at once.

How every expectation of a suite went, also where the run is about to be refused for it; what makes up a score; what coarser
tables would show. Sentences and counts, never a value of a record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from include.opendata.gate.assessment import Assessment
from include.opendata.ledger import open_ledger
from include.opendata.ledger.quality_results import record_quality
from include.opendata.pipeline.run_context import Run, decide
from include.opendata.quality.report import QualityReport


def quality_told(run: Run, table: str = "") -> Callable[[QualityReport], None]:
    """What takes the report of a suite of this run; ``table``: empty for the source's suite."""

    def keep(report: QualityReport) -> None:

        record_quality(open_ledger(), run["dataset"], run["run_id"], table, report.to_json())

    return keep


def score_figures(assessment: Assessment) -> dict[str, Any]:
    """``score``, and ``variables``: variable, score and band of every line it is the sum of."""
    if assessment.score is None:
        return {"score": None, "variables": []}
    lines = [{"variable": c.variable, "score": c.score, "band": c.band} for c in assessment.score.components]
    return {"score": assessment.score.total, "variables": lines}


def told_advice(run: Run, advice: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The advice itself, once its sentences are in the ledger: one decision per table, ``proposals`` the best first."""
    for table, one in advice.items():
        proposals = [
            {"sentence": proposal["sentence"], "settles": proposal["settles"]} for proposal in one["proposals"]
        ]
        decide(run, "build_release", "advice", one["sentence"], table=table, figures={"proposals": proposals})
    return {table: dict(one) for table, one in advice.items()}
