"""Keeps what an identifier scan found, notes it in the ledger, and refuses what looks personal and has no answer."""

from __future__ import annotations

from include.opendata.identifiers import IdentifierScan, require_not_personal
from include.opendata.ledger import Decision, Ledger
from include.opendata.storage import RunArea


def require_no_identifiers(scan: IdentifierScan, area: RunArea, ledger: Ledger, *, step: str) -> None:
    """Write ``identifiers/source.json`` or ``identifiers/<table>.json``, record the decision, and refuse where needed.

    Raises Refused ``looks-personal`` (HIPAA Safe Harbor; DDG 2.0 §4), after the findings are kept.
    """
    area.write_json(f"identifiers/{scan.table or 'source'}.json", scan.to_json())
    slug = "looks-personal" if not scan.passed else "not-personal-answered" if scan.reasons else "not-personal"
    figures = {"columns": scan.columns, "rows": scan.rows, "answered": len(scan.reasons)}
    section = "HIPAA Safe Harbor, DDG 2.0 §4"
    decision = Decision(step, slug, scan.conclusion, section=section, table=scan.table or "", figures=figures)
    ledger.decide(area.dataset, area.run_id, [decision])
    require_not_personal(scan)
