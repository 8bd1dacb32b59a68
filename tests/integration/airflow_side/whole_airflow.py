"""One Airflow with all its components for all tests of what people see and answer; four datasets wait for legal counsel.

For the tests that ask for them, they are refreshed at once, so that they come to their approvers while the pages are looked at.
"""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from dev.airflow_env import ROOT
from tests.functional.conftest import install
from tests.lib.declarations import SOUND, write

PASSWORD = "a password for this test"
WAITING = ("visits_approved", "visits_by_hand", "visits_rejected", "visits_in_browser")
KEPT_OUT, CLOSED = "viewer", "refresh__visits_by_hand"  # a user, and the one DAG that closed_auth.py keeps them from
HOSTILE = "visits_hostile"
CLEARED = "visits_cleared"  # every form is declared, so that nothing waits
HOSTILE_TITLE = '<script>document.title="owned"</script><img src=x onerror=alert(1)>'
LEGAL = "  - {role: legal_counsel, name: C, date: 2026-01-01, reference: F1}\n"
ARTEFACTS = ROOT / "test-artefacts"


@dataclass
class WholeAirflow:
    """``make up`` with a folder of its own, and people who speak to it over HTTP."""

    address: str
    folder: Path
    process: subprocess.Popen[str]
    tokens: dict[str, str] = field(default_factory=dict)
    runs: dict[str, str] = field(default_factory=dict)

    def token(self, user: str) -> str:
        if user not in self.tokens:
            asked = {"username": user, "password": PASSWORD}
            asked_for = httpx.post(f"{self.address}/auth/token", json=asked, timeout=60)
            self.tokens[user] = asked_for.raise_for_status().json()["access_token"]
        return self.tokens[user]

    def ask(self, user: str | None, method: str, path: str, body: Any = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token(user)}"} if user else {}
        return httpx.request(method, self.address + path, json=body, headers=headers, timeout=60)

    def run_of(self, dataset: str) -> str:
        return f"/api/v2/dags/refresh__{dataset}/dagRuns/{self.runs[dataset]}"

    def states(self, dataset: str) -> dict[str, str]:
        told = self.ask("admin", "GET", f"{self.run_of(dataset)}/taskInstances").json()["task_instances"]
        return {one["task_id"]: one["state"] for one in told}

    def ended(self, dataset: str) -> str | None:
        state = self.ask("admin", "GET", self.run_of(dataset)).json()["state"]
        return state if state in ("success", "failed") else None

    def waits(self, dataset: str) -> bool:
        """Whether the run stands at its approvers, as people find it there. Fails when it ended before."""
        assert self.ended(dataset) is None, self.states(dataset)
        return self.states(dataset).get("ask_approvers") == "awaiting_input"

    def question(self, dataset: str) -> str:
        return f"{self.run_of(dataset)}/taskInstances/ask_approvers/0/hitlDetails"

    def current(self, dataset: str) -> str | None:
        pointer = self.folder / "staging" / dataset / "current.json"
        return json.loads(pointer.read_text())["release"] if pointer.exists() else None


def until(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what}"
        time.sleep(0.5)
    return found


def visits(women: int, men: int) -> str:
    """A source of so many persons, in an order that says nothing."""
    sexes = ["f"] * women + ["m"] * men
    random.Random(7).shuffle(sexes)
    return "id,sex,age\n" + "".join(f"{n},{s},{20 + n % 50}\n" for n, s in enumerate(sexes, 1))


def other_people(datasets: set[str]) -> str:
    """The coordinator's word that ``datasets`` count other people, so that they may be staged while this one waits."""
    answer = "{relation: unrelated, reason: Other clinics., by: A coordinator, date: 2026-01-01}"
    return "other_datasets:\n" + "".join(f"  {name}: {answer}\n" for name in sorted(datasets))


def declare(folder: Path) -> None:
    """The waiting datasets, one that waits for nobody and one that is never run, with their suites and sources."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        installation = install(folder, monkeypatch)
        assert LEGAL in SOUND
        datasets = (*WAITING, HOSTILE, CLEARED)
        for number, dataset in enumerate(datasets):
            source = folder / f"{dataset}.csv"
            source.write_text(visits(60 + 7 * number, 45 + 3 * number))
            text = SOUND if dataset == CLEARED else SOUND.replace(LEGAL, "")
            own = text.replace("clinic_visits", dataset).replace("location: visits.csv", f"location: {source}")
            own += other_people({*datasets} - {dataset})
            if dataset == HOSTILE:
                own = own.replace("title: Clinic visits", f"title: '{HOSTILE_TITLE}'", 1)
            write(folder / "datasets", own, dataset)
            written = installation.opendata("suites", dataset, "--write")
            assert written.code == 0, written.err


@pytest.fixture(scope="session")
def running_airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeAirflow]:
    """All components, healthy; nothing has been run in it."""
    folder = tmp_path_factory.mktemp("whole")
    declare(folder)
    home = folder / "airflow"
    home.mkdir()
    (home / "airflow.cfg").write_text(
        "[core]\nauth_manager = tests.integration.airflow_side.closed_auth.ClosedAuthManager\n"
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    output = folder / "output.txt"
    environment = os.environ | {
        "OPENDATA_AIRFLOW_HOME": str(home),
        "OPENDATA_ADMIN_PASSWORD": PASSWORD,
        "OPENDATA_DATASETS": str(folder / "datasets"),
        "OPENDATA_EXPECTATIONS": str(folder / "great_expectations"),
        "OPENDATA_WORK": str(folder / "work"),
        "OPENDATA_STAGING": str(folder / "staging"),
        "OPENDATA_EVIDENCE": str(folder / "evidence"),
        "OPENDATA_LEDGER": f"sqlite:///{folder / 'ledger.sqlite'}",
        "OPENDATA_CACHE": str(folder / "cache"),
        "PORT": str(port),
    }
    with output.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "dev.airflow_up"],
            cwd=ROOT,
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        until(lambda: "all components healthy" in output.read_text() or process.poll() is not None, 240, "Airflow")
        assert process.poll() is None, output.read_text()
        yield WholeAirflow(f"http://127.0.0.1:{port}", folder, process)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=60)


@pytest.fixture(scope="session")
def whole_airflow(running_airflow: WholeAirflow) -> WholeAirflow:
    """The same, with the four datasets on their way to their approvers."""
    for dataset in WAITING:
        dag = f"/api/v2/dags/refresh__{dataset}"
        until(lambda dag=dag: running_airflow.ask("admin", "GET", dag).status_code == 200, 120, dag)
        running_airflow.ask("admin", "PATCH", dag, {"is_paused": False}).raise_for_status()
        started = running_airflow.ask("admin", "POST", f"{dag}/dagRuns", {"logical_date": None})
        running_airflow.runs[dataset] = started.raise_for_status().json()["dag_run_id"]
    return running_airflow
