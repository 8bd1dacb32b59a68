"""What came of the attack on a large table: findings, the attacker's sentences, the tables kept as proof.

Decides no verdict. Sentences name coordinates and counts of cells, never a hidden value.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from include.opendata.disclosure.attack.large.unknowns import Need, Unknowns
from include.opendata.disclosure.attack.report import AttackReport, CellFinding, GroupFinding
from include.opendata.disclosure.attack.search import RECOVERABLE, SAFE_LP, SAFE_WITNESS, UNDECIDED
from include.opendata.disclosure.attack.view import PublishedView
from include.opendata.disclosure.attack.witness import Witnesses
from include.opendata.disclosure.cell_states import ABSENT, CODE_COMPLEMENTARY, CODE_SMALL, SHOWN


@dataclass(frozen=True)
class Verdicts:
    """By cell and by equation."""

    cells: dict[int, str]
    groups: dict[int, str]


def make_report(
    view: PublishedView, unknown: Unknowns, verdicts: Verdicts, needs: dict[int, Need], seed: int
) -> AttackReport:
    """The report, in the order of the cells."""
    failing = {c for c, verdict in verdicts.cells.items() if verdict in (RECOVERABLE, UNDECIDED)}
    alone = _alone(view, failing)
    cells = tuple(
        _finding(view, unknown, cell, verdicts.cells[cell], needs.get(cell), alone)
        for cell in sorted(verdicts.cells)
        if view.state[cell] != ABSENT or cell in failing
    )
    groups = tuple(
        GroupFinding(equation, verdict, _group_sentence(view, equation, verdict))
        for equation, verdict in sorted(verdicts.groups.items())
        if verdict in (RECOVERABLE, UNDECIDED)
    )
    counted = Counter([*(f.verdict for f in cells), *(g.verdict for g in groups)])
    figures = {
        "cells": view.size,
        "blanks": int(view.blank.sum()),
        **{verdict: counted[verdict] for verdict in (SAFE_WITNESS, SAFE_LP, RECOVERABLE, UNDECIDED)},
        "failing_groups": len(groups),
        "failing_absent": sum(int(view.state[f.cell]) == ABSENT for f in cells),
    }
    return AttackReport(cells, groups, figures, _proof(view, unknown), seed)


def _finding(
    view: PublishedView, unknown: Unknowns, cell: int, verdict: str, need: Need | None, alone: dict[int, int]
) -> CellFinding:
    low, high = int(unknown.all_low[cell]), int(unknown.all_high[cell])
    seen = (low, high)
    if need is not None:
        low, high = max(low, need.low), min(high, need.high)
        seen = (
            (int(unknown.least[need.cell]), int(unknown.most[need.cell])) if unknown.tables else (-1, -1)
        )  # fmt: skip
    return CellFinding(cell, verdict, low, high, *seen, _sentence(view, unknown, cell, verdict, alone))


def _alone(view: PublishedView, failing: set[int]) -> dict[int, int]:
    """For failing cells that are the only one not shown in an equation: that equation's total."""
    found: dict[int, int] = {}
    if failing:
        for parent, children in view.equations:
            hidden = [c for c in (parent, *children) if view.state[c] != SHOWN]
            if len(hidden) == 1 and hidden[0] in failing:
                found.setdefault(hidden[0], parent)
    return found


def _sentence(view: PublishedView, unknown: Unknowns, cell: int, verdict: str, alone: dict[int, int]) -> str:
    what = "cell in no table" if view.state[cell] == ABSENT else "blank"
    where = f"The {what} at {_name(view, cell)}"
    if verdict == UNDECIDED:
        return f"{where} could not be decided within the limits."
    if verdict != RECOVERABLE:
        return ""
    if cell in alone:
        if alone[cell] == cell:
            return f"{where} is the sum of its parts, which are all shown."
        return f"{where} is {_name(view, alone[cell])} minus the other parts, which are all shown."
    codes = (
        ", and by what the annotation codes say" if view.state[cell] in (CODE_SMALL, CODE_COMPLEMENTARY) else ""
    )  # fmt: skip
    if unknown.place[cell] < 0:
        return f"{where} has one possible value left, by subtracting totals step by step{codes}."
    return (
        f"{where} has fewer than {view.rule.width + 1} possible values left, by combining the totals it belongs to with "
        f"those of other hidden cells{codes}."
    )


def _group_sentence(view: PublishedView, equation: int, verdict: str) -> str:
    parent, children = view.equations[equation]
    count = sum(view.state[c] != SHOWN for c in children)
    if verdict == UNDECIDED:
        return f"Whether the {count} hidden parts of {_name(view, parent)} can be added up was not decided."
    return (
        f"The {count} hidden parts of {_name(view, parent)} can be added up from what is shown, and together they are a "
        "small count."
    )


def _name(view: PublishedView, cell: int) -> str:
    return "(" + ", ".join(str(part) for part in view.keys[cell]) + ")"


def _proof(view: PublishedView, unknown: Unknowns) -> Witnesses:
    hidden = np.flatnonzero(view.state != SHOWN)
    if len(unknown.cells) and not unknown.tables:
        return Witnesses(hidden, np.zeros((0, len(hidden)), dtype=np.int64))
    kept = _needed(unknown) if unknown.tables else [np.zeros(0, dtype=np.int64)]
    tables = np.tile(unknown.base[hidden], (len(kept), 1))
    tables[:, np.searchsorted(hidden, unknown.cells)] = np.stack(kept)
    return Witnesses(hidden, tables)


def _needed(unknown: Unknowns) -> list[np.ndarray]:
    """Tables that together tell apart what all of them do, the later ones first: they were found for the hardest cells."""
    width = np.minimum(unknown.most - unknown.least, unknown.view.rule.width)
    least, most = unknown.tables[0].copy(), unknown.tables[0].copy()
    kept = [unknown.tables[0]]
    for table in reversed(unknown.tables[1:]):
        lacking = most - least < width
        wider = (np.minimum(least, table)[lacking] < least[lacking]) | (
            np.maximum(most, table)[lacking] > most[lacking]
        )
        if wider.any():
            kept.append(table)
            np.minimum(least, table, out=least)
            np.maximum(most, table, out=most)
    return kept
