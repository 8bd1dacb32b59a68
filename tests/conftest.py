"""How the tests share the machine: those that share a server or an embedded Airflow run in one process, one after the other.

`make test` runs as many processes as there are processors. A file stays in one process; the folders below, whose files share
what takes long to start, stay in one process as a whole.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from dev.airflow_env import Home, embedded_environment, ensure_private

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


@pytest.fixture(scope="session", autouse=True)
def airflow_of_this_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home for the Airflow that this process may import: it reads its settings once, at its first import, whichever test
    comes first. Nothing is started or migrated here (``embedded_airflow`` does that)."""
    assert "airflow.configuration" not in sys.modules, (
        "a test module imports airflow at its top; import it inside the tests"
    )
    home = Home(tmp_path_factory.mktemp("airflow"))
    ensure_private(home, {})
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AIRFLOW__")]:
            patch.delenv(name)
        for name, value in embedded_environment(home).items():
            if name.startswith("AIRFLOW"):
                patch.setenv(name, value)
        yield home
