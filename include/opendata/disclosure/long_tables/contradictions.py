"""Where published figures contradict the totals they are said to add up to: line, total and difference.

What is named here is published already. Single equations are looked at first; where each is possible by itself and all
together are not, a linear program finds totals that would have to be others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from include.opendata.disclosure.attack.view import PublishedView
from include.opendata.disclosure.cell_states import UNBOUNDED
from include.opendata.disclosure.long_tables.equations import Cells
from include.opendata.disclosure.long_tables.published_rows import PublishedRows
from include.opendata.disclosure.long_tables.sums import Sum
from include.opendata.errors import InputError, Place

NAMED_AT_MOST = 10
MOST_EQUATIONS = 20_000
"""Up to so many equations are looked at together to say which ones do not fit."""

_REMEDY = (
    "Where the total counts what has no row (unknown, other), say --unshown COLUMN or --totals at-most; where figures are "
    "rounded, --tolerance N; where the labels overlap or are strata, --strata; where the label is no total, "
    '--category; where a token means zero, --token "TEXT=0".'
)


def differences(view: PublishedView, low: np.ndarray, high: np.ndarray) -> list[tuple[int, int]]:
    """(equation, by how much its total is more than its parts can be; below 0: less) of single equations that cannot hold."""
    wrong = []
    for number, (total, parts) in enumerate(view.equations):
        at = list(parts)
        least, most = int(low[at].sum()), min(int(np.minimum(high[at], UNBOUNDED // len(at)).sum()), int(UNBOUNDED))
        if most < low[total]:
            wrong.append((number, int(low[total]) - most))
        elif least > high[total]:
            wrong.append((number, int(high[total]) - least))
    return wrong


def contradiction_error(
    published: PublishedRows, cells: Cells, view: PublishedView, sums: Sequence[Sum], low: np.ndarray, high: np.ndarray
) -> InputError:
    """The error for figures that no table of counts agrees with; it names the totals by line."""
    crossed = np.flatnonzero(low[: cells.rows] > high[: cells.rows])
    if len(crossed):
        return InputError(
            "what stands beside a hidden count contradicts its token, or another rate or denominator",
            remedy="Check PER and DECIMALS of --rate, and --token and --threshold.",
            slug="published-figures-contradict", place=published.place(int(crossed[0])),
        )  # fmt: skip
    wrong = _by_total(differences(view, low, high) or _together(view, low, high), len(cells.equations))
    if not wrong:
        return InputError(
            "the published figures contradict each other: no table of counts agrees with all totals at once",
            remedy=_REMEDY, slug="published-figures-contradict", place=Place(file=published.files[0].file),
        )  # fmt: skip
    named = [_sentence(published, cells, sums, number, by) for number, by in wrong[:NAMED_AT_MOST]]
    more = [f"… and {len(wrong) - NAMED_AT_MOST:,} more."] if len(wrong) > NAMED_AT_MOST else []
    first = next((total for total in (_row(cells, number) for number, _ in wrong) if total is not None), 0)
    return InputError(
        f"{len(wrong):,} totals are not what their parts can add up to",
        remedy=_REMEDY, slug="published-figures-contradict", place=published.place(first), details=(*named, *more),
    )  # fmt: skip


def _by_total(wrong: Sequence[tuple[int, int]], count: int) -> list[tuple[int, int]]:
    """Differences of the equations as they were given. With a tolerance every one of them stands a second time, after all of
    them, as "a total and its tolerance is the total plus the tolerance"; there, more is less."""
    by_total: dict[int, int] = {}
    for number, by in wrong:
        by_total.setdefault(number % count, by if number < count else -by)
    return sorted(by_total.items())


def _row(cells: Cells, number: int) -> int | None:
    """The row of an equation's total, or of its first part that has one."""
    equation = cells.equations[number]
    return next((cell for cell in (equation.total, *equation.parts) if cell < cells.rows), None)


def _sentence(published: PublishedRows, cells: Cells, sums: Sequence[Sum], number: int, by: int) -> str:
    equation = cells.equations[number]
    row = _row(cells, number)
    line = "" if row is None else f"line {published.place(row).line}: "
    more = f"{by:,} more than" if by > 0 else f"{-by:,} less than"
    how = "" if equation.sum is None else f" [{sums[equation.sum].sentence}]"
    return f"{line}the total ({', '.join(cells.labels[equation.total])}) is {more} its parts can be{how}"


def _together(view: PublishedView, low: np.ndarray, high: np.ndarray) -> list[tuple[int, int]]:
    """The smallest differences that would make all equations possible at once."""
    count = len(view.equations)
    if not count or count > MOST_EQUATIONS:
        return []
    identity = sparse.eye_array(count)
    cost = np.concatenate([np.zeros(view.size), np.ones(2 * count)])
    bounds = np.zeros((len(cost), 2))
    bounds[: view.size, 0] = low
    bounds[: view.size, 1] = np.where(high >= UNBOUNDED, np.inf, high.astype(float))
    bounds[view.size :, 1] = np.inf
    matrix = sparse.hstack([view.balance, identity, -identity], format="csr")
    answer = linprog(cost, A_eq=matrix, b_eq=np.zeros(count), bounds=bounds, method="highs")
    if answer.x is None:
        return []
    by = answer.x[view.size : view.size + count] - answer.x[view.size + count :]
    return [(number, round(float(by[number])) or 1) for number in np.flatnonzero(np.abs(by) > 0.01).tolist()]
