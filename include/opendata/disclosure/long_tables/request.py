"""What a caller says about a published table that is to be audited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from include.opendata.errors import DeclarationError
from include.opendata.rules.small_cells import SmallCellRule

Totals = Literal["exact", "at-most"]


@dataclass(frozen=True)
class Ratio:
    """A published rate per ``per`` of the denominator, rounded to ``decimals``."""

    column: str
    per: int
    decimals: int

    @classmethod
    def parse(cls, given: str) -> Ratio:
        """``COL:PER:DECIMALS``. Raises DeclarationError (``bad-rate``)."""
        column, _, rest = given.rpartition(":")
        column, _, per = column.rpartition(":")
        if not column or not per.isdecimal() or not int(per) or not rest.isdecimal():
            raise DeclarationError(
                "a rate is not given as COL:PER:DECIMALS",
                remedy='For a percentage with two decimals: --rate "Share:100:2".',
                slug="bad-rate",
            )
        return cls(column, int(per), int(rest))


@dataclass(frozen=True)
class AuditRequest:
    """What to read a published table by; see ``bin/opendata audit --help``.

    ``counts``: columns of counts · ``dimensions``: ``NAME`` or ``NAME:TOTAL_LABEL`` · ``strata``: ``STRATA/NAME`` or
    ``STRATA/NAME:TOTAL_LABEL`` · ``hierarchies``: ``NAME=CSV`` ·
    ``sums``: ``NAME:TOTAL_LABEL=PART|PART`` · ``unshown``: dimensions whose total counts a category that
    has no row · ``tolerance``: how far a total may be from the sum of its parts · ``running``: dimensions whose counts go on
    from label to label · ``categories``: ``NAME:LABEL`` of labels that look like totals and are none · ``ignored``: columns
    of numbers that are not looked at · ``search``: whether totals, rates and percentages that were not named are looked for.
    """

    counts: tuple[str, ...]
    dimensions: tuple[str, ...]
    rule: SmallCellRule
    hierarchies: tuple[str, ...] = ()
    sums: tuple[str, ...] = ()
    strata: tuple[str, ...] = ()
    annotation: str | None = None
    annotation_column: str | None = None
    denominator: str | None = None
    rates: tuple[str, ...] = ()
    absent_unknown: bool = False
    totals: Totals = "exact"
    tolerance: int = 0
    unshown: tuple[str, ...] = ()
    running: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    search: bool = True
