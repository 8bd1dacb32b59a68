"""Writes docs/steps.md from the two lists of steps, so that the page cannot fall behind; a test keeps it current."""

from __future__ import annotations

from pathlib import Path

from include.opendata.onboarding.steps import ONBOARDING_STEPS, OnboardingStep
from include.opendata.pipeline.steps import STEPS, Step

PAGE = Path(__file__).resolve().parents[1] / "docs" / "steps.md"

HEAD = """\
# The steps of a refresh

Every refresh performs these steps in this order, whether Airflow runs it or the command line. Between them they hand on
names, paths, digests and counts, never data: what a step makes lies in the run's work area, as the table says. A step can be
killed and run again.

- *Airflow alone* performs a step that waits for a person or needs a portal. On the command line, people answer with
  `bin/opendata approve`, and `bin/opendata publish` publishes.
- A step *per table* is performed for each declared table.
- *Tries* are Airflow's: the first one and those after an outage. What a rule refused is never tried again.
- A step in the pool *heavy* holds a whole snapshot in reach; in the pool *portal* it writes to a portal, which many datasets
  share.

This page is written from the lists themselves, `steps.py` in `include/opendata/pipeline` and in
`include/opendata/onboarding`, by `python -m dev.steps_page`.

"""

ONBOARDING = """
## Getting to know a new source

The DAG `onboard_table` and `bin/opendata onboard` perform these, before there is a declaration. Nothing is published: the last
step leaves a bundle of drafts ([onboarding](onboarding.md)). Where a step fails, the run's records are deleted.

"""

COLUMNS = "| step | what it did | how | reads | writes |\n| --- | --- | --- | --- | --- |\n"


def page() -> str:
    """The whole page."""
    refresh = [_row(step, _how(step)) for step in STEPS]
    onboarding = [_row(step, _how_in_onboarding(step)) for step in ONBOARDING_STEPS]
    return "".join([HEAD, COLUMNS, *refresh, ONBOARDING, COLUMNS, *onboarding])


def _how(step: Step) -> list[str]:
    return [
        *(["Airflow alone"] if step.module is None else []),
        *(["per table"] if step.per_table else []),
        *_tries(step.retries),
        *([f"pool {step.pool}"] if step.pool is not None else []),
    ]


def _how_in_onboarding(step: OnboardingStep) -> list[str]:
    return [*_tries(step.retries), *([f"pool {step.pool}"] if step.pool else [])]


def _tries(retries: int) -> list[str]:
    return [f"{retries + 1} tries"] if retries else []


def _row(step: Step | OnboardingStep, how: list[str]) -> str:
    cells = [f"`{step.name}`", step.done, ", ".join(how), _places(step.reads), _places(step.writes)]
    return f"| {' | '.join(cells)} |\n"


def _places(places: tuple[str, ...]) -> str:
    """Files and folders of the work area in code letters; places outside it in words."""
    return ", ".join(f"`{place}`" if "/" in place or "." in place else place for place in places)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
