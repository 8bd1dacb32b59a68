"""The page on the rules keeps up with the rules."""

from __future__ import annotations

import re
from pathlib import Path

from include.opendata.gate.fact_sheet import Variables
from include.opendata.gate.scoring import load_facts, score
from include.opendata.rules.criteria import FOLDER
from include.opendata.rules.scoring import scoring_criteria

PAGE = Path(__file__).resolve().parents[3] / "docs" / "rules.md"


def test_the_page_names_every_criteria_file():
    page = PAGE.read_text(encoding="utf-8")
    for path in FOLDER.glob("*.yaml"):
        assert f"`{path.name}`" in page


def test_the_page_explains_every_variable_and_period_of_a_facts_file():
    page = PAGE.read_text(encoding="utf-8")
    for variable in Variables.model_fields:
        assert f"`{variable}`" in page
    for time in scoring_criteria().row("time").choices:
        assert time in page


def test_the_example_on_the_page_scores_as_it_says(tmp_path):
    page = PAGE.read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", page, flags=re.DOTALL)
    (said,) = re.findall(r"That table scores ([0-9 +]+) = ([0-9]+)", page)
    path = tmp_path / "facts.yaml"
    path.write_text(example, encoding="utf-8")
    found = score(load_facts(path))
    assert [component.score for component in found.components] == [int(points) for points in said[0].split("+")]
    assert found.total == int(said[1])


def test_the_page_gives_the_population_from_which_an_area_is_the_state():
    assert f"{scoring_criteria().combining.statewide_population_at_least:,}" in PAGE.read_text(encoding="utf-8")
