"""Which cells to hide so that every small cell lies in a move of hidden cells; compiled.

A *wish* is a small cell, or a group that must lose one more cell: it is granted by a move through one of its cells, all of
whose cells are hidden. Each wish in turn gets the cheapest move; then complements are given up one by one where those who
used them find other moves at no higher price. The caller decides prices, permissions and how often.
"""

from __future__ import annotations

import numpy as np

from include.opendata.disclosure.protect.cube.compiled import compiled
from include.opendata.disclosure.protect.cube.search import BARRED, cheapest_move

USED = np.int64(10)
"""The price of a complement someone else already uses: near nothing, so that short moves win among free ones."""


@compiled
def _grant(wish, members, start, now, anywhere, limit, geometry, work, cells, signs, trial_cells, trial_signs):
    """The cheapest move through one of the wish's cells into ``cells``; returns (number of cells, cost)."""
    found, best = 0, limit
    for i in range(start[wish], start[wish + 1]):
        cell = members[i]
        own = now[cell]
        if own >= best:
            continue
        n, cost = cheapest_move(
            cell, now, BARRED, anywhere, 0, 0, best - own, geometry, work, trial_cells, trial_signs
        )  # fmt: skip
        if n:
            found, best = n, cost + own
            for c in range(n):
                cells[c], signs[c] = trial_cells[c], trial_signs[c]
    return found, best


@compiled
def _take(wish, n, cells, price, now, uses, route, length):
    """Note the wish's move; returns what it adds to the bill."""
    bill = np.int64(0)
    kept = 0
    for c in range(n):
        cell = cells[c]
        if price[cell] == 0:
            continue
        route[wish, kept] = cell
        kept += 1
        if uses[cell] == 0:
            bill += price[cell]
            now[cell] = USED
        uses[cell] += 1
    length[wish] = kept
    return bill


@compiled
def _leave(wish, price, now, uses, route, length):
    """Take the wish's move back; returns what that saves."""
    saved = np.int64(0)
    for c in range(length[wish]):
        cell = route[wish, c]
        uses[cell] -= 1
        if uses[cell] == 0:
            saved += price[cell]
            now[cell] = price[cell]
    length[wish] = 0
    return saved


@compiled
def route_all(wishes, members, start, price, now, uses, route, length, geometry, work):
    """Give each of ``wishes`` its cheapest move, in the order given. Returns (bill, wishes without a move)."""
    widest = len(work[0][0])
    cells, signs = np.zeros(widest, dtype=np.int64), np.zeros(widest, dtype=np.int8)
    trial_cells, trial_signs = np.zeros(widest, dtype=np.int64), np.zeros(widest, dtype=np.int8)
    anywhere = np.ones(len(now), dtype=np.uint8)  # while cells are only chosen, every one may rise and fall
    bill, failed = np.int64(0), 0
    for i in range(len(wishes)):
        wish = wishes[i]
        bill -= _leave(wish, price, now, uses, route, length)
        n, _ = _grant(
            wish, members, start, now, anywhere, BARRED, geometry, work, cells, signs, trial_cells, trial_signs
        )  # fmt: skip
        if n == 0:
            failed += 1
            length[wish] = -1
            continue
        bill += _take(wish, n, cells, price, now, uses, route, length)
    return bill, failed


@compiled
def _thread(wish, threads, head, after, owner, route, length):
    """Note at every complement of the wish's move that the wish uses it; returns the next free place."""
    for c in range(max(length[wish], 0)):
        cell = route[wish, c]
        after[threads], owner[threads] = head[cell], wish
        head[cell] = threads
        threads += 1
    return threads


@compiled
def _rethread(head, after, owner, route, length):
    head[:] = -1
    threads = 0
    for wish in range(len(length)):
        threads = _thread(wish, threads, head, after, owner, route, length)
    return threads


@compiled
def _uses(wish, cell, route, length):
    return (route[wish, : max(length[wish], 0)] == cell).any()


@compiled
def _users_of(cell, mark, head, after, owner, route, length, seen, users):
    """The wishes whose moves use ``cell``, into ``users``; returns how many. The lists may name wishes that have moved on."""
    count = 0
    slot = head[cell]
    while slot >= 0:
        wish = owner[slot]
        if seen[wish] != mark:
            seen[wish] = mark
            if _uses(wish, cell, route, length):
                users[count] = wish
                count += 1
        slot = after[slot]
    return count


@compiled
def _retake(wish, cells, count, now, uses, route, length):
    """Give a wish the move back that it had before."""
    for c in range(count):
        cell = cells[c]
        route[wish, c] = cell
        if uses[cell] == 0:
            now[cell] = USED
        uses[cell] += 1
    length[wish] = count


@compiled
def give_up(candidates, members, start, price, now, uses, route, length, geometry, work):
    """Try to show each of ``candidates`` (complements in use) again; returns what that saves.

    One is given up if all its users find other moves and the bill does not rise; it then stays barred for this call.
    """
    widest = len(work[0][0])
    cells, signs = np.zeros(widest, dtype=np.int64), np.zeros(widest, dtype=np.int8)
    trial_cells, trial_signs = np.zeros(widest, dtype=np.int64), np.zeros(widest, dtype=np.int8)
    wishes = len(length)
    anywhere = np.ones(len(now), dtype=np.uint8)
    # who uses what: lists threaded through one array, for the users of a cell are asked for again and again
    head = np.full(len(price), -1, dtype=np.int64)
    capacity = 64 * widest * 8 + 4 * wishes * widest
    after = np.zeros(capacity, dtype=np.int64)
    owner = np.zeros(capacity, dtype=np.int64)
    threads = _rethread(head, after, owner, route, length)
    users = np.zeros(wishes, dtype=np.int64)
    seen = np.full(wishes, -1, dtype=np.int64)
    old_route = np.zeros((wishes, route.shape[1]), dtype=route.dtype)
    old_length = np.zeros(wishes, dtype=np.int64)
    saved = np.int64(0)
    for i in range(len(candidates)):
        cell = candidates[i]
        if uses[cell] == 0:
            continue
        count = _users_of(cell, i, head, after, owner, route, length, seen, users)
        balance = np.int64(0)
        for u in range(count):
            wish = users[u]
            old_length[u] = length[wish]
            old_route[u, : length[wish]] = route[wish, : length[wish]]
            balance -= _leave(wish, price, now, uses, route, length)
        now[cell] = BARRED
        good = True
        for u in range(count):
            # near-free moves may cost a few USED on top of what is saved
            limit = 64 * USED + 1 - balance
            n, _ = _grant(
                users[u], members, start, now, anywhere, limit, geometry, work, cells, signs, trial_cells, trial_signs,
            )  # fmt: skip
            if n > 0:
                balance += _take(users[u], n, cells, price, now, uses, route, length)
            good = bool(n > 0 and balance <= 0)
            if not good:
                break
        if good:
            saved -= balance
            for u in range(count):
                if threads + length[users[u]] > capacity:
                    threads = _rethread(head, after, owner, route, length)
                    break
                threads = _thread(users[u], threads, head, after, owner, route, length)
            continue
        for u in range(count):
            _leave(users[u], price, now, uses, route, length)
        now[cell] = price[cell]
        for u in range(count):
            _retake(users[u], old_route[u], old_length[u], now, uses, route, length)
    return saved
