"""Walks among the tables an attacker cannot exclude; compiled.

A state is a whole-number table that agrees with everything published. A *pass* visits blanks in a drawn order and takes
moves until each is far enough from a value it had before; a blank that got there is held until the pass ends, so that one
state tells hundreds of blanks apart at once. Decides nothing about safety: every state is checked anew before it counts.
"""

from __future__ import annotations

import numpy as np

from include.opendata.attack.large.compiled import compiled

LONGEST = 4
"""The longest single step a move is tried with."""


@compiled
def draw(state, n):
    """A whole number below ``n`` (xorshift64* on ``state`` uint64[1])."""
    z = state[0]
    z ^= z >> np.uint64(12)
    z ^= z << np.uint64(25)
    z ^= z >> np.uint64(27)
    state[0] = z
    return np.int64((z * np.uint64(0x2545F4914F6CDD1D)) >> np.uint64(33)) % n


@compiled
def find_move(cell, step, x, low, high, patience, state, geometry, scratch):
    """A move that changes ``cell`` by ``step`` (not zero) and leaves every cell within its bounds; returns its corners.

    The corners are left in the last row of ``scratch``. 0: there is none, or none was found in ``patience`` looks.
    """
    grid, spot, shape, strides, node_at, option, entry, offset, sign = geometry
    places, signs, viable, level_state = scratch
    k = len(shape)
    start = spot[cell]
    count, order = level_state[0], level_state[1]
    # the changes along each axis that the cell itself can take part in
    for a in range(k):
        node = node_at[a] + (start // strides[a]) % shape[a]
        kept = 0
        for o in range(option[node], option[node + 1]):
            good = True
            for e in range(entry[o], entry[o + 1]):
                other = grid[start + offset[e]]
                if other >= 0:
                    then = x[other] + step * sign[e]
                    if then < low[other] or then > high[other]:
                        good = False
                        break
            if good:
                viable[a, kept] = o
                kept += 1
        if kept == 0:
            return 0
        count[a] = kept
        for i in range(kept - 1, 0, -1):
            j = draw(state, i + 1)
            viable[a, i], viable[a, j] = viable[a, j], viable[a, i]
    for a in range(k):
        order[a] = a
    for i in range(1, k):
        a = order[i]
        j = i - 1
        while j >= 0 and count[order[j]] > count[a]:
            order[j + 1] = order[j]
            j -= 1
        order[j + 1] = a
    width, upto = level_state[2], level_state[3]
    places[0, 0], signs[0, 0] = start, 1
    width[0] = 1
    level = 0
    upto[0] = 0
    looks = 0
    while level >= 0:
        a = order[level]
        if upto[level] >= count[a]:
            level -= 1
            continue
        o = viable[a, upto[level]]
        upto[level] += 1
        n = width[level]
        filled = n
        good = True
        for c in range(n):
            corner, direction = places[level, c], signs[level, c]
            places[level + 1, c], signs[level + 1, c] = corner, direction
            for e in range(entry[o], entry[o + 1]):
                there = corner + offset[e]
                way = direction * sign[e]
                other = grid[there]
                looks += 1
                if other >= 0:
                    then = x[other] + step * way
                    if then < low[other] or then > high[other]:
                        good = False
                        break
                places[level + 1, filled], signs[level + 1, filled] = there, way
                filled += 1
            if not good:
                break
        if not good:
            if looks > patience:
                return 0
            continue
        level += 1
        width[level] = filled
        if level == k:
            return filled
        upto[level] = 0
    return 0


@compiled
def _take(corners, step, x, grid, scratch):
    k = scratch[0].shape[0] - 1
    for c in range(corners):
        other = grid[scratch[0][k, c]]
        if other >= 0:
            x[other] += step * scratch[1][k, c]


@compiled
def steer(visit, x, low, high, least, most, width, patience, state, geometry, scratch):
    """One pass over ``visit`` (cells): move each to ``width`` above its least or below its most value so far.

    ``x`` is changed in place; ``least``, ``most`` are not. Returns how many got there.
    """
    low, high = low.copy(), high.copy()
    reached = 0
    for i in range(len(visit)):
        cell = visit[i]
        above, below = least[cell] + width[cell], most[cell] - width[cell]
        up_first = above - x[cell] < x[cell] - below
        if above - x[cell] == x[cell] - below:
            up_first = draw(state, 2) == 0
        for attempt in range(2):
            up = up_first == (attempt == 0)
            while below < x[cell] < above:
                need = above - x[cell] if up else x[cell] - below
                step = min(need, LONGEST)
                corners = 0
                while step >= 1:
                    signed = step if up else -step
                    if low[cell] <= x[cell] + signed <= high[cell]:
                        corners = find_move(cell, signed, x, low, high, patience, state, geometry, scratch)
                        if corners > 0:
                            _take(corners, signed, x, geometry[0], scratch)
                            break
                    step -= 1
                if corners == 0:
                    break
            if x[cell] >= above or x[cell] <= below:
                break
        if x[cell] >= above:
            low[cell] = max(low[cell], above)
            reached += 1
        elif x[cell] <= below:
            high[cell] = min(high[cell], below)
            reached += 1
    return reached


@compiled
def stir(visit, x, low, high, patience, state, geometry, scratch):
    """Take a step of one, in a drawn direction, through each of ``visit``."""
    for i in range(len(visit)):
        cell = visit[i]
        step = 1 if draw(state, 2) == 0 else -1
        for _ in range(2):
            if low[cell] <= x[cell] + step <= high[cell]:
                corners = find_move(cell, step, x, low, high, patience, state, geometry, scratch)
                if corners > 0:
                    _take(corners, step, x, geometry[0], scratch)
                    break
            step = -step
