"""Walks among the tables an attacker cannot exclude; compiled.

A *pass* visits blanks in a drawn order and asks each to be far enough from a value it had before: that is a bound, outside
of which the blank is now *wrong*, and the table is repaired (see ``repair``). A blank that got there is held until the pass
ends, so that one table tells hundreds of blanks apart at once. Decides nothing about safety: every table is checked again
before it counts.
"""

from __future__ import annotations

from include.opendata.disclosure.attack.large.compiled import compiled
from include.opendata.disclosure.attack.large.repair import draw, note, repair, reset_weights, undo


@compiled
def steer(
    visit,
    tries,
    moves,
    worst,
    x,
    low,
    high,
    least,
    most,
    width,
    enough,
    weight,
    patience,
    state,
    geometry,
    scratch,
    lists,
):
    """One pass over ``visit`` (cells): move each to ``width`` above its least or below its most value so far; to
    ``enough`` (-1: none) or below will do as well.

    ``x``, within ``low`` and ``high``, is changed in place; ``least``, ``most`` are not. ``moves``, ``worst``: limits of
    repair for one blank. ``tries`` falls by one for every blank that did not get there.
    """
    wrong, place, journal = lists
    low, high = low.copy(), high.copy()
    for i in range(len(visit)):
        cell = visit[i]
        above, below = least[cell] + width[cell], max(most[cell] - width[cell], enough[cell])
        up = above - x[cell] < x[cell] - below
        if above - x[cell] == x[cell] - below or draw(state, 4) == 0:
            up = draw(state, 2) == 0
        if x[cell] >= above or x[cell] <= below:
            up = x[cell] >= above
        reached = False
        for _ in range(2):
            before = low[cell], high[cell]
            if up and above <= high[cell]:
                low[cell] = max(low[cell], above)
            elif not up and below >= low[cell]:
                high[cell] = min(high[cell], below)
            else:
                up = not up
                continue
            count = note(cell, x, low, high, wrong, place, 0)
            count, noted = repair(
                count, moves, worst, x, low, high, weight, patience, state, geometry, scratch, wrong, place, journal
            )
            if count == 0:
                reset_weights(noted, weight, journal)
                reached = True
                break
            undo(count, noted, x, weight, wrong, place, journal)
            low[cell], high[cell] = before
            up = not up
        if not reached:
            tries[cell] -= 1
