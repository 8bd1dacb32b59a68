"""What a run is told as, to people who look at Airflow: the sentences of a step for its log, one line for the run's note.

Reads the ledger and decides nothing. Sentences and counts, never a value of a record.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def said(run: Mapping[str, Any], step: str, table: str = "") -> list[str]:
    """The sentences that ``step`` told the ledger in this run; of one table where it is named."""
    from include.opendata.ledger import open_ledger

    decisions = open_ledger().decisions(run["dataset"], run["run_id"])
    return [d.sentence for d in decisions if d.step == step and (not table or d.table == table)]


def outcome_line(run: Mapping[str, Any]) -> str:
    """How the run stands, in a line."""
    from include.opendata.ledger import open_ledger

    ledger = open_ledger()
    entry = ledger.run(run["dataset"], run["run_id"])
    if entry is None:
        return "The ledger does not know of this run."
    if entry.outcome in ("failed", "refused"):
        return f"{entry.outcome.capitalize()}: {(entry.message or '').split(chr(10), 1)[0]}"
    last = [d.sentence for d in ledger.decisions(run["dataset"], run["run_id"]) if d.slug in ("staged", "unchanged")]
    return last[-1] if last else f"{entry.outcome.capitalize()}."
