"""An embedded Airflow of a test's own, in a process of its own that stays: DAGs are run in it as ``make refresh`` runs them,
without starting Airflow anew for each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from dev.airflow_env import ROOT, Home, embedded_environment, ensure_private
from dev.processes import die_with_parent


@dataclass(frozen=True)
class AirflowRuns:
    """The running process: where it is told what to run, where it tells what came of it, its log."""

    asked: TextIO
    told: TextIO
    log: Path

    def run(self, *dag_ids: str) -> list[tuple[str, str]]:
        """Run these DAGs, one after the other: (DAG, outcome) of each, and "failed: why" of every task that failed."""
        self.asked.write(json.dumps(dag_ids) + "\n")
        self.asked.flush()
        ended: list[tuple[str, str]] = []
        while len([one for one in ended if not one[1].startswith("failed: ")]) < len(dag_ids):
            event = self._next()
            if event["event"] in ("failed", "again"):
                ended.append((event["step"], f"failed: {event['why']}"))
            elif event["event"] == "ended":
                ended.append((event["dag"], event["outcome"]))
        return ended

    def wait_until_ready(self) -> None:
        while self._next()["event"] != "ready":
            pass

    def _next(self) -> dict[str, Any]:
        line = self.told.readline()
        if not line:
            raise RuntimeError(f"Airflow ended: {self.log.read_text(errors='replace')[-4000:]}")
        return json.loads(line)


@contextmanager
def airflow_runs(folder: Path, environment: Mapping[str, str]) -> Iterator[AirflowRuns]:
    """A process that gets ready by itself; ``environment``: all it has, its Airflow's own settings apart."""
    home = Home(folder / "airflow")
    ensure_private(home, {})
    given = embedded_environment(home, environment=environment) | {"OPENDATA_AIRFLOW_HOME": str(home.folder)}
    receiving, sending = os.pipe()
    log = home.logs / "runs.log"
    with log.open("w") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.servers.airflow_runs", str(sending)],
            cwd=ROOT,
            env=given,
            stdin=subprocess.PIPE,
            stdout=written,
            stderr=subprocess.STDOUT,
            text=True,
            pass_fds=[sending],
            preexec_fn=die_with_parent,
        )
    os.close(sending)
    try:
        with os.fdopen(receiving) as told:
            yield AirflowRuns(process.stdin, told, log)
    finally:
        process.kill()  # asked politely, Airflow would take it for a task that may be tried again
        process.wait()


def main() -> None:
    """The process itself: a line of JSON for every set of DAGs to run, until nobody asks any more."""
    from airflow.sdk.listener import get_listener_manager

    sleep = time.sleep
    time.sleep = lambda seconds: sleep(
        min(seconds, 0.05)
    )  # `dag.test()` rests a second after each round that found nothing

    from dev.airflow_home import make_ready
    from dev.refresh_run import Progress, run

    with os.fdopen(int(sys.argv[1]), "w") as told:
        progress = Progress(told)
        make_ready()
        get_listener_manager().add_listener(progress)
        progress.report("ready")
        for line in sys.stdin:
            run(json.loads(line), progress)


if __name__ == "__main__":
    main()
