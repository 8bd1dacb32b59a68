"""Refuses what ties between columns leave in doubt: what cannot be linked may not be published side by side.

Columns that are tied in the records are linked (``column_ties``, ``column_atoms``), in one release and over releases that
know them both. What is left is refused:

- a tie that a few stray records go against: a reader subtracts all the same, and nearly right is near enough;
- columns of which an earlier release has one and this one the other, so that no release says how they go together;
- ties of a dataset whose extracts are merged, of which the records are no longer there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from include.opendata.declaration.dataset import Dataset
from include.opendata.errors import Place, Refused
from include.opendata.tables.column_ties import CountingTable, Tie, apart, filter_ties, ties
from include.opendata.warehouse import Warehouse

EarlierTables = Sequence[Sequence[CountingTable]]
"""Of each earlier release its tables."""


def refuse_dependent_columns(
    dataset: Dataset,
    warehouse: Warehouse,
    *,
    linked: Collection[frozenset[str]],
    earlier: EarlierTables = (),
    masked: bool = True,
) -> None:
    """Raise Refused (``columns-tell-one-another``) where columns determine one another and are not linked.

    ``linked``: the columns of each axis on which this release or an earlier one has several. ``masked``: False where the
    tables of now hide nothing among themselves, so that they can say only what ``earlier`` ones hid.

    A column of an earlier release that no table uses any more is compared value by value, a day by its month; one that is
    no longer declared cannot be.
    """
    now = [CountingTable.of(table) for table in dataset.tables]
    groups = apart(now) if masked else []
    groups += _apart_from_earlier(dataset, now, earlier)
    found = ties(dataset, warehouse, dict.fromkeys(groups))
    if masked:
        found += filter_ties(now)
    in_doubt = next((tie for tie in found if not _is_answered(tie, linked)), None)
    if in_doubt is not None:
        raise _refusal(dataset, in_doubt, now)


def _apart_from_earlier(dataset: Dataset, now: Sequence[CountingTable], earlier: EarlierTables) -> list[frozenset[str]]:
    """Columns that tables of now and of an earlier release have apart, as far as they are still declared."""
    declared = {column.name for column in dataset.source.columns}
    return [group for tables in earlier for group in apart(now, tables) if group <= declared]


def _is_answered(tie: Tie, linked: Collection[frozenset[str]]) -> bool:
    """Whether a tie is none, or one that an axis holds."""
    return tie.by_chance or (tie.exact and any(tie.columns <= axis for axis in linked))


def _refusal(dataset: Dataset, tie: Tie, now: Iterable[CountingTable]) -> Refused:
    names = sorted(tie.columns)
    columns = f"{', '.join(names[:-1])} and {names[-1]}"
    where = sorted(table.name for table in now if tie.columns & table.uses and not tie.columns <= table.side_by_side)
    if tie.by_filter:
        what = (
            f"a filter names the columns {columns}, and another table counts the same without it: a reader who subtracts one "
            "from the other learns how many the filter leaves out"
        )
    else:
        strays = f", but for {tie.strays:,} record{'s' * (tie.strays > 1)}" if tie.strays else ""
        what = (
            f"the categories of the columns {columns} follow from one another{strays}, and tables that are made of either "
            "count the same: a reader who subtracts one from the other can compute what is hidden"
        )
    side_by_side = f"show {columns} side by side in one table without a filter."
    remedy = (
        f"Correct these records in the source, or {side_by_side}"
        if tie.strays
        else f"Make the dimensions from one column, with `recode`, `bins` or `period`; or {side_by_side}"
    )
    return Refused(
        what,
        remedy=remedy,
        slug="columns-tell-one-another",
        place=Place(dataset=dataset.dataset, table=", ".join(where) or None),
    )
