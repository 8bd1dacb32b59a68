"""The criteria files agree with the words a declaration may use, and with each other."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from include.opendata.declaration import choices
from include.opendata.gate.fact_sheet import Time, Variables
from include.opendata.release.formats.registry import RELEASE_FORMATS
from include.opendata.rules import formats, portal, release, rule_book, scoring
from include.opendata.rules.answers import PermissionAnswers, Sensitivity


def test_the_sensitivities_a_steward_may_choose_are_those_of_the_rules():
    assert set(get_args(Sensitivity)) == set(release.permission_rules().sensitivities)


def test_the_high_risk_populations_a_table_may_name_are_those_of_the_rules():
    assert set(get_args(choices.HighRiskPopulation)) == set(release.high_risk_populations().populations)


def test_the_approvals_a_declaration_may_hold_are_those_of_the_rules():
    assert get_args(choices.ApprovalRole) == tuple(release.permission_rules().roles)


def test_the_portal_lists_are_those_a_declaration_chooses_from():
    lists = portal.portal_choices()
    assert get_args(choices.Topic) == lists.topics
    assert get_args(choices.Frequency) == tuple(entry.choice for entry in lists.accrual_periodicity)
    assert get_args(choices.Granularity) == lists.geographic_granularity


def test_every_scoring_variable_of_a_declaration_has_its_row():
    rows = {row.variable for row in scoring.scoring_criteria().rows}
    named = set(get_args(choices.ScoringVariableName)) - {"other", "unlisted", "not_personal"}
    assert named <= rows


def test_every_variable_of_a_facts_file_has_its_row():
    rows = {row.variable for row in scoring.scoring_criteria().rows}
    assert set(Variables.model_fields) - {"other"} <= rows
    assert set(get_args(Time)) == set(scoring.scoring_criteria().row("time").choices)


def test_every_question_of_the_tree_has_a_field_to_answer_it_and_a_note():
    for question in release.permission_rules().questions:
        for field in question.fields:
            assert field in PermissionAnswers.model_fields
            assert f"{field}_note" in PermissionAnswers.model_fields


def test_a_no_written_as_a_word_is_a_no_and_silence_is_not():
    answers = PermissionAnswers.model_validate({"individual_records": "no", "mandate": "yes"})
    assert (answers.individual_records, answers.mandate, answers.already_public) == (False, True, None)


def test_the_six_steps_are_numbered_one_to_six():
    assert [step.step for step in release.release_steps().steps] == [1, 2, 3, 4, 5, 6]


def test_the_thresholds_are_those_of_the_guidelines():
    numbers = release.thresholds()
    assert numbers.small_cell.below == 11
    assert numbers.denominator.below == 20_000
    assert (numbers.score.publish_up_to, numbers.score.mask_from) == (12, 13)
    assert (numbers.survey.sample_cases_below, numbers.survey.annotation) == (30, 4)
    assert (numbers.safe_harbor.single_ages_up_to, numbers.safe_harbor.zip3_population_above) == (89, 20_000)
    assert numbers.percentages_only.total_at_least == 1_100


def test_the_annotation_codes_are_those_of_the_handbook():
    codes = portal.annotation_codes()
    assert [(code.code, code.label) for code in codes.codes] == [
        (0, "none"),
        (1, "suppressed, small number"),
        (2, "suppressed, complementary"),
        (3, "no data available"),
        (4, "statistically unstable"),
        (5, "incomplete"),
    ]
    assert [code.code for code in codes.codes if code.blank] == [1, 2, 3, 4, 5]
    assert (codes.code(1).letter, codes.code(2).letter) == ("S", "C")
    with pytest.raises(KeyError):
        codes.code(6)


@pytest.mark.parametrize(
    ("element", "fits", "misfits"),
    [
        ("County_FIPS", ["067", "001"], ["67", "0067", "06A"]),
        ("ZIP3", ["958", "005"], ["95814", "95", "All"]),
        ("ZIP", ["95814"], ["9581", "95814-1234"]),
        ("ZIP_4", ["0000"], ["", "12345"]),
        ("State", ["CA"], ["Ca", "CAL"]),
        ("GEOID", ["06067001101", "060670011011", "060670011011001"], ["0606700110", "06067001101100"]),
    ],
)
def test_codes_are_text_of_their_fixed_length(element, fits, misfits):
    standard = portal.field_standards().field(element)
    assert standard is not None
    assert standard.type == "text"
    assert standard.pattern is not None
    assert all(re.fullmatch(standard.pattern, value) for value in fits)
    assert not any(re.fullmatch(standard.pattern, value) for value in misfits)


def test_a_county_stands_beside_its_code_and_leaves_the_word_county_off():
    county = portal.field_standards().field("county")
    assert county is not None
    assert county.requires == ("County_FIPS",)
    assert " County" in county.must_not_end_with
    assert portal.field_standards().field("diagnosis") is None


@pytest.mark.parametrize(
    ("choice", "code"), [("annually", "R/P1Y"), ("quarterly", "R/P3M"), ("daily", "R/P1D"), ("other", "irregular")]
)
def test_each_frequency_has_its_catalog_code(choice, code):
    assert portal.portal_choices().dcat_periodicity(choice) == code


BANDS = {"variable": "v", "label": "V", "measured": "m", "section": "s"}


@pytest.mark.parametrize(
    "bands",
    [
        [],
        [{"at_least": 5, "points": 1, "band": "b"}],
        [{"at_least": 0, "points": 1, "band": "b"}, {"at_least": 5, "points": 2, "band": "b"}],
    ],
)
def test_a_row_that_leaves_a_number_without_points_is_refused(bands):
    with pytest.raises(ValueError, match="band"):
        scoring.Row.model_validate({**BANDS, "bands": bands})


def test_a_number_below_zero_has_no_band():
    with pytest.raises(ValueError, match="below zero"):
        scoring.scoring_criteria().row("events").band(-1)


def test_limits_with_a_score_between_them_are_refused():
    with pytest.raises(ValueError, match="masking starts"):
        rule_book.ScoreLimits(publish_up_to=12, mask_from=14, section="s")


def test_a_tree_that_leads_back_or_nowhere_is_refused():
    tree = release.permission_rules().model_dump()
    tree["questions"][3]["no"]["next"] = "1"
    with pytest.raises(ValueError, match="no later question"):
        release.PermissionRules.model_validate(tree)
    tree = release.permission_rules().model_dump()
    tree["questions"][0]["yes"]["level"] = 4
    with pytest.raises(ValueError, match="unknown level"):
        release.PermissionRules.model_validate(tree)
    tree = release.permission_rules().model_dump()
    tree["levels"][0]["approvals"] = ["janitor"]
    with pytest.raises(ValueError, match="unknown role"):
        release.PermissionRules.model_validate(tree)


def test_the_formats_a_declaration_may_name_are_known_and_can_be_written():
    assert get_args(choices.FileFormat) == tuple(formats.FILE_FORMATS)
    assert {"csv", *RELEASE_FORMATS} == set(formats.FILE_FORMATS)
    assert all(known.facts is formats.FILE_FORMATS[name] for name, known in RELEASE_FORMATS.items())


def test_a_file_is_known_by_its_whole_ending():
    assert formats.format_of("data/clinics.shp.zip") is formats.SHAPEFILE
    assert formats.format_of("data/clinics.geojson") is formats.GEOJSON
    assert formats.format_of("data/clinics.zip") is None
    assert formats.media_type_of("evidence/index.html") == "text/html"
