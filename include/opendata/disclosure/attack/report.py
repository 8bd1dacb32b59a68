"""What an attack says: a finding per cell and per group, the figures, the proof, and the refusal they lead to."""

from __future__ import annotations

from dataclasses import dataclass, field

from include.opendata.disclosure.attack.search import RECOVERABLE, UNDECIDED
from include.opendata.disclosure.attack.witness import Witnesses
from include.opendata.errors import AuditFailed

NAMED_AT_MOST = 20


@dataclass(frozen=True)
class CellFinding:
    """One cell that is not shown. ``low``/``high``: proven bounds (``high`` may be ``UNBOUNDED``); ``seen_low``/
    ``seen_high``: reached by a witness, -1 if there is none. Private evidence: never log or publish the interval."""

    cell: int
    verdict: str
    low: int = field(repr=False)
    high: int = field(repr=False)
    seen_low: int = field(repr=False)
    seen_high: int = field(repr=False)
    sentence: str = ""


@dataclass(frozen=True)
class GroupFinding:
    """An equation whose hidden parts have a sum that can be computed and is small, or might have."""

    equation: int
    verdict: str
    sentence: str


@dataclass(frozen=True)
class AttackReport:
    """``cells``: every blank, and every cell in no table that fails. ``groups``: only those that fail. ``figures``:
    counts per verdict of blanks, and of failing groups and absent cells. ``witnesses``: the proof."""

    cells: tuple[CellFinding, ...] = field(repr=False)
    groups: tuple[GroupFinding, ...] = field(repr=False)
    figures: dict[str, int]
    witnesses: Witnesses
    seed: int

    @property
    def failures(self) -> tuple[str, ...]:
        """What the attacker would write, one sentence per cell or group that is recoverable or undecided."""
        findings: list[CellFinding | GroupFinding] = [*self.cells, *self.groups]
        return tuple(f.sentence for f in findings if f.verdict in (RECOVERABLE, UNDECIDED))

    @property
    def passed(self) -> bool:
        return not self.failures

    def require_safe(self) -> None:
        """Raise :class:`AuditFailed` unless every cell and group is safe."""
        if self.passed:
            return
        sentences = self.failures
        more = (f"… and {len(sentences) - NAMED_AT_MOST} more.",) if len(sentences) > NAMED_AT_MOST else ()
        raise AuditFailed(
            f"{self.figures['recoverable']} hidden counts or groups can be recovered from what would be published and "
            f"{self.figures['undecided']} could not be decided.",
            remedy="Do not publish. Hide more, use combined annotation codes, or make the table coarser.",
            slug="hidden-count-recoverable" if self.figures["recoverable"] else "attack-undecided",
            details=(*sentences[:NAMED_AT_MOST], *more),
        )
