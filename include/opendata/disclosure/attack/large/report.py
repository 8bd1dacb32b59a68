"""What came of the attack on a large table: findings, the attacker's sentences, the tables kept as proof.

Decides no verdict.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from include.opendata.disclosure.attack.large.unknowns import Need, Unknowns
from include.opendata.disclosure.attack.report import AttackReport, CellFinding, GroupFinding, Sentences, figures_of
from include.opendata.disclosure.attack.search import RECOVERABLE, UNDECIDED
from include.opendata.disclosure.attack.view import PublishedView
from include.opendata.disclosure.attack.witness import Witnesses
from include.opendata.disclosure.cell_states import ABSENT, SHOWN


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
    sentences = Sentences(view, failing)
    cells = tuple(
        _finding(unknown, cell, verdicts.cells[cell], needs.get(cell), sentences)
        for cell in sorted(verdicts.cells)
        if view.state[cell] != ABSENT or cell in failing
    )
    groups = tuple(
        GroupFinding(equation, verdict, sentences.of_group(equation, verdict))
        for equation, verdict in sorted(verdicts.groups.items())
        if verdict in (RECOVERABLE, UNDECIDED)
    )
    return AttackReport(cells, groups, figures_of(view, cells, groups), _proof(view, unknown), seed)


def _finding(unknown: Unknowns, cell: int, verdict: str, need: Need | None, sentences: Sentences) -> CellFinding:
    low, high = int(unknown.all_low[cell]), int(unknown.all_high[cell])
    if need is None:
        return CellFinding(cell, verdict, low, high, low, high, sentences.of_cell(cell, verdict, None))
    seen = (int(unknown.least[need.cell]), int(unknown.most[need.cell])) if unknown.tables else (-1, -1)
    sentence = sentences.of_cell(cell, verdict, "other hidden cells")
    return CellFinding(cell, verdict, max(low, need.low), min(high, need.high), *seen, sentence)


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
