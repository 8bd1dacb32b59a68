"""Merges what an extract brings into a table as it stands: rows added, put in place of others, or taken away, by key.

A row is never added to another: it comes whole from the extract or whole from what stood. What is added up again are the
totals over the dimensions that are merged. The outcome is what counting all the records together would have given, and
figures that cannot be had so are refused by the declaration's checks before it comes here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from include.opendata.declaration import tables as t
from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.refresh_rules import key_of, merged_over
from include.opendata.errors import Place, Refused
from include.opendata.tables.categories import Categories, Key, declared_categories, found_categories
from include.opendata.tables.figures import MOST_CELLS, Amount, Figures, Grid, counted, extents, has_label_twice
from include.opendata.tables.increments.base_figures import BaseTable
from include.opendata.tables.table import Counted

Groups = dict[tuple[Key, ...], None]
"""Keys that an extract speaks of, each with one part per column of the key, columns in the order of the alphabet."""


@dataclass(frozen=True)
class MergedRows:
    """How many rows of single categories (totals apart) a merge added, put in place of others, and took away."""

    added: int
    changed: int
    removed: int


def merge(
    dataset: Dataset, table: t.Table, base: BaseTable, extract: Counted | None, *, before: int | None = None
) -> tuple[Counted, MergedRows]:
    """One table with what ``extract`` brings; None: nothing of it is to be merged. ``before``: rows of earlier periods go.

    Raises Refused: ``key-already-published``, ``key-not-published``, ``no-rows``, ``label-twice``, ``table-too-large``.
    """
    stood = base.chosen(without_merged_totals(table, base))
    new = None if extract is None else BaseTable.of(extract)
    brought = None if new is None else new.chosen(without_merged_totals(table, new))
    groups = {} if brought is None else groups_of(table, brought)
    if table.refresh.mechanism == "append":
        _refuse_repeated(dataset, table, stood, groups)
    if table.refresh.mechanism == "delete" and brought is not None:
        _refuse_unknown(dataset, table, stood, groups)
        brought = None
    kept = stood.chosen(stays(table, stood, groups, before))
    rows = kept if brought is None else kept.and_also(brought)
    if not len(rows):
        raise _refused(
            dataset, table, "no row would be left of the table", "no-rows",
            "Check the rule, or the list of what is to be removed; a table without rows is not published.",
        )  # fmt: skip
    return _counted(dataset, table, rows), _moved(stood, kept, brought)


# -- which rows ---------------------------------------------------------------------------------------------------------


def without_merged_totals(table: t.Table, rows: BaseTable) -> np.ndarray[Any, Any]:
    """bool[n]: rows that no total over a merged dimension stands in."""
    over = merged_over(table)
    mask = np.ones(len(rows), dtype=bool)
    for dimension, totals in zip(table.dimensions, rows.totals, strict=True):
        if dimension.name in over:
            mask &= ~totals
    return mask


def _key_columns(table: t.Table) -> list[int]:
    """Where the dimensions of the key stand, in the order of their source columns."""
    names = key_of(table)
    places = [i for i, d in enumerate(table.dimensions) if d.name in names]
    return sorted(places, key=lambda i: table.dimensions[i].column)


def _row_keys(table: t.Table, rows: BaseTable) -> list[tuple[Key, ...]]:
    return list(zip(*(rows.keys[i].tolist() for i in _key_columns(table)), strict=True))


def groups_of(table: t.Table, rows: BaseTable) -> Groups:
    """The keys of rows without merged totals."""
    return dict.fromkeys(_row_keys(table, rows))


def stays(table: t.Table, rows: BaseTable, groups: Groups, before: int | None) -> np.ndarray[Any, Any]:
    """bool[n]: which rows of the earlier table stay: the new ones do not replace their key, and their period is not removed."""
    mask = np.ones(len(rows), dtype=bool)
    if table.refresh.mechanism in ("update", "delete") and groups:
        mask &= np.array([key not in groups for key in _row_keys(table, rows)], dtype=bool)
    rule = table.refresh.remove
    if rule is not None and before is not None:
        place = [d.name for d in table.dimensions].index(rule.dimension)
        mask &= np.array([key is None or key >= before for key in rows.keys[place]], dtype=bool)
    return mask


def _refuse_repeated(dataset: Dataset, table: t.Table, stood: BaseTable, groups: Groups) -> None:
    """A row is published when it is in the file, as a zero too."""
    if table.absent_combinations == "zero":
        columns = {column.name: column for column in dataset.source.columns}
        shown = [
            set(_categories(table.dimensions[i], columns[table.dimensions[i].column], stood, i, fill=True).keys)
            for i in _key_columns(table)
        ]
        repeated = sum(all(part in labels for part, labels in zip(row_key, shown, strict=True)) for row_key in groups)
    else:
        there = groups_of(table, stood)
        repeated = sum(row_key in there for row_key in groups)
    if repeated:
        raise _refused(
            dataset, table, f"{_keys(repeated)} of this extract published already (key: {', '.join(key_of(table))})",
            "key-already-published",
            "An append may only bring new rows. Ask the source's owner whether this extract came before; declare "
            "`refresh: update` where it corrects what is published, or refresh once with the full source and --whole.",
        )  # fmt: skip


def _refuse_unknown(dataset: Dataset, table: t.Table, stood: BaseTable, groups: Groups) -> None:
    there = groups_of(table, stood)
    unknown = sum(row_key not in there for row_key in groups)
    if unknown:
        raise _refused(
            dataset, table, f"{_keys(unknown)} to be removed not in the table (key: {', '.join(key_of(table))})",
            "key-not-published",
            "Ask the source's owner what is meant; take out of the list what was removed before.",
        )  # fmt: skip


def _keys(count: int) -> str:
    return "1 key is" if count == 1 else f"{count:,} keys are"


def _moved(stood: BaseTable, kept: BaseTable, brought: BaseTable | None) -> MergedRows:
    def single(rows: BaseTable) -> set[tuple[Key, ...]]:
        mask = ~np.logical_or.reduce(rows.totals)
        return set(zip(*(column[mask].tolist() for column in rows.keys), strict=True))

    old, staying, new = single(stood), single(kept), single(brought) if brought is not None else set()
    return MergedRows(len(new - old), len(new & old), len(old - staying - new))


# -- the whole table again ---------------------------------------------------------------------------------------------


def _categories(dimension: t.Dimension, column: Any, rows: BaseTable, place: int, *, fill: bool) -> Categories:
    declared = declared_categories(dimension, column)
    values = rows.keys[place][~rows.totals[place]].tolist()
    return declared or found_categories(dimension, column, values, fill=fill)


def _counted(dataset: Dataset, table: t.Table, rows: BaseTable) -> Counted:
    """The whole table from its rows without merged totals: categories, totals, zeros where they are published."""
    fill = table.absent_combinations == "zero"
    categories = _all_categories(dataset, table, rows, fill=fill)
    shape, totals = extents(table, categories)
    if fill and np.prod(shape, dtype=float) > MOST_CELLS:
        raise _too_large(dataset, table)
    cells, values = np.ravel_multi_index(_places(categories, rows), shape), dict(rows.values)
    over = merged_over(table)
    for index, d in enumerate(table.dimensions):
        if d.name in over and totals[index] is not None:
            cells, values = _with_total(cells, values, shape, index, totals[index])
    if len(cells) > MOST_CELLS:
        raise _too_large(dataset, table)
    grid = Grid(shape, totals, np.arange(int(np.prod(shape)), dtype=np.int64) if fill else np.sort(cells))
    rows_of_cells = grid.rows_of(cells)
    spread = {name: grid.spread(rows_of_cells, column) for name, column in values.items()}
    return Counted(categories, Figures(grid, spread, _whole(table, rows), np.sort(rows_of_cells)), {})


def _all_categories(dataset: Dataset, table: t.Table, rows: BaseTable, *, fill: bool) -> list[Categories]:
    """The categories of every dimension. Raises Refused (``label-twice``)."""
    columns = {column.name: column for column in dataset.source.columns}
    categories = [_categories(d, columns[d.column], rows, i, fill=fill) for i, d in enumerate(table.dimensions)]
    for d, known in zip(table.dimensions, categories, strict=True):
        if has_label_twice(d, known):
            raise _refused(
                dataset, table, "a value of the column reads like the label of the total or of the blanks", "label-twice",
                "Give the total, or the blanks, another label.", column=d.column,
            )  # fmt: skip
    return categories


def _places(categories: list[Categories], rows: BaseTable) -> tuple[np.ndarray[Any, Any], ...]:
    """Along each dimension, where every row stands; the total stands after the categories."""

    def along(known: Categories, keys: np.ndarray[Any, Any], totals: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        last, position = len(known.labels), known.position_of
        return np.array([last if total else position[key] for key, total in zip(keys, totals, strict=True)], np.int64)

    return tuple(along(*parts) for parts in zip(categories, rows.keys, rows.totals, strict=True))


def _whole(table: t.Table, rows: BaseTable) -> dict[str, Amount | None]:
    """Each figure over all records; None for different persons, who cannot be added up."""
    kinds = {name: kind for name, (kind, _) in counted(table).items()}
    single = ~np.logical_or.reduce(rows.totals)
    return {name: None if kinds[name] == "distinct" else column[single].sum() for name, column in rows.values.items()}


def _with_total(
    at: np.ndarray[Any, Any], values: dict[str, np.ndarray[Any, Any]], shape: tuple[int, ...], index: int, total: Any
) -> tuple[np.ndarray[Any, Any], dict[str, np.ndarray[Any, Any]]]:
    """The rows, and their sums over one dimension."""
    above = list(np.unravel_index(at, shape))
    above[index] = np.full_like(above[index], total)
    sums_at, which = np.unique(np.ravel_multi_index(tuple(above), shape), return_inverse=True)
    with_sums = {}
    for name, column in values.items():
        sums = np.zeros(len(sums_at), dtype=object)
        np.add.at(sums, which, column)
        with_sums[name] = np.concatenate([column, sums])
    return np.concatenate([at, sums_at]), with_sums


def _too_large(dataset: Dataset, table: t.Table) -> Refused:
    return _refused(
        dataset, table, f"the table would have more than {MOST_CELLS:,} cells", "table-too-large",
        "Use fewer dimensions or coarser categories, make two tables of it, or let old periods go with `remove`.",
    )  # fmt: skip


def _refused(dataset: Dataset, table: t.Table, what: str, slug: str, remedy: str, column: str | None = None) -> Refused:
    return Refused(what, remedy=remedy, slug=slug, place=Place(dataset.dataset, table.table, column))
