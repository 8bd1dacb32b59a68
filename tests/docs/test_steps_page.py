"""The page on the steps of a refresh is the list of steps, and every step of the list can be performed."""

from __future__ import annotations

import importlib
import inspect

import pytest

from dev.steps_page import PAGE, page
from include.opendata.onboarding.steps import ONBOARDING_STEPS
from include.opendata.pipeline import door
from include.opendata.pipeline.run import Run
from include.opendata.pipeline.steps import STEPS, step_named

PERFORMED = [step for step in STEPS if step.module is not None]


def test_the_page_is_as_the_list_of_steps_writes_it():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m dev.steps_page"


@pytest.mark.parametrize("step", PERFORMED, ids=lambda step: step.name)
def test_every_step_has_a_module_whose_perform_takes_what_the_list_says(step):
    perform = importlib.import_module(step.module).perform
    assert list(inspect.signature(perform).parameters) == ["run", "table"][: 2 if step.per_table else 1]


@pytest.mark.parametrize("step", ONBOARDING_STEPS, ids=lambda step: step.name)
def test_every_step_of_getting_to_know_a_source_has_a_module_that_takes_the_run(step):
    perform = importlib.import_module(step.module).perform
    assert list(inspect.signature(perform).parameters) == ["run"]
    assert step.module.endswith(f".{step.name}")


@pytest.mark.parametrize(("name", "table"), [("tabulate", None), ("protect", "visits"), ("ask_approvers", None)])
def test_the_door_refuses_a_step_that_is_not_asked_for_as_the_list_says(name, table):
    run = Run(dataset="visits", run_id="a-run", staging="/nowhere")
    with pytest.raises(ValueError, match=name):
        door.perform(step_named(name), run, table)
