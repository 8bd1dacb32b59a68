"""How a table stands: its score, and how much of it would be shown once it is protected.

Worked out on the true figures, for one table by itself: cells it shares with other tables of its dataset may cost a few more.
What leaves this module holds no count of a hidden cell and nothing that tells one: shares are rounded down, the share of
events is given only where ten cells or more are hidden and their sum leaves every one of them room, and scores are without
the credit for a smallest count of 3 or 5, which would say how large hidden counts are at least.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from include.opendata.declaration.dataset import Dataset
from include.opendata.disclosure.protect.tables import protect_tables
from include.opendata.disclosure.protection import protection_policy
from include.opendata.errors import Place
from include.opendata.gate.assessment import assess, require_publishable
from include.opendata.gate.scoring import score
from include.opendata.gate.table_facts import table_facts
from include.opendata.rules.release import thresholds
from include.opendata.rules.small_cells import SmallCellRule
from include.opendata.vocabulary import ANNOTATION_SUFFIX, PERSONS_PREFIX, DataTable

MOST_CELLS_PROTECTED = 20_000
"""Counts in a table up to which it is protected in full; beyond, small counts alone are looked at."""
FEW = 10
"""Hidden cells under which no share of events is told, and events of room a sum of hidden counts must leave."""

Hidden = Literal["none", "under 10", "10 or more"]
How = Literal["protected", "small counts alone"]


class Visibility(BaseModel):
    """How much of a table is shown.

    ``score``: without the credit for a smallest count; None where the table describes no people. ``masking_required``: by
    this table's own assessment. ``cells``: its counts of persons or events, totals included. ``cells_shown_percent``: rounded
    down. ``events_shown_percent``: of the first count, without totals, rounded down to a tenth; None where it is not told.
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
    """How ``tabulated``, a table of ``dataset``, stands. ``others_masked``: another table of the dataset must be masked, and
    masking applies to all of them.

    Raises Refused where the gate keeps the table back or no safe pattern exists.
    """
    own_score, own_masking = _assessed(dataset, tabulated)
    hidden, how = _hidden(dataset, tabulated, masked=own_masking or others_masked)
    return Measured(
        Visibility(
            score=own_score,
            masking_required=own_masking,
            cells=hidden.size,
            cells_shown_percent=_percent_down(hidden),
            events_shown_percent=_events_shown(tabulated, hidden[0], dataset.small_cell_rule),
            hidden="none" if not hidden.any() else "under 10" if int(hidden.sum()) < FEW else "10 or more",
            how=how,
        ),
        int(hidden.sum()),
    )


def _assessed(dataset: Dataset, tabulated: DataTable) -> tuple[int | None, bool]:
    """The score without credit for the smallest count, and whether it (or a population at high risk) asks for masking."""
    facts = table_facts(dataset, tabulated)
    assessment = assess(facts)
    require_publishable(assessment, Place(dataset.dataset, tabulated.structure.table))
    if assessment.score is None:
        return None, assessment.masking_required
    scored = [one for one in (facts.facts, *facts.independent_facts) if one is not None]
    total = max(score(one, masked_by=facts.rule).total for one in scored)
    above = assessment.condition.met and total >= thresholds().score.mask_from
    return total, assessment.masking_required or above


def _hidden(dataset: Dataset, tabulated: DataTable, *, masked: bool) -> tuple[np.ndarray, How]:
    """bool[counts, rows]: which counts would be blank."""
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


def _small(tabulated: DataTable, name: str, rule: SmallCellRule) -> np.ndarray:
    below = rule.below
    values = tabulated.frame[name].to_numpy(dtype=np.int64)
    small = (values >= 1) & (values < below)
    if PERSONS_PREFIX + name in tabulated.frame:
        persons = tabulated.frame[PERSONS_PREFIX + name].to_numpy(dtype=np.int64)
        small |= (values >= 1) & (persons >= 1) & (persons < below)
    return small


def _percent_down(hidden: np.ndarray) -> int:
    return int((hidden.size - hidden.sum()) * 100 // hidden.size) if hidden.size else 100


def _events_shown(tabulated: DataTable, hidden: np.ndarray, rule: SmallCellRule) -> float | None:
    """The share of the first count's events that stand in shown cells; totals are left out, or they would count twice.

    Not told where the sum of the hidden counts says too much: few cells, or a sum so low that all may be 1, or so high that all
    may be just under the threshold.
    """
    structure, frame = tabulated.structure, tabulated.frame
    inside = np.ones(len(frame), dtype=bool)
    for d in structure.dimensions:
        if d.total is not None:
            inside &= (frame[d.name] != d.total).to_numpy(dtype=bool)
    name = next(m.name for m in structure.measures if m.role == "count")
    values = frame[name].to_numpy(dtype=np.int64)
    everything, blank = int(values[inside].sum()), values[inside & hidden]
    if everything == 0:
        return None
    if blank.size == 0:
        return 100.0
    if blank.size < FEW or int(blank.sum()) - blank.size < FEW:
        return None
    most = rule.largest
    if int(blank.max()) <= most and most * blank.size - int(blank.sum()) < FEW:
        return None
    return (everything - int(blank.sum())) * 1000 // everything / 10
