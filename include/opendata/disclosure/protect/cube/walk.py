"""Walks among the tables an attacker cannot tell apart; compiled.

A state is a whole-number table that agrees with everything shown. One pass visits the cells not yet proven, in a drawn
order, and takes moves of hidden cells until the cell is ``width`` away from a value it had before; cells that got there
are held for the rest of the pass. So one state proves hundreds of cells at once.
"""

from __future__ import annotations

import numpy as np

from include.opendata.disclosure.protect.cube.compiled import compiled
from include.opendata.disclosure.protect.cube.search import BARRED, cheapest_move, draw

STRIDE = 3
"""The longest single step a move is looked for with.

Not the width of the rule: a cell that must go farther takes several steps. Two bits per step must fit into the 8 of ``room``,
so it is at most 4; longer steps find fewer moves, shorter ones take more of them."""

OPENED = np.int64(10)
"""What a cell costs at most once a move has gone through it."""

ASTRAY = np.int64(1000)
"""What a corner out of bounds costs while moves are chained."""


@compiled
def room_of(x, low, high):
    """Bit t - 1: the cell can rise by t; bit t + 2: it can fall by t."""
    bits = 0
    for t in range(1, STRIDE + 1):
        if x + t <= high:
            bits |= 1 << (t - 1)
        if x - t >= low:
            bits |= 1 << (t + STRIDE - 1)
    return bits


@compiled
def _take(n, cells, signs, times, up, x, low, high, price, room):
    for c in range(n):
        other = cells[c]
        x[other] += times * signs[c] * (1 if up else -1)
        room[other] = room_of(x[other], low[other], high[other])
        price[other] = min(price[other], OPENED)


@compiled
def _bits(up, times):
    """Which bits of ``room`` a corner needs where the move adds, and where it takes away."""
    if up:
        return times - 1, times + STRIDE - 1
    return times + STRIDE - 1, times - 1


@compiled
def _step(cell, up, times, x, low, high, price, room, geometry, work, cells, signs):
    """Take a move that changes ``cell`` by ``times`` in the direction ``up``; returns whether there was one."""
    rising, falling = _bits(up, times)
    if not (room[cell] >> rising) & 1:
        return False
    n, _ = cheapest_move(cell, price, BARRED, room, rising, falling, BARRED, geometry, work, cells, signs)
    _take(n, cells, signs, times, up, x, low, high, price, room)
    return n > 0


@compiled
def _is_wrong(cell, x, low, high):
    return x[cell] < low[cell] or x[cell] > high[cell]


@compiled
def _no_longer_wrong(cell, wrong, count):
    """Take ``cell`` out of the first ``count`` of ``wrong``; the last one takes its place."""
    for i in range(count):
        if wrong[i] == cell:
            wrong[i] = wrong[count - 1]
            break


@compiled
def bring_within_bounds(first, depth, x, low, high, price, room, geometry, work, cells, signs, journal):
    """Bring ``first``, which is out of its bounds, back by moves that leave every other cell within its own.

    A move may push a few corners out of bounds if further moves bring these back; ``depth`` moves at most. Writes what
    it changed into ``journal`` (cell, change) and returns how many lines, or -1 with ``x`` as it was.
    """
    most_wrong = 5
    wrong = np.zeros(most_wrong, dtype=np.int64)
    wrong[0] = first
    count, noted = 1, 0
    price_of_first = price[first]
    price[first] = BARRED
    for _ in range(depth):
        astray = wrong[count - 1]
        up = x[astray] < low[astray]
        times = min(low[astray] - x[astray] if up else x[astray] - high[astray], STRIDE)
        rising, falling = _bits(up, times)
        n, _ = cheapest_move(astray, price, ASTRAY, room, rising, falling, 3 * ASTRAY, geometry, work, cells, signs)
        if n == 0 or noted + n > len(journal):
            break
        for c in range(n):
            other = cells[c]
            change = times * signs[c] * (1 if up else -1)
            journal[noted, 0], journal[noted, 1] = other, change
            noted += 1
            was_wrong = _is_wrong(other, x, low, high)
            x[other] += change
            room[other] = room_of(x[other], low[other], high[other])
            is_wrong = _is_wrong(other, x, low, high)
            if is_wrong and not was_wrong:
                if count < most_wrong:
                    wrong[count] = other
                count += 1
            elif was_wrong and not is_wrong:
                _no_longer_wrong(other, wrong, min(count, most_wrong))
                count -= 1
        if count == 0 or count >= most_wrong:
            break
    price[first] = price_of_first
    if count == 0:
        return noted
    undo(noted, x, low, high, room, journal)
    return -1


@compiled
def undo(noted, x, low, high, room, journal):
    """Take back what ``journal`` says was done."""
    for i in range(noted - 1, -1, -1):
        other = journal[i, 0]
        x[other] -= journal[i, 1]
        room[other] = room_of(x[other], low[other], high[other])


@compiled
def _chain(cell, up, times, depth, x, low, high, price, room, geometry, work, cells, signs, journal):
    """Like :func:`_step`, by a chain of moves."""
    if not (room[cell] >> _bits(up, times)[0]) & 1:
        return False
    before = low[cell], high[cell]
    if up:
        low[cell] = x[cell] + times
    else:
        high[cell] = x[cell] - times
    room[cell] = room_of(x[cell], low[cell], high[cell])
    done = bring_within_bounds(cell, depth, x, low, high, price, room, geometry, work, cells, signs, journal) >= 0
    low[cell], high[cell] = before
    room[cell] = room_of(x[cell], low[cell], high[cell])
    return done


@compiled
def _go(
    cell, up, target_up, target_down, depth, x, low, high, price, room, geometry, work, cells, signs, journal,
):  # fmt: skip
    """Take ``cell`` in one direction until it is at a target, or as far as it gets; ``depth`` 0: by single moves."""
    while target_down < x[cell] < target_up:
        times = min(target_up - x[cell] if up else x[cell] - target_down, STRIDE)
        moved = False
        while not moved and times > 0:
            if depth == 0:
                moved = _step(cell, up, times, x, low, high, price, room, geometry, work, cells, signs)
            else:
                moved = _chain(
                    cell, up, times, depth, x, low, high, price, room, geometry, work, cells, signs, journal,
                )  # fmt: skip
            times -= 1
        if not moved:
            break


@compiled
def walk_pass(visit, x, low, high, least, most, width, floor, price, depth, state, geometry, work):
    """One pass over ``visit`` (cells). Changes ``x``; returns how many visited cells are now proven.

    ``least``, ``most``: the range each cell had in earlier states; ``width`` wanted per cell; reaching ``floor`` will
    do as well. ``price``: a small number per cell, the drawn preference among moves. ``depth``: how many moves may be
    chained where one alone does not do.
    """
    n = len(x)
    widest = len(work[0][0])
    cells, signs = np.zeros(widest, dtype=np.int64), np.zeros(widest, dtype=np.int8)
    journal = np.zeros((depth * widest, 2), dtype=np.int64)
    low, high = low.copy(), high.copy()
    room = np.zeros(n, dtype=np.uint8)
    for c in range(n):
        room[c] = room_of(x[c], low[c], high[c])
    reached = 0
    for i in range(len(visit)):
        cell = visit[i]
        target_up, target_down = least[cell] + width[cell], max(most[cell] - width[cell], floor[cell])
        first_up = target_up - x[cell] < x[cell] - target_down
        if target_up - x[cell] == x[cell] - target_down:
            first_up = draw(state, 2) == 0
        # both directions by single moves, then both by chains
        for attempt in range(2 if depth == 0 else 4):
            up = first_up == (attempt % 2 == 0)
            _go(
                cell, up, target_up, target_down, 0 if attempt < 2 else depth, x, low, high, price, room, geometry, work,
                cells, signs, journal,
            )  # fmt: skip
        # what got there is held for the rest of the pass
        if x[cell] >= target_up:
            low[cell] = max(low[cell], target_up)
            reached += 1
        elif x[cell] <= target_down:
            high[cell] = min(high[cell], target_down)
            reached += 1
        room[cell] = room_of(x[cell], low[cell], high[cell])
    return reached
