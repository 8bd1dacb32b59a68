"""``bin/opendata score`` on the worked examples of the guidelines (DDG 2.0 Appendix I) and on the example of docs/rules.md."""

from __future__ import annotations

import re

import pytest

from include.opendata import places

STATE = "residence_geography: {population: 39538223}"
COUNTY = "residence_geography: {population: 1163}"

WORKED = [
    ("residence_geography: {population: 3900}", 14),
    ("residence_geography: {population: 10000}", 12),
    ("residence_geography: {population: 30000}", 11),
    (f"{STATE}, means_tested_program: {{enrollment: 14000000}}", 2),
    (f"{STATE}, means_tested_program: {{enrollment: 5500000}}", 4),
    (f"{STATE}, means_tested_program: {{enrollment: 1000000}}", 5),
    (f"{STATE}, means_tested_program: {{enrollment: 13000}}", 10),
    (f"{COUNTY}, means_tested_program: {{enrollment: 14000000}}", 14),
    (f"{COUNTY}, means_tested_program: {{enrollment: 5500000}}", 16),
    (f"{COUNTY}, means_tested_program: {{enrollment: 1000000}}", 17),
    (f"{COUNTY}, means_tested_program: {{enrollment: 13000}}", 22),
    ("insurance_coverage: {members: 3900}", 12),
    ("insurance_coverage: {members: 10000}", 12),
    ("insurance_coverage: {members: 30000}", 11),
    ("insurance_coverage: {members: 10000}, means_tested_program: {enrollment: 1000000}", 15),
    ("insurance_coverage: {members: 30000}, means_tested_program: {enrollment: 1000000}", 14),
    ("insurance_coverage: {members: 150000}, means_tested_program: {enrollment: 1000000}", 11),
]


@pytest.fixture
def score(installation):
    def of(facts: str, *options: str):
        path = installation.folder / "facts.yaml"
        path.write_text(facts, encoding="utf-8")
        return installation.opendata("score", str(path), *options)

    return of


@pytest.mark.parametrize(("variables", "total"), WORKED)
def test_every_worked_example_has_the_total_of_the_guidelines(score, variables, total):
    answer = score(f"events: 1\ntime: year\nvariables: {{{variables}}}\n", "--json")
    assert answer.code == 0
    found = answer.json()
    assert list(found) == ["total", "masking_required", "safe_harbor", "components"]
    assert found["total"] == total == sum(one["score"] for one in found["components"])
    assert found["masking_required"] is (total >= 13)
    assert all(list(one) == ["variable", "score", "band", "reason", "section"] for one in found["components"])


def test_the_state_by_the_year_and_nothing_else_is_safe_harbor(score):
    facts = f"events: 1\ntime: year\nvariables: {{{STATE}}}\n"
    assert score(facts, "--json").json()["safe_harbor"] is True
    assert "Safe Harbor" in score(facts).out


def test_the_example_of_the_rules_page_scores_what_the_page_says(score):
    page = (places.ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    example = re.search(r"```yaml\n(events:.*?)```", page, re.S)
    said = re.search(r"That table scores ([\d+ ]+) = (\d+)", page)
    assert example is not None
    assert said is not None
    found = score(example[1], "--json").json()
    points = [one["score"] for one in found["components"]]
    assert sorted(points) == sorted(int(one) for one in said[1].split("+"))
    assert found["total"] == int(said[2])


def test_people_get_a_line_per_variable_the_total_and_what_it_leads_to(score):
    lines = score("events: 1\ntime: year\nvariables: {residence_geography: {population: 3900}}\n").out.splitlines()
    first = [line.split("  ")[0] for line in lines[1:-3]]
    assert first == ["events", "time", "residence_geography", "variable_interaction"]
    assert any(re.match(r"residence_geography +4,000 or fewer +\+7 .*3,900 people.* DDG 2.0 §4.3.1$", x) for x in lines)
    assert any(re.match(r"total +14$", x) for x in lines)
    assert lines[-1].startswith("Masking is required: 14 is 13 or more.")


def test_where_the_stated_smallest_count_lowers_the_score_that_of_a_release_stands_beside_it(score):
    facts = "events: 6\ntime: year\nvariables: {residence_geography: {population: 3900}}\n"
    found = score(facts, "--json").json()
    assert found["total"] == 7 + 7 - 5
    assert found["in_a_release"] == {"total": 14, "masking_required": True}
    said = score(facts).out
    assert re.search(r"^in a release +14  its smallest count is taken for 1$", said, re.M)
    assert "Masking is required: 14 is 13 or more." in said


def test_a_slip_in_a_facts_file_is_told_with_its_line_and_ends_in_2(score):
    answer = score("events: 1\ntime: yearly\nvariables: {}\n")
    assert answer.code == 2
    assert "line 2" in answer.err
    assert "did you mean `year`?" in answer.err
    assert answer.out == ""
