"""How much of a table would be shown once it is protected, and its score.

Worked out on the true figures, for one table by itself: cells it shares with other tables of its dataset may cost a few more.
What leaves this module holds no count of a hidden cell and nothing that tells one: shares are rounded down, the share of
events is given only where ten cells or more are hidden and their sum leaves every one of them room, and scores are those of
a release, which say nothing of the smallest count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from include.opendata.declaration.dataset import Dataset
from include.opendata.disclosure.protect.tables import protect_tables
from include.opendata.disclosure.protection import protection_policy
from include.opendata.errors import Place
from include.opendata.gate.assessment import assess, require_publishable
from include.opendata.gate.table_facts import table_facts
from include.opendata.rules.small_cells import SmallCellRule
from include.opendata.vocabulary import ANNOTATION_SUFFIX, PERSONS_PREFIX, DataTable

MOST_CELLS_PROTECTED = 20_000
"""Counts in a table up to which it is protected in full; beyond, small counts alone are looked at."""
FEW = 10
"""Hidden cells under which no share of events is given, and events of room a sum of hidden counts must leave."""

Mask = NDArray[np.bool_]
Hidden = Literal["none", "under 10", "10 or more"]
How = Literal["protected", "small counts alone"]


class Visibility(BaseModel):
    """How much of a table is shown.

    ``score``: None where the table describes no people. ``masking_required``: by
    this table's own assessment. ``cells``: its counts of persons or events, totals included. ``cells_shown_percent``: rounded
    down. ``events_shown_percent``: of the first count, without totals, rounded down to a tenth; None where it is not given.
    ``how``: whether the table was protected in full or, being very large, small counts alone were left out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    score: int | None
    masking_required: bool
    cells: int
    cells_shown_percent: int
    events_shown_percent: float | None
    hidden: Hidden
    how: How


@dataclass(frozen=True)
class Measured:
    """A visibility, and the number of hidden cells it is ranked by; the number itself stays inside."""

    visibility: Visibility
    hidden_cells: int


def measure(dataset: Dataset, tabulated: DataTable, *, others_masked: bool) -> Measured:
    """How much of ``tabulated``, a table of ``dataset``, is shown. ``others_masked``: another table of the dataset must be
    masked, and masking applies to all of them.

    Raises Refused where the gate keeps the table back or no safe pattern exists.
    """
    table_score, masking_required = _assessed(dataset, tabulated)
    blank, how = _blank_counts(dataset, tabulated, masked=masking_required or others_masked)
    hidden_cells = int(blank.sum())
    return Measured(
        Visibility(
            score=table_score,
            masking_required=masking_required,
            cells=blank.size,
            cells_shown_percent=(blank.size - hidden_cells) * 100 // blank.size if blank.size else 100,
            events_shown_percent=_events_shown(tabulated, blank[0], dataset.small_cell_rule),
            hidden=_in_words(hidden_cells),
            how=how,
        ),
        hidden_cells,
    )


def without_totals(tabulated: DataTable) -> Mask:
    """bool[rows]: the rows that are no total of any dimension, in which every event counts once."""
    inside = np.ones(len(tabulated.frame), dtype=bool)
    for d in tabulated.structure.dimensions:
        if d.total is not None:
            inside &= (tabulated.frame[d.name] != d.total).to_numpy(dtype=bool)
    return inside


def _assessed(dataset: Dataset, tabulated: DataTable) -> tuple[int | None, bool]:
    """The score of a table, and whether it (or a population at high risk) asks for masking."""
    assessment = assess(table_facts(dataset, tabulated))
    require_publishable(assessment, Place(dataset.dataset, tabulated.structure.table))
    return assessment.score.total if assessment.score is not None else None, assessment.masking_required


def _blank_counts(dataset: Dataset, tabulated: DataTable, *, masked: bool) -> tuple[Mask, How]:
    """bool[counts, rows]: which counts would be blank; and how that was worked out."""
    frame = tabulated.frame
    counts = [m.name for m in tabulated.structure.measures if m.role == "count"]
    if not masked:
        return np.zeros((len(counts), len(frame)), dtype=bool), "protected"
    if len(counts) * len(frame) > MOST_CELLS_PROTECTED:
        small = np.array([_small(tabulated, name, dataset.small_cell_rule) for name in counts])
        return small, "small counts alone" if small.any() else "protected"  # nothing small, nothing to go with it
    policy = protection_policy(dataset)
    (protected,), _ = protect_tables([tabulated], policy, masked=True, dataset=dataset.dataset)
    blank = [(protected.frame[name + ANNOTATION_SUFFIX] != "").to_numpy(dtype=bool) for name in counts]
    return np.array(blank), "protected"


def _small(tabulated: DataTable, name: str, rule: SmallCellRule) -> Mask:
    """bool[rows]: which values of a count are small, or stand for few persons."""
    values = tabulated.frame[name].to_numpy(dtype=np.int64)
    small: Mask = (values >= 1) & (values < rule.below)
    if PERSONS_PREFIX + name in tabulated.frame:
        persons = tabulated.frame[PERSONS_PREFIX + name].to_numpy(dtype=np.int64)
        small |= (values >= 1) & (persons >= 1) & (persons < rule.below)
    return small


def _in_words(hidden_cells: int) -> Hidden:
    # The number itself could tell, from one design to the next, which cells are hidden.
    if not hidden_cells:
        return "none"
    return "under 10" if hidden_cells < FEW else "10 or more"


def _events_shown(tabulated: DataTable, hidden: Mask, rule: SmallCellRule) -> float | None:
    """The share of the first count's events that stand in shown cells; totals are left out, or they would count twice."""
    inside = without_totals(tabulated)
    name = next(m.name for m in tabulated.structure.measures if m.role == "count")
    values = tabulated.frame[name].to_numpy(dtype=np.int64)
    everything, blank = int(values[inside].sum()), values[inside & hidden]
    if everything == 0:
        return None
    if blank.size == 0:
        return 100.0
    if _sum_says_too_much(blank, rule):
        return None
    return (everything - int(blank.sum())) * 1000 // everything / 10


def _sum_says_too_much(blank: NDArray[np.int64], rule: SmallCellRule) -> bool:
    """Whether the sum of hidden counts tells of one of them: of few, or a sum so low that all may be 1, or so high that all may
    be just under the threshold."""
    total = int(blank.sum())
    if blank.size < FEW or total - blank.size < FEW:
        return True
    return int(blank.max()) <= rule.largest and rule.largest * blank.size - total < FEW
