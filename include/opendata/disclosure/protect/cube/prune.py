"""Showing complements again that turn out not to be needed; compiled.

A complement may be shown if no group then breaks a rule and every hidden count stays proven. The tables found so far are
brought in line one by one (moves take the cell back to its true count); those that cannot be are dropped, and cells left
unproven are walked for anew. If that fails everything is put back.
"""

from __future__ import annotations

import numpy as np

from include.opendata.disclosure.protect.cube.compiled import compiled
from include.opendata.disclosure.protect.cube.groups import breaks_rules
from include.opendata.disclosure.protect.cube.walk import room_of, settle, walk_pass


@compiled
def _range(cell, tables, alive, least, most):
    """Smallest and largest value of ``cell`` over the tables in use."""
    small, large = np.int64(1) << np.int64(60), np.int64(-1)
    for t in range(len(alive)):
        if alive[t]:
            small, large = min(small, tables[t, cell]), max(large, tables[t, cell])
    least[cell], most[cell] = small, large


@compiled
def _collect(cells, count, least, most, width, floor, out):
    """Those of ``cells`` that are not proven; each once."""
    found = 0
    for i in range(count):
        c = cells[i]
        if most[c] - least[c] < width[c] and least[c] > floor[c]:
            out[found] = c
            found += 1
    return found


@compiled
def show_again(
    candidates, values, persons, hidden, unknown, low, high, width, floor, rule_numbers, tables, alive, most_lost, price,
    depth, tries, state, geometry, lines, work,
):  # fmt: skip
    """Try each of ``candidates`` in turn; returns how many are shown now.

    Changes ``hidden``, ``unknown`` (bool[cells]), ``low``, ``high``, ``width``, and ``tables`` int64[capacity, cells] of
    which those ``alive`` (bool[capacity]) are in use. A candidate that more
    than ``most_lost`` of them cannot follow is left hidden; ``tries``: new tables looked for per candidate.
    """
    n = len(values)
    capacity = len(tables)
    widest = len(work[0][0])
    cells, signs = np.zeros(widest, dtype=np.int64), np.zeros(widest, dtype=np.int8)
    journal = np.zeros((depth * widest, 2), dtype=np.int64)
    done = np.zeros((capacity * depth * widest, 3), dtype=np.int64)
    least, most = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    room = np.zeros((capacity, n), dtype=np.uint8)
    free = np.flatnonzero(width > 0)
    for i in range(len(free)):
        _range(free[i], tables, alive, least, most)
        for t in range(capacity):
            room[t, free[i]] = room_of(tables[t, free[i]], low[free[i]], high[free[i]])
    marked = np.full(n, -1, dtype=np.int64)
    touched, lacking = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    was_alive = alive.copy()
    shown = 0
    for q in range(len(candidates)):
        cell = candidates[q]
        if not hidden[cell]:
            continue
        hidden[cell] = unknown[cell] = False
        if breaks_rules(cell, hidden, unknown, values, persons, rule_numbers, lines):
            hidden[cell] = unknown[cell] = True
            continue
        before = low[cell], high[cell], width[cell]
        low[cell] = high[cell] = values[cell]
        width[cell] = 0
        was_alive[:] = alive
        noted, changed, left, lost = 0, 0, 0, 0
        for t in range(capacity):
            if not alive[t]:
                continue
            room[t, cell] = room_of(tables[t, cell], low[cell], high[cell])
            if tables[t, cell] != values[cell]:
                lines_used = settle(
                    cell, depth, tables[t], low, high, price, room[t], geometry, work, cells, signs, journal
                )  # fmt: skip
                if lines_used < 0:
                    alive[t] = False
                    lost += 1
                    if lost > most_lost:
                        break
                    continue
                for i in range(lines_used):
                    other = journal[i, 0]
                    done[noted, 0], done[noted, 1], done[noted, 2] = t, other, journal[i, 1]
                    noted += 1
                    if marked[other] != q:
                        marked[other] = q
                        touched[changed] = other
                        changed += 1
            left += 1
        lack = 0
        if left >= 2 and lost <= most_lost:
            if lost > 0:
                for i in range(len(free)):
                    _range(free[i], tables, alive, least, most)
                lack = _collect(free, len(free), least, most, width, floor, lacking)
            else:
                for i in range(changed):
                    _range(touched[i], tables, alive, least, most)
                lack = _collect(touched, changed, least, most, width, floor, lacking)
            base = 0
            slot = 0
            for _ in range(tries):
                if lack == 0:
                    break
                while slot < capacity and (alive[slot] or was_alive[slot]):
                    slot += 1
                while not (alive[base % capacity] and was_alive[base % capacity]):
                    base += 1
                if slot == capacity:
                    break
                tables[slot] = tables[base % capacity]
                base += 1
                walk_pass(
                    lacking[:lack].copy(), tables[slot], low, high, least, most, width, floor, price, depth, state,
                    geometry, work,
                )  # fmt: skip
                alive[slot] = True
                for i in range(len(free)):
                    c = free[i]
                    room[slot, c] = room_of(tables[slot, c], low[c], high[c])
                    least[c], most[c] = min(least[c], tables[slot, c]), max(most[c], tables[slot, c])
                lack = _collect(lacking, lack, least, most, width, floor, lacking)
        if left >= 2 and lost <= most_lost and lack == 0:
            shown += 1
            continue
        low[cell], high[cell], width[cell] = before
        hidden[cell] = unknown[cell] = True
        for i in range(noted - 1, -1, -1):
            t, other = done[i, 0], done[i, 1]
            tables[t, other] -= done[i, 2]
            room[t, other] = room_of(tables[t, other], low[other], high[other])
        added = False
        for t in range(capacity):
            added = added or (alive[t] and not was_alive[t])
            alive[t] = was_alive[t]
            if alive[t]:
                room[t, cell] = room_of(tables[t, cell], low[cell], high[cell])
        if lost > 0 or added:
            for i in range(len(free)):
                _range(free[i], tables, alive, least, most)
        else:
            for i in range(changed):
                _range(touched[i], tables, alive, least, most)
    return shown


@compiled
def not_held_by_rules(candidates, hidden, unknown, values, persons, rule_numbers, lines):
    """Those of ``candidates`` that could be shown without any group breaking a rule, each looked at alone."""
    kept = np.zeros(len(candidates), dtype=np.bool_)
    for i in range(len(candidates)):
        cell = candidates[i]
        hidden[cell] = unknown[cell] = False
        kept[i] = not breaks_rules(cell, hidden, unknown, values, persons, rule_numbers, lines)
        hidden[cell] = unknown[cell] = True
    return kept


@compiled
def needless_tables(tables, alive, cells, width, floor):
    """Take out of use, the latest first, what proves no cell that the others do not prove; returns how many remain."""
    capacity = len(alive)
    remaining = alive.sum()
    for t in range(capacity - 1, -1, -1):
        if not alive[t] or remaining <= 2:
            continue
        alive[t] = False
        needed = False
        for i in range(len(cells)):
            c = cells[i]
            small, large = np.int64(1) << np.int64(60), np.int64(-1)
            for other in range(capacity):
                if alive[other]:
                    value = tables[other, c]
                    small, large = min(small, value), max(large, value)
                    if large - small >= width[c] or small <= floor[c]:
                        break
            if large - small < width[c] and small > floor[c]:
                needed = True
                break
        if needed:
            alive[t] = True
        else:
            remaining -= 1
    return remaining
