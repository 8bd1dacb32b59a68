"""Moves that bring a table back within its bounds; compiled.

A state is a whole-number table that satisfies every equation; some cells may be *wrong*, outside their bounds. Repair
takes a wrong cell, looks for the move that brings it back (see ``moves``) at the least cost in other cells gone wrong, and
goes on from there, through shown cells too, until none is wrong. A cell that could only be put right by as much wrong
elsewhere costs more from then on, so that repair does not go in circles. Decides nothing: every table is checked again
before it counts.
"""

from __future__ import annotations

import numpy as np

from include.opendata.disclosure.attack.large.compiled import compiled

LONGEST = 4
"""The longest single step."""
WEIGHT = 8
"""What it costs when a cell is one outside its bounds."""
DEARER = 2
"""By how much that rises for a cell that cannot be put right for nothing."""
NO_LIMIT = np.int64(1) << 40
TIES = 64


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
def outside(x, low, high):
    """How far ``x`` is from its bounds."""
    if x < low:
        return low - x
    return max(x - high, 0)


@compiled
def _worse(cell, change, x, low, high, weight):
    """What ``change`` of one cell costs; below 0 if it comes nearer to its bounds."""
    then = outside(x[cell] + change, low[cell], high[cell])
    return (then - outside(x[cell], low[cell], high[cell])) * weight[cell]


@compiled
def _options(cell, step, limit, x, low, high, weight, state, geometry, scratch):
    """Per axis the changes ``cell`` can take part in below ``limit``, the cheapest first, and the axes, the fewest
    changes first. False if an axis has none."""
    grid, spot, shape, strides, node_at, option, entry, offset, sign = geometry
    viable, price, level_state, level_cost = scratch[2], scratch[3], scratch[4], scratch[5]
    k = len(shape)
    start = spot[cell]
    count, order = level_state[0], level_state[1]
    own = _worse(cell, step, x, low, high, weight)
    level_cost[0] = own
    for a in range(k):
        node = node_at[a] + (start // strides[a]) % shape[a]
        kept = 0
        for o in range(option[node], option[node + 1]):
            cost = own
            for e in range(entry[o], entry[o + 1]):
                other = grid[start + offset[e]]
                if other >= 0:
                    cost += _worse(other, step * sign[e], x, low, high, weight)
            if cost >= limit:
                continue
            key = cost * TIES + draw(state, TIES)
            i = kept
            while i > 0 and price[a, i - 1] > key:
                price[a, i], viable[a, i] = price[a, i - 1], viable[a, i - 1]
                i -= 1
            price[a, i], viable[a, i] = key, o
            kept += 1
        if kept == 0:
            return False
        count[a] = kept
    for a in range(k):
        order[a] = a
    for i in range(1, k):
        a = order[i]
        j = i - 1
        while j >= 0 and count[order[j]] > count[a]:
            order[j + 1] = order[j]
            j -= 1
        order[j + 1] = a
    return True


@compiled
def cheapest_move(cell, step, limit, x, low, high, weight, patience, state, geometry, scratch):
    """The move that changes ``cell`` by ``step`` (not zero) and costs least, below ``limit``: (corners, cost).

    The corners are left in the last row of ``scratch``. 0 corners: there is none, or none was found in ``patience`` looks;
    then, too, the best so far is taken.
    """
    if not _options(cell, step, limit, x, low, high, weight, state, geometry, scratch):
        return 0, limit
    grid, spot, entry, offset, sign = geometry[0], geometry[1], geometry[6], geometry[7], geometry[8]
    places, signs, viable, price, level_state, level_cost = scratch
    k = len(geometry[2])
    count, order, width, upto = level_state[0], level_state[1], level_state[2], level_state[3]
    places[0, 0], signs[0, 0], width[0], upto[0] = spot[cell], 1, 1, 0
    best, found, looks, level = limit, 0, 0, 0
    while level >= 0:
        a = order[level]
        at = upto[level]
        if at >= count[a] or (level == 0 and price[a, at] // TIES >= best):
            level -= 1
            continue
        upto[level] += 1
        o = viable[a, at]
        cost = level_cost[level]
        filled = width[level]
        for c in range(width[level]):
            corner, direction = places[level, c], signs[level, c]
            places[level + 1, c], signs[level + 1, c] = corner, direction
            for e in range(entry[o], entry[o + 1]):
                there, way = corner + offset[e], direction * sign[e]
                other = grid[there]
                if other >= 0:
                    looks += 1
                    cost += _worse(other, step * way, x, low, high, weight)
                places[level + 1, filled], signs[level + 1, filled] = there, way
                filled += 1
            if cost >= best:
                break
        if cost >= best:
            if looks > patience:
                break
            continue
        level += 1
        width[level], level_cost[level] = filled, cost
        if level < k:
            upto[level] = 0
            continue
        best, found = cost, filled
        places[k + 1, :filled], signs[k + 1, :filled] = places[k, :filled], signs[k, :filled]
        level -= 1
    return found, best


@compiled
def note(cell, x, low, high, wrong, place, count):
    """Enter ``cell`` in the list of wrong ones, or take it out; returns how many there are."""
    is_wrong = x[cell] < low[cell] or x[cell] > high[cell]
    if is_wrong and place[cell] < 0:
        place[cell] = count
        wrong[count] = cell
        return count + 1
    if not is_wrong and place[cell] >= 0:
        last = wrong[count - 1]
        wrong[place[cell]] = last
        place[last] = place[cell]
        place[cell] = -1
        return count - 1
    return count


@compiled
def repair(count, steps, worst, x, low, high, weight, patience, state, geometry, scratch, wrong, place, journal):
    """At most ``steps`` moves until no cell is wrong, given up when more than ``worst`` are.

    ``wrong`` int64[n], of which ``count`` are in use: the cells outside their bounds · ``place`` int64[n]: where in it a
    cell is, or -1. Changes ``x``, ``weight`` and the list. ``journal`` int64[any, 2]: takes (cell, change) as long as there is
    room for a move; repair ends when there is not. Returns (cells still wrong, lines noted).
    """
    grid = geometry[0]
    last = scratch[0].shape[0] - 1
    noted = 0
    for _ in range(steps):
        if count == 0 or count > worst or noted + scratch[0].shape[1] > len(journal):
            break
        cell = wrong[draw(state, count)]
        gap = low[cell] - x[cell] if x[cell] < low[cell] else high[cell] - x[cell]
        step = min(max(gap, -LONGEST), LONGEST)
        corners, cost = cheapest_move(cell, step, NO_LIMIT, x, low, high, weight, patience, state, geometry, scratch)
        if corners == 0:
            break
        if cost >= 0:
            weight[cell] += DEARER
        for c in range(corners):
            other = grid[scratch[0][last, c]]
            if other < 0:
                continue
            change = step * scratch[1][last, c]
            x[other] += change
            journal[noted, 0], journal[noted, 1] = other, change
            noted += 1
            count = note(other, x, low, high, wrong, place, count)
    return count, noted


@compiled
def undo(count, noted, x, weight, wrong, place, journal):
    """Take back what ``journal`` says was done, and empty the list of ``count`` wrong cells."""
    for i in range(noted - 1, -1, -1):
        x[journal[i, 0]] -= journal[i, 1]
    for i in range(count):
        place[wrong[i]] = -1
    reset_weights(noted, weight, journal)


@compiled
def reset_weights(noted, weight, journal):
    """Make every cell that repair went through as dear as it was."""
    for i in range(noted):
        weight[journal[i, 0]] = WEIGHT
