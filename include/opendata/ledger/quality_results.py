"""The ledger's record of how every expectation of a suite went, run by run; also of a run that was refused for it.

Sentences are made of a suite's declared arguments, and rows are counted: never a value of a record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from include.opendata.ledger.ledger import Ledger
from include.opendata.ledger.schema import QUALITY_RESULTS, RUNS
from include.opendata.storage.clock import stamp

KEPT = ("type", "columns", "sentence", "success", "decided", "failing_rows", "severity")
"""What is kept of an expectation; anything else a report may one day hold stays out."""


@dataclass(frozen=True)
class QualityResult:
    """How a suite went in one run. ``data_table``: empty for the source · ``expectations``: in the suite's order, each with
    type, columns, sentence, success, decided, failing_rows, severity."""

    dataset: str
    run_id: str
    data_table: str
    suite: str
    rows: int
    declared: int
    evaluated: int
    successful: int
    passed: bool
    expectations: tuple[Mapping[str, Any], ...] = field(repr=False)
    started_at: str = ""


def record_quality(ledger: Ledger, dataset: str, run_id: str, table: str, report: Mapping[str, Any]) -> None:
    """Record a suite's report (``QualityReport.to_json``) of a run; ``table``: empty for the source. Again, it is replaced.

    Raises KeyError for a run the ledger does not know.
    """
    columns = QUALITY_RESULTS.c
    with ledger.writing() as connection:
        this = sa.select(RUNS.c.id).where(RUNS.c.dataset == dataset, RUNS.c.run_id == run_id)
        run = connection.scalar(this.with_for_update())  # as in Ledger.decide
        if run is None:
            raise KeyError(f"no run {run_id!r} of {dataset!r} in the ledger")
        connection.execute(sa.delete(QUALITY_RESULTS).where(columns.run == run, columns.data_table == table))
        connection.execute(
            sa.insert(QUALITY_RESULTS).values(
                run=run,
                data_table=table,
                **{key: report[key] for key in ("suite", "rows", "declared", "evaluated", "successful", "passed")},
                expectations=[{key: one[key] for key in KEPT} for one in report["expectations"]],
                checked_at=stamp(),
            )
        )


def quality_results(ledger: Ledger, dataset: str, *, runs: int = 24) -> list[QualityResult]:
    """The results of the newest runs of a dataset that came to a suite, the newest run first."""
    checked = (
        sa.select(RUNS.c.id)
        .where(RUNS.c.dataset == dataset, RUNS.c.id.in_(sa.select(QUALITY_RESULTS.c.run)))
        .order_by(RUNS.c.id.desc())
        .limit(runs)
    )
    query = (
        sa.select(QUALITY_RESULTS, RUNS.c.dataset, RUNS.c.run_id, RUNS.c.started_at)
        .join(RUNS, RUNS.c.id == QUALITY_RESULTS.c.run)
        .where(RUNS.c.id.in_(checked))
        .order_by(RUNS.c.id.desc(), QUALITY_RESULTS.c.id)
    )
    with ledger.reading() as connection:
        rows = [dict(row._mapping) for row in connection.execute(query)]
    return [
        QualityResult(
            **{k: v for k, v in row.items() if k not in ("id", "run", "checked_at", "expectations")},
            expectations=tuple(row["expectations"]),
        )
        for row in rows
    ]
