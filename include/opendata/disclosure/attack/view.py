"""What the public sees of a dataset's tables: the only thing the attack may read.

Decides what a published view holds and what each cell alone says: a shown count is exact, a blank is at least 1 because
zeros are shown, and an annotation code narrows it further (Handbook, Guidelines §3; DDG 2.0 §4.4.3). Rounded rates beside
a published denominator bound a count too. The view refuses to carry a value for a cell that is not shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import ceil, floor
from typing import Any

import numpy as np
from scipy import sparse

from include.opendata.disclosure.cell_states import (
    ABSENT,
    BLANK,
    CODE_COMPLEMENTARY,
    CODE_SMALL,
    NOT_SHOWN,
    SHOWN,
    UNBOUNDED,
)
from include.opendata.errors import InputError
from include.opendata.rules.small_cells import SmallCellRule

LEAST_BLANK = 1
"""Zeros are shown, so a blank is at least 1. Attackers that assume 0 here miss most leaks."""


@dataclass(frozen=True, repr=False, eq=False)
class PublishedView:
    """The published cells of all linked tables (and of earlier releases), as arrays.

    - ``value`` int64[n]: the count where ``state`` is SHOWN, -1 everywhere else.
    - ``state`` int8[n]: SHOWN, CODE_SMALL, CODE_COMPLEMENTARY, BLANK or ABSENT.
    - ``equations``: (parent, children) as cell indices; parent = sum of children.
    - ``keys``: coordinates per cell, for the sentences of the report.
    - ``known_low``, ``known_high`` int64[n] or None: bounds that follow from published rates, percentages and denominators.
    - ``rule``: which counts are small, and how far apart the smallest and the largest possible value of a blank that can
      be small must lie.
    - ``persons``: code 1 may also mean "few persons behind many events", so it gives no upper bound.
    - ``blanks_may_be_zero``: zeros may be hidden as well; ``known_low`` alone says how small a blank can be.
    - ``places`` or None: per cell its atoms in every column; what the attack on large tables steers by.
    - ``counts_no_one`` bool[n] or None: cells in no table that no one needs to be kept from knowing.

    Raises :class:`InputError` for a value beside a blank, and for a shown cell without one.
    """

    value: np.ndarray
    state: np.ndarray
    equations: tuple[tuple[int, tuple[int, ...]], ...]
    keys: tuple[tuple[Any, ...], ...]
    known_low: np.ndarray | None = None
    known_high: np.ndarray | None = None
    persons: bool = False
    blanks_may_be_zero: bool = False
    places: tuple[tuple[tuple[int, ...], ...], ...] | None = None
    counts_no_one: np.ndarray | None = None
    rule: SmallCellRule = field(kw_only=True)
    size: int = field(init=False)

    def __post_init__(self) -> None:
        put = object.__setattr__  # the arrays are copied once, and frozen from then on
        put(self, "value", np.asarray(self.value, dtype=np.int64).copy())
        put(self, "state", np.asarray(self.state, dtype=np.int8).copy())
        put(self, "equations", tuple((int(p), tuple(int(c) for c in cs)) for p, cs in self.equations))
        put(self, "size", len(self.value))
        self._require_one_entry_per_cell()
        if not np.isin(self.state, (SHOWN, CODE_SMALL, CODE_COMPLEMENTARY, BLANK, ABSENT)).all():
            raise ValueError("a cell's state is SHOWN, CODE_SMALL, CODE_COMPLEMENTARY, BLANK or ABSENT")
        if any(not cs or len({p, *cs}) != len(cs) + 1 for p, cs in self.equations):
            raise ValueError("an equation needs distinct cells and at least one child")
        self._require_values_of_shown_cells_alone()

    def _require_one_entry_per_cell(self) -> None:
        for name in ("state", "keys", "known_low", "known_high", "places", "counts_no_one"):
            part: Sequence[Any] | None = getattr(self, name)
            if part is not None and len(part) != self.size:
                raise ValueError(f"{name} has {len(part)} entries for {self.size} cells")

    def _require_values_of_shown_cells_alone(self) -> None:
        hidden = self.state != SHOWN
        carried, missing = int((self.value[hidden] != NOT_SHOWN).sum()), int((self.value[~hidden] < 0).sum())
        if carried:
            raise InputError(
                f"The published view carries values for {carried} cells that are not shown.",
                remedy="Build the view from the published files alone; a blank has the value -1.",
                slug="view-carries-hidden-values",
            )
        if missing:
            raise InputError(
                f"{missing} shown cells have no count of 0 or more.",
                remedy="Mark blanks as blank; a count is a whole number, 0 or more.",
                slug="shown-cell-without-count",
            )

    def __repr__(self) -> str:
        return f"PublishedView({self.size} cells, {int((self.state != SHOWN).sum())} not shown)"

    def large_is_safe(self, cell: int) -> bool:
        """Whether a cell that is not shown needs no width when it is certainly not small. Where code 1 says it is small, or
        few persons may stand behind many events, a large count is no excuse."""
        state = self.state[cell]
        return state in (ABSENT, CODE_COMPLEMENTARY) or (state == BLANK and not self.persons)

    @cached_property
    def secrets(self) -> list[int]:
        """The cells that are not shown and count someone, ascending."""
        hidden = self.state != SHOWN
        return [int(c) for c in np.flatnonzero(hidden if self.counts_no_one is None else hidden & ~self.counts_no_one)]

    def is_secret_sum(self, parent: int) -> bool:
        """Whether the hidden parts of a total may not be added up to a small count: not where it counts no one."""
        return self.counts_no_one is None or not bool(self.counts_no_one[parent])

    @property
    def blank(self) -> np.ndarray:
        """bool[n]: in a table, but empty."""
        return np.isin(self.state, (CODE_SMALL, CODE_COMPLEMENTARY, BLANK))

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """What each cell alone says: (low, high) int64[n]."""
        low = np.zeros(self.size, dtype=np.int64)
        high = np.full(self.size, UNBOUNDED)
        if self.known_low is not None:
            low = np.maximum(low, np.asarray(self.known_low, dtype=np.int64))
        if self.known_high is not None:
            high = np.minimum(high, np.asarray(self.known_high, dtype=np.int64))
        if not self.blanks_may_be_zero:
            low[self.blank] = np.maximum(low[self.blank], LEAST_BLANK)
        other = self.state == CODE_COMPLEMENTARY
        low[other] = np.maximum(low[other], self.rule.below)
        if not self.persons:
            small = self.state == CODE_SMALL
            high[small] = np.minimum(high[small], self.rule.largest)
        shown = self.state == SHOWN
        low[shown] = high[shown] = self.value[shown]
        return low, high

    @cached_property
    def balance(self) -> sparse.csr_array:
        """int64[e, n]: children +1, parent -1."""
        rows, cols, data = [], [], []
        for r, (parent, children) in enumerate(self.equations):
            rows += [r] * (len(children) + 1)
            cols += [parent, *children]
            data += [-1, *[1] * len(children)]
        matrix = sparse.csr_array((data, (rows, cols)), shape=(len(self.equations), self.size), dtype=np.int64)
        matrix.sort_indices()
        return matrix


def rate_bounds(
    rate: str | float, denominator: int, per: int, decimals: int, rounding: str = "unknown"
) -> tuple[int, int]:
    """The counts that give ``rate`` per ``per`` of ``denominator`` when rounded to ``decimals``: (low, high).

    With u = 10^-decimals: D(p - u/2)/per ≤ x ≤ D(p + u/2)/per, in exact arithmetic, never below 0. ``rounding`` "half-up"
    excludes the upper end. While it is "unknown" both ends stay possible: a bound that leaves out the true count would
    make every later conclusion false.
    """
    if rounding not in ("unknown", "half-up"):
        raise ValueError('rounding is "unknown" or "half-up"')
    half = Fraction(1, 2 * 10**decimals)
    exact = Fraction(str(rate))
    low, high = (exact - half) * denominator / per, (exact + half) * denominator / per
    most = ceil(high) - 1 if rounding == "half-up" else floor(high)
    return max(0, ceil(low)), most


def denominator_bounds(rate: str | float, numerator: int, per: int, decimals: int) -> tuple[int, int]:
    """The denominators that make ``numerator``, which is not 0, the ``rate`` per ``per``: (low, high), as in
    :func:`rate_bounds`."""
    half = Fraction(1, 2 * 10**decimals)
    exact = Fraction(str(rate))
    high = floor(Fraction(numerator * per) / (exact - half)) if exact > half else int(UNBOUNDED)
    return ceil(Fraction(numerator * per) / (exact + half)), high
