"""Runs the DAGs of the named datasets, one after the other, in this process, through ``dag.test()``.

Started by ``refresh_all`` with the environment of the embedded Airflow and its output turned into a log file; what
happens is reported line by line, as JSON, on the file descriptor that is its first argument.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO, TypedDict

from airflow.dag_processing.dagbag import BundleDagBag
from airflow.listeners import hookimpl
from airflow.models.xcom import XComModel
from airflow.sdk.listener import get_listener_manager
from airflow.utils.session import create_session

from dev.airflow_home import make_ready


class Progress:
    """An Airflow listener that reports the beginning and the end of every task."""

    def __init__(self, lines: TextIO):
        self._lines = lines

    def report(self, event: str, **facts: Any) -> None:
        """Report one event, at once."""
        self._lines.write(json.dumps({"event": event, **facts}) + "\n")
        self._lines.flush()

    @hookimpl
    def on_task_instance_running(self, previous_state: Any, task_instance: Any) -> None:
        """A task began."""
        self.report("started", **_task(task_instance))

    @hookimpl
    def on_task_instance_success(self, previous_state: Any, task_instance: Any) -> None:
        """A task ended well."""
        self.report("done", **_task(task_instance))

    @hookimpl
    def on_task_instance_failed(self, previous_state: Any, task_instance: Any, error: Any) -> None:
        """A task failed, for good or until its next try."""
        again = (
            task_instance.try_number <= (task_instance.max_tries or 0) and type(error).__name__ == "AirflowException"
        )
        self.report("again" if again else "failed", **_task(task_instance), why=str(error))


class TaskFacts(TypedDict):
    """Which task an event is about."""

    step: str
    table: str | None
    map_index: int


def _task(task_instance: Any) -> TaskFacts:
    arguments = getattr(task_instance.task, "op_kwargs", None) or {}
    return {"step": task_instance.task_id, "table": arguments.get("table"), "map_index": task_instance.map_index}


def run(dag_ids: Sequence[str], progress: Progress) -> None:
    """Run each DAG to its end and report how it ended: staged, unchanged or failed."""
    folder = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    bag = BundleDagBag(dag_folder=folder / "refresh_datasets.py", bundle_path=folder, bundle_name="dags-folder")
    for dag_id in dag_ids:
        progress.report("run", dag=dag_id)
        dag = bag.dags.get(dag_id)
        if dag is None:
            progress.report("ended", dag=dag_id, outcome="missing", staging=None)
            continue
        dag_run = dag.test()
        if str(dag_run.state) == "success":
            outcome, staging = handed_on(dag_run, "finish")["outcome"], handed_on(dag_run, "extract")["staging"]
        else:
            outcome, staging = "failed", None
        progress.report("ended", dag=dag_id, outcome=outcome, staging=staging)


def handed_on(dag_run: Any, step: str) -> dict[str, str]:
    """What a step of a run handed on to the next."""
    with create_session() as session:
        value = session.scalars(
            XComModel.get_many(run_id=dag_run.run_id, key="return_value", task_ids=step, dag_ids=dag_run.dag_id)
        ).one()
        handed: dict[str, str] = XComModel.deserialize_value(value)
        return handed


def main() -> None:
    """Make the home ready and run the DAGs that the arguments name."""
    with os.fdopen(int(sys.argv[1]), "w") as lines:
        progress = Progress(lines)
        make_ready()
        progress.report("ready")
        get_listener_manager().add_listener(progress)  # type: ignore[no-untyped-call]  # Airflow's, without types
        run(sys.argv[2:], progress)


if __name__ == "__main__":
    main()
