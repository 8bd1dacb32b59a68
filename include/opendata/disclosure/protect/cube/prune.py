"""Showing complements again that turn out not to be needed; compiled.

A complement may be shown if no group then breaks a rule and every hidden count stays proven. The tables found so far are
brought in line one by one (moves take the cell back to its true count); those that cannot be are dropped, and cells left
unproven are walked for again. If that fails everything is put back.
"""

from __future__ import annotations

import numpy as np

from include.opendata.disclosure.protect.cube.compiled import compiled
from include.opendata.disclosure.protect.cube.groups import breaks_rules
from include.opendata.disclosure.protect.cube.walk import bring_within_bounds, room_of, walk_pass


@compiled
def _range(cell, tables, alive, least, most):
    """Note the smallest and largest value of ``cell`` over the tables in use."""
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
def _bring_in_line(
    cell, values, tables, alive, low, high, price, room, depth, most_lost, geometry, work, cells, signs, journal,
    done, touched, marked, mark,
):  # fmt: skip
    """Take ``cell`` back to its true count in every table in use; those that cannot follow go out of use.

    Notes in ``done`` (table, cell, change) what was changed, and in ``touched`` which cells were, each once. Returns how many
    entries either has, and how many tables are left and lost; stops when more than ``most_lost`` are lost.
    """
    noted, changed, left, lost = 0, 0, 0, 0
    for t in range(len(alive)):
        if not alive[t]:
            continue
        room[t, cell] = room_of(tables[t, cell], low[cell], high[cell])
        if tables[t, cell] != values[cell]:
            steps = bring_within_bounds(
                cell, depth, tables[t], low, high, price, room[t], geometry, work, cells, signs, journal
            )
            if steps < 0:
                alive[t] = False
                lost += 1
                if lost > most_lost:
                    break
                continue
            for i in range(steps):
                other = journal[i, 0]
                done[noted, 0], done[noted, 1], done[noted, 2] = t, other, journal[i, 1]
                noted += 1
                if marked[other] != mark:
                    marked[other] = mark
                    touched[changed] = other
                    changed += 1
        left += 1
    return noted, changed, left, lost


@compiled
def _look_for_tables(
    lacking, lack, free, tables, alive, was_alive, room, low, high, least, most, width, floor, price, depth, tries, state,
    geometry, work,
):  # fmt: skip
    """Walk from tables in use until the first ``lack`` cells of ``lacking`` are proven, ``tries`` times at most.

    New tables take places that were not in use before the candidate either, so that putting back need not restore them.
    Returns how many cells are still lacking.
    """
    capacity = len(alive)
    base, slot = 0, 0
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
            lacking[:lack].copy(),
            tables[slot],
            low,
            high,
            least,
            most,
            width,
            floor,
            price,
            depth,
            state,
            geometry,
            work,
        )
        alive[slot] = True
        for i in range(len(free)):
            c = free[i]
            room[slot, c] = room_of(tables[slot, c], low[c], high[c])
            least[c], most[c] = min(least[c], tables[slot, c]), max(most[c], tables[slot, c])
        lack = _collect(lacking, lack, least, most, width, floor, lacking)
    return lack


@compiled
def _put_back(cell, noted, done, tables, alive, was_alive, low, high, room):
    """Undo what ``done`` says, with ``cell`` hidden again. Returns whether other tables are in use than before that."""
    for i in range(noted - 1, -1, -1):
        t, other = done[i, 0], done[i, 1]
        tables[t, other] -= done[i, 2]
        room[t, other] = room_of(tables[t, other], low[other], high[other])
    differ = False
    for t in range(len(alive)):
        differ = differ or alive[t] != was_alive[t]
        alive[t] = was_alive[t]
        if alive[t]:
            room[t, cell] = room_of(tables[t, cell], low[cell], high[cell])
    return differ


@compiled
def _ranges(cells, count, tables, alive, least, most):
    for i in range(count):
        _range(cells[i], tables, alive, least, most)


@compiled
def show_again(
    candidates, values, persons, hidden, unknown, low, high, width, floor, rule_numbers, tables, alive, most_lost, price,
    depth, tries, state, geometry, lines, work,
):  # fmt: skip
    """Try each of ``candidates`` in turn; returns how many are shown now.

    Changes ``hidden``, ``unknown`` (bool[cells]), ``low``, ``high``, ``width``, and ``tables`` int64[capacity, cells] of
    which those ``alive`` (bool[capacity]) are in use. A candidate that more than ``most_lost`` of them cannot follow is left
    hidden; ``tries``: new tables looked for per candidate.
    """
    n, capacity, widest = len(values), len(tables), len(work[0][0])
    cells, signs = np.zeros(widest, dtype=np.int64), np.zeros(widest, dtype=np.int8)
    journal = np.zeros((depth * widest, 2), dtype=np.int64)
    done = np.zeros((capacity * depth * widest, 3), dtype=np.int64)
    least, most = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    room = np.zeros((capacity, n), dtype=np.uint8)
    free = np.flatnonzero(width > 0)
    _ranges(free, len(free), tables, alive, least, most)
    for i in range(len(free)):
        for t in range(capacity):
            room[t, free[i]] = room_of(tables[t, free[i]], low[free[i]], high[free[i]])
    marked = np.full(n, -1, dtype=np.int64)
    touched, lacking = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    was_alive = alive.copy()
    shown = 0
    for mark in range(len(candidates)):
        cell = candidates[mark]
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
        noted, changed, left, lost = _bring_in_line(
            cell, values, tables, alive, low, high, price, room, depth, most_lost, geometry, work, cells, signs, journal,
            done, touched, marked, mark,
        )  # fmt: skip
        # a lost table may have been the proof of any cell; otherwise only what was touched can have become narrower
        concerned, count = (free, len(free)) if lost > 0 else (touched, changed)
        enough = left >= 2 and lost <= most_lost
        if enough:
            _ranges(concerned, count, tables, alive, least, most)
            lack = _collect(concerned, count, least, most, width, floor, lacking)
            lack = _look_for_tables(
                lacking, lack, free, tables, alive, was_alive, room, low, high, least, most, width, floor, price, depth,
                tries, state, geometry, work,
            )  # fmt: skip
            if lack == 0:
                shown += 1
                continue
        low[cell], high[cell], width[cell] = before
        hidden[cell] = unknown[cell] = True
        if _put_back(cell, noted, done, tables, alive, was_alive, low, high, room):
            concerned, count = free, len(free)
        _ranges(concerned, count, tables, alive, least, most)
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
def _all_proven(tables, alive, cells, width, floor):
    """Whether the tables in use prove every one of ``cells``."""
    for i in range(len(cells)):
        c = cells[i]
        small, large = np.int64(1) << np.int64(60), np.int64(-1)
        for t in range(len(alive)):
            if alive[t]:
                small, large = min(small, tables[t, c]), max(large, tables[t, c])
                if large - small >= width[c] or small <= floor[c]:
                    break
        if large - small < width[c] and small > floor[c]:
            return False
    return True


@compiled
def needless_tables(tables, alive, cells, width, floor):
    """Take out of use, the latest first, what proves no cell that the others do not prove; returns how many remain."""
    remaining = alive.sum()
    for t in range(len(alive) - 1, -1, -1):
        if not alive[t] or remaining <= 2:
            continue
        alive[t] = False
        if _all_proven(tables, alive, cells, width, floor):
            remaining -= 1
        else:
            alive[t] = True
    return remaining
