"""Amounts and means that could still be computed from what would be published: hidden too, until none is left.

The attack (``attack.amounts``) finds them, ``protect.amounts`` chooses what else is hidden; here they take turns.
"""

from __future__ import annotations

from collections.abc import Sequence

from include.opendata.declaration.dataset import Dataset
from include.opendata.disclosure.attack.amounts import FoundAmount, recoverable_amounts
from include.opendata.disclosure.protect.amounts import hide_amounts
from include.opendata.errors import AuditFailed, Place
from include.opendata.vocabulary import ProtectedTable

AMOUNT_ROUNDS = 12
"""How often further amounts are hidden before the release is refused."""

NAMED_AT_MOST = 20


def hide_computable_amounts(
    declared: Dataset, protected: tuple[ProtectedTable, ...]
) -> tuple[tuple[ProtectedTable, ...], int]:
    """``protected`` with further amounts and means hidden until none that is hidden with its count can be computed; and how
    many rows that took. Raises AuditFailed (``amount-recoverable``)."""
    if not any(_amounts(table) for table in protected):
        return protected, 0
    tables = protected
    computable = recoverable_amounts(tables)
    for _ in range(AMOUNT_ROUNDS):
        if not computable:
            break
        hidden = hide_amounts(tables, {(amount.table, amount.measure, amount.row) for amount in computable})
        if hidden is None:  # nothing else can be hidden
            break
        tables = hidden
        computable = recoverable_amounts(tables)
    if computable:
        raise _refused(computable, declared.dataset)
    return tables, sum(_rows_hidden(before, after) for before, after in zip(protected, tables, strict=True))


def _amounts(table: ProtectedTable) -> list[str]:
    return [measure.name for measure in table.structure.measures if measure.role in ("amount", "mean")]


def _rows_hidden(before: ProtectedTable, after: ProtectedTable) -> int:
    return sum(int((after.frame[name].isna() & before.frame[name].notna()).sum()) for name in _amounts(before))


def _refused(computable: Sequence[FoundAmount], dataset: str) -> AuditFailed:
    return AuditFailed(
        f"{len(computable)} hidden amounts or means could be computed from amounts that would be published",
        remedy="Give an amount the same `base` in all tables of the dataset, publish it in one table only, or drop it.",
        slug="amount-recoverable",
        place=Place(dataset=dataset, table=", ".join(sorted({amount.table for amount in computable}))),
        details=tuple(amount.sentence for amount in computable[:NAMED_AT_MOST]),
    )
