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
def _lacks(then, low, high):
    """0: within the bounds; 1: a blank that has no room; 2: a cell that is known."""
    if low <= then <= high:
        return 0
    return 1 if low < high else 2


@compiled
def find_move(cell, step, spare, x, low, high, patience, state, geometry, scratch):
    """A move that changes ``cell`` by ``step`` (not zero) and leaves every cell within its bounds; returns its corners.

    Up to ``spare`` blanks may lack room. The corners are left in the last row of ``scratch``. 0: there is none, or none
    was found in ``patience`` looks.
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
            tight = 0
            for e in range(entry[o], entry[o + 1]):
                other = grid[start + offset[e]]
                if other >= 0:
                    lacking = _lacks(x[other] + step * sign[e], low[other], high[other])
                    tight += lacking if lacking < 2 else spare + 1
            if tight <= spare:
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
    width, upto, short = level_state[2], level_state[3], level_state[4]
    places[0, 0], signs[0, 0] = start, 1
    width[0], short[0] = 1, 0
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
        tight = short[level]
        for c in range(n):
            corner, direction = places[level, c], signs[level, c]
            places[level + 1, c], signs[level + 1, c] = corner, direction
            for e in range(entry[o], entry[o + 1]):
                there = corner + offset[e]
                way = direction * sign[e]
                other = grid[there]
                looks += 1
                if other >= 0:
                    lacking = _lacks(x[other] + step * way, low[other], high[other])
                    tight += lacking if lacking < 2 else spare + 1
                    if tight > spare:
                        break
                places[level + 1, filled], signs[level + 1, filled] = there, way
                filled += 1
            if tight > spare:
                break
        if tight > spare:
            if looks > patience:
                return 0
            continue
        level += 1
        width[level], short[level] = filled, tight
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
def _change(cell, step, deep, x, low, high, patience, state, geometry, scratch, aside):
    """Change ``cell`` by ``step``: by one move or, ``deep`` tries, by one whose tight corners are given room first."""
    if not low[cell] <= x[cell] + step <= high[cell]:
        return False
    corners = find_move(cell, step, 0, x, low, high, patience, state, geometry, scratch)
    if corners > 0:
        _take(corners, step, x, geometry[0], scratch)
        return True
    grid = geometry[0]
    k = scratch[0].shape[0] - 1
    saved, planned, ways = aside
    for attempt in range(deep):
        corners = find_move(cell, step, 1 + attempt % 3, x, low, high, patience, state, geometry, scratch)
        if corners == 0:
            continue
        for c in range(corners):
            planned[c], ways[c] = grid[scratch[0][k, c]], step * scratch[1][k, c]
        saved[:] = x
        good = True
        for c in range(corners):
            other = planned[c]
            if other < 0 or low[other] <= x[other] + ways[c] <= high[other]:
                continue
            room = -ways[c]
            helped = 0
            if low[other] <= x[other] + room <= high[other]:
                helped = find_move(other, room, 0, x, low, high, patience, state, geometry, scratch)
            if helped == 0:
                good = False
                break
            _take(helped, room, x, grid, scratch)
        if good:
            for c in range(corners):
                if planned[c] >= 0:
                    x[planned[c]] += ways[c]
            for c in range(corners):
                other = planned[c]
                if other >= 0 and not low[other] <= x[other] <= high[other]:
                    good = False
                    break
        if good and x[cell] != saved[cell]:
            return True
        x[:] = saved
    return False


@compiled
def steer(visit, x, low, high, least, most, width, deep, patience, state, geometry, scratch, aside):
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
            for _ in range(2 * width[cell] + 2):
                if not below < x[cell] < above:
                    break
                need = above - x[cell] if up else x[cell] - below
                step = min(need, LONGEST)
                moved = False
                while step >= 1 and not moved:
                    tries = deep if step == 1 else 0
                    signed = step if up else -step
                    moved = _change(cell, signed, tries, x, low, high, patience, state, geometry, scratch, aside)
                    step -= 1
                if not moved:
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
                corners = find_move(cell, step, 0, x, low, high, patience, state, geometry, scratch)
                if corners > 0:
                    _take(corners, step, x, geometry[0], scratch)
                    break
            step = -step
