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

from include.opendata.disclosure.attack.large.decide_rest import decide_rest, narrow_around
from include.opendata.disclosure.attack.large.first_table import find_first_table, keep_tables_for_loose_cells
from include.opendata.disclosure.attack.large.report import Verdicts, make_report
from include.opendata.disclosure.attack.large.unknowns import Clock, LargeBudget, Need, Unknowns
from include.opendata.disclosure.attack.large.walking import Walker
from include.opendata.disclosure.attack.propagate import propagate
from include.opendata.disclosure.attack.report import AttackReport
from include.opendata.disclosure.attack.search import RECOVERABLE, SAFE_LP, SAFE_WITNESS, UNDECIDED
from include.opendata.disclosure.attack.view import PublishedView
from include.opendata.disclosure.cell_states import ABSENT, SHOWN

Report = Callable[[str], None]


def _quiet(step: str) -> None:
    """Progress no one asked for."""


def attack_large(
    view: PublishedView,
    *,
    seed: int = 0,
    budget: LargeBudget | None = None,
    progress: Report | None = None,
) -> AttackReport:
    """Try to recover every hidden count of ``view``. Same arguments, same report (unless a time limit ran out).

    Raises :class:`InputError` when the published figures contradict each other.
    """
    budget = budget or LargeBudget()
    report = progress or _quiet
    clock = Clock(budget.seconds)
    rng = random.Random(f"{seed}:large")  # noqa: S311 - reproducible, not a secret
    low, high = propagate(view)
    unknown = Unknowns(view, low, high)
    report(f"{len(unknown.cells):,} of {int(view.blank.sum()):,} blanks do not follow from single equations")
    needs, known_cells = _needs(view, unknown)
    group_needs, known_groups = _groups(view, unknown)
    if len(unknown.cells):
        find_first_table(unknown, rng, budget, clock, report)
        keep_tables_for_loose_cells(unknown)
        _decide([*needs.values(), *group_needs.values()], unknown, rng, budget, clock, report)
    verdicts = Verdicts(
        known_cells | {cell: _verdict(need, unknown) for cell, need in needs.items()},
        known_groups | {equation: _verdict(need, unknown) for equation, need in group_needs.items()},
    )
    return make_report(view, unknown, verdicts, needs, seed)


def _verdict(need: Need, unknown: Unknowns) -> str:
    return need.met(unknown) or (RECOVERABLE if need.narrow else UNDECIDED)


def _needs(view: PublishedView, unknown: Unknowns) -> tuple[dict[int, Need], dict[int, str]]:
    """What each cell that is not shown must satisfy, and the verdicts on those that have one value left."""
    needs: dict[int, Need] = {}
    known: dict[int, str] = {}
    for cell in view.secrets:
        at = int(unknown.place[cell])
        if at < 0:
            known[cell] = _verdict_on_known(view, cell, int(unknown.all_low[cell]))
            continue
        safe_from = view.rule.below if view.large_is_safe(cell) else None
        low, high = int(unknown.low[at]), int(unknown.high[at])
        needs[cell] = Need(at, view.rule.width, safe_from, view.state[cell] == ABSENT, low, high)
    return needs, known


def _verdict_on_known(view: PublishedView, cell: int, only: int) -> str:
    """The verdict on a cell that can only be ``only``."""
    if view.state[cell] == ABSENT and only == 0:
        return SAFE_WITNESS
    return SAFE_LP if view.large_is_safe(cell) and only >= view.rule.below else RECOVERABLE


def _groups(view: PublishedView, unknown: Unknowns) -> tuple[dict[int, Need], dict[int, str]]:
    """Equations whose hidden parts could be added up to a small count: what must hold, and the verdicts where it is plain.

    The hidden parts add up to the total less the shown parts, so they can be added up when the total is known.
    """
    needs: dict[int, Need] = {}
    known: dict[int, str] = {}
    hidden = view.state != SHOWN
    low, high = unknown.all_low, unknown.all_high
    for number, (parent, children) in enumerate(view.equations):
        parts = np.array(children)
        secret = parts[hidden[parts]]
        if len(secret) < 2 or not (low[secret] < high[secret]).any() or low[secret].sum() >= view.rule.below:
            continue
        if not view.is_secret_sum(parent):
            continue
        shown = int(low[parts[~hidden[parts]]].sum())
        at = int(unknown.place[parent])
        if at >= 0:
            zero_is_safe = view.state[parent] == ABSENT and shown == 0
            needs[number] = Need(
                at, 1, view.rule.below + shown, zero_is_safe, int(unknown.low[at]), int(unknown.high[at])
            )
        elif 1 <= low[parent] - shown < view.rule.below:
            known[number] = RECOVERABLE
    return needs, known


def _decide(
    wanted: list[Need], unknown: Unknowns, rng: random.Random, budget: LargeBudget, clock: Clock, report: Report
) -> None:
    """Walk and look for proof, ever harder; then decide cell by cell."""
    can_walk = unknown.moves is not None and unknown.tables
    walker = Walker(unknown, wanted, rng, budget, clock) if can_walk else None
    for effort in budget.efforts:
        if walker is not None:
            walker.walk(effort, report)
        if effort.equations:
            _look_for_proof(wanted, unknown, effort.equations, clock, report)
    _decide_one_by_one(wanted, unknown, walker, rng, budget, clock, report)


def _decide_one_by_one(
    wanted: list[Need], unknown: Unknowns, walker: Walker | None, rng: random.Random, budget: LargeBudget, clock: Clock,
    report: Report,
) -> None:  # fmt: skip
    """Programs over all equations for what is left, walking on from every table found."""
    for number, need in enumerate(_still_open(wanted, unknown)[: budget.programs]):
        if clock.over:
            return
        if not need.open(unknown):
            continue  # told apart by the way
        others = _still_open(wanted, unknown)
        if number % 10 == 0:
            report(f"deciding one by one: {len(others):,} to go")
        tables = len(unknown.tables)
        decide_rest(need, others, unknown, rng, budget, clock)
        if walker is not None and len(unknown.tables) > tables:
            walker.walk(budget.efforts[0], report)


def _look_for_proof(wanted: list[Need], unknown: Unknowns, equations: int, clock: Clock, report: Report) -> None:
    """Narrow what is open by what so many ``equations`` around each cell allow."""
    left = _still_open(wanted, unknown)
    for number, need in enumerate(left):
        if clock.over:
            return
        if number % 100 == 0:
            report(f"looking for proof: {len(left) - number:,} to go")
        narrow_around(need, unknown, equations, clock)


def _still_open(wanted: list[Need], unknown: Unknowns) -> list[Need]:
    return [need for need in wanted if need.open(unknown)]
