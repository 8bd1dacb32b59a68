"""The permission level of a data table and the approvals it needs (Handbook, Governance; release-permission tree).

Decides the level (1, 2, 3, or none: it cannot be published yet) from a steward's answers. A question that matters and
was not answered, or answers that contradict each other, leave the table unpublishable and say which question is open.
Whether a table holds records of individuals is answered here, not measured: the pipeline makes sure of it elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict

from include.opendata.errors import Refused
from include.opendata.rules.answers import PermissionAnswers
from include.opendata.rules.release import Outcome, PermissionRules, Question, permission_rules


class PermissionStep(BaseModel):
    """One question of the tree as it was met: what was asked, what was answered, what followed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str
    asked: str
    answer: str
    sentence: str
    note: str = ""


class PermissionDecision(BaseModel):
    """Level 1, 2 or 3, or None when the table cannot be published yet; ``open_question`` is then what to answer.

    ``decided_by`` is the question that settled it; ``required_roles`` are slugs such as ``data_steward``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: int | None
    decided_by: str
    path: tuple[PermissionStep, ...]
    required_roles: tuple[str, ...]
    open_question: str | None
    sentence: str
    section: str

    @property
    def may_be_published(self) -> bool:
        """Whether the approvals can open the way to the portal: level 1 or 2."""
        return self.level in (1, 2)


def decide_permission(answers: PermissionAnswers) -> PermissionDecision:
    """The level that ``answers`` lead to, question by question (Handbook, Governance)."""
    rules = permission_rules()
    question = rules.questions[0]
    path: list[PermissionStep] = []
    while True:
        answer = _answer(question, answers)
        if answer is None:
            why = f"Question {question.id} has not been answered: {question.asks}"
            path.append(_step(question, "not answered", why, answers))
            return _cannot_yet(rules, path, question, why)
        contradiction = _contradiction(question, answers)
        if contradiction is not None:
            path.append(_step(question, "contradictory", contradiction, answers))
            return _cannot_yet(rules, path, question, contradiction)
        outcome: Outcome = question.yes if answer else question.no
        path.append(_step(question, "yes" if answer else "no", _because(rules, question, answers, outcome), answers))
        if outcome.next is not None:
            question = rules.question(outcome.next)
        elif outcome.level is None:
            return _cannot_yet(rules, path, question, outcome.because)
        else:
            return PermissionDecision(
                level=outcome.level,
                decided_by=question.id,
                path=tuple(path),
                required_roles=rules.required_approvals(outcome.level),
                open_question=None,
                sentence=f"Level {outcome.level}. {outcome.because}",
                section=rules.section,
            )


def missing_approvals(level: int | None, approvals: Iterable[Any]) -> tuple[str, ...]:
    """The roles whose approval ``level`` needs and ``approvals`` do not hold, in the order they are asked for.

    An approval has ``role``, ``name``, ``date`` and ``reference``; one without a name, a date or the signed form's
    reference does not count (Handbook, Governance). Raises Refused for level 3 and for no level.
    """
    rules = permission_rules()
    required = rules.required_approvals(level)
    if level == 3:
        raise Refused(
            "level 3 tables are never published",
            remedy="Publish another table, made without the data that make this one level 3.",
            slug="level-3",
        )
    if not required:
        raise Refused(
            "the permission level is not known yet",
            remedy="Answer the open question of the release-permission tree first.",
            slug="permission-open",
        )
    given = {a.role for a in approvals if a.name and a.date and a.reference}
    return tuple(role for role in required if role not in given)


def role_names(roles: Iterable[str]) -> str:
    """The roles in plain words, such as “data steward, legal counsel”."""
    names = permission_rules().roles
    return ", ".join(names[role] for role in roles)


def _answer(question: Question, answers: PermissionAnswers) -> bool | None:
    """Yes, no, or None while it is open. Question 3 is two: sole origin *and* no sensitivity; one “no” settles it."""
    if "sensitivities" not in question.fields:
        value: bool | None = getattr(answers, question.fields[0])
        return value
    if answers.originates_solely_in_program is False or answers.sensitivities:
        return False
    if answers.originates_solely_in_program is None or answers.sensitivities is None:
        return None
    return True


def _contradiction(question: Question, answers: PermissionAnswers) -> str | None:
    if question.id == "3" and answers.mandate and "not_mandated" in (answers.sensitivities or ()):
        return "The answers contradict each other: its release is mandated, and not mandated is given as a sensitivity."
    return None


def _because(rules: PermissionRules, question: Question, answers: PermissionAnswers, outcome: Outcome) -> str:
    if "sensitivities" not in question.fields or not answers.sensitivities:
        return outcome.because
    return " ".join([outcome.because, *(rules.sensitivities[slug] for slug in answers.sensitivities)])


def _step(question: Question, answer: str, sentence: str, answers: PermissionAnswers) -> PermissionStep:
    notes = [getattr(answers, f"{field}_note") for field in question.fields]
    return PermissionStep(
        question=question.id,
        asked=question.asks,
        answer=answer,
        sentence=sentence,
        note=" ".join(note for note in notes if note),
    )


def _cannot_yet(rules: PermissionRules, path: list[PermissionStep], question: Question, why: str) -> PermissionDecision:
    return PermissionDecision(
        level=None,
        decided_by=question.id,
        path=tuple(path),
        required_roles=(),
        open_question=question.id,
        sentence=f"It cannot be published yet. {why}",
        section=rules.section,
    )
