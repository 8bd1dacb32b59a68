"""Airflow as `make up` runs it, four processes, driven through its REST API like a person's browser would."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from dev.airflow_env import ROOT

pytestmark = pytest.mark.slow

DATASET = "homicides_by_county"
PASSWORD = "a password for this test"
HEALTHY_WITHIN_SECONDS = 180
RUN_WITHIN_SECONDS = 240


@dataclass
class Api:
    """Airflow's REST API, as the user admin."""

    address: str
    token: str = ""

    def log_in(self) -> None:
        self.token = self.call("POST", "/auth/token", {"username": "admin", "password": PASSWORD})["access_token"]

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            self.address + path,
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


@dataclass
class Up:
    """`make up` in its own process, and what it said."""

    process: subprocess.Popen[str]
    output: Path
    api: Api
    folder: Path

    def descendants(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


def until(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what}"
        time.sleep(0.5)
    return found


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One shipped dataset with its real source, run by hand only, and one declaration that cannot be used."""
    subprocess.run([sys.executable, "-m", "demo.make_sources"], cwd=ROOT, check=True, capture_output=True)
    folder = tmp_path_factory.mktemp("declared")
    shutil.copytree(ROOT / "include" / "datasets" / DATASET, folder / DATASET)
    declaration = folder / DATASET / "dataset.yaml"
    by_hand, lines = re.subn(r"^schedule:.*\n", "", declaration.read_text(), flags=re.M)
    assert lines == 1, "a scheduled run would get in first and leave the triggered one nothing to do"
    declaration.write_text(by_hand)
    (folder / "no_tables").mkdir()
    (folder / "no_tables" / "dataset.yaml").write_text("dataset: no_tables\ntitle: A title\n")
    return folder


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory, datasets: Path) -> Iterator[Up]:
    folder = tmp_path_factory.mktemp("up")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    output = folder / "output.txt"
    environment = os.environ | {
        "OPENDATA_AIRFLOW_HOME": str(folder / "airflow"),
        "OPENDATA_ADMIN_PASSWORD": PASSWORD,
        "OPENDATA_DATASETS": str(datasets),
        "OPENDATA_WORK": str(folder / "work"),
        "OPENDATA_STAGING": str(folder / "staging"),
        "OPENDATA_LEDGER": f"sqlite:///{folder / 'ledger.sqlite'}",
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
        until(
            lambda: "all components healthy" in output.read_text() or process.poll() is not None,
            HEALTHY_WITHIN_SECONDS,
            "Airflow to be healthy",
        )
        assert process.poll() is None, output.read_text()
        api = Api(f"http://127.0.0.1:{port}")
        api.log_in()
        yield Up(process, output, api, folder)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=60)


def test_the_components_are_healthy_and_nobody_gets_in_without_logging_in(up: Up):
    health = up.api.call("GET", "/api/v2/monitor/health")
    assert {part: told["status"] for part, told in health.items() if told["status"]} == {
        "metadatabase": "healthy",
        "scheduler": "healthy",
        "triggerer": "healthy",
        "dag_processor": "healthy",
    }
    with pytest.raises(urllib.error.HTTPError, match="401"):
        Api(up.api.address).call("GET", "/api/v2/dags")
    assert PASSWORD not in up.output.read_text()


def test_the_settings_file_is_loaded(up: Up):
    pool = up.api.call("GET", "/api/v2/pools/opendata_heavy")
    assert pool["slots"] == 2
    assert up.api.call("GET", "/api/v2/variables/opendata_staging")["value"] == ""


def test_a_broken_declaration_is_shown_with_its_reason_and_the_other_dataset_is_there(up: Up):
    def listed() -> list[dict[str, Any]]:
        return up.api.call("GET", "/api/v2/importErrors")["import_errors"]

    until(listed, 90, "the import error")
    (error,) = listed()
    assert error["filename"] == "broken_declarations.py"
    assert "dataset no_tables" in error["stack_trace"]
    dags = {dag["dag_id"]: dag for dag in up.api.call("GET", "/api/v2/dags")["dags"]}
    assert {dag for dag in dags if dag.startswith("refresh__")} == {"refresh__no_tables", f"refresh__{DATASET}"}
    assert [tag["name"] for tag in dags["refresh__no_tables"]["tags"]] == ["broken declaration"]
    assert not dags[f"refresh__{DATASET}"]["has_import_errors"]


def test_a_triggered_refresh_runs_through_every_step_and_stages_a_release(up: Up):
    dag = f"/api/v2/dags/refresh__{DATASET}"
    until(lambda: DATASET in json.dumps(up.api.call("GET", "/api/v2/dags")), 90, "the DAG")
    up.api.call("PATCH", dag, {"is_paused": False})
    run = up.api.call("POST", f"{dag}/dagRuns", {"logical_date": None})["dag_run_id"]

    def ended() -> str | None:
        state = up.api.call("GET", f"{dag}/dagRuns/{run}")["state"]
        return state if state in ("success", "failed") else None

    state = until(ended, RUN_WITHIN_SECONDS, "the run")
    instances = up.api.call("GET", f"{dag}/dagRuns/{run}/taskInstances")["task_instances"]
    states = {f"{one['task_id']}[{one['map_index']}]": one["state"] for one in instances}
    assert state == "success", states
    # Every form is in the declaration, and no portal is configured.
    skipped = {one for one, came_to in states.items() if came_to == "skipped"}
    assert skipped == {"ask_approvers[-1]", "publish[-1]"}, states
    assert set(states.values()) == {"success", "skipped"}, states
    assert {one["task_id"] for one in instances if one["map_index"] >= 0} == {"tabulate", "assess", "check_publishable"}
    named = {one["rendered_map_index"] for one in instances if one["task_id"] == "tabulate"}
    assert named == {"homicides_by_county_and_year", "homicides_by_county_and_period"}
    current = json.loads((up.folder / "staging" / DATASET / "current.json").read_text())
    assert (up.folder / "staging" / DATASET / current["manifest"]).is_file()


def test_a_second_airflow_on_the_same_home_is_refused(up: Up):
    done = subprocess.run(
        [sys.executable, "-m", "dev.refresh_all", DATASET],
        cwd=ROOT,
        env=os.environ | {"OPENDATA_AIRFLOW_HOME": str(up.folder / "airflow")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert "`make up`" in done.stdout


def test_asked_to_stop_it_leaves_no_process_behind(up: Up):
    before = up.descendants()
    assert len(before) >= 4
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(timeout=60) == 0
    _, alive = psutil.wait_procs(before, timeout=1)
    assert alive == []
    here = str(up.folder)
    assert [p.pid for p in psutil.process_iter() if mentions(p, here)] == []


def mentions(process: psutil.Process, folder: str) -> bool:
    try:
        return process.pid != os.getpid() and folder in process.environ().get("OPENDATA_AIRFLOW_HOME", "")
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        return False
