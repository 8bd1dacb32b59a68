"""One DAG ``refresh__<dataset>`` for every declaration: wiring only, the story is in ``include/opendata/pipeline``.

- Tasks bear the names of the steps and follow their list (``pipeline/steps.py``), which also says how often a step is tried
  again, in which pool, and whether it is mapped over the declared tables. A step that only has to be performed needs nothing
  here; the others have a task of their own below.
- Tasks hand on where a run is kept and digests, never data.
- ``publish`` comes last, when the run is closed and its records are deleted. It runs for an unchanged source too, so that
  what a portal outage left undone is done by the next run; a portal that shows the release already is only read.
- Started by hand, the trigger form's fields (``trigger_form.py``) go to the first step, which checks them. A dry run skips
  approvals, staging and the portal.
- A task process asks for one DAG, and only that one is made; the dag-processor gets all of them.
- A declaration that cannot be used becomes a DAG whose only task fails and says why, and is listed among the import
  errors by ``broken_declarations.py``; the other datasets are not touched by it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, cast

from airflow.sdk import DAG, TriggerRule, chain, get_parsing_context, task
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import AirflowFailException

from dags.approval_task import AskForApproval, asked_of_each, waits
from dags.assets import Kind, alias_of, announce
from dags.dag_builder import broken_dag, dag_id_of, declared_dag, outlines
from dags.step_task import POOLS, airflow_task, begin, perform, publish_if_configured, read_run, skip_in_a_dry_run
from dags.trigger_form import refresh_form
from include.opendata.declaration.light import Outline, declared_ids
from include.opendata.errors import DeclarationError
from include.opendata.pipeline.steps import STEPS, Step, step_named
from include.opendata.storage.outline_cache import OutlineCache

if TYPE_CHECKING:
    from airflow.sdk.definitions.mappedoperator import MappedOperator
    from airflow.sdk.definitions.xcom_arg import XComArg

    from dags.task_types import HandedOn, Question, RunReference, StepTask, TaskOptions
    from include.opendata.pipeline.results import ApprovalsAsked, Comparison, Staged

# Between the tries: an outage of minutes ends within a quarter of an hour, a longer one needs people.
WAITING: TaskOptions = {
    "retry_delay": timedelta(minutes=2),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=10),
}
ANNOUNCED_BY: dict[str, Kind] = {"has_changed": "snapshot", "stage": "release", "publish": "package"}
"""Step → the asset it may announce an event of."""


def options(step: Step) -> TaskOptions:
    """What the list of steps asks of Airflow for a step."""
    asked: TaskOptions = {}
    if step.retries:
        asked = {"retries": step.retries, **WAITING}
    if step.pool is not None:
        asked["pool"] = POOLS[step.pool]
    if step.per_table:
        asked["map_index_template"] = "{{ ti.task.op_kwargs['table'] }}"
    return asked


def plain_task(step: Step) -> StepTask:
    """The task of a step that only has to be performed, for each table where it works table by table."""

    def perform_it(run: RunReference) -> HandedOn:
        return perform(step.name, run).model_dump(mode="json")

    def perform_for_table(run: RunReference, table: str) -> HandedOn:
        return perform(step.name, run, table).model_dump(mode="json")

    return airflow_task(task_id=step.name, **options(step))(perform_for_table if step.per_table else perform_it)


@airflow_task(**options(step_named("extract")))
def extract(dataset: str) -> RunReference:
    """Begin the run and take the snapshot; hands on the run."""
    run = begin(dataset)
    perform("extract", run)
    return run


# What follows is skipped for an unchanged source, except `finish`, which goes by its own trigger rule.
@task.short_circuit(ignore_downstream_trigger_rules=False)
def has_changed(run: RunReference) -> bool:
    """Whether there is anything new; announces a new snapshot."""
    changed = cast("Comparison", perform("has_changed", run)).changed
    if changed:
        began = read_run(run)
        announce(began.dataset, "snapshot", run=began.run_id)
    return changed


@airflow_task(**options(step_named("build_release")))
def build_release(run: RunReference) -> RunReference:
    """Write the release; hands on the run, for a task that is skipped with this one."""
    perform("build_release", run)
    return run


@airflow_task(**options(step_named("request_approvals")))
def request_approvals(run: RunReference) -> list[Question]:
    """State what is to be approved; hands on a question for each role that is still open."""
    skip_in_a_dry_run(run)
    return asked_of_each(run, cast("ApprovalsAsked", perform("request_approvals", run)))


# With every approval given no one is asked, and the check runs all the same. It takes the run from `build_release`, not
# from `extract`, so that it is skipped with them where the source has not changed.
@airflow_task(trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS, **options(step_named("check_approvals")))
def check_approvals(run: RunReference) -> HandedOn:
    """Make sure of the approvals, whatever the tasks before say."""
    skip_in_a_dry_run(run)
    return perform("check_approvals", run).model_dump(mode="json")


@airflow_task(**options(step_named("stage")))
def stage(run: RunReference) -> HandedOn:
    """Stage the release, and announce it."""
    done = cast("Staged", perform("stage", run))
    if done.staged:
        announce(read_run(run).dataset, "release", release=done.release)
    return done.model_dump(mode="json")


@airflow_task(trigger_rule=TriggerRule.NONE_FAILED, **options(step_named("finish")))
def finish(run: RunReference) -> HandedOn:
    """Close the run, also for an unchanged source."""
    return perform("finish", run).model_dump(mode="json")


@airflow_task(trigger_rule=TriggerRule.NONE_FAILED, **options(step_named("publish")))
def publish(run: RunReference) -> HandedOn:
    """Publish the current release where a portal is configured, and announce it."""
    done = publish_if_configured(run)
    if done.outcome == "published":
        announce(read_run(run).dataset, "package", release=done.release)
    return done.model_dump(mode="json")


@task
def read_declaration(reason: str) -> None:
    """Fail, and say what is wrong with the declaration."""
    raise AirflowFailException(reason)


OWN_TASKS: dict[str, StepTask] = {
    "has_changed": has_changed,
    "request_approvals": request_approvals,
    "build_release": build_release,
    "check_approvals": check_approvals,
    "stage": stage,
    "finish": finish,
    "publish": publish,
}


def refresh_dag(outline: Outline, dag: DAG) -> DAG:
    """One task for every step of the list, one after the other."""
    tables = list(outline.tables)
    with dag:
        run = extract(outline.dataset)
        tasks: dict[str, XComArg | MappedOperator] = {"extract": run}
        for step in STEPS[1:]:
            if step.name == "ask_approvers":
                tasks[step.name] = ask_approvers(outline, cast("XComArg", tasks["request_approvals"]))
                continue
            wanted = OWN_TASKS.get(step.name) or plain_task(step)
            if step.name in ANNOUNCED_BY:
                wanted = wanted.override(outlets=[alias_of(outline.dataset, ANNOUNCED_BY[step.name])])
            if step.per_table:
                tasks[step.name] = wanted.partial(run=run).expand(table=tables)
            else:
                tasks[step.name] = wanted(tasks["build_release"] if step.name == "check_approvals" else run)
        chain(*tasks.values())
        tasks["request_approvals"] >> tasks["check_approvals"]
    # Last: Airflow copies a DAG's form in depth into every task that is made after it, some forty times a DAG; with hundreds
    # of DAGs that was a third of the time it takes to parse them. A running task is given the DAG's form all the same.
    dag.params = ParamsDict(refresh_form(outline.tables))
    return dag


def ask_approvers(outline: Outline, asked: XComArg) -> MappedOperator:
    """The task that waits for people, mapped over the roles that are still open when the run gets there."""
    return AskForApproval.partial(
        task_id="ask_approvers",
        map_index_template="{{ task.role_name }}",
        **waits(outline.approval_days, step_named("ask_approvers").retries),
    ).expand_kwargs(asked)


def dag_for(dataset: str, known: OutlineCache | None) -> DAG:
    """The DAG of a dataset, or the one that says why there is none."""
    try:
        return refresh_dag(*declared_dag(dataset, known))
    except DeclarationError as error:
        with broken_dag(dataset, str(error)) as dag:
            read_declaration(str(error))
        return dag


asked_for = get_parsing_context().dag_id
usable = outlines() if asked_for is None else None
for dataset in declared_ids():
    if asked_for in (None, dag_id_of(dataset)):
        globals()[dag_id_of(dataset)] = dag_for(dataset, usable)
if usable is not None:
    usable.keep()
