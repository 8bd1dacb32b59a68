"""`make up`: the components of Airflow as separate processes, watched over until Ctrl-C stops them all.

People and tasks are served by two processes of the API server: on SQLite one process for both would wait for itself when a
person's answer and a task's heartbeat want to write at the same time, and the person would be shown an internal error.

Says when all are healthy, where the UI is and where the password is. When one of them dies the others are stopped,
and the end of its log is shown. Nothing outlives this process: each component leads a session of its own, orphans among
their descendants are adopted (Linux), and what does not end when asked is killed.

PORT sets the port; without it 8080, or the next free one. Exit codes: 0 stopped when asked to; 1 a component died or
did not become healthy; 2 the port is taken, this Airflow is in use, or its home cannot be written to.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import psutil

from dev.airflow_env import LOGIN, ROOT, embedded_environment, ensure_private, home, not_ready
from dev.home_lock import InUse, sole_use
from dev.processes import adopt_orphans, end_with_parent

EXECUTION_API = "execution-api"  # what tasks speak to, on a free port of its own
COMPONENTS = ("api-server", EXECUTION_API, "scheduler", "dag-processor", "triggerer")
# How the health report calls what we call a component.
REPORTED_AS = {
    "metadatabase": "the metadata database",
    "scheduler": "scheduler",
    "dag_processor": "dag-processor",
    "triggerer": "triggerer",
}
FIRST_PORT, LAST_PORT = 8080, 8099
HEALTHY_WITHIN_SECONDS = 180
STOPS_WITHIN_SECONDS = 20
LOG_TAIL_LINES = 20


class Stopped(Exception):
    """Someone asked us to stop."""


class Failed(Exception):
    """Airflow does not run; the message says which component and shows the end of its log."""


@dataclass(frozen=True)
class Component:
    """A running component and where it logs."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def tail(self) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])


def print_line(text: str) -> None:
    """Print a line, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def choose_port(wanted: str | None) -> int | None:
    """The port asked for if it is free; without a wish the first free one from 8080 on; None when there is none."""
    candidates = [int(wanted)] if wanted else list(range(FIRST_PORT, LAST_PORT + 1))
    for port in candidates:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    return None


def command(name: str, execution_port: int) -> list[str]:
    """The arguments of ``airflow`` that start a component."""
    if name == EXECUTION_API:
        return ["api-server", "--apps", "execution", "--port", str(execution_port)]
    return [name, "--apps", "core"] if name == "api-server" else [name]


def any_free_port() -> int:
    """A port that is free now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(name: str, arguments: list[str], environment: dict[str, str], logs: Path) -> Component:
    """Start one component in a session of its own; it ends when we end, even if we are killed (Linux)."""
    log = logs / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "airflow", *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=end_with_parent,  # noqa: PLW1509 - there is one thread here
        )
    return Component(name, process, log)


def stop_everything(components: list[Component]) -> None:
    """Ask every descendant to end, and kill what has not ended in time. Afterwards this process has no descendants."""
    me = psutil.Process()
    for component in components:
        if component.process.poll() is None:
            component.process.terminate()
    psutil.wait_procs(
        [psutil.Process(c.process.pid) for c in components if c.process.poll() is None], timeout=STOPS_WITHIN_SECONDS
    )
    _, stubborn = psutil.wait_procs(_asked_to_end(me.children(recursive=True)), timeout=5)
    for process in stubborn:
        _signal(process, signal.SIGKILL)
    psutil.wait_procs(stubborn, timeout=5)


def _asked_to_end(processes: list[psutil.Process]) -> list[psutil.Process]:
    for process in processes:
        _signal(process, signal.SIGTERM)
    return processes


def _signal(process: psutil.Process, what: signal.Signals) -> None:
    try:
        process.send_signal(what)
    except psutil.NoSuchProcess:
        return


def unhealthy(port: int, execution_port: int) -> list[str]:
    """What the api-server does not call healthy; a server itself while it does not answer."""
    if (report := asked(port, "api/v2/monitor/health")) is None:
        return ["api-server"]
    if asked(execution_port, "execution/health") is None:
        return [EXECUTION_API]
    return [name for key, name in REPORTED_AS.items() if (report.get(key) or {}).get("status") != "healthy"]


def asked(port: int, path: str) -> Mapping[str, Any] | None:
    """The JSON that a server of ours answers with; None while it does not."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=5) as answer:
            return dict(json.load(answer))
    except (urllib.error.URLError, OSError, ValueError):
        return None


def wait_until_healthy(components: list[Component], port: int, execution_port: int) -> None:
    """Return when all are healthy. Raises Failed when one dies or they are not in time."""
    deadline = time.monotonic() + HEALTHY_WITHIN_SECONDS
    while waiting_for := unhealthy(port, execution_port):
        check_alive(components)
        if time.monotonic() > deadline:
            logs = ", ".join(str(component.log) for component in components)
            raise Failed(f"Not healthy after {HEALTHY_WITHIN_SECONDS} s: {', '.join(waiting_for)}. The logs: {logs}")
        time.sleep(0.5)


def check_alive(components: list[Component]) -> None:
    """Raises Failed with the end of its log when a component has ended."""
    for component in components:
        if (code := component.process.poll()) is not None:
            raise Failed(f"{component.name} ended (exit code {code}). The end of {component.log}:\n{component.tail()}")


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped(signal.Signals(number).name)


def watch(port: int) -> int:
    """Run the components on the port until someone stops us (0) or one of them fails (1)."""
    here = home()
    execution_port = any_free_port()
    environment = embedded_environment(here, port, execution_port=execution_port)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    components: list[Component] = []
    try:
        print_line("Preparing the embedded Airflow ...")
        prepared = subprocess.run(
            [sys.executable, "-m", "dev.airflow_home"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if prepared.returncode != 0:
            raise Failed("The home could not be made ready:\n" + prepared.stderr[-3000:])
        adopt_orphans()
        for name in COMPONENTS:
            components.append(start(name, command(name, execution_port), environment, here.logs))
        wait_until_healthy(components, port, execution_port)
        print_line(f"Airflow is up, all components healthy: http://127.0.0.1:{port}")
        print_line(
            f"  log in as {LOGIN}, or as an approver (steward, deputy, counsel, director); passwords are in {here.passwords}"
        )
        print_line(f"  logs are in {here.logs}; Ctrl-C stops everything")
        while True:
            check_alive(components)
            time.sleep(1)
    except Stopped:
        print_line("\nStopping ...")
        return 0
    except Failed as failure:
        print_line(f"\n{failure}\nStopping the others ...")
        return 1
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        stop_everything(components)
        print_line("All components have stopped.")


def main() -> int:
    """Run all components until someone stops them; the exit code."""
    wanted = os.environ.get("PORT") or None
    if wanted and not (wanted.isdecimal() and 1 <= int(wanted) <= 65_535):
        print_line(f"PORT must be a number from 1 to 65535, not {wanted!r}.")
        return 2
    here = home()
    try:
        ensure_private(here)
    except OSError as error:
        print_line(not_ready(here, error))
        return 2
    try:
        with sole_use(here, "`make up`"):
            port = choose_port(wanted)
            if port is None:
                print_line(
                    f"Port {wanted or f'{FIRST_PORT} to {LAST_PORT}'} is taken. Choose another: make up PORT=8123"
                )
                return 2
            return watch(port)
    except InUse as error:
        print_line(str(error))
        return 2


if __name__ == "__main__":
    sys.exit(main())
