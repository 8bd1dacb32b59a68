"""A refresh that failed is cleared through the REST API, as an engineer does it, and goes on to its release."""

from __future__ import annotations

import pytest

from tests.integration.airflow_side.whole_airflow import CLEARED, WholeAirflow, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3000)]

DAG = f"/api/v2/dags/refresh__{CLEARED}"
ENDS = 900


def came_to(airflow: WholeAirflow) -> tuple[str, list[str]]:
    """How the run ended, and the tasks that failed of themselves."""
    state = until(lambda: airflow.ended(CLEARED), ENDS, "the run to end")
    return state, [task for task, came_to in airflow.states(CLEARED).items() if came_to == "failed"]


def clear(airflow: WholeAirflow, **asked: object) -> None:
    """Clear tasks of the run, and see that Airflow takes it up again."""
    body = {
        "dry_run": False,
        "dag_run_id": airflow.runs[CLEARED],
        "only_failed": True,
        "include_downstream": True,
        **asked,
    }
    answer = airflow.ask("admin", "POST", f"{DAG}/clearTaskInstances", body)
    assert answer.status_code == 200, answer.text


def test_a_failed_run_is_cleared_from_the_task_that_failed_and_ends_in_its_release(running_airflow: WholeAirflow):
    airflow = running_airflow
    until(lambda: airflow.ask("admin", "GET", DAG).status_code == 200, 120, DAG)
    suite = airflow.folder / "great_expectations" / "expectations" / f"{CLEARED}__source.json"
    sound = suite.read_bytes()
    suite.write_text("{}")
    airflow.ask("admin", "PATCH", DAG, {"is_paused": False}).raise_for_status()
    started = airflow.ask("admin", "POST", f"{DAG}/dagRuns", {"logical_date": None})
    airflow.runs[CLEARED] = started.raise_for_status().json()["dag_run_id"]
    assert came_to(airflow) == ("failed", ["check_quality"])

    suite.write_bytes(sound)
    in_the_way = airflow.folder / "staging" / CLEARED
    in_the_way.parent.mkdir(exist_ok=True)
    in_the_way.write_text("no folder")
    again = airflow.ask("admin", "POST", f"{airflow.run_of(CLEARED)}/clear", {"dry_run": False})
    assert again.status_code == 200, again.text
    until(lambda: airflow.ended(CLEARED) is None, 60, "the run to be taken up again")
    until(lambda: airflow.states(CLEARED).get("stage") == "up_for_retry", ENDS, "a suite that changed to be read anew")

    in_the_way.unlink()
    clear(airflow, task_ids=["stage"], only_failed=False)  # who has mended the place need not wait for the next try
    assert came_to(airflow) == ("success", [])
    assert airflow.current(CLEARED)
