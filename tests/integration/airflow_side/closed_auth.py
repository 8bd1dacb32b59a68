"""An auth manager that keeps one user from one DAG: the simple one shows every DAG to everybody who may log in."""

from __future__ import annotations

from typing import Any

from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

from tests.integration.airflow_side.whole_airflow import CLOSED, KEPT_OUT


class ClosedAuthManager(SimpleAuthManager):
    def is_authorized_dag(self, *, user: Any, details: Any = None, **asked: Any) -> bool:
        if user.get_id() == KEPT_OUT and details is not None and details.id == CLOSED:
            return False
        return super().is_authorized_dag(user=user, details=details, **asked)
