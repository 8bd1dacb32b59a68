"""One whole-number table that agrees with everything published, found without knowing any true value.

A table of real numbers well inside all bounds comes from one linear program. Rounded where the columns' atoms meet, and
added up from there, it satisfies every equation, but many a shown total is off by one or two: ``repair`` brings those
back by moves. Where moves are not known or do not do and the unknowns are few, one integer program finds a table.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
from scipy.sparse.linalg import LinearOperator, lsmr

from include.opendata.disclosure.attack.large.moves import Moves
from include.opendata.disclosure.attack.large.programs import Method, solve
from include.opendata.disclosure.attack.large.repair import WEIGHT, repair
from include.opendata.disclosure.attack.large.unknowns import Clock, LargeBudget, Unknowns
from include.opendata.disclosure.attack.propagate import contradiction

FAR = 200_000
"""The linear program looks no further than this above a blank's least value, unless it must."""
MOST_ATOMS = 4_000_000
FITTING = 200
"""Steps of the fit where not every combination of atoms is a cell."""
STEPS = 500
"""Moves between two looks at the clock."""
FEWEST = 400
"""Repair may take the moves of so many unknowns, however few there are."""


def find_first_table(
    unknown: Unknowns, rng: random.Random, budget: LargeBudget, clock: Clock, progress: Callable[[str], None]
) -> None:
    """Keep a first table, if one is found within the budget.

    Raises :class:`InputError` when it is proven that no table agrees with what is published.
    """
    if not unknown.matrix.shape[0]:
        unknown.keep(unknown.low)  # no equation ties the cells together, so the least of each make a table
        return
    inner = _inner(unknown, clock)
    if unknown.moves is not None and not clock.over:
        progress("making a first table whole")
        table = start_of(unknown.moves, inner)
        if table is not None and _repaired(table, unknown, rng, budget, clock) and unknown.keep(table[unknown.cells]):
            return
    if len(unknown.cells) <= budget.whole and not clock.over:
        _all_at_once(unknown, budget, clock)


def keep_tables_for_loose_cells(unknown: Unknowns) -> None:
    """Keep two more tables, in which the cells of no equation differ as much as their bounds and the rule allow.

    They depend on nothing else, so two tables tell all of them apart at once; a program for each would take too long.
    """
    loose = unknown.loose
    if not len(loose) or not unknown.tables:
        return
    low = unknown.low[loose]
    for values in (low, np.minimum(unknown.high[loose], low + unknown.view.rule.width)):
        table = unknown.tables[-1].copy()
        table[loose] = values
        unknown.keep(table)


def _inner(unknown: Unknowns, clock: Clock) -> np.ndarray:
    """float64[n]: real numbers that agree with everything published, or the least of each cell if there are none."""
    capped = np.minimum(unknown.high, unknown.low + FAR)
    free = np.zeros(len(unknown.cells))
    answer = solve(unknown.matrix, unknown.rhs, unknown.low, capped, free, Method(interior=True, seconds=clock.left))
    if not answer.feasible:
        answer = solve(unknown.matrix, unknown.rhs, unknown.low, unknown.high, free, Method(seconds=clock.left))
        if not answer.feasible:
            raise contradiction()
    inner = unknown.base.astype(float)
    inner[unknown.cells] = unknown.low if answer.point is None else answer.point
    return inner


def start_of(moves: Moves, near: np.ndarray) -> np.ndarray | None:
    """int64[n]: a table that satisfies every equation and is close to ``near`` (float64[n]); bounds are not looked at.

    None if there are too many combinations of atoms.
    """
    shape = tuple(held.shape[1] for held in moves.holds)
    if np.prod(np.array(shape, dtype=float)) > MOST_ATOMS:
        return None
    meeting = _meeting(moves)
    if (meeting >= 0).all():
        return add_up(moves, np.rint(near[meeting]).astype(np.int64))
    # no cell for some combinations: the counts behind them are fitted to the cells they are in
    fit = LinearOperator(
        (len(near), int(np.prod(shape))),
        matvec=lambda counts: add_up(moves, counts.reshape(shape)),
        rmatvec=lambda cells: _hand_down(moves, cells),
        dtype=float,
    )
    guess = np.where(meeting >= 0, near[meeting], 0.0)
    counts = lsmr(fit, near, maxiter=FITTING, x0=guess.reshape(-1))[0].reshape(shape)
    return add_up(moves, np.rint(counts).astype(np.int64))


def _meeting(moves: Moves) -> np.ndarray:
    """The cell at every combination of one atom per column, -1 where there is none."""
    there = np.zeros((1,) * len(moves.holds), dtype=np.int64)
    for a, held in enumerate(moves.holds):
        alone = np.flatnonzero(held.sum(axis=1) == 1)
        node = np.full(held.shape[1], -1, dtype=np.int64)
        node[held[alone].argmax(axis=1)] = alone
        along = np.where(node >= 0, node * moves.strides[a], -len(moves.grid))
        there = there + along.reshape([-1 if i == a else 1 for i in range(len(moves.holds))])
    return np.where(there >= 0, moves.grid[np.maximum(there, 0)], -1)


def add_up(moves: Moves, counts: np.ndarray) -> np.ndarray:
    """The value of every cell, from ``counts`` over combinations of atoms."""
    for a, held in enumerate(moves.holds):
        counts = np.moveaxis(np.tensordot(held.astype(counts.dtype), counts, axes=(1, a)), 0, a)
    return np.asarray(counts.reshape(-1)[moves.spot])


def _hand_down(moves: Moves, cells: np.ndarray) -> np.ndarray:
    """The transpose of :func:`add_up`."""
    whole = np.zeros(len(moves.grid))
    whole[moves.spot] = cells.reshape(-1)
    whole = whole.reshape(tuple(moves.shape))
    for a, held in enumerate(moves.holds):
        whole = np.moveaxis(np.tensordot(held.T.astype(float), whole, axes=(1, a)), 0, a)
    return whole.reshape(-1)


def _repaired(table: np.ndarray, unknown: Unknowns, rng: random.Random, budget: LargeBudget, clock: Clock) -> bool:
    """Bring ``table`` within its bounds, in place; whether that was done."""

    assert unknown.moves is not None
    low, high, n = unknown.all_low, unknown.all_high, len(table)
    outside = np.flatnonzero((table < low) | (table > high))
    wrong, place = np.zeros(n, dtype=np.int64), np.full(n, -1, dtype=np.int64)
    wrong[: len(outside)] = outside
    place[outside] = np.arange(len(outside))
    weight = np.full(n, WEIGHT, dtype=np.int64)
    state = np.array([rng.getrandbits(63) | 1], dtype=np.uint64)
    journal = np.zeros(((STEPS + 1) * unknown.moves.largest, 2), dtype=np.int64)
    geometry, scratch = unknown.moves.geometry, unknown.moves.scratch()
    count = len(outside)
    for _ in range(budget.repair * max(len(unknown.cells), FEWEST) // STEPS):
        if count == 0 or clock.over:
            break
        count, _ = repair(
            count, STEPS, n, table, low, high, weight, budget.patience, state, geometry, scratch, wrong, place, journal
        )
    return count == 0


def _all_at_once(unknown: Unknowns, budget: LargeBudget, clock: Clock) -> None:
    answer = solve(
        unknown.matrix, unknown.rhs, unknown.low, unknown.high, np.zeros(len(unknown.cells)),
        Method(nodes=budget.nodes, solutions=1, seconds=clock.left),
    )  # fmt: skip
    if not answer.feasible:
        raise contradiction()
    if answer.point is not None:
        unknown.keep(np.rint(answer.point).astype(np.int64))
