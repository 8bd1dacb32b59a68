"""What ties counts to one another today, said of the tables of earlier releases too.

A relation is found in the records of now (``tables.measure_relations``); who kept an earlier release reads it into that one
as well, whether or not anybody looked for it then. A sum that some release's own figures contradict is left out: it did not
hold then, and no one can compute with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from include.opendata.vocabulary import MeasureFamily, MeasureSum, ProtectedTable

Tables = tuple[ProtectedTable, ...]


def tied_like_newest(releases: Sequence[Tables]) -> list[Tables]:
    """The tables of every release, the newest last, with the relations between counts that the newest one has."""
    relations = _Relations.of(releases[-1], [table for tables in releases for table in tables])
    return [tuple(map(relations.tied, tables)) for tables in releases]


@dataclass(frozen=True)
class _Relations:
    """``families``: identity of a count → the sums that tie it to others · ``at_most``: → the counts that are no less."""

    families: Mapping[str, MeasureFamily]
    at_most: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, newest: Tables, tables: Sequence[ProtectedTable]) -> _Relations:
        """Those of the newest release that none of ``tables`` contradicts."""
        measures = [m for table in newest for m in table.structure.measures if m.role == "count"]
        families = dict.fromkeys(m.family for m in measures if m.family is not None)
        kept = [_not_contradicted(family, tables) for family in families]
        return cls(
            {identity: family for family in kept for identity in family.identities},
            {m.identity: m.at_most for m in measures},
        )

    def tied(self, table: ProtectedTable) -> ProtectedTable:
        """The table, its measures tied to one another by these relations alone."""
        measures = tuple(
            replace(m, family=self.families.get(m.identity), at_most=self.at_most.get(m.identity, ()))
            for m in table.structure.measures
        )
        return replace(table, structure=replace(table.structure, measures=measures))


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
