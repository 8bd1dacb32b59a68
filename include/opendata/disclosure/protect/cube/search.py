"""The cheapest move through a cell: branch and bound over the axes, compiled.

Decides nothing: prices and permissions come from the caller, the answer is the move whose cells cost least together.
Prices are whole numbers, so that the answer is the same on every machine.
"""

from __future__ import annotations

import numpy as np

from include.opendata.disclosure.protect.cube.compiled import compiled

BARRED = np.int64(1) << np.int64(40)
"""The price of what may not be used."""


@compiled
def cheapest_move(cell, price, penalty, room, rising, falling, limit, geometry, work, out_cells, out_signs):
    """The cheapest move that raises ``cell`` by one, among those that cost less than ``limit``.

    A corner costs ``price`` of its cell if bit ``rising`` (where the move adds) or ``falling`` (where it takes away) of
    ``room`` is set, and ``penalty`` on top otherwise. The cell itself costs nothing and is not checked. Writes the move into
    ``out_cells`` and ``out_signs``; returns (number of its cells, cost), or (0, limit) if there is none.
    """
    # One loop with an explicit stack, not recursion over the axes: this is where nearly all time is spent, and calls between
    # levels would pass the same ten arrays each time.
    strides, shape, node_start, option, entry, offset, sign, order = geometry
    cells, signs, costs, queue, state = work
    k = len(shape)
    # state[0]: node per level, [1]: corners per level, [2]: next option per level, [3]: least cost of deeper levels
    for level in range(k):
        a = order[level]
        state[0, level] = node_start[a] + (cell // strides[a]) % shape[a]
    state[3, k] = 0
    for level in range(k - 1, -1, -1):
        node = state[0, level]
        least = limit
        for o in range(option[node], option[node + 1]):
            cost = np.int64(0)
            for e in range(entry[o], entry[o + 1]):
                other = cell + offset[e]
                bit = rising if sign[e] > 0 else falling
                cost += price[other] if (room[other] >> bit) & 1 else price[other] + penalty
                if cost >= least:
                    break
            if cost < least:
                least = cost
        state[3, level] = state[3, level + 1] + least
        if state[3, level] >= limit:
            return 0, limit
    cells[0, 0], signs[0, 0] = cell, 1
    state[1, 0] = 1
    found, best = 0, limit
    level, spent = 0, np.int64(0)
    fresh = True
    while level >= 0:
        node = state[0, level]
        first = option[node]
        if fresh:
            # what every change along this axis adds to the corners so far, cheapest first
            kept = 0
            count = state[1, level]
            for o in range(first, option[node + 1]):
                bound = best - spent - state[3, level + 1]
                cost = np.int64(0)
                for c in range(count):
                    corner, direction = cells[level, c], signs[level, c]
                    for e in range(entry[o], entry[o + 1]):
                        other = corner + offset[e]
                        bit = rising if direction * sign[e] > 0 else falling
                        cost += price[other] if (room[other] >> bit) & 1 else price[other] + penalty
                    if cost >= bound:
                        break
                if cost >= bound:
                    continue
                if level == k - 1:
                    best = spent + cost
                    queue[level, 0] = o
                    kept = 1
                else:
                    costs[level, kept], queue[level, kept] = cost, o
                    kept += 1
            if level == k - 1:
                if kept:
                    _spread(level, queue[level, 0], geometry, work)
                    found = state[1, k]
                    for c in range(found):
                        out_cells[c], out_signs[c] = cells[k, c], signs[k, c]
                level -= 1
                fresh = False
                if level >= 0:
                    spent -= costs[level, state[2, level] - 1]
                continue
            _sort(costs[level], queue[level], kept)
            queue[level, kept : kept + 1] = -1
            state[2, level] = 0
        chosen = state[2, level]
        o = queue[level, chosen] if chosen < len(queue[level]) else -1
        if o < 0 or spent + costs[level, chosen] + state[3, level + 1] >= best:
            level -= 1
            fresh = False
            if level >= 0:
                spent -= costs[level, state[2, level] - 1]
            continue
        state[2, level] = chosen + 1
        spent += costs[level, chosen]
        _spread(level, o, geometry, work)
        level += 1
        fresh = True
    return found, best


@compiled
def _spread(level, o, geometry, work):
    """The corners of the next level: those of ``level`` and what change ``o`` makes of them."""
    entry, offset, sign = geometry[4], geometry[5], geometry[6]
    cells, signs, _, _, state = work
    count = state[1, level]
    n = 0
    for c in range(count):
        cells[level + 1, n], signs[level + 1, n] = cells[level, c], signs[level, c]
        n += 1
        for e in range(entry[o], entry[o + 1]):
            cells[level + 1, n] = cells[level, c] + offset[e]
            signs[level + 1, n] = signs[level, c] * sign[e]
            n += 1
    state[1, level + 1] = n


@compiled
def _sort(keys, values, n):
    """Both by ascending key, equal keys in the order found."""
    for i in range(1, n):
        key, value = keys[i], values[i]
        j = i - 1
        while j >= 0 and keys[j] > key:
            keys[j + 1], values[j + 1] = keys[j], values[j]
            j -= 1
        keys[j + 1], values[j + 1] = key, value


@compiled
def draw(state, n):
    """A whole number below ``n``; splitmix64 on ``state`` uint64[1]."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return np.int64(z % np.uint64(n))
