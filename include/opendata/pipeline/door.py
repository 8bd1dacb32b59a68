"""The one door to the steps, for Airflow and for the command line: a step's module is imported when it is performed.

Every task of Airflow is a fresh process that performs one step, so it pays for the imports of that step alone. This module
itself is light: DAG files import it when they are parsed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from include.opendata.pipeline.results import Result
    from include.opendata.pipeline.run import Run
    from include.opendata.pipeline.steps import Step


class RunStep(Protocol):
    """The module of a step that is performed once in a run."""

    def perform(self, run: Run) -> Result:
        """Do the step's work. Raises the OpendataError that stops the run."""


class TableStep(Protocol):
    """The module of a step that is performed for each declared table."""

    def perform(self, run: Run, table: str) -> Result:
        """Do the step's work for one table. Raises the OpendataError that stops the run."""


def perform(step: Step, run: Run, table: str | None = None) -> Result:
    """Perform ``step``; ``table`` is given for a step that works table by table, and for no other.

    Raises ValueError where it is not so, or where Airflow alone performs the step; else the OpendataError that stops the run.
    """
    if step.module is None or step.per_table != (table is not None):
        raise ValueError(f"the step {step.name} cannot be performed like this (table: {table})")
    module = importlib.import_module(step.module)
    if table is not None:
        return cast("TableStep", module).perform(run, table)
    return cast("RunStep", module).perform(run)
