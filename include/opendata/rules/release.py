"""The release rules as data: numbers, the six steps, the permission tree, the approvals, high-risk populations."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from pydantic import model_validator

from include.opendata.rules.criteria import Criterion, read
from include.opendata.rules.rule_book import RuleBook, rule_book
from include.opendata.rules.small_cells import SmallCellRule


class Outcome(Criterion):
    """Where an answer leads: to the ``next`` question, or to a ``level`` (None: cannot be published yet)."""

    because: str
    next: str | None = None
    level: int | None = None


class Question(Criterion):
    """One question of the tree: the answers it reads, and where yes and no lead."""

    id: str
    asks: str
    fields: tuple[str, ...]
    yes: Outcome
    no: Outcome


class Level(Criterion):
    """A permission level and the roles whose approval it needs."""

    level: int
    label: str
    approvals: tuple[str, ...]


class PermissionRules(Criterion):
    """The release-permission decision tree (Handbook, Governance)."""

    section: str
    questions: tuple[Question, ...]
    levels: tuple[Level, ...]
    roles: Mapping[str, str]
    sensitivities: Mapping[str, str]

    @model_validator(mode="after")
    def _leads_downwards_only(self) -> PermissionRules:
        order = [question.id for question in self.questions]
        for position, question in enumerate(self.questions):
            for outcome in (question.yes, question.no):
                self._check_outcome(outcome, question.id, order[position + 1 :])
        for level in self.levels:
            if not set(level.approvals) <= set(self.roles):
                raise ValueError(f"level {level.level} asks for an unknown role")
        return self

    def _check_outcome(self, outcome: Outcome, question: str, later: list[str]) -> None:
        if outcome.next is not None and outcome.next not in later:
            raise ValueError(f"question {question} leads to no later question")
        if outcome.level is not None and outcome.level not in {level.level for level in self.levels}:
            raise ValueError(f"question {question} leads to an unknown level")

    def question(self, identifier: str) -> Question:
        """The question with this id, such as ``"3a"``."""
        return next(question for question in self.questions if question.id == identifier)

    def required_approvals(self, level: int | None) -> tuple[str, ...]:
        """The roles whose approval ``level`` needs; none where nothing can be approved (level 3, or no level yet)."""
        return next((known.approvals for known in self.levels if known.level == level), ())


class Step(Criterion):
    """One question of the assessment; ``asks`` leaves out the numbers, which are those of the rule that is followed."""

    step: int
    asks: str
    section: str

    def question(self, rule: SmallCellRule, denominator_below: int) -> str:
        """The question with the numbers of ``rule`` and of the small denominators."""
        return self.asks.format(small_counts=rule.words, denominator_below=f"{denominator_below:,}")


class ReleaseSteps(Criterion):
    """The six steps of the assessment (DDG 2.0 §4, Figure 5)."""

    section: str
    steps: tuple[Step, ...]

    def step(self, number: int) -> Step:
        """The step with this number, 1 to 6."""
        return next(step for step in self.steps if step.step == number)


class HighRiskPopulations(Criterion):
    """Slug → plain name of the populations whose small counts are hidden whatever the score (DDG 2.0 §5.6.2)."""

    section: str
    populations: Mapping[str, str]


def thresholds() -> RuleBook:
    """The numbers of the rule book this installation follows. Raises SetupError as ``rule_book`` does."""
    return rule_book()


@lru_cache(maxsize=1)
def permission_rules() -> PermissionRules:
    """The decision tree of ``permission.yaml``."""
    return read("permission.yaml", PermissionRules)


@lru_cache(maxsize=1)
def release_steps() -> ReleaseSteps:
    """The six steps of ``release_steps.yaml``."""
    return read("release_steps.yaml", ReleaseSteps)


@lru_cache(maxsize=1)
def high_risk_populations() -> HighRiskPopulations:
    """Slug and plain name of each population of ``high_risk_populations.yaml``."""
    return read("high_risk_populations.yaml", HighRiskPopulations)
