"""What follows from one equation at a time.

Decides how far bounds tighten by repeated subtraction, the attack anyone can do with a pencil: a total minus the most
(least) the other parts can be is the least (most) a part can be. Bounds that cross mean the published figures contradict
each other. What only several equations together reveal is left to ``search``.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from include.opendata.disclosure.attack.view import PublishedView
from include.opendata.disclosure.cell_states import UNBOUNDED
from include.opendata.errors import InputError

ROUNDS = 500


def propagate(view: PublishedView) -> tuple[np.ndarray, np.ndarray]:
    """Bounds (low, high) int64[n] that follow equation by equation.

    Raises :class:`InputError` when no table can agree with what is published.
    """
    low, high = view.bounds()
    balance = view.balance.tocoo()
    cells, rows, signs = balance.coords[1], balance.coords[0], balance.data
    count = len(view.equations)
    for _ in range(ROUNDS):
        if (low > high).any():
            raise contradiction()
        # least and most of each signed term; the sum over an equation is zero
        endless = high[cells] >= UNBOUNDED
        finite = np.where(endless, 0, high[cells])
        least = np.where(signs > 0, low[cells], -finite)
        most = np.where(signs > 0, finite, -low[cells])
        no_least, no_most = endless & (signs < 0), endless & (signs > 0)
        least_sum, most_sum = _sums(rows, least, count), _sums(rows, most, count)
        open_below, open_above = _sums(rows, no_least, count), _sums(rows, no_most, count)
        # a term is at most minus the least of the others, at least minus the most of the others
        rest_least = np.where(open_below[rows] - no_least > 0, -UNBOUNDED, least_sum[rows] - least)
        rest_most = np.where(open_above[rows] - no_most > 0, UNBOUNDED, most_sum[rows] - most)
        term_most, term_least = -rest_least, -rest_most
        new_high, new_low = high.copy(), low.copy()
        np.minimum.at(new_high, cells, np.where(signs > 0, term_most, -term_least))
        np.maximum.at(new_low, cells, np.where(signs > 0, term_least, -term_most))
        if (new_low == low).all() and (new_high == high).all():
            break
        low, high = new_low, new_high
    if (low > high).any():
        raise contradiction()
    return low, high


def contradiction() -> InputError:
    """What is raised when no table can agree with what is published."""
    return InputError(
        "The published figures contradict each other: no table of counts agrees with all of them.",
        remedy="Check that every total is the sum of its parts, that blanks are not zeros, and that codes are right.",
        slug="published-figures-contradict",
    )


def parts(view: PublishedView, free: np.ndarray) -> list[np.ndarray]:
    """``free`` (cell indices) split into groups that no equation links, each sorted."""
    if not len(free):
        return []
    touched = sparse.csr_array(abs(view.balance[:, free]))
    labels = sparse.csgraph.connected_components(touched.T @ touched, directed=False)[1]
    order = np.argsort(labels, kind="stable")
    cuts = np.flatnonzero(np.diff(labels[order])) + 1
    return [free[chunk] for chunk in np.split(order, cuts)]


def _sums(rows: np.ndarray, terms: np.ndarray, count: int) -> np.ndarray:
    total = np.zeros(count, dtype=np.int64)
    np.add.at(total, rows, terms)
    return total
