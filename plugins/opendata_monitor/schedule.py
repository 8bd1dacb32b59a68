"""What Airflow knows of the refresh DAGs: when each runs next, and which are paused. One query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from airflow.models.dag import DagModel
from airflow.utils.session import create_session

from dags.declared import PREFIX


@dataclass(frozen=True)
class Planned:
    """``at``: None where no schedule is declared."""

    at: datetime | None
    paused: bool


def planned() -> dict[str, Planned]:
    """DAG id → its next run, for all refresh DAGs that Airflow has read."""
    query = sa.select(DagModel.dag_id, DagModel.next_dagrun_create_after, DagModel.is_paused).where(
        DagModel.dag_id.startswith(PREFIX, autoescape=True), DagModel.is_stale.is_(False)
    )
    with create_session() as session:
        return {row[0]: Planned(row[1], bool(row[2])) for row in session.execute(query)}
