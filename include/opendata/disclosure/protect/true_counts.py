"""The true counts of linked cells, those included that no table publishes.

No one has the true counts of cells that follow from no published figure; any whole numbers that fit the true tables serve,
as the start of a search that proves what it hides for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from include.opendata.disclosure.cell_states import UNBOUNDED
from include.opendata.disclosure.cells import LinkedCells
from include.opendata.disclosure.protect.programs import whole_numbers
from include.opendata.errors import Refused
from include.opendata.vocabulary import PERSONS_PREFIX, DataTable, TableMeasure

Sum = tuple[int, np.ndarray]
"""(parent, children)."""


def true_counts(cells: LinkedCells, tables: Sequence[DataTable]) -> tuple[np.ndarray, np.ndarray | None]:
    """True counts (int64[n]) and, where events of persons are counted, distinct persons (int64[n]).

    A combination no row stands for is zero; a total no table publishes is added up from its parts. Raises Refused
    (``no-safe-suppression``) where no whole numbers fit.
    """
    values = np.zeros(len(cells.keys), dtype=np.int64)
    persons = np.zeros(len(cells.keys), dtype=np.int64)
    counted = False
    for table in tables:
        for measure in table.structure.measures:
            rows = cells.rows.get((table.structure.table, measure.name))
            if rows is None or measure.identity not in cells.identities:
                continue
            values[rows] = persons[rows] = table.frame[measure.name].to_numpy(dtype=np.int64)
            if PERSONS_PREFIX + measure.name in table.frame:
                counted = True
                persons[rows] = table.frame[PERSONS_PREFIX + measure.name].to_numpy(dtype=np.int64)
    _Filling(values, persons, cells.published.copy()).fill(cells)
    return values, persons if counted else None


@dataclass(frozen=True)
class _Filling:
    """``values`` and ``persons`` (int64[n]) are written where not yet ``known`` (bool[n])."""

    values: np.ndarray
    persons: np.ndarray
    known: np.ndarray

    def fill(self, cells: LinkedCells) -> None:
        """The counts of cells no table publishes: from the sums they stand in, else any that fit them."""
        waiting: list[Sum] = [(parent, np.array(children)) for parent, children in cells.equations]
        while not self.known.all():
            left = [(parent, children) for parent, children in waiting if not self._follows(parent, children)]
            if len(left) == len(waiting):
                self._fit(left)
                return
            waiting = left

    def _follows(self, parent: int, children: np.ndarray) -> bool:
        """Whether a sum has nothing unknown any more: what follows from it is noted."""
        unknown = children[~self.known[children]]
        if len(unknown) + (not self.known[parent]) > 1:
            return False
        if not self.known[parent]:
            # of persons the sum is an upper bound, enough to see that a total is not small by persons alone
            self.values[parent], self.persons[parent] = self.values[children].sum(), self.persons[children].sum()
            self.known[parent] = True
        elif len(unknown):
            rest = children[self.known[children]]
            self.values[unknown] = self.values[parent] - self.values[rest].sum()
            self.persons[unknown] = self.persons[parent]
            self.known[unknown] = True
        return True

    def _fit(self, waiting: list[Sum]) -> None:
        """Whole numbers for all cells not yet known that make every one of the ``waiting`` sums true."""
        free = np.flatnonzero(~self.known)
        balance = _balance(waiting, len(self.known))
        right = -(balance @ np.where(self.known, self.values, 0))
        most = np.full(len(free), int(self.values.max(initial=0)))
        fitting = whole_numbers(sparse.csr_array(balance[:, free]), most, right)
        if fitting is None:
            raise Refused(
                "no whole numbers were found for the cells the tables are made of",
                remedy="Publish fewer tables of one dataset, or let them share their categories.",
                slug="no-safe-suppression",
            )
        self.values[free] = self.persons[free] = fitting


def _balance(sums: Sequence[Sum], cells: int) -> sparse.csc_array:
    """int64[sums, cells]: children +1, parent -1."""
    triples = [
        (row, cell, sign)
        for row, (parent, children) in enumerate(sums)
        for cell, sign in ((parent, -1), *((int(child), 1) for child in children))
    ]
    rows, columns, signs = np.array(triples, dtype=np.int64).reshape(-1, 3).T
    return sparse.csc_array(sparse.csr_array((signs, (rows, columns)), shape=(len(sums), cells)))


def counted_from(cells: LinkedCells, tables: Sequence[DataTable]) -> np.ndarray:
    """int64[n]: the public population, or the large count, that a rate says each cell is counted from, where it is no less."""
    most = np.full(len(cells.keys), UNBOUNDED)
    for table in tables:
        for rate in table.structure.measures:
            if rate.role == "rate" and rate.numerator is not None and rate.denominator is not None:
                _bound_numerator(most, cells, table, rate)
    return most


def _bound_numerator(most: np.ndarray, cells: LinkedCells, table: DataTable, rate: TableMeasure) -> None:
    rows = cells.rows.get((table.structure.table, rate.numerator or ""))
    if rows is None or table.structure.measure(rate.numerator or "").identity not in cells.identities:
        return
    above = table.frame[rate.numerator].to_numpy(dtype=np.int64)
    below = np.floor(table.frame[rate.denominator].to_numpy(dtype=float, na_value=np.inf))
    below = np.where(below < float(UNBOUNDED), below, 0).astype(np.int64)
    bounded = (below > 0) & (above <= below)
    np.minimum.at(most, rows[bounded], below[bounded])
