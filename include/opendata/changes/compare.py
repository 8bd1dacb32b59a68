"""Compares one table of two releases: columns, rows by key, totals, what moved most, what is newly hidden or shown."""

from __future__ import annotations

from typing import Any

import numpy as np

from include.opendata.changes.report import (
    HiddenChange,
    Mover,
    Number,
    RetypedColumn,
    RowChange,
    SchemaChange,
    TableChange,
    TotalChange,
)
from include.opendata.changes.sides import Facts, Side
from include.opendata.storage.published_csv import parse_figure

LARGEST_MOVERS = 10


def compare_tables(old: Side | None, new: Side | None, facts: Facts) -> TableChange:
    """What a table differs in. One side may be None: the table is new, or gone. ``facts``: of the newer declaration."""
    if old is None or new is None:
        there = old or new
        if there is None:
            raise ValueError("a table is in one of the releases")
        status: Any = "new" if old is None else "gone"
        rows = RowChange(old=len(old) if old else 0, new=len(new) if new else 0)
        return TableChange(table=there.table, status=status, rows=rows)
    columns = _columns(old, new)
    if columns.key_changed:
        rows = RowChange(old=len(old), new=len(new))
        return TableChange(table=new.table, status="not comparable", columns=columns, rows=rows)
    measures = [m for m in new.measures(facts) if m in old.measures(facts)]
    at = matched(old, new)
    both = at >= 0
    changed = changed_rows(old, new, at)
    return TableChange(
        table=new.table,
        status="compared",
        columns=columns,
        rows=RowChange(
            old=len(old),
            new=len(new),
            added=int((~both).sum()),
            changed=int(changed.sum()),
            removed=len(old) - int(both.sum()),
            unchanged=int(both.sum() - changed.sum()),
        ),
        totals=tuple(total for m in measures if (total := _total(old, new, m, facts)) is not None),
        movers=_movers(old, new, at, measures, facts),
        hidden=tuple(_hidden(old, new, at, m) for m in measures if f"{m}_annotation" in new.types),
    )


def matched(old: Side, new: Side) -> np.ndarray[Any, Any]:
    """int64[rows of new]: where a row of the same key stands in ``old``; -1 where there is none."""
    return np.asarray(old.keys.get_indexer(new.keys), dtype=np.int64)


def changed_rows(old: Side, new: Side, at: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """bool[rows of new]: there before, and some column that both have reads differently."""
    differs = np.zeros(len(new), dtype=bool)
    both = at >= 0
    for column in new.types:
        if column in old.types and column not in new.key:
            before = old.rows[column].to_numpy(dtype=object)[at[both]]
            differs[both] |= new.rows[column].to_numpy(dtype=object)[both] != before
    return differs


def percent_of(old: Number | None, new: Number | None) -> float | None:
    """By how much of the old value a figure moved, in percent with one decimal."""
    return None if old is None or new is None or not old else round(100 * (new - old) / abs(old), 1)


def _columns(old: Side, new: Side) -> SchemaChange:
    return SchemaChange(
        added=tuple(c for c in new.types if c not in old.types),
        removed=tuple(c for c in old.types if c not in new.types),
        retyped=tuple(
            RetypedColumn(column=c, was=old.types[c], **{"is": new.types[c]})
            for c in new.types
            if c in old.types and old.types[c] != new.types[c]
        ),
        key_changed=set(old.key) != set(new.key),
    )


def _total(old: Side, new: Side, measure: str, facts: Facts) -> TotalChange | None:
    if set(new.key) <= set(facts.totals):
        before, after = (_of_total_row(side, measure, facts) for side in (old, new))
        kind: Any = "total row"
    elif facts.measures.get(measure):
        before, after = (_of_what_is_shown(side, measure, facts) for side in (old, new))
        kind = "what is shown"
    else:
        return None
    return TotalChange(measure=measure, of=kind, old=before, new=after, percent=percent_of(before, after))


def _at_totals(side: Side, facts: Facts) -> np.ndarray[Any, Any]:
    mask = np.ones(len(side), dtype=bool)
    for name in side.key:
        if name in facts.totals:
            mask &= side.at_total(name, facts)
    return mask


def _of_total_row(side: Side, measure: str, facts: Facts) -> Number | None:
    texts = side.rows[measure][_at_totals(side, facts)].tolist()
    return parse_figure(texts[0]) if len(texts) == 1 else None


def _of_what_is_shown(side: Side, measure: str, facts: Facts) -> Number | None:
    shown = [value for text in side.rows[measure][_at_totals(side, facts)] if (value := parse_figure(text)) is not None]
    total = sum(shown)
    return None if not shown else total if isinstance(total, int) else round(total, 9)


def _movers(old: Side, new: Side, at: np.ndarray[Any, Any], measures: list[str], facts: Facts) -> tuple[Mover, ...]:
    """The largest, over all measures that add up; by how much, then in the order of the file."""
    single = new.single(facts) & (at >= 0)
    found: list[tuple[float, int, int, str]] = []
    for order, measure in enumerate(m for m in measures if facts.measures.get(m)):
        moved = np.zeros(len(new))
        moved[single] = np.abs(new.figures(measure)[single] - old.figures(measure)[at[single]])
        moved = np.nan_to_num(moved)
        largest = np.argsort(-moved, kind="stable")[:LARGEST_MOVERS]
        found += [(-moved[i], order, int(i), measure) for i in largest.tolist() if moved[i]]
    movers = []
    for _, _, position, measure in sorted(found)[:LARGEST_MOVERS]:
        was, now = parse_figure(old.rows[measure].iloc[at[position]]), parse_figure(new.rows[measure].iloc[position])
        if was is not None and now is not None:
            row = new.label_of(position)
            movers.append(Mover(measure=measure, row=row, old=was, new=now, percent=percent_of(was, now)))
    return tuple(movers)


def _hidden(old: Side, new: Side, at: np.ndarray[Any, Any], measure: str) -> HiddenChange:
    both = at >= 0
    before, now = old.hidden(measure), new.hidden(measure)
    was = before[at[both]]
    return HiddenChange(
        measure=measure,
        old=int(before.sum()),
        new=int(now.sum()),
        newly_hidden=int((now[both] & ~was).sum()),
        newly_shown=int((~now[both] & was).sum()),
    )
