"""Rows that add up to other rows, looked for in a table's own figures.

In a table that is already added up, totals, subtotals and strata are rows like any other. Nothing but the figures says so:
the label “458” stands beside its parts as if it were one more category. This module looks whether the rows of one label are,
over all other columns, the sums of the rows of other labels. It decides nothing: whoever asks refuses such a table or links
the rows as equations.

How to call it::

    for found in row_sums(frame, ["county", "year", "strata", "strata_name"], ["deaths", "births"]):
        print(found.sentence)

``frame`` has a row per combination of the key columns (text; more rows of one combination are taken together), and the count
columns as nullable whole numbers, missing where a count is hidden or unknown. A hidden count may be anything from 0 on, unless
``bounds`` says more. A combination without a row counts as zero.

What is tried: a label against all others, against those of each group that another column makes of them (``strata``), against
the rows just before or after it, against the labels that are no sums themselves, and, where the table is large enough to tell
a sum from a coincidence, against any choice of labels. A sum is reported when it holds in every comparison (in nine of ten for
the first four ways: one wrong figure does not hide a total) and chance would hardly give as much agreement: the more digits
agree and the fewer choices there were, the better. Differences and columns that are sums of columns are not looked for.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp

Label = tuple[str, ...]
"""One label per column of an axis."""

UNKNOWN_HIGH = float(2**52)
"""The upper bound of a hidden count that has none."""

LIKELY_MARGIN, FREE_MARGIN = 4.0, 6.0
"""How many binary digits of agreement are asked beyond what the number of choices gives by chance: for the ways in which
totals are usually written, and for any choice of labels."""

DIFFERING_AT_MOST = 0.1
"""The share of comparisons that may differ where a total is written in a usual way."""

MOST_FREE_LABELS, MOST_COMPARED, NODES = 80, 200, 300
"""Limits of the search among any choice of labels: labels, comparisons, and steps of the integer program."""

SPARSE = 0.5
"""Two columns are read as one axis when at most this share of their combinations occurs."""


@dataclass(frozen=True)
class RowSum:
    """The rows at ``total`` are the sums of the rows at ``parts``, over all other columns.

    ``columns``: one column, or two that are read together · ``exact``: comparisons in which every figure is known and the sum
    is right · ``possible``: comparisons with unknown figures that do not contradict it · ``differing``: comparisons that do.
    """

    columns: tuple[str, ...]
    total: Label
    parts: tuple[Label, ...]
    exact: int
    possible: int
    differing: int

    @property
    def sentence(self) -> str:
        """The relation for people."""
        parts = [_words(part) for part in self.parts]
        named = ", ".join(parts) if len(parts) <= 6 else f"{', '.join(parts[:5])} and {len(parts) - 5} more"
        unknown = f"; {self.possible} more have unknown figures that allow it" if self.possible else ""
        wrong = f"; {self.differing} differ" if self.differing else ""
        equal = "is the sum of" if len(parts) > 1 else "equals"
        return f"{' and '.join(self.columns)}: {_words(self.total)} {equal} {named} in {self.exact} comparisons{unknown}{wrong}"


class _Agreement(NamedTuple):
    """How often a label's rows are sums of others', and how much of that chance does not give (binary digits)."""

    exact: int
    possible: int
    differing: int
    digits: float


@dataclass(frozen=True, eq=False)
class _Axis:
    """``low``, ``high`` float64[labels, comparisons]: what each figure can be · ``rows`` bool: which have a row · ``groups``:
    per other column the numbers of the labels it puts together."""

    columns: tuple[str, ...]
    labels: tuple[Label, ...]
    low: np.ndarray
    high: np.ndarray
    rows: np.ndarray
    groups: tuple[tuple[tuple[int, ...], ...], ...]
    tolerance: float

    def agreement(self, total: int, parts: Sequence[int]) -> _Agreement:
        at = list(parts)
        # where none of the parts has a row, the total alone is published: a state beside counties by sex
        compared = self.rows[total] & self.rows[at].any(axis=0)
        low, high = self.low[at].sum(axis=0), np.minimum(self.high[at].sum(axis=0), UNKNOWN_HIGH)
        least, most = self.low[total], self.high[total]
        fits = (low <= most + self.tolerance) & (high >= least - self.tolerance)
        known = (least == most) & (low == high)
        # a hidden figure without an upper bound only says that the total is large enough, which proves nothing
        ways = np.where(high < UNKNOWN_HIGH, high - low + 1 + 2 * self.tolerance, least + 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            digits = np.log2((least + 1) / np.clip(ways, 1, None))
        counted = compared & fits & (least == most)
        return _Agreement(
            int((compared & fits & known).sum()),
            int((compared & fits & ~known).sum()),
            int((compared & ~fits).sum()),
            float(np.clip(digits, 0, None)[counted].sum()),
        )


def row_sums(
    frame: pd.DataFrame,
    keys: Sequence[str],
    counts: Sequence[str],
    *,
    tolerance: int = 0,
    bounds: Mapping[str, tuple[pd.Series, pd.Series]] | None = None,
    absent_zero: bool = True,
) -> tuple[RowSum, ...]:
    """Every label whose rows are sums of other labels' rows, along single columns and along pairs that belong together.

    ``frame``: ``keys`` (text) and ``counts`` (Int64, missing where hidden) · ``tolerance``: how far a sum may be from its
    total, for rounded figures · ``bounds``: count column → (least, most) of each row, where more is known of hidden ones ·
    ``absent_zero``: False where a combination without a row is unknown. The order of the result is that of the columns and of
    the labels in the frame. Same frame, same answer.
    """
    found: dict[tuple[tuple[str, ...], Label, frozenset[Label]], RowSum] = {}
    text = {key: frame[key].astype("string").fillna("").astype(str) for key in keys}
    for columns in _axes(text, keys):
        axis = _axis(frame, text, columns, counts, bounds or {}, float(tolerance), absent_zero)
        if len(axis.labels) < 2 or not axis.low.shape[1]:
            continue
        for total, parts, agreement in _sums(axis):
            named = tuple(axis.labels[part] for part in parts)
            entry = RowSum(columns, axis.labels[total], named, agreement.exact, agreement.possible, agreement.differing)
            found.setdefault((columns, entry.total, frozenset(named)), entry)
    return tuple(found.values())


# -- axes ---------------------------------------------------------------------------------------------------------------


def _codes(text: Mapping[str, pd.Series], columns: Sequence[str]) -> tuple[np.ndarray, list[Label]]:
    """int64[rows], and the labels they number, in the order of the rows."""
    rows = list(zip(*(text[column] for column in columns), strict=True))
    number: dict[Label, int] = {}
    codes = np.array([number.setdefault(row, len(number)) for row in rows], dtype=np.int64)
    return codes, list(number)


def _axes(text: Mapping[str, pd.Series], keys: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Single columns, then pairs of which few combinations occur and neither column says the other."""
    sizes = {key: len(_codes(text, [key])[1]) for key in keys}
    yield from ((key,) for key in keys if sizes[key] > 1)
    for pair in itertools.combinations([key for key in keys if sizes[key] > 1], 2):
        first, second = (sizes[key] for key in pair)
        both = len(_codes(text, pair)[1])
        if max(first, second) < both <= SPARSE * first * second:
            yield pair


def _axis(
    frame: pd.DataFrame,
    text: Mapping[str, pd.Series],
    columns: tuple[str, ...],
    counts: Sequence[str],
    bounds: Mapping[str, tuple[pd.Series, pd.Series]],
    tolerance: float,
    absent_zero: bool,
) -> _Axis:
    codes, labels = _codes(text, columns)
    told = _told(text, columns, len(labels))
    others = [key for key in text if key not in (*columns, *told)]
    where, places = _codes(text, others) if others else (np.zeros(len(frame), dtype=np.int64), [()])
    width = len(places) * len(counts)
    low = np.zeros((len(labels), width))
    high = np.zeros((len(labels), width)) if absent_zero else np.full((len(labels), width), UNKNOWN_HIGH)
    seen = np.zeros((len(labels), width), dtype=bool)
    for number, count in enumerate(counts):
        least, most = _least_and_most(frame[count], bounds.get(count))
        at = where + number * len(places)
        for row in range(len(frame)):
            cell = codes[row], at[row]
            before = (low[cell], high[cell]) if seen[cell] else (0.0, 0.0)
            low[cell], high[cell] = before[0] + least[row], min(before[1] + most[row], UNKNOWN_HIGH)
            seen[cell] = True
    groups = _groups(text, columns, told, codes, len(labels))
    return _Axis(columns, tuple(labels), low, high, seen, groups, tolerance)


def _told(text: Mapping[str, pd.Series], columns: tuple[str, ...], size: int) -> list[str]:
    """The other columns that follow from an axis of ``size`` labels."""
    return [key for key in text if key not in columns and len(_codes(text, (*columns, key))[1]) == size]


def _least_and_most(count: pd.Series, bounds: tuple[pd.Series, pd.Series] | None) -> tuple[list[float], list[float]]:
    """What each figure can be: itself where it is known."""
    known = pd.to_numeric(count, errors="coerce").astype("float64")
    least, most = bounds if bounds is not None else (pd.Series(0.0, known.index), pd.Series(UNKNOWN_HIGH, known.index))
    low = known.where(known.notna(), least.astype("float64")).fillna(0.0)
    high = known.where(known.notna(), most.astype("float64")).fillna(UNKNOWN_HIGH).clip(upper=UNKNOWN_HIGH)
    return low.tolist(), high.tolist()


def _groups(
    text: Mapping[str, pd.Series], columns: Sequence[str], told: Sequence[str], codes: np.ndarray, size: int
) -> tuple[tuple[tuple[int, ...], ...], ...]:
    """What other columns put together: columns that follow from the axis, and the single columns of a pair."""
    groups: dict[tuple[tuple[int, ...], ...], None] = {}
    for column in (*told, *(columns if len(columns) > 1 else ())):
        of_label: dict[int, str] = dict(zip(codes.tolist(), text[column], strict=True))
        by_value: dict[str, list[int]] = {}
        for label in range(size):
            by_value.setdefault(of_label[label], []).append(label)
        if 1 < len(by_value) < size:
            groups[tuple(map(tuple, by_value.values()))] = None
    return tuple(groups)


# -- sums of one axis ---------------------------------------------------------------------------------------------------


def _sums(axis: _Axis) -> Iterator[tuple[int, tuple[int, ...], _Agreement]]:
    """(total, parts, agreement), usual ways first; again with what was found, until nothing new comes."""
    found: dict[int, list[tuple[int, ...]]] = {}
    new = True
    while new:
        new = False
        for total in range(len(axis.labels)):
            for parts, choices in _usual_parts(axis, total, found):
                agreement = axis.agreement(total, parts)
                if _is_new(found, total, parts) and _convincing(agreement, choices, LIKELY_MARGIN, DIFFERING_AT_MOST):
                    found.setdefault(total, []).append(parts)
                    new = True
                    yield total, parts, agreement
    yield from _any_sums(axis, found)


def _is_new(found: Mapping[int, list[tuple[int, ...]]], total: int, parts: tuple[int, ...]) -> bool:
    """Whether neither this sum nor its mirror (two equal labels) nor one with the same parts and more is known."""
    if len(parts) == 1 and (total,) in found.get(parts[0], []):
        return False
    return all(not set(known) & set(parts) for known in found.get(total, []))


def _convincing(agreement: _Agreement, choices: float, margin: float, differing: float) -> bool:
    compared = agreement.exact + agreement.possible + agreement.differing
    few = agreement.differing <= differing * compared if agreement.exact else not agreement.differing
    if not choices:
        return few and not agreement.differing
    return few and agreement.digits >= np.log2(choices) + margin


def _usual_parts(
    axis: _Axis, total: int, found: Mapping[int, list[tuple[int, ...]]]
) -> Iterator[tuple[tuple[int, ...], float]]:
    """Parts that a total usually has, and among how many choices they are one; 0 where only a contradiction counts."""
    size = len(axis.labels)
    others = tuple(label for label in range(size) if label != total)
    yield others, size
    yield from _parts_by_group(axis, total, others, found)
    yield from ((parts, 2 * size) for parts in _parts_by_sums(others, found) if parts and parts != others)
    yield from ((run, 2.0 * size * size) for run in _runs_beside(axis, total))


def _parts_by_group(
    axis: _Axis, total: int, others: tuple[int, ...], found: Mapping[int, list[tuple[int, ...]]]
) -> Iterator[tuple[tuple[int, ...], float]]:
    """The labels that another column puts together, and among how many choices they are one."""
    for column in axis.groups:
        groups = [tuple(label for label in group if label != total) for group in column]
        # where one stratum adds up to the total, the others are taken to do so unless their figures say no
        beside = any(group in found.get(total, []) for group in groups)
        choices = 0.0 if beside else float(len(axis.labels) * len(groups))
        yield from ((group, choices) for group in groups if group and group != others)


def _parts_by_sums(
    others: tuple[int, ...], found: Mapping[int, list[tuple[int, ...]]]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The labels that are no sums themselves, and those that are in no sum."""
    inside = {part for families in found.values() for family in families for part in family}
    no_sums = tuple(label for label in others if label not in found)
    on_top = tuple(label for label in others if label not in inside)
    return no_sums, on_top


def _runs_beside(axis: _Axis, total: int) -> Iterator[tuple[int, ...]]:
    """Runs of two and more labels just before or after ``total`` whose sums may be its figures; all are tried at once."""
    before, after = list(range(total - 1, -1, -1)), list(range(total + 1, len(axis.labels)))
    for run in (before, after):
        low = axis.low[run].cumsum(axis=0)
        high = np.minimum(axis.high[run].cumsum(axis=0), UNKNOWN_HIGH)
        fits = (low <= axis.high[total] + axis.tolerance) & (high >= axis.low[total] - axis.tolerance)
        differing = (~fits & axis.rows[total] & (axis.rows[run].cumsum(axis=0) > 0)).mean(axis=1)
        yield from (tuple(sorted(run[: last + 1])) for last in np.flatnonzero(differing <= DIFFERING_AT_MOST) if last)


def _any_sums(
    axis: _Axis, found: dict[int, list[tuple[int, ...]]]
) -> Iterator[tuple[int, tuple[int, ...], _Agreement]]:
    """Sums of any choice of labels, the fewest first; every label is a part of one sum of a total at most."""
    for total in range(len(axis.labels)):
        free = _possible_parts(axis, total, found)
        while (parts := _chosen(axis, total, free)) is not None:
            agreement, choices = axis.agreement(total, parts), 2.0 ** len(free)
            free = [label for label in free if label not in parts]
            if _is_new(found, total, parts) and _convincing(agreement, choices, FREE_MARGIN, 0.0):
                found.setdefault(total, []).append(parts)
                yield total, parts, agreement


def _possible_parts(axis: _Axis, total: int, found: Mapping[int, list[tuple[int, ...]]]) -> list[int]:
    """Labels that are nowhere more than the total, and in none of its sums yet."""
    known = {part for family in found.get(total, []) for part in family}
    compared = axis.rows[total]
    never_more: np.ndarray = np.all((axis.low <= axis.high[total] + axis.tolerance)[:, compared], axis=1)
    ever_some: np.ndarray = np.any(axis.high[:, compared] > 0, axis=1)
    return [
        label
        for label in range(len(axis.labels))
        if label != total and label not in known and never_more[label] and ever_some[label]
    ]


def _chosen(axis: _Axis, total: int, free: list[int]) -> tuple[int, ...] | None:
    """The fewest of the ``free`` labels whose sums can be the total in every comparison; None where there are none, where
    chance alone would give some, or where the search is too long."""
    if not free or len(free) > MOST_FREE_LABELS:
        return None
    compared = np.flatnonzero(axis.rows[total] & axis.rows[free].any(axis=0))
    compared = compared[np.argsort(-axis.low[total, compared], kind="stable")][:MOST_COMPARED]
    least, most = axis.low[total, compared], axis.high[total, compared]
    low, high = axis.low[free][:, compared].T, axis.high[free][:, compared].T
    digits = float(np.log2(least[least == most] + 1).sum())
    if digits < len(free) + FREE_MARGIN or (high.sum(axis=1) < least - axis.tolerance).any():
        return None
    answer = milp(
        np.ones(len(free)),
        integrality=np.ones(len(free)),
        bounds=Bounds(0, 1),
        constraints=[
            LinearConstraint(low, -np.inf, most + axis.tolerance),
            # what is more than the total does not matter, and huge bounds spoil the arithmetic
            LinearConstraint(np.minimum(high, least[:, None] + 1), least - axis.tolerance, np.inf),
        ],
        options={"node_limit": NODES},
    )
    if answer.x is None:
        return None
    parts = tuple(label for label, taken in zip(free, answer.x, strict=True) if taken > 0.5)
    return parts if parts and axis.agreement(total, parts).differing == 0 else None


def _words(label: Label) -> str:
    return "“" + " / ".join(label) + "”"
