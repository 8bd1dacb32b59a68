"""The attack on our own output, by someone who sees only what is published.

Decides whether any hidden count can be recovered: the attacker rebuilds every equation, knows that blanks are whole
numbers of 1 or more, what each code says and what published rates imply, and asks of every blank how many values it can
still have. A blank that can be small passes only with at least the rule's width between two tables that cannot be told apart
(DDG 2.0 §4.4.1 (2), §4.4.3); a group fails whose hidden sum can be computed and is small (rule 6); a cell in no table fails
if the published ones narrow it down to a small count. What could not be decided counts as failed.

Nothing here comes from the room that suppresses, and no true value is read. Messages name coordinates and counts; the
intervals are evidence for the private store.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from include.opendata.disclosure.attack.large.attack_large import attack_large
from include.opendata.disclosure.attack.large.unknowns import Clock, LargeBudget
from include.opendata.disclosure.attack.propagate import parts, propagate
from include.opendata.disclosure.attack.report import AttackReport, CellFinding, GroupFinding, Sentences, figures_of
from include.opendata.disclosure.attack.search import (
    RECOVERABLE,
    SAFE_LP,
    SAFE_WITNESS,
    UNDECIDED,
    AttackBudget,
    Part,
    Requirement,
)
from include.opendata.disclosure.attack.view import PublishedView
from include.opendata.disclosure.attack.witness import Witnesses, fewest
from include.opendata.disclosure.cell_states import ABSENT, SHOWN, UNBOUNDED
from include.opendata.rules.small_cells import SmallCellRule

WHOLE_UP_TO = 800
"""Up to so many hidden cells a table is attacked as a whole; small tables never wait for a compiler."""


def attack(
    view: PublishedView,
    *,
    seed: int = 0,
    budget: AttackBudget | None = None,
    seconds: float | None = None,
    progress: Callable[[str], None] | None = None,
) -> AttackReport:
    """Try to recover every hidden count of ``view``. Same arguments, same report.

    More than ``WHOLE_UP_TO`` hidden cells are attacked by other means (``large``), unless ``budget`` says how. ``seconds``:
    a time limit, after which what is not decided stays undecided. ``progress`` is told what is going on.
    Raises :class:`InputError` when the published figures contradict each other, so that nothing can be concluded.
    """
    if budget is None and int((view.state != SHOWN).sum()) > WHOLE_UP_TO:
        return attack_large(view, seed=seed, budget=LargeBudget(seconds=seconds), progress=progress)
    budget = budget or AttackBudget()
    clock = Clock(seconds)
    search = _Search(view, seed, budget)
    search.find_tables()
    verdicts = _judge_cells(search, clock, progress)
    if len(search.part_of) <= budget.exact_cells:
        search.measure()
    failing = {cell for cell, verdict in verdicts.items() if verdict in (RECOVERABLE, UNDECIDED)}
    sentences = Sentences(view, failing)
    groups = _judge_groups(search, sentences)
    cells = tuple(
        _finding(search, cell, verdict, sentences)
        for cell, verdict in verdicts.items()
        if view.state[cell] != ABSENT or cell in failing
    )
    return AttackReport(cells, groups, figures_of(view, cells, groups), _collect(view, search.parts, search.low), seed)


class _Search:
    """The parts of a view that no equation links, the bounds (int64[n]) that follow from single equations, and the part of
    every cell that these leave open."""

    def __init__(self, view: PublishedView, seed: int, budget: AttackBudget):
        self.view = view
        self.low, self.high = propagate(view)
        free = np.flatnonzero(self.low < self.high)
        self.parts = [Part(view, cells, self.low, self.high, seed, budget) for cells in parts(view, free)]
        self.part_of = {int(c): part for part in self.parts for c in part.cells}

    def find_tables(self) -> None:
        """Find tables that agree with everything published, for every part."""
        for part in self.parts:
            part.first_table()
            if part.tables:
                part.spread(self.view.rule.width)

    def measure(self) -> None:
        """The exact interval of every cell."""
        for part in self.parts:
            for position in range(len(part.cells)):
                part.measure(position)

    def judge(self, wanted: Requirement) -> str:
        """The verdict on some cells; those that are known are moved out of the sum first."""
        unknown = tuple(c for c in wanted.cells if c in self.part_of)
        if not unknown:
            return wanted.verdict_on(int(self.low[list(wanted.cells)].sum()))
        verdicts = []
        # parts are independent: the sum varies if it varies in one of them
        for part in {id(self.part_of[c]): self.part_of[c] for c in unknown}.values():
            cells = tuple(c for c in unknown if self.part_of[c] is part)
            verdicts.append(part.decide(replace(wanted, cells=cells)))
        return min(verdicts, key=(SAFE_WITNESS, SAFE_LP, UNDECIDED, RECOVERABLE).index)

    def sum_of(self, hidden: Sequence[int]) -> int | None:
        """The sum of cells that is the same in every table, read off the first one of each part; None without a table."""
        total = 0
        for cell in hidden:
            part = self.part_of.get(cell)
            if part is not None and not part.tables:
                return None
            total += int(self.low[cell]) if part is None else int(part.tables[0][part.place[cell]])
        return total


def _judge_cells(search: _Search, clock: Clock, progress: Callable[[str], None] | None) -> dict[int, str]:
    """Cell that is not shown → verdict."""
    view = search.view
    verdicts: dict[int, str] = {}
    for number, cell in enumerate(view.secrets):
        if progress is not None and number and number % 50 == 0:
            progress(f"attacking: {len(view.secrets) - number:,} of {len(view.secrets):,} cells to go")
        verdicts[cell] = UNDECIDED if clock.over else search.judge(_cell_requirement(view, cell))
    return verdicts


def _cell_requirement(view: PublishedView, cell: int) -> Requirement:
    safe_from = view.rule.below if view.large_is_safe(cell) else None
    return Requirement((cell,), view.rule.width, safe_from, zero_is_safe=bool(view.state[cell] == ABSENT))


def _judge_groups(search: _Search, sentences: Sentences) -> tuple[GroupFinding, ...]:
    """Rule 6: groups of two or more hidden parts whose sum can be computed and is small."""
    view = search.view
    findings = []
    for equation, (parent, children) in enumerate(view.equations):
        hidden = [c for c in children if view.state[c] != SHOWN]
        if len(hidden) < 2 or search.part_of.keys().isdisjoint(hidden) or not view.is_secret_sum(parent):
            continue  # a single hidden part is judged as a cell, and so is what is known
        if search.low[hidden].sum() >= view.rule.below:
            continue
        verdict = search.judge(Requirement(tuple(hidden), 1, None))
        if verdict == UNDECIDED or (verdict == RECOVERABLE and _is_small(search.sum_of(hidden), view.rule)):
            findings.append(GroupFinding(equation, verdict, sentences.of_group(equation, verdict)))
    return tuple(findings)


def _is_small(count: int | None, rule: SmallCellRule) -> bool:
    """Whether a count is small; one that cannot be read off counts as small, which fails closed."""
    return count is None or 1 <= count < rule.below


def _finding(search: _Search, cell: int, verdict: str, sentences: Sentences) -> CellFinding:
    part = search.part_of.get(cell)
    if part is None:
        only = int(search.low[cell])
        return CellFinding(
            cell, verdict, only, int(search.high[cell]), only, only, sentences.of_cell(cell, verdict, None)
        )
    at = part.place[cell]
    seen = (int(part.least[at]), int(part.most[at])) if part.tables else (-1, -1)
    sentence = sentences.of_cell(cell, verdict, f"{len(part.cells) - 1} other hidden cells")
    return CellFinding(cell, verdict, int(part.outer_low[at]), int(part.outer_high[at]), *seen, sentence)


def _collect(view: PublishedView, search: list[Part], low: np.ndarray) -> Witnesses:
    """The tables of all parts side by side; parts are independent, so any combination is a table."""
    hidden = np.flatnonzero(view.state != SHOWN)
    if any(not part.tables for part in search):
        return Witnesses(hidden, np.zeros((0, len(hidden)), dtype=np.int64))
    stacks = [fewest(np.stack(part.tables), np.full(len(part.cells), view.rule.width)) for part in search]
    rows = max((len(stack) for stack in stacks), default=1)
    tables = np.tile(np.where(low[hidden] < UNBOUNDED, low[hidden], 0), (rows, 1))
    for part, stack in zip(search, stacks, strict=True):
        full = np.concatenate([stack, np.repeat(stack[-1:], rows - len(stack), axis=0)])
        tables[:, np.searchsorted(hidden, part.cells)] = full
    return Witnesses(hidden, tables)
