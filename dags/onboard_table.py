"""The DAG ``onboard_table``, started by hand: gets to know a new source and drafts everything for it; publishes nothing.

Wiring only; the story is ``include/opendata/onboarding/steps.py``. Tasks hand on where the run is kept and counts, never data.
The last task hands on the path of the bundle and of its page. Whatever ends a run early, its records are deleted.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any, get_args

from airflow.sdk import DAG, Param, TaskGroup, TriggerRule, chain, get_current_context, get_parsing_context, task
from airflow.sdk.exceptions import AirflowFailException

from dags.dag_builder import FIRST_DAY
from dags.step_task import RunReference, airflow_task, pipeline_run_id, run_step_without_run
from dags.trigger_form import filled_in
from include.opendata.declaration.choices import Frequency, Topic

DAG_ID = "onboard_table"
HEAVY: dict[str, Any] = {"pool": os.environ.get("OPENDATA_HEAVY_POOL") or "default_pool"}
REACHES_OUT: dict[str, Any] = {"retries": 2, "retry_delay": timedelta(minutes=1)}
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


def step(name: str, run: RunReference) -> dict[str, Any]:
    """Perform a step of getting to know a source; what it hands on."""
    from include.opendata.onboarding import steps

    return run_step_without_run(name, lambda: getattr(steps, name)(dict(run)))


@task
def check_request() -> RunReference:
    """Check what the person said, and begin; the reference every later step is given."""

    def begin() -> RunReference:
        from include.opendata.onboarding import steps

        said = {FIELDS.get(name, name): value for name, value in filled_in().items()}
        return dict[str, Any](**steps.start(said, pipeline_run_id(get_current_context()["run_id"])))

    return run_step_without_run("check_request", begin)


@airflow_task(**REACHES_OUT)
def take_copy(run: RunReference) -> dict[str, Any]:
    """Copy the source into the private work area."""
    return step("take_copy", run)


@airflow_task(**HEAVY)
def profile_columns(run: RunReference) -> dict[str, Any]:
    """Look at every column."""
    return step("profile_columns", run)


@task
def propose_tables(run: RunReference) -> dict[str, Any]:
    """Propose data tables."""
    return step("propose_tables", run)


@task
def draft_declaration(run: RunReference) -> dict[str, Any]:
    """Draft the declaration."""
    return step("draft_declaration", run)


@task
def draft_suites(run: RunReference) -> dict[str, Any]:
    """Draft the quality suites."""
    return step("draft_suites", run)


@airflow_task(**HEAVY)
def score_and_mask(run: RunReference) -> dict[str, Any]:
    """Try the drafted tables: their score, and what must be hidden."""
    return step("score_and_mask", run)


@airflow_task(**HEAVY)
def advise(run: RunReference) -> dict[str, Any]:
    """Try coarser designs."""
    return step("advise", run)


@task
def write_bundle(run: RunReference) -> dict[str, Any]:
    """Write the bundle and its page."""
    return step("write_bundle", run)


# The last task decides how a run ends, so this one fails once it has done its work.
@task(trigger_rule=TriggerRule.ONE_FAILED)
def delete_records(run: RunReference) -> None:
    """Delete the records of a run that failed, and let the run fail."""
    if run:  # there is none where the request itself was refused
        step("give_up", run)
    raise AirflowFailException(
        "The source could not be got to know; the task that failed says why. Its records are deleted."
    )


STORY: dict[str, tuple[Any, ...]] = {
    "read_the_source": (take_copy, profile_columns),
    "draft": (propose_tables, draft_declaration, draft_suites),
    "try_it_out": (score_and_mask, advise),
    "hand_over": (write_bundle,),
}


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
        run: Any = check_request()
        groups = []
        for name, steps in STORY.items():
            with TaskGroup(group_id=name) as group:
                done = [one(run) for one in steps]
                if len(done) > 1:
                    chain(*done)
            groups.append(group)
        chain(run, *groups, delete_records(run))
        for group in groups[:-1]:
            group >> dag.get_task("delete_records")
    return dag


if get_parsing_context().dag_id in (None, DAG_ID):
    onboard_table = onboard_dag()
