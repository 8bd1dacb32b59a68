"""Compares one table of two releases: columns, rows by key, totals, what moved most, what is newly hidden or shown."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

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
from include.opendata.changes.sides import Mask, Side, TableFacts
from include.opendata.storage.published_csv import parse_figure
from include.opendata.vocabulary import ANNOTATION_SUFFIX

LARGEST_MOVERS = 10

Rows = npt.NDArray[np.int64]
"""int64[rows of the new side]: positions in the old one."""


def compare_tables(old: Side | None, new: Side | None, facts: TableFacts) -> TableChange:
    """What a table differs in. One side may be None: the table is new, or gone. ``facts``: of the newer declaration."""
    if old is None or new is None:
        return _new_or_gone(old, new)
    columns = _columns(old, new)
    if columns.key_changed:
        rows = RowChange(old=len(old), new=len(new))
        return TableChange(table=new.table, status="not comparable", columns=columns, rows=rows)
    return _compared(old, new, columns, facts)


def _compared(old: Side, new: Side, columns: SchemaChange, facts: TableFacts) -> TableChange:
    measures = [measure for measure in new.measures(facts) if measure in old.measures(facts)]
    at = matched(old, new)
    totals = (_total(old, new, measure, facts) for measure in measures)
    annotated = [measure for measure in measures if f"{measure}{ANNOTATION_SUFFIX}" in new.types]
    return TableChange(
        table=new.table,
        status="compared",
        columns=columns,
        rows=_row_change(old, new, at),
        totals=tuple(total for total in totals if total is not None),
        movers=_movers(old, new, at, measures, facts),
        hidden=tuple(_hidden(old, new, at, measure) for measure in annotated),
    )


def _new_or_gone(old: Side | None, new: Side | None) -> TableChange:
    if new is not None:
        return TableChange(table=new.table, status="new", rows=RowChange(old=0, new=len(new)))
    if old is not None:
        return TableChange(table=old.table, status="gone", rows=RowChange(old=len(old), new=0))
    raise ValueError("a table is in one of the releases")


def _row_change(old: Side, new: Side, at: Rows) -> RowChange:
    staying, changed = int((at >= 0).sum()), int(changed_rows(old, new, at).sum())
    return RowChange(
        old=len(old),
        new=len(new),
        added=len(new) - staying,
        changed=changed,
        removed=len(old) - staying,
        unchanged=staying - changed,
    )


def matched(old: Side, new: Side) -> Rows:
    """int64[rows of new]: where a row of the same key stands in ``old``; -1 where there is none."""
    return np.asarray(old.keys.get_indexer(new.keys), dtype=np.int64)


def changed_rows(old: Side, new: Side, at: Rows) -> Mask:
    """bool[rows of new]: there before, and some column that both have reads differently."""
    differs = np.zeros(len(new), dtype=bool)
    staying = at >= 0
    for column in new.types:
        if column in old.types and column not in new.key:
            before = old.rows[column].to_numpy(dtype=object)[at[staying]]
            differs[staying] |= new.rows[column].to_numpy(dtype=object)[staying] != before
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


def _total(old: Side, new: Side, measure: str, facts: TableFacts) -> TotalChange | None:
    """A measure over the whole table; None where no row is of all totals and the parts do not add up."""
    kind: Literal["total row", "what is shown"]
    if set(new.key) <= set(facts.totals):
        kind, figure_of = "total row", _of_total_row
    elif facts.measures.get(measure):
        kind, figure_of = "what is shown", _of_what_is_shown
    else:
        return None
    before, after = figure_of(old, measure, facts), figure_of(new, measure, facts)
    return TotalChange(measure=measure, of=kind, old=before, new=after, percent=percent_of(before, after))


def _at_totals(side: Side, facts: TableFacts) -> Mask:
    mask = np.ones(len(side), dtype=bool)
    for name in side.key:
        if name in facts.totals:
            mask &= side.at_total(name, facts)
    return mask


def _of_total_row(side: Side, measure: str, facts: TableFacts) -> Number | None:
    texts = side.rows[measure][_at_totals(side, facts)].tolist()
    return parse_figure(texts[0]) if len(texts) == 1 else None


def _of_what_is_shown(side: Side, measure: str, facts: TableFacts) -> Number | None:
    shown = [value for text in side.rows[measure][_at_totals(side, facts)] if (value := parse_figure(text)) is not None]
    if not shown:
        return None
    total = sum(shown)
    # Nine decimals: a sum of floats must not differ by the order of its parts.
    return total if isinstance(total, int) else round(total, 9)


def _movers(old: Side, new: Side, at: Rows, measures: list[str], facts: TableFacts) -> tuple[Mover, ...]:
    """The largest, over all measures that add up; by how much, then in the order of the file."""
    single = new.single(facts) & (at >= 0)
    ranked: list[tuple[float, int, int, str]] = []
    for order, measure in enumerate(measure for measure in measures if facts.measures.get(measure)):
        moved = np.zeros(len(new))
        moved[single] = np.abs(new.figures(measure)[single] - old.figures(measure)[at[single]])
        moved = np.nan_to_num(moved)  # blank on one side: nothing to compare
        largest = np.argsort(-moved, kind="stable")[:LARGEST_MOVERS]
        ranked += [(-moved[row], order, row, measure) for row in largest.tolist() if moved[row]]
    movers = (_mover(old, new, at, row, measure) for _, _, row, measure in sorted(ranked)[:LARGEST_MOVERS])
    return tuple(mover for mover in movers if mover is not None)


def _mover(old: Side, new: Side, at: Rows, row: int, measure: str) -> Mover | None:
    before, after = parse_figure(old.rows[measure].iloc[at[row]]), parse_figure(new.rows[measure].iloc[row])
    if before is None or after is None:
        return None
    return Mover(measure=measure, row=new.label_of(row), old=before, new=after, percent=percent_of(before, after))


def _hidden(old: Side, new: Side, at: Rows, measure: str) -> HiddenChange:
    staying = at >= 0
    before, now = old.hidden(measure), new.hidden(measure)
    was = before[at[staying]]
    return HiddenChange(
        measure=measure,
        old=int(before.sum()),
        new=int(now.sum()),
        newly_hidden=int((now[staying] & ~was).sum()),
        newly_shown=int((~now[staying] & was).sum()),
    )
