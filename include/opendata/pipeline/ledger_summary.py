"""What the ledger has of a run, for people who look at Airflow: the sentences of a step for its log, a line for the run's note.

Reads the ledger and decides nothing. Sentences and counts, never a value of a record.
"""

from __future__ import annotations

from include.opendata.ledger import Ledger, RunEntry, open_ledger
from include.opendata.pipeline.run import Run


def sentences(run: Run, step: str, table: str | None = None) -> list[str]:
    """What ``step`` recorded in this run, a sentence each with the section it rests on; of one table where it is named."""
    return [
        decision.sentence + (f" ({decision.section})" if decision.section else "")
        for decision in open_ledger().decisions(run.dataset, run.run_id)
        if decision.step == step and (table is None or decision.table == table)
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
        return _unchanged_line(ledger, entry)
    return _staged_line(ledger, entry) or f"{entry.outcome.capitalize()}."


def _unchanged_line(ledger: Ledger, entry: RunEntry) -> str:
    decided = ledger.decisions(entry.dataset, entry.run_id)
    reason = next((d.sentence for d in decided if d.slug in ("unchanged", "rolled-back")), "The source is unchanged.")
    return f"Nothing new: {reason[0].lower()}{reason[1:]}"


def _staged_line(ledger: Ledger, entry: RunEntry) -> str | None:
    """None for a run that staged nothing, and for a release the ledger does not know."""
    staged = next((r for r in ledger.releases(entry.dataset) if r.release == entry.release), None)
    if entry.outcome != "staged" or staged is None:
        return None
    tables = staged.figures.get("tables", [])
    hidden = sum(table["small"] + table["complementary"] for table in tables)
    cells = sum(table["cells"] for table in tables)
    counted = f"{len(tables)} table{'' if len(tables) == 1 else 's'}"
    return f"Staged release {entry.release}: {counted}, {hidden:,} of {cells:,} cells hidden."
