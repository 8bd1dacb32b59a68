"""A facts file that cannot be used says on which line, what is wrong, and what was probably meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from include.opendata.errors import EXIT_BAD_INPUT, DeclarationError
from include.opendata.gate.fact_sheet import Facts, load_facts
from include.opendata.gate.scoring import score

COMPLETE = """\
events: 4
time: quarter
variables:
  residence_geography: {population: 40_474}
  age_range: {narrowest_years: 5}
  sex:
  language: {groups: english_spanish_other}
  other:
    - {name: diagnosis, groups: 6}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "facts.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def problem(folder: Path, text: str) -> str:
    with pytest.raises(DeclarationError) as raised:
        load_facts(written(folder, text))
    assert raised.value.exit_code == EXIT_BAD_INPUT
    return str(raised.value)


def test_a_complete_facts_file_is_scored(tmp_path):
    assert score(load_facts(written(tmp_path, COMPLETE))).total == 7 + 4 + 4 + 5 + 1 + 1 + 5 + 4


def test_the_json_of_a_score_has_the_agreed_shape(tmp_path):
    found = score(load_facts(written(tmp_path, COMPLETE))).model_dump(mode="json")
    assert list(found) == ["total", "masking_required", "safe_harbor", "components"]
    assert {tuple(component) for component in found["components"]} == {
        ("variable", "score", "band", "reason", "section")
    }


def test_a_variable_named_with_nothing_behind_it_is_shown_not_forgotten():
    facts = Facts.model_validate({"events": 4, "time": "year", "variables": {"sex": None}})
    assert score(facts).component("sex").score == 1


def test_a_variable_that_needs_a_figure_cannot_be_left_empty(tmp_path):
    assert "`variables.age_range.narrowest_years`: this field is missing" in problem(
        tmp_path, "events: 4\ntime: year\nvariables:\n  age_range:\n"
    )


def test_a_file_without_variables_shows_only_events_and_time(tmp_path):
    facts = load_facts(written(tmp_path, "events: 1\ntime: year\n"))
    assert [component.variable for component in score(facts).components] == ["events", "time", "variable_interaction"]


def test_a_misspelt_variable_is_refused_with_a_suggestion_and_its_line(tmp_path):
    message = problem(tmp_path, "events: 4\ntime: year\nvariables:\n  residance_geography: {population: 3900}\n")
    assert "facts.yaml:4" in message
    assert "did you mean `residence_geography`?" in message


def test_a_misspelt_field_inside_a_list_is_suggested_too(tmp_path):
    text = "events: 4\ntime: year\nvariables:\n  other:\n    - {name: diagnosis, group: 6}\n"
    assert "did you mean `groups`?" in problem(tmp_path, text)


def test_a_misspelt_period_is_suggested(tmp_path):
    message = problem(tmp_path, "events: 4\ntime: quartr\n")
    assert "did you mean `quarter`?" in message
    assert "five_years" in message


def test_every_problem_is_named_at_once(tmp_path):
    message = problem(tmp_path, "events: -1\ntime: yearly\nvariables:\n  sexx: {}\n")
    assert "the facts have 3 problems" in message


@pytest.mark.parametrize("events", ["0", "-1", "1.5", "'4'", "", "many", "true"])
def test_the_smallest_count_must_be_a_whole_number_of_one_or_more(tmp_path, events):
    assert "`events`" in problem(tmp_path, f"events: {events}\ntime: year\n")


def test_events_and_time_are_needed(tmp_path):
    message = problem(tmp_path, "variables: {}\n")
    assert "`events`: this field is missing" in message
    assert "`time`: this field is missing" in message


@pytest.mark.parametrize(
    "part",
    [
        "service_geography: {}",
        "service_geography: {population: 5000, setting: address}",
        "residence_geography: {population: 5000, statewide: true}",
        "residence_geography: {}",
        "language: {}",
        "language: {groups: english_spanish_other, population: 100}",
        "other: [{name: diagnosis}]",
        "other: [{name: diagnosis, groups: 4, population: 100}]",
    ],
)
def test_where_one_of_several_fields_is_needed_none_or_two_are_refused(tmp_path, part):
    assert "give exactly one of" in problem(tmp_path, f"events: 4\ntime: year\nvariables:\n  {part}\n")


@pytest.mark.parametrize(
    "part",
    [
        "residence_geography: {population: 39,538}",
        "residence_geography: {population: '39538'}",
        "residence_geography: {population: -1}",
        "age_range: {narrowest_years: 0}",
        "age_range: {narrowest_years: -3}",
        "age_range: {narrowest_years: .inf}",
        "sex: yes",
        "other: {name: diagnosis, groups: 4}",
        "other: [{name: '', groups: 4}]",
    ],
)
def test_figures_that_are_no_figures_are_refused(tmp_path, part):
    assert "facts.yaml:4" in problem(tmp_path, f"events: 4\ntime: year\nvariables:\n  {part}\n")


def test_a_field_given_twice_is_refused_since_the_second_would_hide_the_first(tmp_path):
    text = "events: 4\ntime: year\nvariables:\n  sex: {}\n  sex: {}\n"
    assert "given twice" in problem(tmp_path, text)


@pytest.mark.parametrize("text", ["", "- events\n", "events", "events: [\n"])
def test_what_is_no_facts_file_is_refused(tmp_path, text):
    problem(tmp_path, text)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DeclarationError, match="no such file"):
        load_facts(tmp_path / "facts.yaml")


def test_an_area_without_people_is_a_figure_and_takes_the_finest_band():
    facts = Facts.model_validate({"events": 1, "time": "year", "variables": {"residence_geography": {"population": 0}}})
    assert score(facts).component("residence_geography").score == 7


def test_facts_cannot_be_changed_after_they_were_stated():
    facts = Facts(events=4, time="year")
    with pytest.raises(ValidationError):
        facts.events = 100  # type: ignore[misc]
