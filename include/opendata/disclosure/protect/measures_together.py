"""Several measures as one cell system: in every cell a count and distinct persons share, it is the persons and some more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from include.opendata.disclosure.cell_states import UNBOUNDED
from include.opendata.disclosure.protect.counts import PERSONS, Counts
from include.opendata.disclosure.protect.engine import GENERAL_UP_TO
from include.opendata.disclosure.protect.policy import Policy
from include.opendata.disclosure.protect.system import CellSystem, Equation
from include.opendata.errors import Refused

Systems = Mapping[str, CellSystem]
"""By measure identity, in the order in which their cells follow one another."""

Parts = dict[str, slice]
Shared = Sequence[tuple[int, int]]
"""(cell of the count that is more, the same cell of persons)."""


def side_by_side(measures: Sequence[Counts], policy: Policy) -> Counts:
    """``measures`` (systems of one measure or family each) as one. Behind their cells stand those of what counts are more
    than persons, which count no one. Raises Refused (``too-many-linked-cells``)."""
    systems = {counts.identity: counts.system for counts in measures}
    parts = _parts(systems)
    shared = _shared_cells(measures, parts)
    values = np.concatenate([system.values for system in systems.values()])
    size, extra = len(values), len(shared)
    if size + extra > GENERAL_UP_TO:
        raise Refused(
            f"the measures have {size + extra:,} cells in all, more than the {GENERAL_UP_TO:,} that can be protected together",
            remedy="Publish one of the two measures, or make the table coarser.",
            slug="too-many-linked-cells",
        )
    more = np.array([values[records] - values[persons] for records, persons in shared], dtype=np.int64)
    differences = (Equation(records, (persons, size + number)) for number, (records, persons) in enumerate(shared))
    system = CellSystem(
        values=np.append(values, more),
        published=np.append(_joined(systems, "published"), np.zeros(extra, dtype=bool)),
        equations=(*_equations(systems, parts), *differences),
        keys=(*_keys(systems), *(("more", number) for number in range(extra))),
        interest=np.append(_joined(systems, "interest"), np.zeros(extra)),
        level=np.append(_joined(systems, "level"), np.zeros(extra, dtype=np.int64)),
        neighbours=(*_neighbours(systems, parts), *((),) * extra),
        persons=np.append(_persons(systems), more) if _persons_are_counted(systems) else None,
        known_high=np.append(_known_high(systems, policy), np.full(extra, UNBOUNDED)),
        counts_no_one=np.append(_joined(systems, "counts_no_one"), np.ones(extra, dtype=bool)),
    )
    rows = {place: cells + parts[counts.identity].start for counts in measures for place, cells in counts.rows.items()}
    return Counts(system, rows, parts)


def _parts(systems: Systems) -> Parts:
    ends = np.cumsum([system.size for system in systems.values()]).tolist()
    return {
        identity: slice(end - system.size, end) for (identity, system), end in zip(systems.items(), ends, strict=True)
    }


def _shared_cells(measures: Sequence[Counts], parts: Parts) -> Shared:
    shared: list[tuple[int, int]] = []
    for persons in measures:
        below = parts[persons.identity].start
        for counts in measures:
            above = parts[counts.identity].start
            shared += [(more + above, fewer + below) for more, fewer in persons.no_more_than(counts)]
    return shared


def _joined(systems: Systems, name: str) -> np.ndarray:
    return np.concatenate([getattr(system, name) for system in systems.values()])


def _keys(systems: Systems) -> Iterator[tuple[object, ...]]:
    for identity, system in systems.items():
        yield from ((identity, *key) for key in system.keys)


def _equations(systems: Systems, parts: Parts) -> Iterator[Equation]:
    for identity, system in systems.items():
        start = parts[identity].start
        for equation in system.equations:
            yield Equation(equation.parent + start, tuple(child + start for child in equation.children))


def _neighbours(systems: Systems, parts: Parts) -> Iterator[tuple[int, ...]]:
    for identity, system in systems.items():
        start = parts[identity].start
        for neighbours in system.neighbours or [()] * system.size:
            yield tuple(other + start for other in neighbours)


def _persons_are_counted(systems: Systems) -> bool:
    return any(system.persons is not None for system in systems.values())


def _persons(systems: Systems) -> np.ndarray:
    """int64: persons behind the events; of a count of persons, these themselves."""
    return np.concatenate([system.values if system.persons is None else system.persons for system in systems.values()])


def _known_high(systems: Systems, policy: Policy) -> np.ndarray:
    """What the public knows each cell to be at most, blank or not."""
    return np.concatenate(
        [
            _small_by_code(system, policy)
            if _code_bounds_count(identity, systems, policy)
            else system.bounds_known()[1]
            for identity, system in systems.items()
        ]
    )


def _code_bounds_count(identity: str, systems: Systems, policy: Policy) -> bool:
    # where persons are counted, code 1 tells nothing of events; of distinct persons it still says how many at most
    return policy.annotation == "separate" and identity.startswith(PERSONS) and _persons_are_counted(systems)


def _small_by_code(system: CellSystem, policy: Policy) -> np.ndarray:
    high = system.bounds_known()[1]
    coded = system.published & (system.values < policy.rule.below)
    return np.where(coded, np.minimum(high, policy.rule.largest), high)
