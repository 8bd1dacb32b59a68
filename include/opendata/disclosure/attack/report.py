"""What an attack says: a finding per cell and per group, the figures, the proof, and the refusal they lead to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from include.opendata.disclosure.attack.search import RECOVERABLE, SAFE_LP, SAFE_WITNESS, UNDECIDED
from include.opendata.disclosure.attack.view import PublishedView
from include.opendata.disclosure.attack.witness import Witnesses
from include.opendata.disclosure.cell_states import ABSENT, CODE_COMPLEMENTARY, CODE_SMALL, SHOWN
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
        """Whether every cell and group is proven safe."""
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


def figures_of(view: PublishedView, cells: Sequence[CellFinding], groups: Sequence[GroupFinding]) -> dict[str, int]:
    """The counts of a report: cells, blanks, findings per verdict, failing groups and failing cells in no table."""
    verdicts = Counter([*(f.verdict for f in cells), *(g.verdict for g in groups)])
    return {
        "cells": view.size,
        "blanks": int(view.blank.sum()),
        **{verdict: verdicts[verdict] for verdict in (SAFE_WITNESS, SAFE_LP, RECOVERABLE, UNDECIDED)},
        "failing_groups": len(groups),
        "failing_absent": sum(int(view.state[f.cell]) == ABSENT for f in cells),
    }


class Sentences:
    """What an attacker would write of a view: coordinates and numbers of cells, never a hidden value."""

    def __init__(self, view: PublishedView, failing: Collection[int]):
        self.view = view
        self.only_unknown = _only_unknown(view, failing)

    def of_cell(self, cell: int, verdict: str, beside: str | None) -> str:
        """Why a cell fails, empty if it does not. ``beside``: the hidden cells it was reasoned with, in words; None where
        one value is left by single equations."""
        where = f"The {'cell in no table' if self.view.state[cell] == ABSENT else 'blank'} at {self.name(cell)}"
        if verdict == UNDECIDED:
            return f"{where} could not be decided within the limits."
        if verdict != RECOVERABLE:
            return ""
        total = self.only_unknown.get(cell)
        if total == cell:
            return f"{where} is the sum of its parts, which are all shown."
        if total is not None:
            return f"{where} is {self.name(total)} minus the other parts, which are all shown."
        coded = self.view.state[cell] in (CODE_SMALL, CODE_COMPLEMENTARY)
        codes = ", and by what the annotation codes say" if coded else ""
        if beside is None:
            return f"{where} has one possible value left, by subtracting totals step by step{codes}."
        return (
            f"{where} has fewer than {self.view.rule.width + 1} possible values left, by combining the totals it belongs to "
            f"with those of {beside}{codes}."
        )

    def of_group(self, equation: int, verdict: str) -> str:
        """Why the hidden parts of an equation fail together."""
        parent, children = self.view.equations[equation]
        count = sum(self.view.state[c] != SHOWN for c in children)
        if verdict == UNDECIDED:
            return f"Whether the {count} hidden parts of {self.name(parent)} can be added up was not decided."
        return (
            f"The {count} hidden parts of {self.name(parent)} can be added up from what is shown, and together they are a "
            "small count."
        )

    def name(self, cell: int) -> str:
        """The cell's coordinates."""
        return "(" + ", ".join(str(part) for part in self.view.keys[cell]) + ")"


def _only_unknown(view: PublishedView, failing: Collection[int]) -> dict[int, int]:
    """For failing cells that are the only one not shown in an equation: that equation's total."""
    totals: dict[int, int] = {}
    if failing:
        for parent, children in view.equations:
            hidden = [c for c in (parent, *children) if view.state[c] != SHOWN]
            if len(hidden) == 1 and hidden[0] in failing:
                totals.setdefault(hidden[0], parent)
    return totals
