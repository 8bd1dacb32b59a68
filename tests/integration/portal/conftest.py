"""A real CKAN for the session, a proxy before it that can fail, and packages to publish."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ckanapi
import pytest

from include.opendata.portals.ckan import PortalAccess
from tests.integration.portal.packages import Trial
from tests.servers.ckan.server import CkanServer, ckan
from tests.servers.fault_proxy import FaultProxy, fault_proxy


@pytest.fixture(scope="session")
def portal_server() -> Iterator[CkanServer]:
    with ckan() as server:
        yield server


@pytest.fixture
def proxy(portal_server: CkanServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    monkeypatch.setenv("NO_PROXY", ",".join(filter(None, [os.environ.get("NO_PROXY"), "127.0.0.1,localhost"])))
    with fault_proxy(portal_server.url) as running:
        yield running


@pytest.fixture
def access(portal_server: CkanServer, proxy: FaultProxy) -> PortalAccess:
    """The publisher's way to the portal, through the proxy; not patient, so that tests are quick."""
    return PortalAccess(proxy.url, portal_server.tokens["publisher"], timeout=60, attempts=3, pause=0.05)


@pytest.fixture
def ask(portal_server: CkanServer) -> Any:
    """Asks the portal directly: ``ask("package_show", id=…)``, as the publisher or as ``who`` (None: as anybody)."""

    def call(action: str, who: str | None = "publisher", **arguments: Any) -> Any:
        with ckanapi.RemoteCKAN(portal_server.url, apikey=portal_server.tokens[who] if who else None) as portal:
            return portal.call_action(action, arguments)

    return call


@pytest.fixture
def trial(tmp_path: Path, request: pytest.FixtureRequest) -> Trial:
    """A package of this test's own, to be published."""
    return Trial.of(request.node.name, tmp_path)
