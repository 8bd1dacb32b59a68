"""The Data Assessment for Public Release: six steps, one table, one :class:`Assessment` (DDG 2.0 §4, Figure 5).

Walks the steps on what the caller measured and the steward declared, and concludes: may the table be published, must
its small counts be masked, what is still open. It measures nothing in the source and hides nothing. Mitigations that an
expert documented are shown beside the conclusion; they lower nothing. Independent margins are scored as the separate
tables they are, and the highest score decides.
"""

from __future__ import annotations

import difflib
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from include.opendata.declaration.dataset import Mitigation
from include.opendata.errors import DeclarationError, Place, Refused
from include.opendata.gate.conclusion import conclude
from include.opendata.gate.condition import ConditionFindings, numerator_denominator, unstable
from include.opendata.gate.findings import GateFinding
from include.opendata.gate.judgement import Judgement, TableFacts
from include.opendata.gate.path import AssessmentStep, steps_taken
from include.opendata.gate.permission import PermissionDecision, decide_permission, missing_approvals
from include.opendata.gate.reasons import reasons_of
from include.opendata.gate.scoring import Score, release_score
from include.opendata.rules.release import high_risk_populations, thresholds

VERSION: Literal[1] = 1


class Assessment(BaseModel):
    """What was decided for one table, and why. JSON: ``model_dump_json()``; ``version`` rises when its shape changes.

    ``path``: the steps taken, in order. ``score``: None when the table describes no people. ``reasons``: the findings;
    one of severity ``refuse`` keeps the table back. ``masking_required``: small counts are to be suppressed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = VERSION
    table: str
    path: tuple[AssessmentStep, ...]
    permission: PermissionDecision
    missing_approvals: tuple[str, ...]
    condition: ConditionFindings
    score: Score | None
    independent_scores: tuple[Score, ...]
    high_risk: tuple[str, ...]
    masking_required: bool
    unstable_cells: int
    reasons: tuple[GateFinding, ...]
    mitigations: tuple[Mitigation, ...]
    conclusion: str

    @property
    def refusals(self) -> tuple[GateFinding, ...]:
        """The findings that keep the table back."""
        return tuple(reason for reason in self.reasons if reason.severity == "refuse")


def assess(given: TableFacts) -> Assessment:
    """The assessment of one table. Nothing is raised for what the rules refuse: it is among the ``reasons``.

    Raises DeclarationError for an unknown high-risk population, InputError for counts that are no counts.
    """
    _check_high_risk(given)
    judged = _judge(given)
    reasons = tuple(reasons_of(judged))
    return Assessment(
        table=given.table,
        path=tuple(steps_taken(judged)),
        permission=judged.permission,
        missing_approvals=judged.lacking,
        condition=judged.condition,
        score=judged.scores[0] if judged.scores else None,
        independent_scores=judged.scores[1:],
        high_risk=given.high_risk,
        masking_required=judged.masking,
        unstable_cells=judged.unstable_cells,
        reasons=reasons,
        mitigations=given.mitigations,
        conclusion=conclude(judged, reasons),
    )


def _judge(given: TableFacts) -> Judgement:
    permission = decide_permission(given.permission)
    condition = numerator_denominator(given.counts, given.denominators, given.rule)
    scored = given.all_facts if given.personal else ()
    scores = tuple(sorted(map(release_score, scored), key=lambda found: -found.total))
    return Judgement(
        given=given,
        permission=permission,
        condition=condition,
        scores=scores,
        masking=_masking_required(given, condition, scores[0].total if scores else None),
        lacking=missing_approvals(permission.level, given.approvals) if permission.may_be_published else (),
        unstable_cells=_unstable_cells(given),
    )


def _masking_required(given: TableFacts, condition: ConditionFindings, highest: int | None) -> bool:
    """Whether small counts are hidden: of high-risk populations always, else where step 2 is met and the score is high.

    A score that cannot be computed counts as high.
    """
    if given.high_risk:
        return True
    high = highest is None or highest >= thresholds().score.mask_from
    return given.personal and condition.met and high


def require_publishable(assessment: Assessment, place: Place | None = None) -> None:
    """Raises Refused, listing every reason, when something keeps the table back; returns quietly otherwise."""
    refusals = assessment.refusals
    if not refusals:
        return
    raise Refused(
        "the publishable gate keeps this table back",
        remedy="Answer each point above in the declaration, or publish a coarser table.",
        slug="gate-refused",
        place=place or Place(table=assessment.table),
        details=tuple(f"{finding.sentence} ({finding.section})" for finding in refusals),
    )


def _check_high_risk(given: TableFacts) -> None:
    known = high_risk_populations().populations
    for slug in given.high_risk:
        if slug not in known:
            near = difflib.get_close_matches(slug, list(known), n=1)
            raise DeclarationError(
                f"there is no high-risk population called {slug!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
                remedy=f"Use one of: {', '.join(known)}.",
                slug="high-risk-unknown",
                place=Place(table=given.table),
            )


def _unstable_cells(given: TableFacts) -> int:
    if not given.survey or given.sample_sizes is None:
        return 0
    return int(np.sum(unstable(given.sample_sizes)))
