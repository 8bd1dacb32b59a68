"""What Airflow knows of the refresh DAGs: when each runs next, which are paused, and which of its runs are whose."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session

from dags.dag_builder import PREFIX
from dags.step_task import pipeline_run_id

RUNS_LOOKED_AT = 200


@dataclass(frozen=True)
class Planned:
    """``at``: None where no schedule is declared."""

    at: datetime | None
    paused: bool

    def coming(self, now: datetime) -> datetime | None:
        """The next run, if Airflow will start it by itself."""
        return None if self.paused or self.at is None or self.at < now else self.at


def planned() -> dict[str, Planned]:
    """DAG id → its next run, for all refresh DAGs that Airflow has read."""
    query = sa.select(DagModel.dag_id, DagModel.next_dagrun_create_after, DagModel.is_paused).where(
        DagModel.dag_id.startswith(PREFIX, autoescape=True), DagModel.is_stale.is_(False)
    )
    with create_session() as session:
        return {row[0]: Planned(row[1], bool(row[2])) for row in session.execute(query)}


def airflow_runs(dag_id: str) -> dict[str, str]:
    """The pipeline's id of a run → Airflow's, for the last runs of a DAG."""
    query = sa.select(DagRun.run_id).where(DagRun.dag_id == dag_id).order_by(DagRun.id.desc()).limit(RUNS_LOOKED_AT)
    with create_session() as session:
        return {pipeline_run_id(run_id): run_id for run_id in session.scalars(query)}
