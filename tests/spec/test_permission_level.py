"""The release-permission decision tree, branch by branch (Handbook, Governance)."""

from __future__ import annotations

from typing import Any

import pytest

from include.opendata.gate.permission import PermissionDecision, decide_permission
from include.opendata.rules.answers import PermissionAnswers

OWN_AND_UNREMARKABLE: dict[str, Any] = {
    "individual_records": False,
    "prohibited_by_law": False,
    "originates_solely_in_program": True,
    "sensitivities": [],
}
SHARED: dict[str, Any] = {**OWN_AND_UNREMARKABLE, "originates_solely_in_program": False}
SENSITIVE: dict[str, Any] = {**OWN_AND_UNREMARKABLE, "sensitivities": ["media_attention"]}
LEVEL_1 = ("data_steward", "deputy_director", "legal_counsel", "department_director")
LEVEL_2 = (*LEVEL_1, "agency")


def decided(**answers: Any) -> PermissionDecision:
    return decide_permission(PermissionAnswers.model_validate(answers))


BRANCHES = [
    # 1. Information about individuals closes the way, whatever else is answered.
    ({"individual_records": True}, 3, "1"),
    ({**OWN_AND_UNREMARKABLE, "individual_records": True, "mandate": True}, 3, "1"),
    # 2. So does a law, regulation or order.
    ({**OWN_AND_UNREMARKABLE, "prohibited_by_law": True}, 3, "2"),
    ({**OWN_AND_UNREMARKABLE, "prohibited_by_law": True, "mandate": True, "already_public": True}, 3, "2"),
    # 3a. Shared or sensitive data need an agreement, or the owners' permission.
    ({**SHARED, "data_use_agreement": True}, 2, "3a"),
    ({**SHARED, "data_use_agreement": False, "owner_permission": True}, 2, "3b"),
    ({**SHARED, "data_use_agreement": False, "owner_permission": False}, None, "3b"),
    ({**SENSITIVE, "data_use_agreement": True}, 2, "3a"),
    ({**SENSITIVE, "data_use_agreement": False, "owner_permission": True}, 2, "3b"),
    ({**SENSITIVE, "data_use_agreement": False, "owner_permission": False}, None, "3b"),
    # Neither a mandate nor earlier publication makes a sensitive table level 1.
    ({**SENSITIVE, "data_use_agreement": True, "mandate": True, "already_public": True}, 2, "3a"),
    # 4. and 5. The program's own, unremarkable data.
    ({**OWN_AND_UNREMARKABLE, "mandate": True}, 1, "4"),
    ({**OWN_AND_UNREMARKABLE, "mandate": False, "already_public": True}, 1, "5"),
    ({**OWN_AND_UNREMARKABLE, "mandate": False, "already_public": False}, 2, "5"),
]

OPEN = [
    ({}, "1"),
    ({"individual_records": False}, "2"),
    ({"individual_records": False, "prohibited_by_law": False}, "3"),
    ({**OWN_AND_UNREMARKABLE, "sensitivities": None}, "3"),
    ({**OWN_AND_UNREMARKABLE, "originates_solely_in_program": None}, "3"),
    (SHARED, "3a"),
    (SENSITIVE, "3a"),
    ({**SHARED, "data_use_agreement": False}, "3b"),
    (OWN_AND_UNREMARKABLE, "4"),
    ({**OWN_AND_UNREMARKABLE, "already_public": True}, "4"),
    ({**OWN_AND_UNREMARKABLE, "mandate": False}, "5"),
]


@pytest.mark.parametrize(("answers", "level", "question"), BRANCHES)
def test_each_branch_leads_to_its_level(answers, level, question):
    decision = decided(**answers)
    assert (decision.level, decision.decided_by) == (level, question)


@pytest.mark.parametrize(("answers", "question"), OPEN)
def test_a_question_nobody_answered_keeps_the_table_back_and_is_named(answers, question):
    decision = decided(**answers)
    assert decision.level is None
    assert decision.open_question == question
    assert "cannot be published yet" in decision.sentence
    assert decision.path[-1].answer == "not answered"


def test_permission_not_obtained_cannot_be_published_yet():
    decision = decided(**SHARED, data_use_agreement=False, owner_permission=False)
    assert not decision.may_be_published
    assert decision.open_question == "3b"
    assert decision.sentence.startswith("It cannot be published yet.")


@pytest.mark.parametrize(
    "sensitivity",
    [
        "not_mandated",
        "policy_implications",
        "media_attention",
        "legislation",
        "enforcement_or_litigation",
        "shared_ownership",
    ],
)
def test_each_sensitivity_alone_makes_a_table_level_2(sensitivity):
    answers = {**OWN_AND_UNREMARKABLE, "sensitivities": [sensitivity], "data_use_agreement": True}
    assert decided(**answers).level == 2


def test_a_sensitivity_or_a_shared_origin_settles_question_3_without_the_other_answer():
    assert decided(**{**SENSITIVE, "originates_solely_in_program": None}, data_use_agreement=True).level == 2
    assert decided(**{**SHARED, "sensitivities": None}, data_use_agreement=True).level == 2


def test_mandated_and_not_mandated_at_once_is_a_contradiction_to_settle_first():
    answers = {**OWN_AND_UNREMARKABLE, "sensitivities": ["not_mandated"], "mandate": True, "data_use_agreement": True}
    decision = decided(**answers)
    assert decision.level is None
    assert decision.open_question == "3"
    assert "contradict" in decision.sentence


@pytest.mark.parametrize(
    ("answers", "roles"),
    [
        ({**OWN_AND_UNREMARKABLE, "mandate": True}, LEVEL_1),
        ({**SENSITIVE, "data_use_agreement": True}, LEVEL_2),
        ({"individual_records": True}, ()),
        ({}, ()),
    ],
)
def test_level_2_adds_the_agency_and_level_3_has_nobody_to_approve_it(answers, roles):
    assert decided(**answers).required_roles == roles


def test_the_path_tells_every_question_asked_and_the_stewards_note():
    decision = decided(**{**SENSITIVE, "sensitivities_note": "A newspaper asked in May."}, data_use_agreement=True)
    assert [step.question for step in decision.path] == ["1", "2", "3", "3a"]
    assert [step.answer for step in decision.path] == ["no", "no", "no", "yes"]
    assert decision.path[2].note == "A newspaper asked in May."
    assert "attention of the media" in decision.path[2].sentence
