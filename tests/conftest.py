"""How the tests share the machine: those that share a server or an embedded Airflow run in one process, one after the other.

`make test` runs as many processes as there are processors. A file stays in one process; the folders below, whose files share
what takes long to start, stay in one process as a whole.
"""

from __future__ import annotations

from typing import Any

import pytest

SHARED = tuple(
    f"tests/{folder}/"
    for folder in ("integration/airflow_side", "integration/portal", "integration/postgresql", "integration/s3", "docs")
)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from xdist.scheduler import LoadScopeScheduling

    class ByWhatIsShared(LoadScopeScheduling):
        """Gives out files, or whole folders where their files share a server."""

        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::", 1)[0]
            return next((folder for folder in SHARED if file.startswith(folder)), file)

    return ByWhatIsShared(config, log)
