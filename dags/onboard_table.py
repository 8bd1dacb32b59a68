"""The DAG ``onboard_table``, started by hand: gets to know a new source and drafts everything for it; publishes nothing.

Wiring only: the tasks follow the list of steps (``include/opendata/onboarding/steps.py``), which also groups them and says how
often a step is tried again and in which pool. Tasks hand on where the run is kept and counts, never data.
The last task hands on the path of the bundle and of its page. Whatever ends a run early, its records are deleted.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, get_args

from airflow.sdk import DAG, Param, TaskGroup, TriggerRule, chain, get_current_context, get_parsing_context
from airflow.sdk.exceptions import AirflowFailException

from dags.dag_builder import FIRST_DAY
from dags.step_task import POOLS, airflow_task, pipeline_run_id, run_step_without_run
from dags.trigger_form import filled_in
from include.opendata.declaration.choices import Frequency, Topic
from include.opendata.onboarding import door
from include.opendata.onboarding.steps import ONBOARDING_STEPS, OnboardingStep

if TYPE_CHECKING:
    from dags.task_types import HandedOn, RunReference, StepTask, TaskOptions
    from include.opendata.onboarding.kept import Run

DAG_ID = "onboard_table"
FIELDS = {"id": "dataset"}
"""Names of the form that a request calls otherwise."""


def form() -> dict[str, Param]:
    """What a person says of the source; what is wrong with it is reported by the first task, all at once."""
    return {
        "source": Param(
            "",
            type="string",
            minLength=1,
            title="Where the source is",
            description="A path on the worker, or an https://, http://, file:// or s3:// address, without a password or key. "
            "CSV, TSV or Parquet, up to 10 GB.",
        ),
        "department": Param("", type="string", minLength=1, title="Department"),
        "steward_name": Param("", type="string", minLength=1, title="Data steward's name"),
        "steward_email": Param("", type="string", minLength=3, title="Data steward's e-mail"),
        "topic": Param("Health Care", type="string", enum=list(get_args(Topic)), title="Topic"),
        "frequency": Param(
            "annually", type="string", enum=list(get_args(Frequency)), title="How often it will be brought up to date"
        ),
        "columns": Param(
            None,
            type=["null", "array"],
            items={"type": "string"},
            title="Columns that matter",
            description="One per line, as in the source's header; at most 6. Empty: the pipeline proposes.",
        ),
        "title": Param(None, type=["null", "string"], title="Title", description="Empty: made of the source's name."),
        "id": Param(
            None,
            type=["null", "string"],
            title="Id",
            description="Small letters, digits, underscores; it never changes once published. Empty: made of the title.",
        ),
    }


@airflow_task()
def check_request() -> RunReference:
    """Check what the person said, and begin; the reference every later step is given."""

    def begin() -> RunReference:
        from include.opendata.onboarding.start import start

        fields = {FIELDS.get(name, name): value for name, value in filled_in().items()}
        run = start(fields, pipeline_run_id(get_current_context()["run_id"]))
        return {"dataset": run["dataset"], "run_id": run["run_id"]}

    return run_step_without_run("check_request", begin)


def options(step: OnboardingStep) -> TaskOptions:
    """What the list of steps asks of Airflow for a step."""
    asked: TaskOptions = {"doc_md": f"The step {step.done}."}
    if step.retries:
        asked |= {"retries": step.retries, "retry_delay": timedelta(minutes=1)}
    if step.pool is not None:
        asked["pool"] = POOLS[step.pool]
    return asked


def task_of(step: OnboardingStep) -> StepTask:
    """The task of a step."""

    def perform_it(run: RunReference) -> HandedOn:
        return run_step_without_run(step.name, lambda: door.perform(step, read_run(run)))

    return airflow_task(task_id=step.name, **options(step))(perform_it)


def read_run(reference: RunReference) -> Run:
    """The run a reference stands for."""
    return {"dataset": str(reference["dataset"]), "run_id": str(reference["run_id"])}


# The last task decides how a run ends, so this one fails once it has done its work.
@airflow_task(trigger_rule=TriggerRule.ONE_FAILED)
def delete_records(run: RunReference) -> None:
    """Delete the records of a run that failed, and let the run fail."""
    if run:  # there is none where the request itself was refused
        run_step_without_run("give_up", lambda: _give_up(read_run(run)))
    raise AirflowFailException(
        "The source could not be got to know; the task that failed says why. Its records are deleted."
    )


def _give_up(run: Run) -> None:
    from include.opendata.onboarding.start import give_up

    give_up(run)


def onboard_dag() -> DAG:
    """The DAG, with its form and its tasks in order."""
    with DAG(
        dag_id=DAG_ID,
        description="Get to know a new source and draft its declaration; nothing is published.",
        doc_md=__doc__,
        schedule=None,
        start_date=FIRST_DAY,
        catchup=False,
        params=form(),
        render_template_as_native_obj=False,
        default_args={"owner": "open data", "retries": 0},
        tags=["new tables"],
    ) as dag:
        run = check_request()
        groups = []
        for part, steps in groupby(ONBOARDING_STEPS, key=lambda step: step.part):
            with TaskGroup(group_id=part) as group:
                tasks = [task_of(step)(run) for step in steps]
                if len(tasks) > 1:
                    chain(*tasks)
            groups.append(group)
        chain(run, *groups, delete_records(run))
        for group in groups[:-1]:
            group >> dag.get_task("delete_records")
    return dag


if get_parsing_context().dag_id in (None, DAG_ID):
    onboard_table = onboard_dag()
