"""What protecting and attacking the tables of a dataset leads to: the tables, their facts, and what was attacked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NotRequired, TypedDict

from include.opendata.disclosure.attack import PublishedView, Witnesses
from include.opendata.disclosure.history.extents import TableExtents
from include.opendata.vocabulary import ProtectedTable


@dataclass(frozen=True, repr=False)
class AttackedView:
    """One way of reading what would be published, attacked. ``base``: the release whose figures are taken as right, empty
    for the new release by itself · ``set_aside``: readings of other releases that contradict it · ``withheld``: cells
    whose proof would be the true table."""

    identity: str
    base: str
    view: PublishedView
    witnesses: Witnesses
    by_bounds: tuple[int, ...]
    withheld: tuple[int, ...]
    set_aside: int


class TableFacts(TypedDict):
    """What was done to one table, in counts, as it is kept for the evidence. ``attack``: blank counts by verdict ·
    ``amounts``: rows of amounts hidden because they could be computed · ``hidden_anew``: what else was reasoned with when
    the counts were hidden a second time."""

    annotation: str
    seed: int | None
    cells: int
    small: int
    complementary: int
    unstable: int
    attack: dict[str, int]
    amounts: NotRequired[int]
    hidden_anew: NotRequired[list[str]]


@dataclass(frozen=True)
class Protection:
    """``tables`` as the public may see them · ``facts``: per table annotation, seed, cells hidden and the attack's verdicts ·
    ``systems``: per measure identity the figures of its cell system · ``attacked``: every view that was attacked ·
    ``extents``: what the categories stand for · ``earlier``: the releases that were taken into account ·
    ``others``: the other datasets that were."""

    tables: tuple[ProtectedTable, ...]
    facts: dict[str, TableFacts]
    systems: dict[str, dict[str, int]]
    attacked: tuple[AttackedView, ...] = field(default=(), repr=False)
    extents: dict[str, TableExtents] = field(default_factory=dict, repr=False)
    earlier: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    def summary(self, name: str) -> tuple[str, str]:
        """(slug, sentence) for the ledger: what was done to one table, in counts."""
        table = next(t for t in self.tables if t.structure.table == name)
        if not table.masked:
            return "shown-in-full", "The assessment asks for no masking; every count is shown."
        if table.structure.percentages_only:
            return "percentages-only", (
                "Whole percentages are published and no count; the percentage of the one small category is left blank as "
                "less than 1 %. An attack on the result did not recover its count, the total being known."
            )
        share = (table.small + table.complementary) / table.cells if table.cells else 0.0
        together = (
            f", also read together with the {len(self.earlier)} release(s) published before," if self.earlier else ""
        )
        if self.others:
            together += f" and with the tables of {', '.join(self.others)},"
        return "protected", (
            f"{table.small} of {table.cells} counts are small and hidden, {table.complementary} more are hidden so that "
            f"none of them can be computed ({share:.0%} in all); an attack on the result{together} recovered none."
        )
