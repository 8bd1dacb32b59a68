"""What is known of a table when it is assessed, and what was judged of it before its reasons are written down."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Literal

from numpy.typing import ArrayLike

from include.opendata.declaration.dataset import Approval, Mitigation
from include.opendata.gate.condition import ConditionFindings
from include.opendata.gate.fact_sheet import Facts
from include.opendata.gate.permission import PermissionDecision
from include.opendata.gate.safe_harbor import AgeBand
from include.opendata.gate.scoring import Score
from include.opendata.rules.answers import PermissionAnswers
from include.opendata.rules.small_cells import SmallCellRule

PersonsBehind = Literal["named", "one", "several"]


@dataclass(frozen=True)
class UnlistedVariable:
    """A variable the scoring criteria do not list; an expert must have looked at it, by name (DDG 2.0 §4.3.1)."""

    name: str
    reviewer: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class TableFacts:
    """All that is known of a table when it is assessed.

    ``counts``: every cell of every protected count, totals included (for events of persons: the distinct persons too).
    ``denominators``: the populations, NaN where unknown, None where there are none. ``rule``: which counts are small for this
    dataset. ``facts``: what is cross-tabulated; ``independent_facts``: further cross-tabulations that stand beside it in the
    same table. ``sample_sizes``: for a survey, unweighted cases per cell. ``as_of``: the day by which mitigations are judged
    expired. ``persons_behind``: how many records a person may have, where events are counted; “named” where a column names
    the person behind every count of them, None where no one knows.
    """

    table: str
    permission: PermissionAnswers
    personal_characteristics: bool
    counts: ArrayLike
    denominators: ArrayLike | None
    rule: SmallCellRule
    facts: Facts | None
    high_risk: tuple[str, ...]
    approvals: tuple[Approval, ...] = ()
    independent_facts: tuple[Facts, ...] = ()
    survey: bool = False
    sample_sizes: ArrayLike | None = field(default=None)
    unlisted: tuple[UnlistedVariable, ...] = ()
    age_bands: tuple[AgeBand, ...] = ()
    zip3_populations: tuple[int, ...] = ()
    mitigations: tuple[Mitigation, ...] = ()
    as_of: dt.date | None = None
    persons_behind: PersonsBehind | None = "named"

    @property
    def personal(self) -> bool:
        """Whether the table is treated as describing people: declared so, or about a high-risk population."""
        return self.personal_characteristics or bool(self.high_risk)

    @property
    def all_facts(self) -> tuple[Facts, ...]:
        """Every cross-tabulation of the table that is known."""
        return tuple(facts for facts in (self.facts, *self.independent_facts) if facts is not None)


@dataclass(frozen=True, kw_only=True, eq=False)
class Judgement:
    """What the six steps came to for one table, before it is put into sentences.

    ``scores``: highest first, empty where none is needed or known · ``lacking``: roles whose signed form is not declared ·
    ``unstable_cells``: survey estimates from too few cases.
    """

    given: TableFacts
    permission: PermissionDecision
    condition: ConditionFindings
    scores: tuple[Score, ...]
    masking: bool
    lacking: tuple[str, ...]
    unstable_cells: int

    @property
    def score(self) -> int | None:
        """The highest publication score; None where there is none."""
        return self.scores[0].total if self.scores else None
