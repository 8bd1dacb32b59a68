"""Walks among the tables an attacker cannot tell apart; compiled.

A state is a whole-number table that agrees with everything shown. One pass visits the cells not yet proven, in a drawn
order, and takes moves of hidden cells until the cell is ``width`` away from a value it had before; cells that got there
are held for the rest of the pass. So one state proves hundreds of cells at once.
"""

from __future__ import annotations

import numpy as np

from include.opendata.disclosure.cube.compiled import compiled
from include.opendata.disclosure.cube.search import BARRED, cheapest_move, draw

STRIDE = 3
"""The longest single step a move is looked for with."""

ASTRAY = np.int64(1000)
"""What a corner out of bounds costs while moves are chained."""


@compiled
def _room(x, low, high):
    """Bit t - 1: the cell can rise by t; bit t + 2: it can fall by t."""
    bits = 0
    for t in range(1, STRIDE + 1):
        if x + t <= high:
            bits |= 1 << (t - 1)
        if x - t >= low:
            bits |= 1 << (t + STRIDE - 1)
    return bits


@compiled
def _take(n, cells, signs, times, up, x, low, high, room):
    for c in range(n):
        other = cells[c]
        x[other] += times * signs[c] * (1 if up else -1)
        room[other] = _room(x[other], low[other], high[other])


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
    _take(n, cells, signs, times, up, x, low, high, room)
    return n > 0


@compiled
def _chain(cell, up, times, depth, x, low, high, price, room, geometry, work, cells, signs, journal, touched):
    """Like :func:`_step`, where corners may first leave their bounds if further moves through them bring them back.

    At most ``depth`` moves. ``journal`` and ``touched`` are scratch: what to restore when it fails.
    """
    rising, falling = _bits(up, times)
    if not (room[cell] >> rising) & 1:
        return False
    noted = 0
    n, _ = cheapest_move(cell, price, ASTRAY, room, rising, falling, 3 * ASTRAY, geometry, work, cells, signs)
    if n == 0:
        return False
    own = price[cell]
    price[cell] = BARRED
    wrong = 0
    done = False
    for step in range(depth):
        for c in range(n):
            other = cells[c]
            if noted == len(journal):
                break
            journal[noted, 0], journal[noted, 1] = other, times * signs[c] * (1 if up else -1)
            was_wrong = x[other] < low[other] or x[other] > high[other]
            x[other] += journal[noted, 1]
            room[other] = _room(x[other], low[other], high[other])
            is_wrong = x[other] < low[other] or x[other] > high[other]
            if is_wrong and not was_wrong:
                touched[wrong] = other
                wrong += 1
            elif was_wrong and not is_wrong:
                for i in range(wrong):
                    if touched[i] == other:
                        wrong -= 1
                        touched[i] = touched[wrong]
                        break
            noted += 1
        if wrong == 0:
            done = True
            break
        if wrong > 4 or noted + len(cells) > len(journal) or step == depth - 1:
            break
        astray = touched[wrong - 1]
        up = x[astray] < low[astray]
        times = min(low[astray] - x[astray] if up else x[astray] - high[astray], STRIDE)
        rising, falling = _bits(up, times)
        n, _ = cheapest_move(astray, price, ASTRAY, room, rising, falling, 3 * ASTRAY, geometry, work, cells, signs)
        if n == 0:
            break
    price[cell] = own
    if not done:
        for i in range(noted - 1, -1, -1):
            other = journal[i, 0]
            x[other] -= journal[i, 1]
            room[other] = _room(x[other], low[other], high[other])
    return done


@compiled
def walk_pass(visit, x, low, high, least, most, width, price, depth, state, geometry, work):
    """One pass over ``visit`` (cells). Changes ``x``; returns how many visited cells are now proven.

    ``least``, ``most``: the range each cell had in earlier states; ``width`` wanted per cell. ``price``: a small number
    per cell, the drawn preference among moves. ``depth``: how many moves may be chained where one alone does not do.
    """
    n = len(x)
    widest = len(work[0][0])
    cells, signs = np.zeros(widest, dtype=np.int64), np.zeros(widest, dtype=np.int8)
    journal = np.zeros((depth * widest, 2), dtype=np.int64)
    touched = np.zeros(depth * widest, dtype=np.int64)
    low, high = low.copy(), high.copy()
    room = np.zeros(n, dtype=np.int64)
    for c in range(n):
        room[c] = _room(x[c], low[c], high[c])
    reached = 0
    for i in range(len(visit)):
        cell = visit[i]
        target_up, target_down = least[cell] + width[cell], most[cell] - width[cell]
        first_up = target_up - x[cell] < x[cell] - target_down
        if target_up - x[cell] == x[cell] - target_down:
            first_up = draw(state, 2) == 0
        for attempt in range(2 if depth == 0 else 4):
            if x[cell] >= target_up or x[cell] <= target_down:
                break
            up = first_up == (attempt % 2 == 0)
            while x[cell] < target_up and x[cell] > target_down:
                need = target_up - x[cell] if up else x[cell] - target_down
                times = min(need, STRIDE)
                moved = False
                while not moved and times > 0:
                    if attempt < 2:
                        moved = _step(cell, up, times, x, low, high, price, room, geometry, work, cells, signs)
                    else:
                        moved = _chain(
                            cell, up, times, depth, x, low, high, price, room, geometry, work, cells, signs, journal,
                            touched,
                        )  # fmt: skip
                    times -= 1
                if not moved:
                    break
        if x[cell] >= target_up:
            low[cell] = max(low[cell], target_up)
            reached += 1
        elif x[cell] <= target_down:
            high[cell] = min(high[cell], target_down)
            reached += 1
        room[cell] = _room(x[cell], low[cell], high[cell])
    return reached
