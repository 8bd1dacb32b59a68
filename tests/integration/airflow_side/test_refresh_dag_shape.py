"""What Airflow knows of a dataset from its declaration alone."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from dev.airflow_env import ROOT
from include.opendata.pipeline.steps import STEPS


def test_every_declaration_has_its_dag(bag, declare):
    declare("clinic_visits")
    declare("births")
    parsed = bag()
    assert {"refresh__births", "refresh__clinic_visits"} == {d for d in parsed.dags if d.startswith("refresh__")}
    assert parsed.import_errors == {}


def test_the_tasks_are_the_steps_one_after_the_other(bag, declare):
    declare("clinic_visits")
    dag = bag().dags["refresh__clinic_visits"]
    assert [task.task_id for task in dag.topological_sort()] == [step.name for step in STEPS]


def test_a_task_hands_on_one_value_and_not_its_members_as_well(bag, declare):
    declare("clinic_visits")
    parsed = bag()
    assert {"onboard_table", "refresh__clinic_visits", "watch_portal"} <= set(parsed.dags)
    for dag in parsed.dags.values():
        for task in dag.tasks:
            mapped = getattr(task, "partial_kwargs", {})
            assert not mapped.get("multiple_outputs", getattr(task, "multiple_outputs", False)), task.task_id


def test_the_steps_that_work_table_by_table_are_mapped_over_the_declared_tables(bag, declare):
    from airflow.sdk.definitions.mappedoperator import MappedOperator

    declare("clinic_visits")
    dag = bag().dags["refresh__clinic_visits"]
    mapped = [task for task in dag.tasks if isinstance(task, MappedOperator)]
    assert {task.task_id for task in mapped} == {"tabulate", "assess", "check_publishable", "ask_approvers"}
    for task in mapped:
        if task.task_id == "ask_approvers":  # mapped over the roles that are still open, known when the run gets there
            continue
        assert task.op_kwargs_expand_input.value["table"] == ["visits_by_region", "visits_by_county"]


def test_only_the_steps_that_reach_other_machines_are_tried_again(bag, declare):
    declare("clinic_visits")
    dag = bag().dags["refresh__clinic_visits"]
    retries = {task.task_id: task.retries for task in dag.tasks}
    # An answer can get lost on its way from the page to the task; asking again is harmless, an answer is kept once.
    assert {step for step, times in retries.items() if times > 0} == {
        "extract",
        "ask_approvers",
        "stage",
        "finish",
        "publish",
    }
    for step in ("extract", "stage", "finish", "publish"):
        assert dag.get_task(step).retry_exponential_backoff > 1


def test_the_dag_says_whose_it_is_and_what_it_is_about(bag, declare):
    declare("clinic_visits", schedule="30 4 * * 1")
    dag = bag().dags["refresh__clinic_visits"]
    assert set(dag.tags) == {"Department of Public Health", "Health Care", "clinics"}
    assert {task.owner for task in dag.tasks} == {"Department of Public Health"}
    assert "Visits to clinics" in dag.doc_md
    assert "visits_by_county" in dag.doc_md
    assert dag.schedule == "30 4 * * 1"


def test_a_missed_schedule_is_not_made_up_for_and_runs_do_not_overlap(bag, declare):
    declare("clinic_visits")
    dag = bag().dags["refresh__clinic_visits"]
    assert dag.catchup is False
    assert dag.max_active_runs == 1
    assert dag.start_date.year == 2025


PARSE_IN_A_NEW_PROCESS = """
import json, sys
import airflow.sdk, airflow.sdk.exceptions, airflow.configuration, airflow.providers.standard.operators.hitl
bare = set(sys.modules)
{context}
import importlib.util
spec = importlib.util.spec_from_file_location("parsed", "dags/{file}")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
dags = [name for name in vars(module) if name.startswith("refresh__")]
print(json.dumps({{"dags": dags, "new": sorted({{name.partition(".")[0] for name in set(sys.modules) - bare}}),
                  "ours": sorted(name for name in sys.modules if name.startswith("include.opendata.pipeline"))}}))
"""


def parse_in_a_new_process(context: str = "", file: str = "refresh_datasets.py") -> dict[str, list[str]]:
    done = subprocess.run(
        [sys.executable, "-c", PARSE_IN_A_NEW_PROCESS.format(context=context, file=file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


HEAVY = {
    "pandas",
    "numpy",
    "great_expectations",
    "duckdb",
    "boto3",
    "pyarrow",
    "scipy",
    "numba",
    "altair",
    "jinja2",
    "pydantic",
    "sqlalchemy",
}


@pytest.mark.parametrize("file", ["onboard_table.py", "watch_portal.py", "broken_declarations.py"])
@pytest.mark.usefixtures("embedded_airflow")
def test_parsing_the_other_dag_files_imports_nothing_heavy_either(declare, file):
    declare("clinic_visits")
    assert HEAVY & set(parse_in_a_new_process(file=file)["new"]) == set()


@pytest.mark.usefixtures("embedded_airflow")
def test_parsing_imports_nothing_heavy(declare):
    declare("clinic_visits")
    parsed = parse_in_a_new_process()
    assert parsed["dags"] == ["refresh__clinic_visits"]
    assert HEAVY & set(parsed["new"]) == set()
    light = {"door", "limits", "steps"}
    assert {name.rpartition(".")[2] for name in parsed["ours"]} - {"pipeline"} == light, "no step's own module"


@pytest.mark.usefixtures("embedded_airflow")
def test_a_task_process_makes_only_the_dag_it_runs(declare):
    declare("clinic_visits")
    declare("births")
    parsed = parse_in_a_new_process('import os; os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"] = "refresh__births"')
    assert parsed["dags"] == ["refresh__births"]


def test_the_folder_that_airflow_parses_holds_no_other_dag_file(bag, declare):
    declare("clinic_visits")
    parsed = bag()
    assert {path.rpartition("/")[2] for path in parsed.file_last_changed} == {
        "refresh_datasets.py",
        "broken_declarations.py",
        "onboard_table.py",
        "watch_portal.py",
    }
