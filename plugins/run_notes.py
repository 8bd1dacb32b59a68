"""A note on every refresh that ended: its outcome in one line, which Airflow shows with the run.

The words are the ledger's. A note that someone wrote by hand is left alone. A ledger out of reach costs the note, never
the run.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin

log = logging.getLogger(__name__)

REFRESH = "refresh__"


def note_of(dag_id: str, run_id: str) -> str | None:
    """One line for a run of a refresh that ended; None for other DAGs and for a run the ledger does not know."""
    if not dag_id.startswith(REFRESH):
        return None
    from dags.step_task import pipeline_run_id
    from include.opendata.pipeline.ledger_summary import outcome_line

    return outcome_line(dag_id.removeprefix(REFRESH), pipeline_run_id(run_id))


@hookimpl
def on_dag_run_success(dag_run: Any, msg: str) -> None:
    """Airflow calls it when a run of any DAG ended well."""
    _write_note(dag_run)


@hookimpl
def on_dag_run_failed(dag_run: Any, msg: str) -> None:
    """Airflow calls it when a run of any DAG failed."""
    _write_note(dag_run)


def _write_note(dag_run: Any) -> None:
    try:
        line = note_of(dag_run.dag_id, dag_run.run_id)
    except Exception as error:  # noqa: BLE001 - the scheduler must go on, whatever the ledger says
        log.warning("No note on this run: the ledger could not be read (%s).", type(error).__name__)
        return
    if line:
        with _attached(dag_run) as run:
            if not run.note:
                run.note = line


@contextmanager
def _attached(dag_run: Any) -> Iterator[Any]:
    """The run within a session: the scheduler's own where it has one (a second one would wait for it), else a new one."""
    from airflow.utils.session import create_session
    from sqlalchemy.orm import object_session

    if object_session(dag_run) is not None:
        yield dag_run
        return
    with create_session() as session:
        yield session.merge(dag_run, load=True)


class RunNotes(AirflowPlugin):
    """Registers this module as a listener."""

    name = "opendata_run_notes"
    listeners = [sys.modules[__name__]]
