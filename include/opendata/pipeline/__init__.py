"""The story of one refresh, a step at a time; the steps are what the DAG's tasks and the command line call."""

from include.opendata.pipeline.approvals import approval_needed, check_approvals, record_answer, request_approvals
from include.opendata.pipeline.ledger_summary import outcome_line, said
from include.opendata.pipeline.publish import publish
from include.opendata.pipeline.run_context import record_failure
from include.opendata.pipeline.steps import (
    assess,
    build_release,
    check_publishable,
    check_quality,
    extract,
    finish,
    has_changed,
    protect,
    stage,
    start,
    tabulate,
)

__all__ = [
    "approval_needed",
    "assess",
    "build_release",
    "check_approvals",
    "check_publishable",
    "check_quality",
    "extract",
    "finish",
    "has_changed",
    "outcome_line",
    "protect",
    "publish",
    "record_answer",
    "record_failure",
    "request_approvals",
    "said",
    "stage",
    "start",
    "tabulate",
]
