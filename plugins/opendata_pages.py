"""Puts the monitoring pages into Airflow's navigation. Registration only: the pages are in ``opendata_monitor``.

Every process of Airflow reads this file, tasks too, and only the API server shows pages: so the application is made when
the first request comes.
"""

from __future__ import annotations

import threading
from typing import Any

from airflow.plugins_manager import AirflowPlugin

PREFIX = "/opendata"


class PagesOnDemand:
    """The application behind its first request."""

    def __init__(self) -> None:
        self._app: Any = None
        self._lock = threading.Lock()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request, as ASGI asks an application to."""
        await self.app()(scope, receive, send)

    def app(self) -> Any:
        """The application, made once."""
        with self._lock:
            if self._app is None:
                from plugins.opendata_monitor.app import make_app

                self._app = make_app()
        return self._app


class OpenDataPages(AirflowPlugin):
    """Overview, dataset pages and calendar; the page of a DAG's dataset is a tab of the DAG."""

    name = "opendata_pages"
    fastapi_apps = [{"app": PagesOnDemand(), "url_prefix": PREFIX, "name": "Open data pages"}]
    external_views = [
        {
            "name": "Open data",
            "href": f"{PREFIX}/",
            "destination": "nav",
            "url_route": "opendata",
            "category": "browse",
        },
        {
            "name": "Open data: calendar",
            "href": f"{PREFIX}/calendar",
            "destination": "nav",
            "url_route": "opendata-calendar",
            "category": "browse",
        },
        {
            "name": "Open data",
            "href": f"{PREFIX}/dags/{{DAG_ID}}",
            "destination": "dag",
            "url_route": "opendata-dataset",
        },
    ]
