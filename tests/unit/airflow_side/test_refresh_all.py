"""What `make refresh` says while the DAGs run."""

from __future__ import annotations

import subprocess
import sys

from dev import refresh_all
from dev.airflow_env import ROOT
from dev.refresh_all import DONE, show

TASK = {"step": "tabulate", "table": "visits_by_county", "map_index": 1}
RUN = {"event": "run", "dag": "refresh__clinic_visits"}


def ended(outcome):
    return {"event": "ended", "dag": "refresh__clinic_visits", "outcome": outcome, "staging": "/srv/staging"}


def test_a_finished_step_is_told_in_plain_words_with_its_table(capsys):
    outcomes = show(
        iter(
            [
                RUN,
                {"event": "started", **TASK},
                {"event": "done", **TASK},
                ended("staged"),
                {"event": "exit", "code": 0},
            ]
        )
    )
    told = capsys.readouterr().out
    assert "tabulate [visits_by_county]" in told
    assert "made the data table" in told
    assert "a new release is staged" in told
    assert (outcomes.outcomes, outcomes.exit_code) == ({"clinic_visits": "staged"}, 0)
    assert outcomes.staging == {"clinic_visits": "/srv/staging"}


def test_an_unchanged_source_is_said_to_be_so(capsys):
    outcomes = show(iter([RUN, ended("unchanged"), {"event": "exit", "code": 0}]))
    assert "has not changed" in capsys.readouterr().out
    assert outcomes.outcomes == {"clinic_visits": "unchanged"}


def test_a_failure_is_told_in_full(capsys):
    why = "dataset clinic_visits: a cell can be worked out\nWhat to do: Suppress its neighbour."
    show(iter([RUN, {"event": "failed", **TASK, "why": why}, ended("failed"), {"event": "exit", "code": 0}]))
    told = capsys.readouterr().out
    assert "FAILED" in told
    assert "What to do: Suppress its neighbour." in told


def test_a_process_that_says_nothing_more_has_failed():
    assert show(iter([RUN])).exit_code != 0


def test_a_dataset_nobody_declared_is_a_usage_error(capsys):
    assert refresh_all.main(["no_such_dataset"]) == 2
    assert "health_insurance_coverage" in capsys.readouterr().out


PARSED = """
import dags.refresh_datasets as parsed
dags = [value for name, value in vars(parsed).items() if name.startswith("refresh__")]
print(*{task.task_id for dag in dags for task in dag.tasks})
"""


def test_every_step_of_the_dag_has_its_plain_words():
    steps = subprocess.run(
        [sys.executable, "-c", PARSED], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert set(steps) == set(DONE) - {"read_declaration"}
