"""Protects data tables: from true figures to what the public may see, over all linked tables of a dataset at once.

Has the tables turned into cell systems (``systems``) and each system suppressed, and writes the pattern back: the blanks,
what is derived from them, and the annotation beside every value.
Whether masking applies at all is decided by the gate; that the result withstands an attack is shown by another room.

Annotations (Handbook, Guidelines §3): 1 small, 2 complementary, 3 no data (a rate without a denominator), 4 statistically
unstable. With ``combined`` every suppressed value carries 1, whichever of the two it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from include.opendata.disclosure.protect.continuity import Follow, search_after
from include.opendata.disclosure.protect.counts import Counts
from include.opendata.disclosure.protect.derived import COMPLEMENTARY, SHOWN, SMALL, derived_blank
from include.opendata.disclosure.protect.engine import Engine
from include.opendata.disclosure.protect.policy import Policy
from include.opendata.disclosure.protect.primary import primary
from include.opendata.disclosure.protect.suppress import Suppression
from include.opendata.disclosure.protect.systems import EVERYDAY, Reasoning, linked, systems_of
from include.opendata.vocabulary import (
    ANNOTATION_SUFFIX,
    DataTable,
    ProtectedTable,
    TableMeasure,
    denominator_rows,
)

NO_DATA, UNSTABLE = 3, 4

__all__ = ["Policy", "Reasoning", "linked", "protect_tables"]


def protect_tables(
    tables: Sequence[DataTable],
    policy: Policy,
    *,
    masked: bool,
    dataset: str,
    follow: Follow | None = None,
    reasoning: Reasoning = EVERYDAY,
    progress: Callable[[str], None] | None = None,
) -> tuple[tuple[ProtectedTable, ...], dict[str, dict[str, int]]]:
    """The tables as the public may see them, and the figures of each cell system (measure identity → figures).

    ``masked`` False: the assessment lets every count be shown; only unstable and undefined values are blank.
    ``follow``: what was published before of these cells; a cell shown with the value it still has hides nothing any more.
    ``reasoning``: what is reasoned with beyond the tables' own cells, after an attack has found more.
    Raises Refused (no safe pattern; distinct persons whose totals are not sums; ``small-cell-already-public``).
    """
    codes: dict[tuple[str, str], np.ndarray] = {}
    figures: dict[str, dict[str, int]] = {}
    if masked:
        for counts in systems_of(tables, reasoning, policy=policy, dataset=dataset):
            engine = Engine(policy, counts.keys, dataset, progress)
            suppression = _suppressed(counts, engine, follow)
            for identity, part in counts.parts.items():
                figures[identity] = _figures_of(counts, suppression, part)
            for place, rows in counts.rows.items():
                codes[place] = suppression.codes[rows]
    return tuple(_protected(table, codes, policy, masked) for table in tables), figures


def _suppressed(counts: Counts, engine: Engine, follow: Follow | None) -> Suppression:
    small = primary(counts.system, engine.policy.rule)
    if follow is None:
        return engine.search(counts.system, small)
    return search_after(counts.system, small, counts.rows, follow, engine)


def _figures_of(counts: Counts, found: Suppression, part: slice) -> dict[str, int]:
    """The figures of one measure; what was given back, and the equations, are those of the whole system."""
    published, values = counts.system.published[part], counts.system.values[part]
    return dict(found.figures) | {
        "cells": len(values),
        "published": int(published.sum()),
        "zeros": int((published & (values == 0)).sum()),
        "small": int((found.codes[part] == SMALL).sum()),
        "complementary": int((found.codes[part] == COMPLEMENTARY).sum()),
    }


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
        annotated_below=policy.rule.below,
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
        of_whole: np.ndarray = counts[denominator_rows(table.structure, table.frame, measure.within)]
        return of_whole
    if measure.role == "rate" and measure.denominator is not None:
        if table.structure.measure(measure.denominator).role != "count":
            return None
        return table.frame[measure.denominator].to_numpy(dtype=np.int64)
    return table.frame[measure.numerator].to_numpy(dtype=np.int64) if measure.numerator is not None else None


def _annotations(code: np.ndarray, annotation: str) -> pd.Series:
    code = np.where(code == COMPLEMENTARY, SMALL, code) if annotation == "combined" else code
    return pd.Series(np.where(code == SHOWN, "", code.astype(str)), dtype="string")
