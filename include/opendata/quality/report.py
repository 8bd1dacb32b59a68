"""What a suite's run found, without a single value of a record.

Great Expectations' own results can carry example values, so they are not kept: a report holds the names of columns,
counts of rows, and sentences made of the suite's declared arguments.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

_MOST_COLUMNS = 5
"""An expectation about more columns than this is about the table."""

Severity = Literal["critical", "warning", "info"]


@dataclass(frozen=True)
class ExpectationOutcome:
    """One expectation and how it went."""

    type: str
    columns: tuple[str, ...]
    sentence: str
    """What was expected, in plain language."""
    success: bool
    decided: bool
    """False where the database could not evaluate it; such an expectation never counts as a success."""
    failing_rows: int | None
    """None where rows cannot be counted (the set of columns, a type) or nothing failed."""
    severity: Severity

    @property
    def refuses(self) -> bool:
        """Whether this outcome stops the run: a critical expectation that failed, or any that could not be decided."""
        return not self.decided or (not self.success and self.severity == "critical")


@dataclass(frozen=True)
class QualityReport:
    """A suite's run on one table."""

    suite: str
    rows: int
    declared: int
    """Expectations in the suite's file."""
    evaluated: int
    successful: int
    expectations: tuple[ExpectationOutcome, ...]

    @property
    def passed(self) -> bool:
        """Whether every expectation was evaluated and nothing refuses; a report on nothing has not passed."""
        return 0 < self.declared == self.evaluated and not any(outcome.refuses for outcome in self.expectations)

    def to_json(self) -> dict[str, object]:
        """The report as plain data."""
        return asdict(self) | {"passed": self.passed}


def failure(outcome: ExpectationOutcome, rows: int) -> str:
    """One failed expectation for people: column, what was expected, how many rows fall short."""
    where = f"{', '.join(outcome.columns)}: " if 0 < len(outcome.columns) <= _MOST_COLUMNS else ""
    if not outcome.decided:
        return f"{where}{outcome.sentence}; this could not be evaluated"
    if outcome.failing_rows is None:
        return f"{where}{outcome.sentence}; this is not so"
    share = f" of {rows:,} ({_percent(outcome.failing_rows, rows)})" if rows else ""
    noun = "row falls" if outcome.failing_rows == 1 else "rows fall"
    return f"{where}{outcome.sentence}; {outcome.failing_rows:,}{share} {noun} short"


def _percent(part: int, whole: int) -> str:
    share = 100 * part / whole
    return "under 0.1 %" if 0 < share < 0.1 else f"{share:.1f} %"
