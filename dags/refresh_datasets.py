"""One DAG ``refresh__<dataset>`` for every declaration: wiring only, the story is in ``include/opendata/pipeline``.

- Tasks bear the names of the steps; the steps that work table by table are mapped over the declared tables.
- Tasks hand on where a run is kept and digests, never data.
- Only ``extract``, ``stage``, ``finish`` and ``publish`` are tried again: they reach for other machines. What a rule
  refused once it refuses again.
- ``publish`` comes last, when the run is closed and its records are deleted. It runs for an unchanged source too, so that
  what a portal outage left undone is done by the next run; a portal that shows the release already is only read.
- Started by hand, the trigger form's fields (``trigger_form.py``) go to the first step, which checks them. A dry run skips
  approvals, staging and the portal.
- A task process asks for one DAG, and only that one is made; the dag-processor gets all of them.
- A declaration that cannot be used becomes a DAG whose only task fails and says why, and is listed among the import
  errors by ``broken_declarations.py``; the other datasets are not touched by it.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, TriggerRule, get_parsing_context, task
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import AirflowFailException

from dags.approval_task import AskForApproval, asked_of_each, waits
from dags.assets import announce, followed
from dags.dag_builder import broken_dag, dag_id_of, declared_dag, outlines
from dags.step_task import begin, perform, publish_if_configured, skip_in_a_dry_run
from dags.trigger_form import refresh_form
from include.opendata.declaration.light import Outline, declared_ids
from include.opendata.errors import DeclarationError
from include.opendata.storage.outline_cache import OutlineCache

# Three more tries over about a quarter of an hour: an outage of minutes heals, a longer one is for people.
REACHES_OUT: dict[str, Any] = {
    "retries": 3,
    "retry_delay": timedelta(minutes=2),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=10),
}
# Steps that hold a whole snapshot in reach. The pool is named by the installation, because a task whose pool does not
# exist waits for ever without a word.
HEAVY: dict[str, Any] = {"pool": os.environ.get("OPENDATA_HEAVY_POOL") or "default_pool"}
# One portal, many datasets: how many publish at once. Named by the installation, like the one above.
PACED: dict[str, Any] = {"pool": os.environ.get("OPENDATA_PORTAL_POOL") or "default_pool"}
PER_TABLE: dict[str, Any] = {"map_index_template": "{{ ti.task.op_kwargs['table'] }}"}


@task(**REACHES_OUT)
def extract(dataset: str) -> dict[str, Any]:
    run = begin(dataset)
    perform("extract", run)
    return run


# What follows is skipped for an unchanged source, except `finish`, which goes by its own trigger rule.
@task.short_circuit(ignore_downstream_trigger_rules=False)
def has_changed(run: dict[str, Any]) -> bool:
    changed = bool(perform("has_changed", run))
    if changed:
        announce(run["dataset"], "snapshot", run=run["run_id"])
    return changed


@task(**HEAVY)
def check_quality(run: dict[str, Any]) -> dict[str, Any]:
    return perform("check_quality", run)


@task(**HEAVY, **PER_TABLE)
def tabulate(run: dict[str, Any], table: str) -> dict[str, Any]:
    return perform("tabulate", run, table)


@task(**PER_TABLE)
def assess(run: dict[str, Any], table: str) -> dict[str, Any]:
    return perform("assess", run, table)


@task(**HEAVY)
def protect(run: dict[str, Any]) -> dict[str, Any]:
    return perform("protect", run)


@task(**PER_TABLE)
def check_publishable(run: dict[str, Any], table: str) -> dict[str, Any]:
    return perform("check_publishable", run, table)


@task
def build_release(run: dict[str, Any]) -> dict[str, Any]:
    perform("build_release", run)
    return run


@task
def request_approvals(run: dict[str, Any]) -> list[dict[str, Any]]:
    skip_in_a_dry_run(run)
    return asked_of_each(run, perform("request_approvals", run))


# With every approval given nobody is asked, and the check runs all the same. It takes the run from `build_release`, not
# from `extract`, so that it is skipped with them where the source has not changed.
@task(trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS)
def check_approvals(run: dict[str, Any]) -> dict[str, Any]:
    skip_in_a_dry_run(run)
    return perform("check_approvals", run)


@task(**REACHES_OUT)
def stage(run: dict[str, Any]) -> dict[str, Any]:
    done = perform("stage", run)
    if done.get("staged"):
        announce(run["dataset"], "release", release=done["release"])
    return done


@task(trigger_rule=TriggerRule.NONE_FAILED, **REACHES_OUT)
def finish(run: dict[str, Any]) -> dict[str, Any]:
    return perform("finish", run)


@task(trigger_rule=TriggerRule.NONE_FAILED, **REACHES_OUT, **PACED)
def publish(run: dict[str, Any]) -> dict[str, Any]:
    done = publish_if_configured(run)
    if done.get("outcome") == "published":
        announce(run["dataset"], "package", release=done["release"])
    return done


@task
def read_declaration(reason: str) -> None:
    raise AirflowFailException(reason)


def refresh_dag(outline: Outline, dag: DAG) -> DAG:
    """The steps of one refresh, in the order of ``pipeline.py``."""
    tables = list(outline.tables)
    with dag:
        run = extract(outline.dataset)
        asked = request_approvals(run)
        built: Any = build_release(run)
        approved = check_approvals(built)
        (
            has_changed.override(outlets=[followed(outline.dataset, "snapshot")])(run)
            >> check_quality(run)
            >> tabulate.partial(run=run).expand(table=tables)
            >> assess.partial(run=run).expand(table=tables)
            >> protect(run)
            >> check_publishable.partial(run=run).expand(table=tables)
            >> built
            >> asked
            >> AskForApproval.partial(
                task_id="ask_approvers", map_index_template="{{ task.role_name }}", **waits(outline.approval_days)
            ).expand_kwargs(asked)
            >> approved
            >> stage.override(outlets=[followed(outline.dataset, "release")])(run)
            >> finish(run)
            >> publish.override(outlets=[followed(outline.dataset, "package")])(run)
        )
        asked >> approved
    # Last: Airflow copies a DAG's form in depth into every task that is made after it, some forty times a DAG; with hundreds
    # of DAGs that was a third of the time it takes to parse them. A running task is given the DAG's form all the same.
    dag.params = ParamsDict(refresh_form(outline.tables))
    return dag


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
