"""The step ``assess``: the assessment for public release of one table, with the reason of each of its steps."""

from __future__ import annotations

from include.opendata.errors import Place
from include.opendata.gate.assessment import assess as walk
from include.opendata.gate.assessment import require_publishable
from include.opendata.gate.table_facts import table_facts
from include.opendata.pipeline.ledger_notes import score_figures
from include.opendata.pipeline.records import write_assessment
from include.opendata.pipeline.results import Assessed
from include.opendata.pipeline.run import Run
from include.opendata.pipeline.run_context import open_run
from include.opendata.storage.tables import read_table


def perform(run: Run, table: str) -> Assessed:
    """Walk the six steps of the assessment. Raises Refused for what may never be published, after it is recorded."""
    opened = open_run(run)
    assessment = walk(table_facts(opened.declared, read_table(opened.area, "tables", table)))
    write_assessment(opened.area, table, assessment)
    for reason in assessment.reasons:
        opened.decide("assess", reason.slug, reason.sentence, section=reason.section, table=table)
    opened.decide("assess", "assessed", assessment.conclusion, table=table, figures=score_figures(assessment))
    require_publishable(assessment, Place(dataset=run.dataset, table=table))
    score = assessment.score.total if assessment.score is not None else None
    return Assessed(table=table, score=score, masking_required=assessment.masking_required)
