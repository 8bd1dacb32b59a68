"""Finds earlier decisions of one kind, whichever run made them."""

from __future__ import annotations

import sqlalchemy as sa

from include.opendata.ledger.ledger import Decision, Ledger
from include.opendata.ledger.schema import DECISIONS, RUNS


def decided_before(ledger: Ledger, dataset: str, slug: str) -> list[Decision]:
    """Every decision of a dataset with this slug, the newest first."""
    query = (
        sa.select(DECISIONS)
        .join(RUNS, RUNS.c.id == DECISIONS.c.run)
        .where(RUNS.c.dataset == dataset, DECISIONS.c.slug == slug)
        .order_by(DECISIONS.c.id.desc())
    )
    with ledger.reading() as connection:
        return [
            Decision(row.step, row.slug, row.sentence, row.section, row.data_table, row.figures)
            for row in connection.execute(query)
        ]
