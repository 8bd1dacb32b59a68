"""The steps of the assessment that a table took, each with its answer in a sentence (DDG 2.0 §4, Figure 5).

The questions are data (``release_steps.yaml``); their numbers are those of the rule the table is judged by.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict

from include.opendata.gate.condition import ConditionFindings
from include.opendata.gate.judgement import Judgement
from include.opendata.gate.permission import role_names
from include.opendata.rules.release import release_steps, thresholds
from include.opendata.rules.small_cells import SmallCellRule


class AssessmentStep(BaseModel):
    """One step of the six as it was taken."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: int
    question: str
    answer: str
    sentence: str
    section: str


def steps_taken(judged: Judgement) -> Iterator[AssessmentStep]:
    """The steps taken: 1 → 6, 1 → 2 → 5 → 6, or 1 → 2 → 3 (→ 4) → 5 → 6."""
    rule = judged.given.rule
    if not judged.given.personal:
        yield _step(1, "no", "It describes no people, or only what may expressly be public.", rule)
    else:
        yield _step(1, "yes", "It describes people.", rule)
        yield _step(2, "yes" if judged.condition.met else "no", _condition_sentence(judged.condition, rule), rule)
        if judged.condition.met:
            yield _score_step(judged)
        if judged.masking:
            yield _masking_step(judged)
        yield _legal_step(judged)
    yield _procedure_step(judged)


def _score_step(judged: Judgement) -> AssessmentStep:
    limit, rule, total = thresholds().score.publish_up_to, judged.given.rule, judged.score
    if total is None:
        sentence = "The score cannot be computed, so small counts are treated as if it were high."
        return _step(3, "unknown", sentence, rule)
    verdict = "needs no masking" if total <= limit else "needs masking"
    return _step(3, str(total), f"A score of {total} {verdict}; the limit is {limit}.", rule)


def _masking_step(judged: Judgement) -> AssessmentStep:
    limit, rule = thresholds().score.publish_up_to, judged.given.rule
    why = "it describes a high-risk population" if judged.given.high_risk else f"its score is above {limit} or unknown"
    return _step(4, "yes", f"Counts {rule.words} are hidden, with whatever would reveal them: {why}.", rule)


def _legal_step(judged: Judgement) -> AssessmentStep:
    rule = judged.given.rule
    if not judged.permission.may_be_published:
        return _step(5, "not reached", judged.permission.sentence, rule)
    if "legal_counsel" in judged.lacking:
        return _step(5, "asked", "Legal counsel is asked before anything is staged.", rule)
    return _step(5, "yes", "A signed form of legal counsel is declared.", rule)


def _procedure_step(judged: Judgement) -> AssessmentStep:
    rule, permission = judged.given.rule, judged.permission
    if not permission.may_be_published:
        return _step(6, "not reached", permission.sentence, rule)
    if judged.lacking:
        return _step(6, "asked", f"Asked before anything is staged: {role_names(judged.lacking)}.", rule)
    sentence = f"A signed form of every role that level {permission.level} needs is declared."
    return _step(6, "yes", sentence, rule)


def _condition_sentence(condition: ConditionFindings, rule: SmallCellRule) -> str:
    parts = [f"{condition.small_cells} of {condition.cells} counts are {rule.words}"]
    if not condition.denominators_known:
        parts.append("denominators are not all known, so they are treated as small")
    else:
        below = thresholds().denominator.below
        parts.append(f"{condition.small_denominators} of {condition.denominators} denominators are under {below:,}")
    return "; ".join(parts) + "."


def _step(number: int, answer: str, sentence: str, rule: SmallCellRule) -> AssessmentStep:
    step = release_steps().step(number)
    question = step.question(rule, thresholds().denominator.below)
    return AssessmentStep(step=number, question=question, answer=answer, sentence=sentence, section=step.section)
