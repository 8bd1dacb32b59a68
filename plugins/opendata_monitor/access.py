"""Who may see which dataset: whoever may read its refresh DAG, by Airflow's own auth manager. Without login no one sees any.

A dataset one may not see and one that does not exist are answered alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagDetails
from airflow.models.dag import DagModel

from dags.dag_builder import dag_id_of
from include.opendata.declaration.light import declared_ids


def may_see(user: Any, dataset: str) -> bool:
    """Whether the dataset is declared and the user may read its refresh DAG."""
    return dataset in declared_ids() and _may_read(user, dag_id_of(dataset))


def visible(user: Any, datasets: Iterable[str]) -> set[str]:
    """Those of the datasets that the user may see."""
    dag_ids = {dag_id_of(dataset): dataset for dataset in datasets}
    teams = DagModel.get_dag_id_to_team_name_mapping(list(dag_ids))
    by_team: dict[str | None, set[str]] = {}
    for dag_id in dag_ids:
        by_team.setdefault(teams.get(dag_id), set()).add(dag_id)
    allowed: set[str] = set()
    for team, members in by_team.items():
        allowed |= get_auth_manager().filter_authorized_dag_ids(
            dag_ids=members, user=user, method="GET", team_name=team
        )
    return {dag_ids[dag_id] for dag_id in allowed & dag_ids.keys()}


def dataset_of(dag_id: str) -> str | None:
    """The dataset a DAG refreshes; None for another DAG."""
    return next((dataset for dataset in declared_ids() if dag_id_of(dataset) == dag_id), None)


def _may_read(user: Any, dag_id: str) -> bool:
    details = DagDetails(id=dag_id, team_name=DagModel.get_team_name(dag_id))
    return bool(get_auth_manager().is_authorized_dag(method="GET", details=details, user=user))
