"""The true counts of linked tables as systems of cells: one per measure, or several measures in one.

Decides what is reasoned with while hiding. Every day: the cells the tables have, each measure by itself; that is quick, and
nearly always enough. Where an attack on the result found more, hiding is done once more with what the attack reasons with
(``Reasoning``): the finest cells the tables are made of, and the measures together, in which records are the persons behind
them and some more, and a count is at most what it is counted from. Nobody has the true counts of the finest cells; any that
fit the true tables serve as the start of the search, which proves what it hides for all of them.
Whether the result is safe is shown by the attack, never here (DDG 2.0 §4.4.1 (2)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from include.opendata.disclosure.cells import LinkedCells, link
from include.opendata.disclosure.protect.engine import GENERAL_UP_TO
from include.opendata.disclosure.protect.policy import Policy
from include.opendata.disclosure.protect.programs import Program, whole
from include.opendata.disclosure.protect.system import UNBOUNDED, CellSystem, Equation
from include.opendata.errors import InputError, Place, Refused
from include.opendata.vocabulary import PERSONS_PREFIX, DataTable

RECORDS, PERSONS = "count:records", "count_distinct:"


@dataclass(frozen=True)
class Reasoning:
    """``finest``: with the finest cells the tables are made of, in no table though they are · ``measures``: with records and
    distinct persons in one system, and with what a count is counted from as its bound."""

    finest: bool = False
    measures: bool = False


EVERYDAY = Reasoning()


@dataclass(frozen=True, repr=False, eq=False)
class Counts:
    """A cell system over ``tables``. ``rows``: (table, measure) → the cell of every row · ``parts``: measure identity → its
    cells · ``keys``: the atoms of every cell; None where several measures stand side by side."""

    system: CellSystem
    rows: dict[tuple[str, str], np.ndarray]
    parts: dict[str, slice]
    keys: tuple[tuple[tuple[int, ...], ...], ...] | None = field(default=None)


def linked(tables: Sequence[DataTable], *, finest: bool = False) -> list[LinkedCells]:
    """The cells of ``tables``, one :class:`LinkedCells` per measure identity."""
    described = [(t.structure, {d.name: t.frame[d.name].tolist() for d in t.structure.dimensions}) for t in tables]
    return link(described, joint=finest)


def systems_of(tables: Sequence[DataTable], reasoning: Reasoning, *, policy: Policy, dataset: str) -> list[Counts]:
    """The systems that are suppressed one by one.

    Raises Refused: ``distinct-persons-overlap``; where more is reasoned with than every day, also
    ``too-many-linked-cells`` and ``too-many-cells-to-attack``.
    """
    single = [_counts(c, tables, reasoning, dataset) for c in linked(tables, finest=reasoning.finest)]
    if not reasoning.measures:
        return single
    together = [one for one in single if _read_together(one)]
    rest = [one for one in single if one not in together]
    if len(together) < 2 or RECORDS not in {identity for one in together for identity in one.parts}:
        return single
    return [_side_by_side(together, policy), *rest]


def _read_together(one: Counts) -> bool:
    (identity,) = one.parts
    return identity == RECORDS or identity.startswith(PERSONS)


def _counts(cells: LinkedCells, tables: Sequence[DataTable], reasoning: Reasoning, dataset: str) -> Counts:
    if reasoning != EVERYDAY and len(cells.keys) > GENERAL_UP_TO:
        raise Refused(
            f"the tables are made of {len(cells.keys):,} cells, more than the {GENERAL_UP_TO:,} that can be protected with "
            "all that an attacker reasons with",
            remedy="Publish fewer or coarser tables of one dataset.",
            slug="too-many-linked-cells",
            place=Place(dataset=dataset or None),
        )
    values, persons = _true_counts(cells, tables)
    try:
        system = CellSystem(
            values=values,
            published=cells.published,
            equations=tuple(Equation(parent, children) for parent, children in cells.equations),
            keys=cells.keys,
            interest=np.where(cells.least_interesting, -1.0, 0.0),
            level=cells.level,
            neighbours=cells.neighbours,
            persons=persons,
            known_high=_counted_from(cells, tables) if reasoning.measures else None,
        )
    except InputError:
        if cells.identity.startswith("count_distinct"):
            raise Refused(
                "distinct persons are counted in more than one category, so the published totals are not sums",
                remedy="Publish no totals for this measure, or count events and name the person's column under `persons`.",
                slug="distinct-persons-overlap",
                place=Place(dataset=dataset, table=", ".join(table for table, _ in cells.rows)),
            ) from None
        raise
    return Counts(system, cells.rows, {cells.identity: slice(0, system.size)}, cells.keys)


def _true_counts(cells: LinkedCells, tables: Sequence[DataTable]) -> tuple[np.ndarray, np.ndarray | None]:
    """True counts (int64[n]) and, where events of persons are counted, distinct persons (int64[n]).

    A combination no row stands for is zero; a total no table publishes is added up from its parts.
    """
    values = np.zeros(len(cells.keys), dtype=np.int64)
    persons = np.zeros(len(cells.keys), dtype=np.int64)
    counted = False
    for table in tables:
        for measure in table.structure.measures:
            rows = cells.rows.get((table.structure.table, measure.name))
            if rows is None or measure.identity != cells.identity:
                continue
            values[rows] = table.frame[measure.name].to_numpy(dtype=np.int64)
            if PERSONS_PREFIX + measure.name in table.frame:
                counted = True
                persons[rows] = table.frame[PERSONS_PREFIX + measure.name].to_numpy(dtype=np.int64)
    _fill_unpublished(cells, values, persons)
    return values, persons if counted else None


def _fill_unpublished(cells: LinkedCells, values: np.ndarray, persons: np.ndarray) -> None:
    """The counts of cells no table publishes: from the sums they stand in, else any that fit them."""
    known = cells.published.copy()
    waiting = [(parent, np.array(children)) for parent, children in cells.equations]
    while not known.all():
        left = []
        for parent, children in waiting:
            unknown = children[~known[children]]
            if known[parent] and unknown.size == 0:
                continue
            if not known[parent] and unknown.size == 0:
                # of persons the sum is an upper bound, enough to see that a total is not small by persons alone
                values[parent], persons[parent] = values[children].sum(), persons[children].sum()
                known[parent] = True
            elif known[parent] and unknown.size == 1:
                rest = children[known[children]]
                values[unknown], persons[unknown] = values[parent] - values[rest].sum(), persons[parent]
                known[unknown] = True
            else:
                left.append((parent, children))
        if len(left) == len(waiting):
            _fit(left, known, values, persons)
            return
        waiting = left


def _fit(waiting: list[tuple[int, np.ndarray]], known: np.ndarray, values: np.ndarray, persons: np.ndarray) -> None:
    """Whole numbers for all cells not ``known`` that make every one of the ``waiting`` equations true."""
    free = np.flatnonzero(~known)
    place = np.full(len(known), -1)
    place[free] = np.arange(len(free))
    rows: list[int] = []
    columns: list[int] = []
    signs: list[int] = []
    right = np.zeros(len(waiting), dtype=np.int64)
    for row, (parent, children) in enumerate(waiting):
        for cell, sign in ((parent, -1), *((int(c), 1) for c in children)):
            if known[cell]:
                right[row] -= sign * values[cell]
            else:
                rows.append(row)
                columns.append(int(place[cell]))
                signs.append(sign)
    matrix = sparse.csr_array((signs, (rows, columns)), shape=(len(waiting), len(free)), dtype=np.int64)
    most = np.full(len(free), int(values.max(initial=0)))
    for integral in (False, True):
        x = Program(matrix, np.zeros(len(free)), most, rhs=right, integral=integral).solve().x
        found = None if x is None else whole(x)
        if found is not None:
            values[free] = persons[free] = found
            return
    raise Refused(
        "no whole numbers were found for the cells the tables are made of",
        remedy="Publish fewer tables of one dataset, or let them share their categories.",
        slug="no-safe-suppression",
    )


def _counted_from(cells: LinkedCells, tables: Sequence[DataTable]) -> np.ndarray:
    """int64[n]: the public population, or the large count, that a rate says each cell is counted from, where it is no less."""
    most = np.full(len(cells.keys), UNBOUNDED)
    for table in tables:
        for rate in table.structure.measures:
            rows = cells.rows.get((table.structure.table, rate.numerator or ""))
            if rate.role != "rate" or rate.denominator is None or rows is None:
                continue
            if table.structure.measure(rate.numerator or "").identity != cells.identity:
                continue
            above = table.frame[rate.numerator].to_numpy(dtype=np.int64)
            below = np.floor(table.frame[rate.denominator].to_numpy(dtype=float, na_value=np.inf))
            below = np.where(below < float(UNBOUNDED), below, 0).astype(np.int64)
            told = (below > 0) & (above <= below)
            np.minimum.at(most, rows[told], below[told])
    return most


def _side_by_side(measures: Sequence[Counts], policy: Policy) -> Counts:
    """Several measures as one system: in every cell records and persons share, records are the persons and some more."""
    at = np.cumsum([0, *(one.system.size for one in measures)])
    parts = {next(iter(one.parts)): slice(int(at[k]), int(at[k + 1])) for k, one in enumerate(measures)}
    start = {identity: part.start for identity, part in parts.items()}
    systems = {next(iter(one.parts)): one.system for one in measures}
    records = {key: start[RECORDS] + number for number, key in enumerate(systems[RECORDS].keys)}
    shared = [
        (records[key], start[identity] + number)
        for identity, system in systems.items()
        for number, key in enumerate(system.keys)
        if identity != RECORDS and key in records
    ]
    values = np.concatenate([one.system.values for one in measures])
    more = np.array([values[r] - values[p] for r, p in shared], dtype=np.int64)
    size, extra = len(values), len(shared)
    if size + extra > GENERAL_UP_TO:
        raise Refused(
            f"the measures have {size + extra:,} cells in all, more than the {GENERAL_UP_TO:,} that can be protected together",
            remedy="Publish one of the two measures, or make the table coarser.",
            slug="too-many-linked-cells",
        )
    known_high = np.concatenate([*(one.system.bounds_known()[1] for one in measures), np.full(extra, UNBOUNDED)])
    counted = any(one.system.persons is not None for one in measures)
    persons = [one.system.values if one.system.persons is None else one.system.persons for one in measures]
    if counted and policy.annotation == "separate":
        # code 1 then tells nothing of events; of distinct persons it still says how many at most
        for identity, part in parts.items():
            coded = systems[identity].published & (values[part] < policy.rule.below)
            if identity != RECORDS:
                known_high[part] = np.where(coded, np.minimum(known_high[part], policy.rule.largest), known_high[part])
    equations = [
        Equation(e.parent + at[k], tuple(int(c + at[k]) for c in e.children))
        for k, one in enumerate(measures)
        for e in one.system.equations
    ]
    level, interest = ([getattr(one.system, name) for one in measures] for name in ("level", "interest"))
    system = CellSystem(
        values=np.concatenate([values, more]),
        published=np.concatenate([*(one.system.published for one in measures), np.zeros(extra, dtype=bool)]),
        equations=(*equations, *(Equation(r, (p, size + number)) for number, (r, p) in enumerate(shared))),
        keys=(
            *((identity, *key) for identity, one in systems.items() for key in one.keys),
            *(("more", number) for number in range(extra)),
        ),
        interest=np.concatenate([*interest, np.zeros(extra)]),
        level=np.concatenate([*level, np.zeros(extra, dtype=np.int64)]),
        neighbours=tuple(
            [
                tuple(int(n + at[k]) for n in near)
                for k, one in enumerate(measures)
                for near in (one.system.neighbours or [()] * one.system.size)
            ]
            + [()] * extra
        ),
        persons=np.concatenate([*persons, more]) if counted else None,
        known_high=known_high,
        nobodys=np.arange(size + extra) >= size,
    )
    rows = {place: cells + at[k] for k, one in enumerate(measures) for place, cells in one.rows.items()}
    return Counts(system, rows, parts)
