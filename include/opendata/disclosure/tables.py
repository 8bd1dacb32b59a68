"""Protects data tables: from true figures to what the public may see, over all linked tables of a dataset at once.

Turns the tables into cell systems (``cells`` says which figures are one cell and which are sums), has each system
suppressed, and writes the pattern back: the blanks, what is derived from them, and the annotation beside every value.
Whether masking applies at all is decided by the gate; that the result withstands an attack is shown by another room.

Annotations (Handbook, Guidelines §3): 1 small, 2 complementary, 3 no data (a rate without a denominator), 4 statistically
unstable. With ``combined`` every suppressed value carries 1, whichever of the two it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from include.opendata.cells import LinkedCells, link
from include.opendata.disclosure.continuity import Keep, search_after
from include.opendata.disclosure.derived import COMPLEMENTARY, SHOWN, SMALL, derived_blank
from include.opendata.disclosure.engine import Engine
from include.opendata.disclosure.policy import Policy
from include.opendata.disclosure.primary import primary
from include.opendata.disclosure.suppress import Suppression
from include.opendata.disclosure.system import CellSystem, Equation
from include.opendata.errors import InputError, Place, Refused
from include.opendata.history.earlier import Earlier
from include.opendata.vocabulary import (
    ANNOTATION_SUFFIX,
    PERSONS_PREFIX,
    DataTable,
    ProtectedTable,
    Structure,
    TableMeasure,
)

NO_DATA, UNSTABLE = 3, 4


def protect_tables(
    tables: Sequence[DataTable],
    policy: Policy,
    *,
    masked: bool,
    dataset: str,
    earlier: Earlier | None = None,
    keep: Keep = "pattern",
    progress: Callable[[str], None] | None = None,
) -> tuple[tuple[ProtectedTable, ...], dict[str, dict[str, int]]]:
    """The tables as the public may see them, and the figures of each cell system (measure identity → figures).

    ``masked`` False: the assessment lets every count be shown; only unstable and undefined values are blank.
    ``earlier``: what was published before of these cells; a cell shown with the value it still has hides nothing any more.
    Raises Refused (no safe pattern; distinct persons whose totals are not sums; ``small-cell-already-public``).
    """
    codes: dict[tuple[str, str], np.ndarray] = {}
    figures: dict[str, dict[str, int]] = {}
    if masked:
        for cells in linked(tables):
            suppression = _suppressed(cells, tables, policy, dataset, earlier, keep, progress)
            figures[cells.identity] = dict(suppression.figures)
            for place, rows in cells.rows.items():
                codes[place] = suppression.codes[rows]
    return tuple(_protected(table, codes, policy, masked) for table in tables), figures


def linked(tables: Sequence[DataTable]) -> list[LinkedCells]:
    """The cell systems of ``tables``, one per measure identity."""
    return link([(t.structure, {d.name: t.frame[d.name].tolist() for d in t.structure.dimensions}) for t in tables])


def _suppressed(
    cells: LinkedCells,
    tables: Sequence[DataTable],
    policy: Policy,
    dataset: str,
    earlier: Earlier | None,
    keep: Keep,
    progress: Callable[[str], None] | None,
) -> Suppression:
    values, persons = _counts(cells, tables)
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
    small = primary(system, policy.threshold)
    engine = Engine(policy, cells.keys, dataset, progress)
    if earlier is None:
        return engine.search(system, small)
    return search_after(system, small, cells.rows, earlier, engine, keep=keep, dataset=dataset)


def _counts(cells: LinkedCells, tables: Sequence[DataTable]) -> tuple[np.ndarray, np.ndarray | None]:
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
    """The counts of cells no table publishes, from the sums they stand in; each has one with all else known."""
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
            raise RuntimeError("a cell no table publishes follows from no sum")
        waiting = left


def _protected(
    table: DataTable, codes: dict[tuple[str, str], np.ndarray], policy: Policy, masked: bool
) -> ProtectedTable:
    structure, frame = table.structure, table.frame
    published = pd.DataFrame(index=frame.index)
    for dimension in structure.dimensions:
        published[dimension.name] = frame[dimension.name].astype("string")
        if dimension.code_column:
            published[dimension.code_column] = frame[dimension.code_column].astype("string")
        for attribute in dimension.attributes:
            published[attribute.name] = frame[attribute.name]
    own = {m.name: codes.get((structure.table, m.name), np.zeros(len(frame), np.int8)) for m in structure.measures}
    small = complementary = unstable = cells = 0
    for measure in structure.measures:
        values = frame[measure.name]
        if measure.role == "population":
            published[measure.name] = values
            continue
        code = own[measure.name] if measure.role == "count" else _derived(measure, table, own)
        if measure.role == "count":
            small, complementary = (
                small + int((code == SMALL).sum()),
                complementary + int((code == COMPLEMENTARY).sum()),
            )
            cells += len(code)
        else:
            code = _without_ground(code, measure, table, policy)
            unstable += int((code == UNSTABLE).sum())
        published[measure.name] = values.mask(code != SHOWN)
        published[measure.name + ANNOTATION_SUFFIX] = _annotations(code, policy.annotation)
    return ProtectedTable(
        structure=structure,
        annotation="combined" if policy.annotation == "combined" else "separate",
        frame=published[structure.published_columns()].reset_index(drop=True),
        masked=masked,
        small=small,
        complementary=complementary,
        unstable=unstable,
        cells=cells,
    )


def _derived(measure: TableMeasure, table: DataTable, own: dict[str, np.ndarray]) -> np.ndarray:
    """The code each derived value takes from the counts it is computed from."""
    rows = np.arange(len(table.frame))
    bases: list[tuple[str, np.ndarray]] = []
    if measure.numerator is not None:
        bases.append((measure.numerator, rows))
        if measure.within:
            bases.append((measure.numerator, denominator_rows(table.structure, table.frame, measure.within)))
    if measure.denominator is not None and table.structure.measure(measure.denominator).role == "count":
        bases.append((measure.denominator, rows))
    if not bases:
        return np.zeros(len(table.frame), dtype=np.int8)
    # codes of several counts side by side, so that one index space serves them all
    offset = {name: k * len(table.frame) for k, name in enumerate(own)}
    together = np.concatenate(list(own.values()))
    return derived_blank([where + offset[name] for name, where in bases], together)


def denominator_rows(structure: Structure, frame: pd.DataFrame, within: Sequence[str]) -> np.ndarray:
    """For every row the row whose ``within`` dimensions stand at their total and all others are the same."""
    names = [d.name for d in structure.dimensions]
    totals = {d.name: d.total for d in structure.dimensions if d.name in within}
    position = {tuple(row): k for k, row in enumerate(frame[names].itertuples(index=False, name=None))}
    wanted = (
        tuple(totals.get(name, label) for name, label in zip(names, row, strict=True))
        for row in frame[names].itertuples(index=False, name=None)
    )
    return np.array([position[key] for key in wanted], dtype=np.int64)


def _without_ground(code: np.ndarray, measure: TableMeasure, table: DataTable, policy: Policy) -> np.ndarray:
    """Codes 3 and 4: a value that could not be computed, and an estimate from too few cases of a survey."""
    code = np.where((code == SHOWN) & table.frame[measure.name].isna().to_numpy(), NO_DATA, code).astype(np.int8)
    if policy.unstable_below is None:
        return code
    cases = _cases(measure, table)
    if cases is None:
        return code
    return np.where((code == SHOWN) & (cases < policy.unstable_below), UNSTABLE, code).astype(np.int8)


def _cases(measure: TableMeasure, table: DataTable) -> np.ndarray | None:
    """How many cases of the sample an estimate rests on; None where it rests on a population from outside."""
    if measure.role == "percent" and measure.numerator is not None:
        counts = table.frame[measure.numerator].to_numpy(dtype=np.int64)
        return counts[denominator_rows(table.structure, table.frame, measure.within)]
    if measure.role == "rate" and measure.denominator is not None:
        if table.structure.measure(measure.denominator).role != "count":
            return None
        return table.frame[measure.denominator].to_numpy(dtype=np.int64)
    return table.frame[measure.numerator].to_numpy(dtype=np.int64) if measure.numerator is not None else None


def _annotations(code: np.ndarray, annotation: str) -> pd.Series:
    code = np.where(code == COMPLEMENTARY, SMALL, code) if annotation == "combined" else code
    return pd.Series(np.where(code == SHOWN, "", code.astype(str)), dtype="string")
