"""Every whole-number table that agrees with a published view, by plain enumeration: the attacker without shortcuts."""

from __future__ import annotations

import numpy as np

from include.opendata.disclosure.attack import ABSENT, BLANK, CODE_COMPLEMENTARY, CODE_SMALL, SHOWN


class TooMany(Exception):
    pass


def all_tables(view, *, at_most=20_000, steps=400_000) -> np.ndarray:
    """int64[k, n]. Needs every unknown to lie below a shown total. Written anew: it shares nothing with the attack."""
    n = view.size
    allowed = {SHOWN: None, CODE_SMALL: (1, view.rule.largest), CODE_COMPLEMENTARY: (view.rule.below, None)}
    allowed |= {BLANK: (1, None), ABSENT: (0, None)}
    if view.persons:
        allowed[CODE_SMALL] = (1, None)
    bounds = []
    for c in range(n):
        state = int(view.state[c])
        bounds.append((int(view.value[c]),) * 2 if state == SHOWN else allowed[state])
    parents = {p for p, _ in view.equations}
    leaves = [c for c in range(n) if c not in parents]
    below = {c: {c} for c in leaves}
    while len(below) < n:
        for p, cs in view.equations:
            if p not in below and all(c in below for c in cs):
                below[p] = set().union(*(below[c] for c in cs))
    over = {leaf: [c for c in range(n) if leaf in below[c]] for leaf in leaves}
    last = {c: max(leaves.index(leaf) for leaf in below[c]) for c in range(n)}
    sums, found, budget = [0] * n, [], [steps]

    def descend(i):
        budget[0] -= 1
        if len(found) > at_most or budget[0] < 0:
            raise TooMany
        if i == len(leaves):
            found.append(list(sums))
            return
        leaf = leaves[i]
        room = [bounds[c][1] - sums[c] for c in over[leaf] if bounds[c][1] is not None]
        if not room:
            raise TooMany
        for x in range(bounds[leaf][0], min(room) + 1):
            for c in over[leaf]:
                sums[c] += x
            if all(sums[c] >= bounds[c][0] for c in over[leaf] if last[c] == i):
                descend(i + 1)
            for c in over[leaf]:
                sums[c] -= x

    descend(0)
    return np.array(found, dtype=np.int64)
