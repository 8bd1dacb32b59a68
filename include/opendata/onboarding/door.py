"""The one door to the steps of getting to know a source: a step's module is imported when it is performed.

Light, for the DAG file imports it when it is parsed; a task pays for the imports of its own step alone.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from include.opendata.onboarding.kept import Run
    from include.opendata.onboarding.steps import Note, OnboardingStep


class StepModule(Protocol):
    """The module of a step."""

    def perform(self, run: Run) -> Note:
        """Do the step's work. Raises the OpendataError that stops the run."""


def perform(step: OnboardingStep, run: Run) -> Note:
    """Perform ``step``. Raises the OpendataError that stops the run."""
    return cast("StepModule", importlib.import_module(step.module)).perform(run)
