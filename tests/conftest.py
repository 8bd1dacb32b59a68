"""How the tests share the machine: those that share a server or an embedded Airflow run in one process, one after the other.

`make test` runs as many processes as there are processors. A file stays in one process; the folders below, whose files share
what takes long to start, stay in one process as a whole.
"""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parent
SHARED = ("integration/airflow_side", "integration/portal", "integration/postgresql", "integration/s3", "docs")


@pytest.hookimpl(tryfirst=True)  # before the plugin that reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        place = item.path.relative_to(ROOT).as_posix()
        group = next((folder for folder in SHARED if place.startswith(f"{folder}/")), place)
        item.add_marker(pytest.mark.xdist_group(group))
