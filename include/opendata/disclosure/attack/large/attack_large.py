"""The attack on large tables, from bounds to verdicts.

Decides the order: what single equations tell → one whole-number table → walks that change it → programs for what is left.
Verdicts and what they demand are those of the attack on small tables: a blank that can be small needs two whole-number
tables apart by the rule's width (DDG 2.0 §4.4.1 (2), §4.4.3), a group whose hidden sum can be computed must not be small
(rule 6), a cell in no table must not be narrowed down to a small count. What the limits leave open is undecided.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np

from include.opendata.disclosure.attack.large.first_table import find_first_table
from include.opendata.disclosure.attack.large.report import Verdicts, make_report
from include.opendata.disclosure.attack.large.settle import narrow_around, settle
from include.opendata.disclosure.attack.large.unknowns import Clock, LargeBudget, Need, Unknowns
from include.opendata.disclosure.attack.large.walking import Walker
from include.opendata.disclosure.attack.propagate import propagate
from include.opendata.disclosure.attack.report import AttackReport
from include.opendata.disclosure.attack.search import RECOVERABLE, SAFE_LP, SAFE_WITNESS, UNDECIDED
from include.opendata.disclosure.attack.view import ABSENT, CODE_COMPLEMENTARY, CODE_SMALL, SHOWN, PublishedView


def _quiet(step: str) -> None:
    """Progress nobody asked for."""


def attack_large(
    view: PublishedView,
    *,
    seed: int = 0,
    budget: LargeBudget | None = None,
    progress: Callable[[str], None] | None = None,
) -> AttackReport:
    """Try to recover every hidden count of ``view``. Same arguments, same report (unless a time limit ran out).

    Raises :class:`InputError` when the published figures contradict each other.
    """
    budget = budget or LargeBudget()
    say = progress or _quiet
    clock = Clock(budget.seconds)
    rng = random.Random(f"{seed}:large")  # noqa: S311 - reproducible, not a secret
    low, high = propagate(view)
    unknown = Unknowns(view, low, high)
    say(f"{len(unknown.cells):,} of {int(view.blank.sum()):,} blanks do not follow from single equations")
    needs, settled = _needs(view, unknown)
    groups, group_needs = _groups(view, unknown)
    if len(unknown.cells):
        find_first_table(unknown, rng, budget, clock, say)
        _decide([*needs.values(), *group_needs.values()], unknown, rng, budget, clock, say)
    verdicts = Verdicts(
        settled | {cell: _verdict(need, unknown) for cell, need in needs.items()},
        groups | {equation: _verdict(need, unknown) for equation, need in group_needs.items()},
    )
    return make_report(view, unknown, verdicts, needs, seed)


def _verdict(need: Need, unknown: Unknowns) -> str:
    return need.met(unknown) or (RECOVERABLE if need.narrow else UNDECIDED)


def _needs(view: PublishedView, unknown: Unknowns) -> tuple[dict[int, Need], dict[int, str]]:
    """What each cell that is not shown must satisfy, and the verdicts on those that have one value left.

    Where few persons may stand behind many events, a large count is no excuse.
    """
    needs: dict[int, Need] = {}
    settled: dict[int, str] = {}
    for cell in np.flatnonzero(view.state != SHOWN).tolist():
        state = view.state[cell]
        absent = state == ABSENT
        excused = absent or state == CODE_COMPLEMENTARY or (state != CODE_SMALL and not view.persons)
        at = int(unknown.place[cell])
        only = int(unknown.all_low[cell])
        if at >= 0:
            needs[cell] = Need(
                at, view.rule.width, view.rule.below if excused else None, absent,
                int(unknown.low[at]), int(unknown.high[at]),
            )  # fmt: skip
        elif absent and only == 0:
            settled[cell] = SAFE_WITNESS
        else:
            settled[cell] = SAFE_LP if excused and only >= view.rule.below else RECOVERABLE
    return needs, settled


def _groups(view: PublishedView, unknown: Unknowns) -> tuple[dict[int, str], dict[int, Need]]:
    """Equations whose hidden parts could be added up to a small count: verdicts where that is plain, else what must hold.

    The hidden parts add up to the total less the shown parts, so they can be added up when the total is known.
    """
    plain: dict[int, str] = {}
    open_needs: dict[int, Need] = {}
    hidden = view.state != SHOWN
    low, high = unknown.all_low, unknown.all_high
    for number, (parent, children) in enumerate(view.equations):
        parts = np.array(children)
        secret = parts[hidden[parts]]
        if len(secret) < 2 or not (low[secret] < high[secret]).any() or low[secret].sum() >= view.rule.below:
            continue
        shown = int(low[parts[~hidden[parts]]].sum())
        if low[parent] == high[parent]:
            if 1 <= low[parent] - shown < view.rule.below:
                plain[number] = RECOVERABLE
            continue
        at = int(unknown.place[parent])
        open_needs[number] = Need(
            at, 1, view.rule.below + shown, view.state[parent] == ABSENT and shown == 0,
            int(unknown.low[at]), int(unknown.high[at]),
        )  # fmt: skip
    return plain, open_needs


def _decide(
    wanted: list[Need], unknown: Unknowns, rng: random.Random, budget: LargeBudget, clock: Clock,
    say: Callable[[str], None],
) -> None:  # fmt: skip
    """Walk and look for proof, ever harder; then settle cell by cell, walking on from every table found."""
    walker = None
    if unknown.moves is not None and unknown.tables:
        walker = Walker(unknown, wanted, rng, budget, clock)
    for effort in budget.efforts:
        if walker is not None:
            walker.walk(effort, say)
        if effort.equations:
            left = _still_open(wanted, unknown)
            for number, need in enumerate(left):
                if number % 100 == 0:
                    say(f"looking for proof: {len(left) - number:,} to go")
                if clock.over:
                    return
                narrow_around(need, unknown, effort.equations, clock)
    for number, need in enumerate(_still_open(wanted, unknown)[: budget.programs]):
        if not need.open(unknown) or clock.over:
            continue
        others = _still_open(wanted, unknown)
        if number % 10 == 0:
            say(f"settling: {len(others):,} to go")
        tables = len(unknown.tables)
        settle(need, others, unknown, rng, budget, clock)
        if walker is not None and len(unknown.tables) > tables:
            walker.walk(budget.efforts[0], say)


def _still_open(wanted: list[Need], unknown: Unknowns) -> list[Need]:
    return [need for need in wanted if need.open(unknown)]
