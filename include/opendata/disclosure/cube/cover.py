"""Which cells to hide so that every small cell lies in a move of hidden cells; compiled.

A *wish* is a small cell, or a group that must lose one more cell: it is granted by a move through one of its cells, all of
whose cells are hidden. Each wish in turn gets the cheapest move; then complements are given up one by one where those who
used them find other moves at no higher price. The caller decides prices, permissions and how often.
"""

from __future__ import annotations

import numpy as np

from include.opendata.disclosure.cube.compiled import compiled
from include.opendata.disclosure.cube.search import BARRED, cheapest_move, draw

USED = np.int64(10)
"""The price of a complement someone else already uses: near nothing, so that short moves win among free ones."""


@compiled
def _grant(wish, members, start, slack, now, room, limit, geometry, work, cells, signs, trial_cells, trial_signs):
    """The cheapest move through one of the wish's cells into ``cells``; returns (number of cells, cost).

    ``slack`` 0 asks for no room; w asks that the move can be taken w steps in all, some up and some down. ``room`` bit
    u + 8 * d of a cell: it can rise by u and fall by d.
    """
    found, best = 0, limit
    for i in range(start[wish], start[wish + 1]):
        cell = members[i]
        own = now[cell]
        for up in range(slack + 1):
            if slack > 0 and not (room[cell] >> (up + 8 * (slack - up))) & 1:
                continue
            if own >= best:
                break
            n, cost = cheapest_move(
                cell, now, BARRED, room, up + 8 * (slack - up), slack - up + 8 * up, best - own, geometry, work,
                trial_cells, trial_signs,
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
def route_all(wishes, members, start, slack, price, now, room, uses, route, length, geometry, work):
    """Give each of ``wishes`` its cheapest move, in the order given. Returns (bill, wishes without a move)."""
    widest = len(work[0][0])
    cells, signs = np.zeros(widest, dtype=np.int64), np.zeros(widest, dtype=np.int8)
    trial_cells, trial_signs = np.zeros(widest, dtype=np.int64), np.zeros(widest, dtype=np.int8)
    bill, failed = np.int64(0), 0
    for i in range(len(wishes)):
        wish = wishes[i]
        bill -= _leave(wish, price, now, uses, route, length)
        n, _ = _grant(
            wish, members, start, slack[wish], now, room, BARRED, geometry, work, cells, signs, trial_cells, trial_signs
        )  # fmt: skip
        if n == 0:
            failed += 1
            length[wish] = -1
            continue
        bill += _take(wish, n, cells, price, now, uses, route, length)
    return bill, failed


@compiled
def give_up(candidates, members, start, slack, price, now, room, uses, route, length, geometry, work):
    """Try to show each of ``candidates`` (complements in use) again; returns what that saves.

    One is given up if all its users find other moves and the bill does not rise; it then stays barred for this call.
    """
    widest = len(work[0][0])
    cells, signs = np.zeros(widest, dtype=np.int64), np.zeros(widest, dtype=np.int8)
    trial_cells, trial_signs = np.zeros(widest, dtype=np.int64), np.zeros(widest, dtype=np.int8)
    wishes = len(length)
    # who uses what: lists threaded through one array, rebuilt as routes change
    head = np.full(len(price), -1, dtype=np.int64)
    capacity = max(np.int64(1024), 4 * length[length > 0].sum())
    after = np.zeros(capacity, dtype=np.int64)
    owner = np.zeros(capacity, dtype=np.int64)
    used_slots = 0
    for wish in range(wishes):
        for c in range(max(length[wish], 0)):
            after[used_slots], owner[used_slots] = head[route[wish, c]], wish
            head[route[wish, c]] = used_slots
            used_slots += 1
    users = np.zeros(wishes, dtype=np.int64)
    seen = np.full(wishes, -1, dtype=np.int64)
    old_route = np.zeros((wishes, route.shape[1]), dtype=route.dtype)
    old_length = np.zeros(wishes, dtype=np.int64)
    saved = np.int64(0)
    for i in range(len(candidates)):
        cell = candidates[i]
        if uses[cell] == 0:
            continue
        count = 0
        slot = head[cell]
        while slot >= 0:
            wish = owner[slot]
            if seen[wish] != i:
                seen[wish] = i
                for c in range(length[wish]):
                    if route[wish, c] == cell:
                        users[count] = wish
                        count += 1
                        break
            slot = after[slot]
        balance = np.int64(0)
        for u in range(count):
            wish = users[u]
            old_length[u] = length[wish]
            for c in range(length[wish]):
                old_route[u, c] = route[wish, c]
            balance -= _leave(wish, price, now, uses, route, length)
        now[cell] = BARRED
        good = True
        done = 0
        for u in range(count):
            # near-free moves may cost a few USED on top of what is saved
            limit = 64 * USED + 1 - balance
            n, _ = _grant(
                users[u], members, start, slack[users[u]], now, room, limit, geometry, work, cells, signs,
                trial_cells, trial_signs,
            )  # fmt: skip
            if n == 0:
                good = False
                break
            balance += _take(users[u], n, cells, price, now, uses, route, length)
            done += 1
            if balance > 0:
                good = False
                break
        if good:
            saved -= balance
            for u in range(count):
                wish = users[u]
                for c in range(length[wish]):
                    if used_slots < capacity:
                        after[used_slots], owner[used_slots] = head[route[wish, c]], wish
                        head[route[wish, c]] = used_slots
                        used_slots += 1
            if used_slots + 64 * len(work[0][0]) > capacity:
                # rebuild the threads
                head[:] = -1
                used_slots = 0
                for wish in range(wishes):
                    for c in range(max(length[wish], 0)):
                        after[used_slots], owner[used_slots] = head[route[wish, c]], wish
                        head[route[wish, c]] = used_slots
                        used_slots += 1
            continue
        for u in range(count):
            _leave(users[u], price, now, uses, route, length)
        now[cell] = price[cell]
        for u in range(count):
            wish = users[u]
            for c in range(old_length[u]):
                other = old_route[u, c]
                route[wish, c] = other
                if uses[other] == 0:
                    now[other] = USED
                uses[other] += 1
            length[wish] = old_length[u]
    return saved


@compiled
def shake(steps, state, members, start, slack, price, now, room, uses, route, length, geometry, work):
    """Ruin and recreate, ``steps`` times: the users of a drawn complement, and of another of theirs, lose their moves and
    get new ones in a drawn order with that complement barred half of the time; kept if the bill does not rise.

    ``state`` uint64[1] is the generator's. Returns what that saves.
    """
    widest = len(work[0][0])
    cells, signs = np.zeros(widest, dtype=np.int64), np.zeros(widest, dtype=np.int8)
    trial_cells, trial_signs = np.zeros(widest, dtype=np.int64), np.zeros(widest, dtype=np.int8)
    wishes = len(length)
    chosen = np.zeros(wishes, dtype=np.int64)
    mark = np.zeros(wishes, dtype=np.bool_)
    wanted = np.zeros(4, dtype=np.int64)
    old_route = np.zeros((wishes, route.shape[1]), dtype=route.dtype)
    old_length = np.zeros(wishes, dtype=np.int64)
    saved = np.int64(0)
    for _ in range(steps):
        wish = draw(state, wishes)
        if length[wish] < 1:
            continue
        wanted[0] = route[wish, draw(state, length[wish])]
        wanted[1] = wanted[0]
        count = 0
        for stage in range(2):
            for other in range(wishes):
                if mark[other]:
                    continue
                for c in range(length[other]):
                    if route[other, c] == wanted[stage]:
                        chosen[count] = other
                        mark[other] = True
                        count += 1
                        break
            if stage == 0:
                mate = chosen[draw(state, count)]
                wanted[1] = route[mate, draw(state, length[mate])]
        balance = np.int64(0)
        for i in range(count - 1, 0, -1):
            j = draw(state, i + 1)
            chosen[i], chosen[j] = chosen[j], chosen[i]
        for i in range(count):
            wish = chosen[i]
            mark[wish] = False
            old_length[i] = length[wish]
            for c in range(length[wish]):
                old_route[i, c] = route[wish, c]
            balance -= _leave(wish, price, now, uses, route, length)
        barred = wanted[0]
        kind = draw(state, 4)
        if kind < 3:
            now[barred] = BARRED
        good = True
        for i in range(count):
            limit = 64 * USED + 1 - balance
            n, _ = _grant(
                chosen[i], members, start, slack[chosen[i]], now, room, limit, geometry, work, cells, signs,
                trial_cells, trial_signs,
            )  # fmt: skip
            if n == 0:
                good = False
                break
            balance += _take(chosen[i], n, cells, price, now, uses, route, length)
            if balance > 0:
                good = False
                break
        if kind < 3 and uses[barred] == 0:
            now[barred] = price[barred]
        if good:
            saved -= balance
            continue
        for i in range(count):
            _leave(chosen[i], price, now, uses, route, length)
        for i in range(count):
            wish = chosen[i]
            for c in range(old_length[i]):
                other = old_route[i, c]
                route[wish, c] = other
                if uses[other] == 0:
                    now[other] = USED
                uses[other] += 1
            length[wish] = old_length[i]
    return saved

