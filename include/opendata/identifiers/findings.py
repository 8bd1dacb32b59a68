"""What a scan found, and the refusal that follows from it. Findings count rows; none of them carries a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from include.opendata.errors import Place, Refused

By = Literal["name", "values", "declaration"]
"""Whether the column's name gave it away, its values, or the declaration itself calls it a direct identifier."""

Severity = Literal["refuse", "answered", "note"]
"""``refuse``: it is public, or would be. ``answered``: the declaration says why it names no one. ``note``: it is kept back
by its privacy class, and may deserve a stricter one."""


@dataclass(frozen=True)
class IdentifierFinding:
    """One column that looks like one kind of identifier."""

    column: str
    kind: str
    by: By
    rows: int
    """Rows whose value looks so; for a name, the rows that are filled."""
    share: float
    """``rows`` as a share of the filled rows, rounded to four places."""
    sentence: str
    section: str
    severity: Severity


@dataclass(frozen=True)
class IdentifierScan:
    """The findings on a source (``table`` is None) or on a table about to be published."""

    dataset: str
    table: str | None
    rows: int
    columns: int
    """Columns looked at."""
    findings: tuple[IdentifierFinding, ...]
    reasons: Mapping[str, str]
    """Column to the reason the declaration gives why it is not personal, for the columns with answered findings."""

    def of(self, severity: Severity) -> tuple[IdentifierFinding, ...]:
        """The findings of this severity."""
        return tuple(finding for finding in self.findings if finding.severity == severity)

    @property
    def passed(self) -> bool:
        """Whether nothing public looks personal without an answer."""
        return not self.of("refuse")

    @property
    def conclusion(self) -> str:
        """The scan in a sentence; answered alarms come with their reasons."""
        what = "the table" if self.table else "the source"
        looked = f"Looked for identifiers of persons in {self.columns} column(s), {self.rows:,} row(s) of {what}"
        if not self.passed:
            columns = dict.fromkeys(f.column for f in self.of("refuse"))
            return f"{looked}: {len(columns)} public column(s) look personal ({', '.join(columns)})."
        if not self.reasons:
            return f"{looked}: no public column looks personal."
        answers = "; ".join(f"{column} – {reason.rstrip('.')}" for column, reason in self.reasons.items())
        return f"{looked}: alarms answered in the declaration: {answers}."

    def to_json(self) -> dict[str, object]:
        """Plain values: counts, sentences, reasons."""
        return {
            "dataset": self.dataset,
            "table": self.table,
            "rows": self.rows,
            "columns": self.columns,
            "passed": self.passed,
            "conclusion": self.conclusion,
            "findings": [asdict(finding) for finding in self.findings],
            "not_personal_because": dict(self.reasons),
        }


def require_not_personal(scan: IdentifierScan) -> None:
    """Raises Refused ``looks-personal`` when something public looks personal and the declaration does not answer it.

    The error names dataset, table, columns, kinds and numbers of rows (HIPAA Safe Harbor; DDG 2.0 §4).
    """
    alarms = scan.of("refuse")
    if not alarms:
        return
    columns = list(dict.fromkeys(finding.column for finding in alarms))
    where = "the table would publish" if scan.table else "the declaration makes public"
    known = all(finding.by == "declaration" for finding in alarms)
    raise Refused(
        f"{where} {len(columns)} column(s) that {'identify persons' if known else 'look personal'}",
        remedy=(
            "Take the column out of the table; what is declared a direct identifier is never published."
            if known
            else "Correct the column's `privacy` in the declaration, or drop the column from the source's columns and the "
            "tables. If it names no one, say why with `not_personal_because:` at the source column; the reason is kept "
            "with the release."
        ),
        slug="looks-personal",
        place=Place(dataset=scan.dataset, table=scan.table, column=columns[0] if len(columns) == 1 else None),
        details=tuple(f"{finding.sentence} [{finding.section}]" for finding in alarms),
    )
