"""Measures read together: records with the distinct persons behind them, and counts with what they are counted from.

No cell has more distinct persons than records; anybody knows that who reads the data dictionary. Where there are hardly more
records than persons in all, a record count that is shown, or hidden in another cell, narrows a hidden number of persons, and
the other way round. The two are attacked as one system: in every cell of both, the records are the persons and some more.

Somebody who is in two counties is one person in both together. Where persons are not told apart, all of them are no sum; but
they are no more than the sum of the parts, and no fewer than any part.

A rate says what its numerator is counted from. Where no shown numerator is more than its denominator, a blank one is taken
to be no more either: among four residents there are at most four cases.
Other relations between measures are known to the subject matter alone and are out of scope (``docs/disclosure.md``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from include.opendata.disclosure.attack.propagate import propagate
from include.opendata.disclosure.attack.readings import consistent
from include.opendata.disclosure.attack.report import AttackReport
from include.opendata.disclosure.attack.search import RECOVERABLE, UNDECIDED
from include.opendata.disclosure.attack.view import PublishedView
from include.opendata.disclosure.cell_states import ABSENT, NOT_SHOWN, UNBOUNDED
from include.opendata.disclosure.cells import LinkedCells, link
from include.opendata.vocabulary import ProtectedTable

RECORDS, PERSONS = "count:records", "count_distinct:"


@dataclass(frozen=True, repr=False, eq=False)
class TwoMeasures:
    """``identities`` of records and persons · ``view`` of both: cells of the records, of the persons, and what records have
    more, from ``cells`` on; equations from ``equations`` on say so."""

    identities: tuple[str, str]
    view: PublishedView
    cells: int
    equations: int

    def failures(self, report: AttackReport) -> tuple[str, ...]:
        """What an attack on ``view`` says of the two measures; how many more records there are is no count of persons."""
        failing = (RECOVERABLE, UNDECIDED)
        cells = [f.sentence for f in report.cells if f.cell < self.cells and f.verdict in failing]
        return (*cells, *(g.sentence for g in report.groups if g.equation < self.equations and g.verdict in failing))


def two_measures(views: Sequence[tuple[LinkedCells, PublishedView]]) -> list[TwoMeasures]:
    """Records with every measure of distinct persons that shares a cell with them, where either has a blank."""
    records = [one for one in views if one[0].identity == RECORDS]
    persons = [one for one in views if one[0].identity.startswith(PERSONS)]
    made = [_together(more, fewer) for more in records for fewer in persons]
    return [one for one in made if one is not None]


def _together(more: tuple[LinkedCells, PublishedView], fewer: tuple[LinkedCells, PublishedView]) -> TwoMeasures | None:
    (above, records), (below, persons) = more, fewer
    if above.columns != below.columns or not (records.blank.any() or persons.blank.any()):
        return None
    at = {key: number for number, key in enumerate(above.keys)}
    shared = [(at[key], records.size + number) for number, key in enumerate(below.keys) if key in at]
    if not shared:
        return None
    size, extra = records.size + persons.size, len(shared)
    moved = tuple((p + records.size, tuple(c + records.size for c in cs)) for p, cs in persons.equations)
    both = (*records.equations, *moved)
    low, high = zip(records.bounds(), persons.bounds(), strict=True)
    view = PublishedView(
        value=np.concatenate([records.value, persons.value, np.full(extra, NOT_SHOWN)]),
        state=np.concatenate([records.state, persons.state, np.full(extra, ABSENT, dtype=np.int8)]),
        equations=(*both, *((r, (p, size + number)) for number, (r, p) in enumerate(shared))),
        keys=(*records.keys, *persons.keys, *(records.keys[r] for r, _ in shared)),
        known_low=np.concatenate([*low, np.zeros(extra, dtype=np.int64)]),
        known_high=np.concatenate([*high, np.full(extra, UNBOUNDED)]),
        rule=records.rule,
        persons=records.persons or persons.persons,
    )
    return TwoMeasures((above.identity, below.identity), view, size, len(both))


def in_several_categories(
    cells: LinkedCells, tables: Sequence[ProtectedTable], view: PublishedView
) -> TwoMeasures | None:
    """``view`` of distinct persons with what follows where they do not add up; None where they do, or nothing is blank."""
    if not cells.identity.startswith(PERSONS) or not view.blank.any():
        return None
    described = []
    for table in tables:
        columns = tuple({d.column for d in table.structure.dimensions} | set(table.structure.filter_atoms))
        measures = tuple(
            replace(m, apart=columns)
            for m in table.structure.measures
            if m.identity == cells.identity and m.role == "count"
        )
        labels = {d.name: table.frame[d.name].tolist() for d in table.structure.dimensions}
        if measures:
            described.append((replace(table.structure, measures=measures), labels))
    (summed,) = link(described)
    if summed.columns != cells.columns:
        return None
    at = {key: number for number, key in enumerate(cells.keys)}
    size = view.size
    for key in summed.keys:
        if key not in at:
            at[key], size = size, size + 1
    place = [at[key] for key in summed.keys]
    exact = {(parent, frozenset(children)) for parent, children in view.equations}
    sums = [(place[parent], tuple(place[child] for child in children)) for parent, children in summed.equations]
    of_use = set(
        np.flatnonzero(view.state != ABSENT).tolist()
    )  # a total in no table, and in no other total, tells nothing
    while any(whole in of_use and not of_use.issuperset(parts) for whole, parts in sums):
        of_use.update(part for whole, parts in sums if whole in of_use for part in parts)
    more: list[tuple[int, tuple[int, ...]]] = []
    for whole, parts in sums:
        if whole not in of_use or (whole, frozenset(parts)) in exact:
            continue
        together, over, size = size, size + 1, size + 2
        more += [(together, parts), (together, (whole, over))]
        for part in parts:
            more.append((whole, (part, size)))
            size += 1
    if not more:
        return None
    extra = size - view.size
    low, high = view.bounds()
    wider = PublishedView(
        value=np.concatenate([view.value, np.full(extra, NOT_SHOWN)]),
        state=np.concatenate([view.state, np.full(extra, ABSENT, dtype=np.int8)]),
        equations=(*view.equations, *more),
        keys=(*view.keys, *((),) * extra),
        known_low=np.concatenate([low, np.zeros(extra, dtype=np.int64)]),
        known_high=np.concatenate([high, np.full(extra, UNBOUNDED)]),
        rule=view.rule,
        persons=view.persons,
    )
    return TwoMeasures((cells.identity, cells.identity), wider, view.size, len(view.equations))


def within_denominators(
    cells: LinkedCells, tables: Sequence[ProtectedTable], view: PublishedView
) -> PublishedView | None:
    """``view`` with every blank at most its shown denominator; None where that tells nothing new, or cannot be true."""
    most = np.full(view.size, UNBOUNDED)
    for table in tables:
        for rate in table.structure.measures:
            rows = cells.rows.get((table.structure.table, rate.numerator or ""))
            if rate.role != "rate" or rate.denominator is None or rows is None:
                continue
            if table.structure.measure(rate.numerator or "").identity != cells.identity:
                continue
            above, below = table.frame[rate.numerator], table.frame[rate.denominator]
            if bool((above > below).fillna(False).any()):
                continue
            known = (above.isna() & below.notna()).to_numpy()
            people = np.floor(below[known].to_numpy(dtype=float)).astype(np.int64)
            np.minimum.at(most, rows[known], people)
    _, high = propagate(view)
    if not bool((view.blank & (most < high)).any()):
        return None
    narrowed = replace(view, known_low=view.bounds()[0], known_high=np.minimum(view.bounds()[1], most))
    return narrowed if consistent(narrowed) else None
