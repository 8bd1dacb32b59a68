"""What a run told the ledger, for people who look at Airflow: the sentences of a step for its log, a line for the run's note.

Reads the ledger and decides nothing. Sentences and counts, never a value of a record.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from include.opendata.ledger import open_ledger


def said(run: Mapping[str, Any], step: str, table: str = "") -> list[str]:
    """The sentences ``step`` told the ledger in this run, with the section each rests on; of one table where it is named."""

    return [
        decision.sentence + (f" ({decision.section})" if decision.section else "")
        for decision in open_ledger().decisions(run["dataset"], run["run_id"])
        if decision.step == step and (not table or decision.table == table)
    ]


def outcome_line(dataset: str, run_id: str) -> str | None:
    """How a run ended, in one line of counts; None when the ledger does not know the run, or it has not ended."""

    ledger = open_ledger()
    entry = ledger.run(dataset, run_id)
    if entry is None or entry.outcome == "running":
        return None
    if entry.outcome in ("failed", "refused"):
        return f"{entry.outcome.capitalize()} in {(entry.message or 'a step the ledger does not know').splitlines()[0]}"
    if entry.outcome == "unchanged":
        decided = ledger.decisions(dataset, run_id)
        reason = next(
            (d.sentence for d in decided if d.slug in ("unchanged", "rolled-back")), "The source is unchanged."
        )
        return f"Nothing new: {reason[0].lower()}{reason[1:]}"
    staged = next((r for r in ledger.releases(dataset) if r.release == entry.release), None)
    if entry.outcome != "staged" or staged is None:
        return f"{entry.outcome.capitalize()}."
    tables = staged.figures.get("tables", [])
    hidden = sum(table["small"] + table["complementary"] for table in tables)
    cells = sum(table["cells"] for table in tables)
    counted = f"{len(tables)} table{'' if len(tables) == 1 else 's'}"
    return f"Staged release {entry.release}: {counted}, {hidden:,} of {cells:,} cells hidden."
