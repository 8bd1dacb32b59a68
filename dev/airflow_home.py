"""Makes the home of the embedded Airflow ready: private folder, secrets, migrated database, settings loaded.

Runs inside a process that already has the environment of ``airflow_env``. Called again it does nothing that is done:
settings are loaded when ``airflow_settings.yaml`` has changed since.
"""

from __future__ import annotations

import hashlib

from airflow.models import DagRun, TaskInstance
from airflow.utils.db import check_migrations, initdb
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState, State, TaskInstanceState
from airflow.utils.types import DagRunTriggeredByType
from sqlalchemy import or_, select, update

from dev import airflow_settings
from dev.airflow_env import ROOT, home

SETTINGS = ROOT / "airflow_settings.yaml"


def make_ready() -> None:
    """Migrate the metadata database, load the settings if they have changed, fail runs that were killed."""
    is_new = not home().database.exists()
    try:
        check_migrations(0)  # type: ignore[no-untyped-call]  # Airflow's, without types
    except TimeoutError:
        initdb()
    digest = hashlib.sha256(SETTINGS.read_bytes()).hexdigest()
    stamp = home().settings_stamp
    if is_new or not stamp.exists() or stamp.read_text() != digest:
        airflow_settings.load(airflow_settings.read(SETTINGS))
        stamp.write_text(digest)
    fail_killed_runs()


def fail_killed_runs() -> None:
    """Mark as failed what a killed `make refresh` left running, so that no scheduler takes it up without our knowledge.

    Only for a caller who has sole use of the home: then no one can still be at work on such a run.
    """
    with create_session() as session:
        killed = session.execute(
            select(DagRun.dag_id, DagRun.run_id).where(
                DagRun.triggered_by == DagRunTriggeredByType.TEST,
                DagRun.state.in_((DagRunState.RUNNING, DagRunState.QUEUED)),
            )
        ).all()
        for dag_id, run_id in killed:
            session.execute(
                update(TaskInstance)
                .where(
                    TaskInstance.dag_id == dag_id,
                    TaskInstance.run_id == run_id,
                    or_(TaskInstance.state.is_(None), TaskInstance.state.in_([s for s in State.unfinished if s])),
                )
                .values(state=TaskInstanceState.FAILED)
            )
            session.execute(
                update(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id).values(state=DagRunState.FAILED)
            )


if __name__ == "__main__":
    make_ready()
