"""The Data Assessment for Public Release: six steps, one table, one :class:`Assessment` (DDG 2.0 §4, Figure 5).

Walks the steps on what the caller measured and the steward declared, and concludes: may the table be published, must
its small counts be masked, what is still open. It measures nothing in the source and hides nothing. Mitigations that an
expert documented are shown beside the conclusion; they lower nothing. Independent margins are scored as the separate
tables they are, and the highest score decides.
"""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from pydantic import BaseModel, ConfigDict

from include.opendata.declaration.dataset import Approval, Mitigation
from include.opendata.errors import DeclarationError, Place, Refused
from include.opendata.gate.conclusion import conclude
from include.opendata.gate.condition import ConditionFindings, numerator_denominator, smallest_event, unstable
from include.opendata.gate.findings import Finding
from include.opendata.gate.permission import PermissionDecision, decide_permission, missing_approvals, role_names
from include.opendata.gate.safe_harbor import AgeBand, safe_harbor_findings
from include.opendata.gate.scoring import Facts, Score, score
from include.opendata.rules.answers import PermissionAnswers
from include.opendata.rules.release import high_risk_populations, release_steps, thresholds

VERSION: Literal[1] = 1


@dataclass(frozen=True)
class UnlistedVariable:
    """A variable the scoring criteria do not list; an expert must have looked at it, by name (DDG 2.0 §4.3.1)."""

    name: str
    reviewer: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class TableFacts:
    """All that is known of a table when it is assessed.

    ``counts``: every cell of every protected count, totals included (for events of persons: the distinct persons too).
    ``denominators``: the populations, NaN where unknown, None where there are none. ``facts``: what is cross-tabulated;
    ``independent_facts``: further cross-tabulations that stand beside it in the same table. ``sample_sizes``: for a
    survey, unweighted cases per cell. ``as_of``: the day by which mitigations are judged expired.
    """

    table: str
    permission: PermissionAnswers
    personal_characteristics: bool
    counts: ArrayLike
    denominators: ArrayLike | None
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


class AssessmentStep(BaseModel):
    """One step of the six as it was taken."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: int
    question: str
    answer: str
    sentence: str
    section: str


class Assessment(BaseModel):
    """What was decided for one table, and why. JSON: ``model_dump_json()``; ``version`` rises when its shape changes.

    ``path``: the steps taken, in order. ``score``: None when the table describes no people. ``reasons``: the findings;
    one of severity ``refuse`` keeps the table back. ``masking_required``: counts from 1 to 10 are to be suppressed.
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
    reasons: tuple[Finding, ...]
    mitigations: tuple[Mitigation, ...]
    conclusion: str

    @property
    def refusals(self) -> tuple[Finding, ...]:
        """The findings that keep the table back."""
        return tuple(reason for reason in self.reasons if reason.severity == "refuse")


def assess(given: TableFacts) -> Assessment:
    """The assessment of one table. Nothing is raised for what the rules refuse: it is among the ``reasons``.

    Raises DeclarationError for a high-risk population nobody knows, InputError for counts that are no counts.
    """
    _check_high_risk(given)
    personal = given.personal_characteristics or bool(given.high_risk)
    permission = decide_permission(given.permission)
    condition = numerator_denominator(given.counts, given.denominators)
    scored = [facts for facts in (given.facts, *given.independent_facts) if facts is not None] if personal else []
    highest = max((score(facts).total for facts in scored), default=None)
    above = highest is not None and highest >= thresholds().score.mask_from
    masking = personal and (bool(given.high_risk) or (condition.met and (above or highest is None)))
    # Where counts are hidden the score must not tell how large the smallest of them is.
    scores = sorted((score(facts, credit_smallest_count=not masking) for facts in scored), key=lambda s: -s.total)
    lacking = missing_approvals(permission.level, given.approvals) if permission.may_be_published else ()
    cases_too_few = _unstable_cells(given)
    reasons = tuple(_reasons(given, personal, permission, lacking, condition, scores, masking, cases_too_few))
    return Assessment(
        table=given.table,
        path=tuple(_path(given, personal, condition, scores, masking, permission, lacking)),
        permission=permission,
        missing_approvals=lacking,
        condition=condition,
        score=scores[0] if scores else None,
        independent_scores=tuple(scores[1:]),
        high_risk=given.high_risk,
        masking_required=masking,
        unstable_cells=cases_too_few,
        reasons=reasons,
        mitigations=given.mitigations,
        conclusion=conclude(reasons, masking=masking, small_cells=condition.small_cells, level=permission.level),
    )


def require_publishable(assessment: Assessment, place: Place | None = None) -> None:
    """Raises Refused, listing every reason, when something keeps the table back; returns quietly otherwise."""
    refusals = assessment.refusals
    if not refusals:
        return
    raise Refused(
        "the publishable gate keeps this table back",
        remedy="Settle each point above in the declaration, or publish a coarser table.",
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


def _reasons(
    given: TableFacts,
    personal: bool,
    permission: PermissionDecision,
    lacking: tuple[str, ...],
    condition: ConditionFindings,
    scores: list[Score],
    masking: bool,
    cases_too_few: int,
) -> Iterator[Finding]:
    limits = thresholds()
    if permission.level == 3:
        yield _refuse(
            "level-3", f"It is level 3 and never reaches the portal. {permission.sentence}", permission.section
        )
    elif permission.level is None:
        yield _refuse("permission-open", permission.sentence, permission.section)
    elif lacking:
        sentence = f"No signed form is declared of: {role_names(lacking)}. They are asked before anything is staged."
        yield Finding(slug="approval-to-be-asked", severity="note", sentence=sentence, section=permission.section)
    yield from _facts_reasons(given, personal, condition)
    for slug in given.high_risk:
        risk = high_risk_populations()
        sentence = f"It describes {risk.populations[slug]}: counts from 1 to 10 are hidden whatever the score."
        yield Finding(slug="high-risk-population", severity="mask", sentence=sentence, section=risk.section)
    if masking and scores and scores[0].total >= limits.score.mask_from and condition.met:
        sentence = f"Its publication score of {scores[0].total} is {limits.score.mask_from} or more."
        yield Finding(slug="score-high", severity="mask", sentence=sentence, section=limits.score.section)
    if cases_too_few:
        sentence = (
            f"{cases_too_few} estimate(s) rest on fewer than {limits.survey.sample_cases_below} sample cases and are "
            f"left blank with annotation {limits.survey.annotation}."
        )
        yield Finding(slug="estimates-unstable", severity="mask", sentence=sentence, section=limits.survey.section)
    if personal:
        time = given.facts.time if given.facts is not None else None
        yield from safe_harbor_findings(age_bands=given.age_bands, zip3_populations=given.zip3_populations, time=time)
    for mitigation in given.mitigations:
        expired = given.as_of is not None and mitigation.expires < given.as_of
        sentence = f"{mitigation.who} documented on {mitigation.when.isoformat()}: {mitigation.why} "
        sentence += (
            f"{'Expired' if expired else 'Expires'} on {mitigation.expires.isoformat()}. It changes no decision here."
        )
        slug = "mitigation-expired" if expired else "mitigation"
        yield Finding(slug=slug, severity="note", sentence=sentence, section=limits.score.section)


def _facts_reasons(given: TableFacts, personal: bool, condition: ConditionFindings) -> Iterator[Finding]:
    limits = thresholds()
    if given.high_risk and not given.personal_characteristics:
        yield Finding(
            slug="high-risk-is-personal",
            severity="note",
            sentence="It is declared to describe nobody and to describe a high-risk population; the second decides.",
            section=high_risk_populations().section,
        )
    if personal and given.facts is None and condition.met:
        yield _refuse(
            "score-missing", "Its publication score cannot be computed: its facts are unknown.", limits.score.section
        )
    everything = [facts for facts in (given.facts, *given.independent_facts) if facts is not None]
    smallest = smallest_event(given.counts)
    stated = min((facts.events for facts in everything if facts.events is not None), default=None)
    if everything and smallest is not None and (stated is None or stated > smallest):
        sentence = "The smallest count its score is based on is larger than the smallest count in the table."
        yield _refuse("events-disagree", sentence, limits.score.section)
    for variable in given.unlisted:
        if variable.reviewer is None or not variable.reviewer.strip():
            sentence = f"“{variable.name}” is not in the scoring criteria; an expert must review it, by name."
            yield _refuse("reviewer-missing", sentence, limits.score.section)
        else:
            sentence = f"“{variable.name}” is not in the scoring criteria; {variable.reviewer} reviewed it."
            yield Finding(slug="expert-review", severity="note", sentence=sentence, section=limits.score.section)
    if given.survey:
        cells, cases = np.asarray(given.counts).size, given.sample_sizes
        if cases is None or (np.asarray(cases).size == 0 and cells > 0):
            sentence = "It is a survey and the number of sample cases behind each estimate is unknown."
            yield _refuse("sample-sizes-missing", sentence, limits.survey.section)


def _path(
    given: TableFacts,
    personal: bool,
    condition: ConditionFindings,
    scores: list[Score],
    masking: bool,
    permission: PermissionDecision,
    lacking: tuple[str, ...],
) -> Iterator[AssessmentStep]:
    """The steps taken: 1 → 6, 1 → 2 → 5 → 6, or 1 → 2 → 3 (→ 4) → 5 → 6."""
    limit = thresholds().score.publish_up_to
    if not personal:
        yield _step(1, "no", "It describes no people, or only what may expressly be public.")
    else:
        yield _step(1, "yes", "It describes people.")
        yield _step(2, "yes" if condition.met else "no", _condition_sentence(condition))
        if condition.met:
            if scores:
                total = scores[0].total
                verdict = "needs no masking" if total <= limit else "needs masking"
                yield _step(3, str(total), f"A score of {total} {verdict}; the limit is {limit}.")
            else:
                yield _step(
                    3, "unknown", "The score cannot be computed, so small counts are treated as if it were high."
                )
        if masking:
            why = "it describes a high-risk population" if given.high_risk else f"its score is above {limit} or unknown"
            yield _step(4, "yes", f"Counts from 1 to 10 are hidden, with whatever would reveal them: {why}.")
        if not permission.may_be_published:
            yield _step(5, "not reached", permission.sentence)
        elif "legal_counsel" in lacking:
            yield _step(5, "asked", "Legal counsel is asked before anything is staged.")
        else:
            yield _step(5, "yes", "A signed form of legal counsel is declared.")
    if not permission.may_be_published:
        yield _step(6, "not reached", permission.sentence)
    elif lacking:
        yield _step(6, "asked", f"Asked before anything is staged: {role_names(lacking)}.")
    else:
        yield _step(6, "yes", f"A signed form of every role that level {permission.level} needs is declared.")


def _condition_sentence(condition: ConditionFindings) -> str:
    parts = [f"{condition.small_cells} of {condition.cells} counts are from 1 to 10"]
    if not condition.denominators_known:
        parts.append("denominators are not all known, so they are treated as small")
    else:
        below = thresholds().denominator.below
        parts.append(f"{condition.small_denominators} of {condition.denominators} denominators are under {below:,}")
    return "; ".join(parts) + "."


def _step(number: int, answer: str, sentence: str) -> AssessmentStep:
    step = release_steps().step(number)
    return AssessmentStep(step=number, question=step.asks, answer=answer, sentence=sentence, section=step.section)


def _refuse(slug: str, sentence: str, section: str) -> Finding:
    return Finding(slug=slug, severity="refuse", sentence=sentence, section=section)
