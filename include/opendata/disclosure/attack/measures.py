"""Measures read together: records with the distinct persons behind them, and counts with what they are counted from.

No cell has more distinct persons than records; anybody knows that who reads the data dictionary. Where there are hardly more
records than persons in all, a record count that is shown, or hidden in another cell, narrows a hidden number of persons, and
the other way round. The two are attacked as one system: in every cell of both, the records are the persons and some more.

A person who is in two counties is one person in both together. Where persons are not told apart, all of them are no sum; but
they are no more than the sum of the parts, and no fewer than any part.

A rate says what its numerator is counted from. Where no shown numerator is more than its denominator, a blank one is taken
to be no more either: among four residents there are at most four cases.
Other relations between measures are known to the subject matter alone and are out of scope (``docs/disclosure.md``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from include.opendata.disclosure.attack.propagate import propagate
from include.opendata.disclosure.attack.readings import consistent
from include.opendata.disclosure.attack.report import AttackReport
from include.opendata.disclosure.attack.search import RECOVERABLE, UNDECIDED
from include.opendata.disclosure.attack.view import PublishedView
from include.opendata.disclosure.cell_states import ABSENT, NOT_SHOWN, UNBOUNDED
from include.opendata.disclosure.cells import LinkedCells, link
from include.opendata.vocabulary import ProtectedTable, Structure, TableMeasure

Equation = tuple[int, tuple[int, ...]]

RECORDS, PERSONS = "count:records", "count_distinct:"


@dataclass(frozen=True, repr=False, eq=False)
class TwoMeasures:
    """``identities`` of a count and of persons who are no more · ``view`` of both: cells of the count, of the persons, and
    what the count has more, from ``cells`` on; equations from ``equations`` on say so."""

    identities: tuple[str, str]
    view: PublishedView
    cells: int
    equations: int

    def failures(self, report: AttackReport) -> tuple[str, ...]:
        """What an attack on ``view`` says of the two measures; how much more there is of one is no count of persons."""
        failing = (RECOVERABLE, UNDECIDED)
        cells = [f.sentence for f in report.cells if f.cell < self.cells and f.verdict in failing]
        return (*cells, *(g.sentence for g in report.groups if g.equation < self.equations and g.verdict in failing))


def two_measures(views: Sequence[tuple[LinkedCells, PublishedView]]) -> list[TwoMeasures]:
    """Every measure of distinct persons with the counts that are no less and share a cell with it, where either has a
    blank: records, and what was found in the data."""
    persons = [(cells, view) for cells, view in views if cells.identity.startswith(PERSONS)]
    together = [_together(more, fewer) for fewer in persons for more in views if more[0] is not fewer[0]]
    return [measures for measures in together if measures is not None]


def _together(more: tuple[LinkedCells, PublishedView], fewer: tuple[LinkedCells, PublishedView]) -> TwoMeasures | None:
    """Both measures as one system: in every cell of both, ``more`` is ``fewer`` and some that no table shows."""
    (above, records), (below, persons) = more, fewer
    if not (records.blank.any() or persons.blank.any()):
        return None
    shared = _shared(above, below)
    if not shared:
        return None
    low, high = zip(records.bounds(), persons.bounds(), strict=True)
    both = PublishedView(
        value=np.concatenate([records.value, persons.value]),
        state=np.concatenate([records.state, persons.state]),
        equations=(*records.equations, *_moved(persons.equations, records.size)),
        keys=(*records.keys, *persons.keys),
        known_low=np.concatenate(low),
        known_high=np.concatenate(high),
        rule=records.rule,
        persons=records.persons or persons.persons,
        counts_no_one=np.concatenate([above.counts_no_one, below.counts_no_one]),
    )
    says_so = [(record, (records.size + person, both.size + number)) for number, (record, person) in enumerate(shared)]
    view = _with_absent_cells(both, [records.keys[record] for record, _ in shared], says_so)
    return TwoMeasures((above.identity, below.identity), view, both.size, len(both.equations))


def _shared(more: LinkedCells, fewer: LinkedCells) -> list[tuple[int, int]]:
    """The cells of both measures, by their number in either."""
    shared: list[tuple[int, int]] = []
    columns, places = fewer.cells_of(fewer.identity)
    for identity in dict.fromkeys((RECORDS, *fewer.at_most)):
        if identity in more.identities:
            of_more, at = more.cells_of(identity)
            shared += [(at[key], number) for key, number in places.items() if columns == of_more and key in at]
    return shared


def _moved(equations: Sequence[Equation], by: int) -> list[Equation]:
    return [(parent + by, tuple(child + by for child in children)) for parent, children in equations]


def _with_absent_cells(
    view: PublishedView, keys: Sequence[tuple[Any, ...]], equations: Sequence[Equation]
) -> PublishedView:
    """``view`` with cells that are in no table, one for each of ``keys``, and with more ``equations``."""
    extra = len(keys)
    low, high = view.bounds()
    return PublishedView(
        value=np.concatenate([view.value, np.full(extra, NOT_SHOWN)]),
        state=np.concatenate([view.state, np.full(extra, ABSENT, dtype=np.int8)]),
        equations=(*view.equations, *equations),
        keys=(*view.keys, *keys),
        known_low=np.concatenate([low, np.zeros(extra, dtype=np.int64)]),
        known_high=np.concatenate([high, np.full(extra, UNBOUNDED)]),
        rule=view.rule,
        persons=view.persons,
        counts_no_one=None
        if view.counts_no_one is None
        else np.append(view.counts_no_one, np.zeros(extra, dtype=bool)),
    )


def in_several_categories(
    cells: LinkedCells, tables: Sequence[ProtectedTable], view: PublishedView
) -> TwoMeasures | None:
    """``view`` of distinct persons with what follows where they do not add up; None where they do, or nothing is blank."""
    if not cells.identity.startswith(PERSONS) or not view.blank.any():
        return None
    (summed,) = link(_as_if_told_apart(cells.identity, tables))
    if summed.columns != cells.columns:
        return None
    place, size = _places(summed, cells, view.size)
    sums = [(place[whole], tuple(place[part] for part in parts)) for whole, parts in summed.equations]
    overlaps: list[Equation] = []
    for whole, parts in _not_exact(sums, view):
        equations = _no_more_than_the_parts(whole, parts, size)
        overlaps += equations
        size += 2 + len(parts)
    if not overlaps:
        return None
    wider = _with_absent_cells(view, [()] * (size - view.size), overlaps)
    return TwoMeasures((cells.identity, cells.identity), wider, view.size, len(view.equations))


def _as_if_told_apart(identity: str, tables: Sequence[ProtectedTable]) -> list[tuple[Structure, dict[str, list[str]]]]:
    """The tables of a measure as if its persons were told apart by every column, so that all of them are a sum."""
    described = []
    for table in tables:
        structure = table.structure
        columns = tuple({d.axis for d in structure.dimensions} | set(structure.filter_atoms))
        counts = [m for m in structure.measures if m.identity == identity and m.role == "count"]
        measures = tuple(replace(m, apart=columns) for m in counts)
        if measures:
            labels = {d.name: table.frame[d.name].tolist() for d in structure.dimensions}
            described.append((replace(structure, measures=measures), labels))
    return described


def _places(summed: LinkedCells, cells: LinkedCells, size: int) -> tuple[list[int], int]:
    """For every cell of ``summed`` its number in a view of ``size`` cells of ``cells``; new numbers for new cells, and how
    many cells there are with them."""
    at = {key: number for number, key in enumerate(cells.keys)}
    for key in summed.keys:
        if key not in at:
            at[key], size = size, size + 1
    return [at[key] for key in summed.keys], size


def _not_exact(sums: Sequence[Equation], view: PublishedView) -> list[Equation]:
    """The sums that tell something, and that are no equation of ``view``."""
    exact = {(whole, frozenset(parts)) for whole, parts in view.equations}
    cells = _that_tell_something(sums, view)
    return [(whole, parts) for whole, parts in sums if whole in cells and (whole, frozenset(parts)) not in exact]


def _that_tell_something(sums: Sequence[Equation], view: PublishedView) -> set[int]:
    """Cells that are in some table, or a part of what is: a total in no table, and in no other total, tells nothing."""
    cells = set(np.flatnonzero(view.state != ABSENT).tolist())
    while any(whole in cells and not cells.issuperset(parts) for whole, parts in sums):
        cells.update(part for whole, parts in sums if whole in cells for part in parts)
    return cells


def _no_more_than_the_parts(whole: int, parts: tuple[int, ...], size: int) -> list[Equation]:
    """``whole`` is at most the sum of ``parts`` and at least each of them, said with new cells from ``size`` on: the parts
    together, by how much they are more, and what ``whole`` has beside each part."""
    together, over = size, size + 1
    beside = [(whole, (part, size + 2 + number)) for number, part in enumerate(parts)]
    return [(together, parts), (together, (whole, over)), *beside]


def within_denominators(
    cells: LinkedCells, tables: Sequence[ProtectedTable], view: PublishedView
) -> PublishedView | None:
    """``view`` with every blank at most its shown denominator; None where that tells nothing new, or cannot be true."""
    most = np.full(view.size, UNBOUNDED)
    for table in tables:
        for rate in table.structure.measures:
            if rate.role == "rate":
                _bound_by_denominator(cells, table, rate, most)
    _, high = propagate(view)
    if not bool((view.blank & (most < high)).any()):
        return None
    low, own_high = view.bounds()
    narrowed = replace(view, known_low=low, known_high=np.minimum(own_high, most))
    return narrowed if consistent(narrowed) else None


def _bound_by_denominator(cells: LinkedCells, table: ProtectedTable, rate: TableMeasure, most: np.ndarray) -> None:
    """Narrow ``most`` (by cell) by the denominators of ``rate`` that are shown, where every shown numerator is within its
    own."""
    name = rate.numerator or ""
    rows = cells.rows.get((table.structure.table, name))
    if rate.denominator is None or rows is None or table.structure.measure(name).identity not in cells.identities:
        return
    above, below = table.frame[name], table.frame[rate.denominator]
    if bool((above > below).fillna(False).any()):
        return
    known = (above.isna() & below.notna()).to_numpy()
    people = np.floor(below[known].to_numpy(dtype=float)).astype(np.int64)
    np.minimum.at(most, rows[known], people)
