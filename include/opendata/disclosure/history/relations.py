"""What ties counts to one another today, said of the tables of earlier releases too.

A relation is found in the records of now (``tables.measure_relations``); who kept an earlier release reads it into that one
as well, whether or not anybody looked for it then. A sum that some release's own figures contradict is left out: it did not
hold then, and no one can compute with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from include.opendata.vocabulary import MeasureFamily, MeasureSum, ProtectedTable, TableMeasure

Tables = tuple[ProtectedTable, ...]


def tied_like_newest(releases: Sequence[Tables]) -> list[Tables]:
    """The tables of every release, the newest last, with the relations between counts that the newest one has."""
    measures = [m for table in releases[-1] for m in table.structure.measures if m.role == "count"]
    families = dict.fromkeys(m.family for m in measures if m.family is not None)
    every = [table for tables in releases for table in tables]
    kept = {family: _not_contradicted(family, every) for family in families}
    family_of = {identity: kept[family] for family in families for identity in family.identities}
    at_most = {m.identity: m.at_most for m in measures}

    def tied(measure: TableMeasure) -> TableMeasure:
        identity = measure.identity
        return replace(measure, family=family_of.get(identity), at_most=at_most.get(identity, ()))

    return [tuple(_with(table, [tied(m) for m in table.structure.measures]) for table in tables) for tables in releases]


def _with(table: ProtectedTable, measures: Sequence[TableMeasure]) -> ProtectedTable:
    return replace(table, structure=replace(table.structure, measures=tuple(measures)))


def _not_contradicted(family: MeasureFamily, tables: Sequence[ProtectedTable]) -> MeasureFamily:
    return replace(family, sums=tuple(s for s in family.sums if not any(_contradicts(table, s) for table in tables)))


def _contradicts(table: ProtectedTable, s: MeasureSum) -> bool:
    """Whether a row that shows the whole and all its parts says otherwise."""
    columns = {m.identity: m.name for m in table.structure.measures if m.role == "count"}
    names = [columns.get(identity, "") for identity in (s.whole, *s.parts)]
    if not {*names} <= {*table.frame.columns}:
        return False
    shown = table.frame[names].dropna().to_numpy(dtype=np.int64)
    left = shown[:, 0] - shown[:, 1:].sum(axis=1)
    return bool((left < 0).any() if s.rest else (left != 0).any())
