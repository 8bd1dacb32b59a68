"""Rows of a source already added up that hold one another: totals, subtotals and strata stacked in one file.

Nothing marks such a row but its figures. A table that shows a total beside its parts as if they were categories shows equations
that protection does not know, and one that adds both counts everybody twice. So the source's own figures are searched
(``row_sums``) before anything is made of them. What is found is refused only where the tables use both: rows that no filter
keeps hold nothing, and the rows of one partition alone are what a table is made of, its totals declared with `total`.

Two tables of one dataset that keep different partitions of one total are refused like one table that keeps both: that their
totals are the same is known to every reader. Columns of more than ``MOST_LABELS`` labels are not searched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd
import sqlalchemy as sa

from include.opendata.declaration import tables as t
from include.opendata.declaration.dataset import Dataset
from include.opendata.errors import Place, Refused
from include.opendata.row_sums import Label, RowSum, row_sums
from include.opendata.tables.categories import keeps
from include.opendata.warehouse import Warehouse

MOST_LABELS, MOST_ROWS, MOST_NAMED = 300, 20_000, 5
"""Limits: labels of a column that is searched, rows that are compared (others are added up first), totals that are named."""

_ROWS = "rows of the source"


@dataclass(frozen=True)
class _Overlap:
    """Labels that hold one another, and the tables that use both sides. ``rows``: of the total's label in the source."""

    columns: tuple[str, ...]
    total: Label
    parts: tuple[Label, ...]
    tables: tuple[str, ...]
    rows: int


def refuse_stacked_rows(dataset: Dataset, warehouse: Warehouse) -> None:
    """Raises Refused ``rows-hold-one-another`` where tables count rows that are sums of other rows they count; the columns,
    the totals and how many rows they have are named. Only for records already added up (``record: aggregate``)."""
    counts = _counted(dataset)
    if dataset.source.record != "aggregate" or not counts:
        return
    frame = _figures(dataset, warehouse, _keys(dataset, counts), counts)
    keys = [name for name in frame.columns if name not in {*counts, *_kept_columns(dataset), _ROWS}]
    overlaps = list(_overlaps(dataset, frame, row_sums(frame, keys, counts)))
    if overlaps:
        raise _refusal(dataset, overlaps)


def _refusal(dataset: Dataset, overlaps: Sequence[_Overlap]) -> Refused:
    columns = list(dict.fromkeys(column for overlap in overlaps for column in overlap.columns))
    tables = list(dict.fromkeys(table for overlap in overlaps for table in overlap.tables))
    more = len(overlaps) - MOST_NAMED
    return Refused(
        "the tables count rows of the source that are sums of other rows they count",
        remedy="Let the tables keep one of them: leave the totals out with a `filter` (`not_in`), and all strata but one, and "
        "publish totals with `total:` in the dimensions.",
        slug="rows-hold-one-another",
        place=Place(
            dataset=dataset.dataset,
            table=tables[0] if len(tables) == 1 else None,
            column=columns[0] if len(columns) == 1 else None,
        ),
        details=(
            *(_sentence(dataset, overlap) for overlap in overlaps[:MOST_NAMED]),
            *([f"{more} more such totals"] if more > 0 else ()),
        ),
    )


def _counted(dataset: Dataset) -> list[str]:
    """The columns that a table adds up as counts of persons or events."""
    measures = [measure for table in dataset.tables for measure in table.measures]
    return sorted({m.column for m in measures if isinstance(m, t.SumMeasure) and t.is_protected_count(m)})


def _keys(dataset: Dataset, counts: Sequence[str]) -> list[str]:
    """The columns that say what a row is: texts, dates, and whatever a table is made of."""
    used = {d.column for table in dataset.tables for d in table.dimensions}
    used |= {condition.column for table in dataset.tables for condition in table.filter} | set(dataset.source.key)
    figures = {*counts, *_added_up(dataset)}
    return [
        column.name
        for column in dataset.source.columns
        if column.name not in figures and (column.name in used or column.type in ("text", "date", "boolean"))
    ]


def _added_up(dataset: Dataset) -> set[str]:
    """The columns of sums and means, whatever they are of."""
    measures = (measure for table in dataset.tables for measure in table.measures)
    return {m.column for m in measures if isinstance(m, t.SumMeasure | t.MeanMeasure)}


def _kept_columns(dataset: Dataset) -> dict[str, t.Table]:
    """The column of the figures that says whether a table keeps a row, and the table."""
    return {f"kept by {table.table}": table for table in dataset.tables}


def _figures(dataset: Dataset, warehouse: Warehouse, keys: Sequence[str], counts: Sequence[str]) -> pd.DataFrame:
    """The source added up by ``keys`` (text), with each count (Int64) and what the tables keep. Where there are more rows than
    ``MOST_ROWS`` the columns of the most labels are added over: what holds row by row holds for their sums."""
    keys = _compared_keys(dataset, warehouse, keys)
    records = warehouse.sql_table
    declared = {column.name: column for column in dataset.source.columns}
    kept = {
        name: sa.func.max(sa.case((keeps(table.filter, declared, records), 1), else_=0))
        for name, table in _kept_columns(dataset).items()
    }
    by = [records.c[key] for key in keys]
    asked = sa.select(*by, *(sa.func.sum(records.c[c]) for c in counts), *kept.values(), sa.func.count())
    rows = warehouse.rows(asked.select_from(records).group_by(*by).order_by(*by), dataset=dataset.dataset)
    frame = pd.DataFrame([tuple(row) for row in rows], columns=[*keys, *counts, *kept, _ROWS])
    types = {**dict.fromkeys(keys, "string"), **dict.fromkeys(counts, "Int64")}
    return frame.astype(types).fillna(dict.fromkeys(keys, ""))


def _compared_keys(dataset: Dataset, warehouse: Warehouse, keys: Sequence[str]) -> list[str]:
    """The columns that are searched, few enough that no more than ``MOST_ROWS`` rows are compared."""
    labels = {key: _distinct(dataset, warehouse, [key]) for key in keys}
    compared = [key for key in keys if labels[key] <= MOST_LABELS]
    while len(compared) > 1 and _distinct(dataset, warehouse, compared) > MOST_ROWS:
        compared.remove(max(compared, key=lambda key: labels[key]))
    return compared


def _distinct(dataset: Dataset, warehouse: Warehouse, keys: Sequence[str]) -> int:
    records = warehouse.sql_table
    groups = sa.select(*(records.c[key] for key in keys)).distinct().subquery()
    return int(warehouse.rows(sa.select(sa.func.count()).select_from(groups), dataset=dataset.dataset)[0][0])


def _overlaps(dataset: Dataset, frame: pd.DataFrame, found: Iterable[RowSum]) -> Iterator[_Overlap]:
    """The totals of which the tables keep more than one account: the total itself, and any parts it is the sum of."""
    accounts: dict[tuple[tuple[str, ...], Label], list[tuple[Label, ...]]] = {}
    for row_sum in found:
        accounts.setdefault((row_sum.columns, row_sum.total), [(row_sum.total,)]).append(row_sum.parts)
    for (columns, total), partitions in accounts.items():
        labels = pd.Series(list(zip(*(frame[column] for column in columns), strict=True)), index=frame.index)
        kept = {table.table: set(labels[frame[name] == 1]) for name, table in _kept_columns(dataset).items()}
        sides = _both_sides(partitions, set().union(*kept.values()))
        if sides is not None:
            users = tuple(name for name, shown in kept.items() if shown & {*sides[0], *sides[1]})
            parts = next(partition for partition in (*sides, *partitions) if partition != (total,))
            yield _Overlap(columns, total, parts, users, int(frame[_ROWS][labels == total].sum()))


def _both_sides(
    partitions: Sequence[tuple[Label, ...]], kept: set[Label]
) -> tuple[tuple[Label, ...], tuple[Label, ...]] | None:
    """Two accounts of one total of which labels are kept that the other does not have; None where there are none."""
    for number, first in enumerate(partitions):
        for second in partitions[number + 1 :]:
            if kept & (set(first) - set(second)) and kept & (set(second) - set(first)):
                return first, second
    return None


def _sentence(dataset: Dataset, overlap: _Overlap) -> str:
    public = all(_is_public(dataset, column) for column in overlap.columns)
    names = " and ".join(overlap.columns)
    used = f"used by {', '.join(overlap.tables)}"
    if not public:
        return f"{names}: a label with {overlap.rows:,} row(s) is the sum of {len(overlap.parts)} others; {used}"
    parts = [_words(part) for part in overlap.parts[:MOST_NAMED]]
    more = [f"{len(overlap.parts) - MOST_NAMED} more"] if len(overlap.parts) > MOST_NAMED else []
    return (
        f"{names}: {_words(overlap.total)} ({overlap.rows:,} rows) is the sum of {', '.join([*parts, *more])}; {used}"
    )


def _is_public(dataset: Dataset, name: str) -> bool:
    """Whether a column's labels may be named: they are published, or the declaration lists them."""
    shown = any(d.column == name for table in dataset.tables for d in table.dimensions)
    return shown or isinstance(dataset.source.column(name).valid_values, list)


def _words(label: Label) -> str:
    return "“" + " / ".join(label) + "”"
