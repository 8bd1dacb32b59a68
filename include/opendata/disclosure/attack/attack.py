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

import time
from collections import Counter
from collections.abc import Callable

import numpy as np

from include.opendata.disclosure.attack.large.attack_large import attack_large
from include.opendata.disclosure.attack.large.unknowns import LargeBudget
from include.opendata.disclosure.attack.propagate import parts, propagate
from include.opendata.disclosure.attack.report import AttackReport, CellFinding, GroupFinding
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
from include.opendata.disclosure.cell_states import ABSENT, CODE_COMPLEMENTARY, CODE_SMALL, SHOWN, UNBOUNDED

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
    end = None if seconds is None else time.monotonic() + seconds
    low, high = propagate(view)
    free = np.flatnonzero(low < high)
    search = [Part(view, cells, low, high, seed, budget) for cells in parts(view, free)]
    part_of = {int(c): part for part in search for c in part.cells}
    for part in search:
        part.first_table()
        if part.tables:
            part.spread(view.rule.width)

    verdicts: dict[int, str] = {}
    hidden = np.flatnonzero(view.state != SHOWN).tolist()
    for number, c in enumerate(hidden):
        if progress is not None and number and number % 50 == 0:
            progress(f"attacking: {len(hidden) - number:,} of {len(hidden):,} cells to go")
        late = end is not None and time.monotonic() > end
        verdicts[c] = UNDECIDED if late else _judge(_cell_target(view, c), low, part_of)
    if len(free) <= budget.exact_cells:
        for part in search:
            for i in range(len(part.cells)):
                part.measure(i)
    groups = _judge_groups(view, low, high, part_of)
    cells = tuple(
        _finding(view, c, verdict, low, high, part_of)
        for c, verdict in verdicts.items()
        if view.state[c] != ABSENT or verdict in (RECOVERABLE, UNDECIDED)
    )
    return AttackReport(cells, groups, _figures(view, cells, groups), _collect(view, search, low), seed)


def _cell_target(view: PublishedView, cell: int) -> Requirement:
    """What a cell must satisfy. Where few persons may stand behind many events, a large count is no excuse."""
    state = view.state[cell]
    if state == ABSENT:
        return Requirement((cell,), view.rule.width, view.rule.below, zero_is_safe=True)
    if state == CODE_SMALL:
        return Requirement((cell,), view.rule.width, None)
    excused = state == CODE_COMPLEMENTARY or not view.persons
    return Requirement((cell,), view.rule.width, view.rule.below if excused else None)


def _judge(target: Requirement, low: np.ndarray, part_of: dict[int, Part]) -> str:
    """The verdict on a target, whose known cells are moved out of the sum first."""
    unknown = tuple(c for c in target.cells if c in part_of)
    fixed = int(sum(low[c] for c in target.cells if c not in part_of))
    if not unknown:
        large = target.safe_from is not None and fixed >= target.safe_from
        return SAFE_LP if large or (target.zero_is_safe and fixed == 0) else RECOVERABLE
    owners = {id(part_of[c]): part_of[c] for c in unknown}
    verdicts = []
    for part in owners.values():  # independent parts: the sum varies if it varies in one of them
        cells = tuple(c for c in unknown if part_of[c] is part)
        verdicts.append(part.decide(Requirement(cells, target.width, target.safe_from, target.zero_is_safe)))
    order = (SAFE_WITNESS, SAFE_LP, UNDECIDED, RECOVERABLE)
    return min(verdicts, key=order.index)


def _judge_groups(
    view: PublishedView, low: np.ndarray, high: np.ndarray, part_of: dict[int, Part]
) -> tuple[GroupFinding, ...]:
    """Rule 6: groups of two or more hidden parts whose sum can be computed and is small."""
    found = []
    for e, (parent, children) in enumerate(view.equations):
        hidden = [c for c in children if view.state[c] != SHOWN]
        unknown = [c for c in hidden if c in part_of]
        if len(hidden) < 2 or not unknown:
            continue  # a single hidden part is judged as a cell
        if low[hidden].sum() >= view.rule.below:
            continue
        verdict = _judge(Requirement(tuple(hidden), 1, None), low, part_of)
        if verdict == UNDECIDED:
            text = f"Whether the {len(hidden)} hidden parts of {_name(view, parent)} can be added up was not decided."
            found.append(GroupFinding(e, UNDECIDED, text))
        elif verdict == RECOVERABLE and 1 <= _only_sum(hidden, low, part_of) < view.rule.below:
            text = (
                f"The {len(hidden)} hidden parts of {_name(view, parent)} can be added up from what is shown, and "
                "together they are a small count."
            )
            found.append(GroupFinding(e, RECOVERABLE, text))
    return tuple(found)


def _only_sum(hidden: list[int], low: np.ndarray, part_of: dict[int, Part]) -> int:
    """The sum of cells that is the same in every table, read off the first table of each part."""
    total = 0
    for c in hidden:
        part = part_of.get(c)
        if part is None:
            total += int(low[c])
        elif part.tables:
            total += int(part.tables[0][part.place[c]])
        else:
            return 1  # computable, but no table at hand to read it off: fails closed
    return total


def _finding(
    view: PublishedView, cell: int, verdict: str, low: np.ndarray, high: np.ndarray, part_of: dict[int, Part]
) -> CellFinding:
    part = part_of.get(cell)
    sentence = _sentence(view, cell, verdict, part)
    if part is None:
        only = int(low[cell])
        return CellFinding(cell, verdict, only, int(high[cell]), only, only, sentence)
    i = part.place[cell]
    seen = (int(part.least[i]), int(part.most[i])) if part.tables else (-1, -1)
    return CellFinding(cell, verdict, int(part.outer_low[i]), int(part.outer_high[i]), *seen, sentence)


def _sentence(view: PublishedView, cell: int, verdict: str, part: Part | None) -> str:
    what = "cell in no table" if view.state[cell] == ABSENT else "blank"
    if verdict == UNDECIDED:
        return f"The {what} at {_name(view, cell)} could not be decided within the limits."
    if verdict != RECOVERABLE:
        return ""
    for parent, children in view.equations:
        members = [parent, *children]
        if cell in members and sum(view.state[m] != SHOWN for m in members) == 1:
            if cell == parent:
                return f"The {what} at {_name(view, cell)} is the sum of its parts, which are all shown."
            return f"The {what} at {_name(view, cell)} is {_name(view, parent)} minus the other parts, which are all shown."
    coded = view.state[cell] in (CODE_SMALL, CODE_COMPLEMENTARY)
    codes = ", and by what the annotation codes say" if coded else ""
    if part is None:
        return (
            f"The {what} at {_name(view, cell)} has one possible value left, by subtracting totals step by step{codes}."
        )
    return (
        f"The {what} at {_name(view, cell)} has fewer than {view.rule.width + 1} possible values left, by combining the "
        f"totals it belongs to with those of {len(part.cells) - 1} other hidden cells{codes}."
    )


def _name(view: PublishedView, cell: int) -> str:
    return "(" + ", ".join(str(part) for part in view.keys[cell]) + ")"


def _figures(view: PublishedView, cells: tuple[CellFinding, ...], groups: tuple[GroupFinding, ...]) -> dict[str, int]:
    verdicts = Counter([*(f.verdict for f in cells), *(g.verdict for g in groups)])
    return {
        "cells": view.size,
        "blanks": int(view.blank.sum()),
        **{verdict: verdicts[verdict] for verdict in (SAFE_WITNESS, SAFE_LP, RECOVERABLE, UNDECIDED)},
        "failing_groups": len(groups),
        "failing_absent": sum(int(view.state[f.cell]) == ABSENT for f in cells),
    }


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
