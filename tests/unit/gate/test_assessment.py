"""The six steps of the assessment: the path a table takes, what keeps it back, what is hidden, what is said of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
from typing import Any

import pytest

from include.opendata.declaration.dataset import Approval, Mitigation
from include.opendata.errors import DeclarationError, Refused
from include.opendata.gate.assessment import Assessment, assess, require_publishable
from include.opendata.gate.conclusion import _WHAT_IS_OPEN
from include.opendata.gate.judgement import TableFacts, UnlistedVariable
from include.opendata.gate.permission import missing_approvals
from include.opendata.gate.scoring import Facts
from include.opendata.rules.answers import PermissionAnswers
from include.opendata.rules.release import high_risk_populations, thresholds

ALL_ROLES = ("data_steward", "deputy_director", "legal_counsel", "department_director", "agency")
MANDATED = PermissionAnswers(
    individual_records=False,
    prohibited_by_law=False,
    originates_solely_in_program=True,
    sensitivities=(),
    mandate=True,
)
NOT_YET_PUBLIC = MANDATED.model_copy(update={"mandate": False, "already_public": False})


def approved_by(*roles: str) -> tuple[Approval, ...]:
    day = dt.date(2026, 1, 31)
    return tuple(Approval(role=role, name="A. Person", date=day, reference="file 7") for role in roles)  # type: ignore[arg-type]


def facts(events: int | None = 3, **variables: Any) -> Facts:
    return Facts.model_validate({"events": events, "time": "year", "variables": variables})


# Score 3: large county by sex, and its counts are small. Score 14: a county of 3,900 by year.
LOW = facts(residence_geography={"population": 1_500_000}, sex={})
HIGH = facts(events=1, residence_geography={"population": 3_900})
ORDINARY = TableFacts(
    table="deaths_by_county",
    permission=MANDATED,
    personal_characteristics=True,
    counts=[3, 0, 40, 1_200],
    denominators=[25_000, 60_000, 80_000, 1_500_000],
    rule=thresholds().small_cell,
    facts=LOW,
    high_risk=(),
    approvals=approved_by(*ALL_ROLES),
)


def assessed(**changes: Any) -> Assessment:
    return assess(dataclasses.replace(ORDINARY, **changes))


def steps(assessment: Assessment) -> list[int]:
    return [step.step for step in assessment.path]


def slugs(assessment: Assessment, severity: str) -> list[str]:
    return [reason.slug for reason in assessment.reasons if reason.severity == severity]


# The path


def test_a_table_about_nobody_goes_from_step_1_to_step_6():
    found = assessed(personal_characteristics=False, facts=None)
    assert steps(found) == [1, 6]
    assert found.score is None
    assert not found.masking_required
    assert found.refusals == ()


def test_large_counts_and_denominators_go_from_step_2_to_legal_review():
    found = assessed(counts=[11, 0], denominators=[20_000, 20_000], facts=facts(events=11, sex={}))
    assert steps(found) == [1, 2, 5, 6]
    assert not found.masking_required


def test_a_high_score_alone_masks_nothing_when_no_figure_is_small():
    high = facts(events=11, residence_geography={"population": 3_900}, age_range={"narrowest_years": 1})
    found = assessed(counts=[11, 0], denominators=[20_000, 20_000], facts=high)
    assert found.score is not None and found.score.total >= 13
    assert steps(found) == [1, 2, 5, 6]
    assert not found.masking_required


def test_small_counts_with_a_low_score_are_shown_after_step_3():
    found = assessed()
    assert steps(found) == [1, 2, 3, 5, 6]
    assert not found.masking_required
    assert "may be shown, because its score allows it" in found.conclusion


def test_small_counts_with_a_high_score_pass_through_masking():
    found = assessed(facts=HIGH, counts=[1, 0, 40])
    assert steps(found) == [1, 2, 3, 4, 5, 6]
    assert found.masking_required
    assert slugs(found, "mask") == ["score-high"]
    assert found.score is not None
    assert found.score.total == 14


def test_small_denominators_alone_lead_to_the_score():
    assert steps(assessed(counts=[40], denominators=[19_999], facts=facts(events=40, sex={})))[:3] == [1, 2, 3]


# High-risk populations


@pytest.mark.parametrize("population", sorted(high_risk_populations().populations))
def test_small_counts_of_a_high_risk_population_are_masked_whatever_the_score(population):
    found = assessed(high_risk=(population,))
    assert found.masking_required
    assert 4 in steps(found)
    assert "high-risk-population" in slugs(found, "mask")


def test_a_high_risk_population_is_people_even_where_the_table_is_declared_to_be_about_nobody():
    found = assessed(high_risk=("homelessness",), personal_characteristics=False)
    assert found.masking_required
    assert "high-risk-is-personal" in slugs(found, "note")


def test_a_high_risk_population_nobody_knows_is_an_error_with_a_suggestion():
    with pytest.raises(DeclarationError, match="did you mean 'homelessness'") as refused:
        assessed(high_risk=("homelesness",))
    assert refused.value.slug == "high-risk-unknown"


# What keeps a table back


def test_level_3_is_refused():
    found = assessed(permission=PermissionAnswers(individual_records=True))
    assert slugs(found, "refuse") == ["level-3"]
    assert "level 3" in found.conclusion


def test_an_open_permission_question_is_refused():
    found = assessed(permission=PermissionAnswers(individual_records=False))
    assert slugs(found, "refuse") == ["permission-open"]


def test_roles_without_a_signed_form_are_named_and_asked_before_staging():
    found = assessed(permission=NOT_YET_PUBLIC, approvals=approved_by("data_steward", "legal_counsel"))
    assert found.missing_approvals == ("deputy_director", "department_director", "agency")
    assert slugs(found, "refuse") == []
    assert "approval-to-be-asked" in slugs(found, "note")
    assert found.path[-1].answer == "asked"
    assert "once its approvers agree" in found.conclusion


def test_without_legal_counsel_step_5_is_not_done():
    found = assessed(approvals=approved_by("data_steward", "deputy_director", "department_director"))
    assert {step.step: step.answer for step in found.path}[5] == "asked"


def test_a_table_about_people_without_facts_for_its_score_is_refused_and_masked_meanwhile():
    found = assessed(facts=None)
    assert slugs(found, "refuse") == ["score-missing"]
    assert found.masking_required


def test_a_variable_outside_the_criteria_needs_a_named_reviewer():
    for nobody in (None, "", "  "):
        assert slugs(assessed(unlisted=(UnlistedVariable("diet", nobody),)), "refuse") == ["reviewer-missing"]
    found = assessed(unlisted=(UnlistedVariable("diet", "B. Expert"),))
    assert found.refusals == ()
    assert "expert-review" in slugs(found, "note")


def test_events_without_a_named_person_wait_for_the_answer_how_many_are_of_one():
    found = assessed(persons_behind=None)
    assert slugs(found, "refuse") == ["persons-behind-unknown"]
    assert "records_per_person" in found.refusals[0].sentence
    assert "how many of its events may be of one person" in found.conclusion


@pytest.mark.parametrize(
    ("answer", "said"), [("one", "a person has one at most"), ("several", "a few persons, or of one")]
)
def test_the_answer_how_many_events_a_person_may_have_is_told(answer, said):
    found = assessed(persons_behind=answer)
    assert found.refusals == ()
    assert [said in reason.sentence for reason in found.reasons if reason.slug == "persons-behind"] == [True]


def test_of_events_of_no_person_nothing_is_asked():
    assert slugs(assessed(persons_behind=None, personal_characteristics=False), "refuse") == []


def test_ages_over_89_told_apart_are_refused():
    assert slugs(assessed(age_bands=((0, 89), (90, 94), (95, None))), "refuse") == ["ages-over-89"]


def test_small_zip_areas_are_refused():
    assert slugs(assessed(zip3_populations=(20_000,)), "refuse") == ["zip3-small"]


def test_a_survey_without_sample_sizes_is_refused():
    assert slugs(assessed(survey=True), "refuse") == ["sample-sizes-missing"]
    assert slugs(assessed(survey=True, sample_sizes=[]), "refuse") == ["sample-sizes-missing"]


def test_survey_estimates_from_few_cases_are_blanked():
    found = assessed(survey=True, sample_sizes=[29, 30, 500, 4])
    assert found.unstable_cells == 2
    assert slugs(found, "mask") == ["estimates-unstable"]
    assert found.refusals == ()


def test_every_refusal_has_its_words_in_the_conclusion():
    refused = [
        assessed(permission=PermissionAnswers(individual_records=True)),
        assessed(permission=PermissionAnswers()),
        assessed(facts=None),
        assessed(persons_behind=None),
        assessed(unlisted=(UnlistedVariable("diet"),)),
        assessed(survey=True),
        assessed(age_bands=((95, 99),)),
        assessed(zip3_populations=(1,)),
    ]
    met = {reason.slug for found in refused for reason in found.refusals}
    assert met == set(_WHAT_IS_OPEN)
    for found in refused:
        assert re.match(r"This table (is not published|cannot be published yet)", found.conclusion)


def test_require_publishable_raises_with_every_reason_and_stays_quiet_otherwise():
    require_publishable(assessed())
    with pytest.raises(Refused) as raised:
        require_publishable(assessed(survey=True, zip3_populations=(1,)))
    assert raised.value.slug == "gate-refused"
    assert len(raised.value.details) == 2


# Approvals


def test_an_approval_without_its_signed_form_does_not_count():
    unsigned = approved_by(*ALL_ROLES)[0].model_copy(update={"reference": ""})
    assert missing_approvals(1, [unsigned, *approved_by(*ALL_ROLES[1:])]) == ("data_steward",)


@pytest.mark.parametrize("level", [3, None])
def test_no_approval_helps_where_the_level_forbids_release(level):
    with pytest.raises(Refused):
        missing_approvals(level, approved_by(*ALL_ROLES))


def test_level_1_does_without_the_agency_and_level_2_does_not():
    given = approved_by(*ALL_ROLES[:-1])
    assert missing_approvals(1, given) == ()
    assert missing_approvals(2, given) == ("agency",)


# Mitigation, margins, and what is not told


def test_a_mitigation_is_shown_and_lowers_nothing():
    written = Mitigation(
        who="B. Expert", when=dt.date(2026, 1, 1), why="The area is a prison.", expires=dt.date(2027, 1, 1)
    )
    without = assessed(facts=HIGH, counts=[1, 40])
    with_it = assessed(facts=HIGH, counts=[1, 40], mitigations=(written,), as_of=dt.date(2026, 6, 1))
    assert with_it.score == without.score
    assert with_it.masking_required
    assert slugs(with_it, "note") == ["mitigation"]
    later = assessed(facts=HIGH, counts=[1, 40], mitigations=(written,), as_of=dt.date(2027, 1, 2))
    assert slugs(later, "note") == ["mitigation-expired"]


def test_independent_margins_are_scored_apart_and_the_highest_decides():
    by_age = facts(events=3, residence_geography={"population": 3_900}, age_range={"narrowest_years": 1})
    found = assessed(independent_facts=(by_age,))
    assert found.masking_required
    assert found.score is not None and found.score.component("age_range").score == 7
    assert [score.total for score in found.independent_scores] == [7 - 3 + 1 + 1]


SCORED = [
    {
        "residence_geography": {"population": 3_900}
    },  # 14 with a smallest count of 1 or 2, 9 by the criteria with one of 5
    {"residence_geography": {"population": 30_000}},  # 11 and 6
    {"residence_geography": {"population": 30_000}, "sex": {}},
]


@pytest.mark.parametrize("rule", [thresholds().small_cell, thresholds().small_cell.raised_to(15)])
@pytest.mark.parametrize("variables", SCORED)
def test_nothing_in_an_assessment_follows_the_smallest_count(variables, rule):
    """Neither decision nor score, path, bands, findings and conclusion: all of it is told to someone."""

    def told(smallest: int) -> str:
        figures = {"counts": [smallest, 40], "facts": facts(events=smallest, **variables), "rule": rule}
        return assessed(**figures).model_dump_json()

    assert len({told(smallest) for smallest in range(1, rule.below)}) == 1
    assert len({told(smallest) for smallest in (rule.below, 99, 100, 999, 5_000)}) == 1


def test_the_decision_is_that_of_a_smallest_count_of_one():
    for smallest in (1, 2, 3, 5, 10):
        found = assessed(facts=facts(events=smallest, **SCORED[0]), counts=[smallest, 40])
        assert found.masking_required
        assert found.score is not None
        assert found.score.total == 14


def test_an_assessment_survives_json():
    found = assessed(facts=HIGH, counts=[1, 40], high_risk=("homelessness",))
    text = found.model_dump_json()
    assert Assessment.model_validate_json(text) == found
    assert json.loads(text)["version"] == 1


def test_the_same_facts_give_the_same_bytes():
    changes = {"facts": HIGH, "counts": [1, 40], "high_risk": ("homelessness", "child_welfare")}
    assert assessed(**changes).model_dump_json() == assessed(**changes).model_dump_json()


# A number that the declaration raises

RAISED = thresholds().small_cell.raised_to(15)


def test_everything_said_of_small_counts_is_said_with_the_number_of_the_declaration():
    counts = [3, 7, 10, 11, 12, 14, 15, 0]
    found = assessed(rule=RAISED, counts=counts, facts=HIGH, high_risk=("homelessness",))
    assert found.condition.small_cells == 6
    assert "6 counts from 1 to 14 must be hidden" in found.conclusion
    said = found.model_dump_json()
    assert "from 1 to 14" in said
    assert "1 to 10" not in said


def test_counts_that_are_small_by_the_declaration_alone_are_masked():
    figures = {"counts": [12, 0, 40], "denominators": [20_000, 20_000, 20_000]}
    score_of_twelve = facts(events=12, residence_geography={"population": 3_900}, age_range={"narrowest_years": 1})
    assert not assessed(**figures, facts=score_of_twelve).masking_required
    assert assessed(**figures, facts=score_of_twelve, rule=RAISED).masking_required
