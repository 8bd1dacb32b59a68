"""`make refresh`: runs the DAGs of the shipped datasets through the embedded Airflow and says what came of it.

Airflow's own log goes to a file; what a person sees is a line per step, the reason of a failure in full, and at the end
the summary that ``bin/opendata summary`` prints. Exit codes: 0 every dataset was staged or is unchanged; 1 a DAG
failed or Airflow could not run; 2 no such dataset, or this Airflow is in use.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TypedDict

from dev.airflow_env import ROOT, embedded_environment, ensure_private, home, not_ready
from dev.home_lock import InUse, sole_use
from dev.processes import die_with_parent
from include.opendata.declaration.light import declared_ids
from include.opendata.pipeline.steps import STEPS

EXIT_DONE, EXIT_FAILED, EXIT_USAGE = 0, 1, 2
PREFIX = "refresh__"
LOG_TAIL_LINES = 15

# `read_declaration` is the only task of a DAG whose declaration cannot be used.
DONE = {step.name: step.done for step in STEPS} | {"read_declaration": "read the declaration"}
"""What each task did, in the words of the people it is done for."""


class Event(TypedDict, total=False):
    """What ``refresh_run`` reports of the embedded Airflow: ``event`` says what happened, and so which fields it has."""

    event: str
    dag: str
    step: str
    table: str | None
    map_index: int
    why: str
    outcome: str
    staging: str | None
    code: int


def print_line(text: str = "") -> None:
    """Print a line, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def events(arguments: Sequence[str], environment: dict[str, str], log: Path) -> Iterator[Event]:
    """What the process that runs the DAGs reports; at the end an event of our own with its exit code."""
    receiving, sending = os.pipe()
    with log.open("w") as output:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "dev.refresh_run", str(sending), *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[sending],
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - there is one thread here
        )
    os.close(sending)
    try:
        with os.fdopen(receiving) as lines:
            for line in lines:
                yield json.loads(line)
        yield {"event": "exit", "code": process.wait()}
    finally:
        # Killed, not asked: Airflow takes a polite signal for a task that may be tried again. Any step may be killed.
        if process.poll() is None:
            process.kill()
            process.wait()


@dataclass
class Outcomes:
    """What the DAGs came to: per dataset the outcome and where it is staged; how the process that ran them ended."""

    outcomes: dict[str, str] = field(default_factory=dict)
    staging: dict[str, str] = field(default_factory=dict)
    exit_code: int = EXIT_FAILED

    def well(self, wanted: Sequence[str]) -> list[str]:
        """Those of the wanted datasets that were staged or are unchanged."""
        return [dataset for dataset in wanted if self.outcomes.get(dataset) in ("staged", "unchanged")]


ENDED = {
    "staged": "  => a new release is staged",
    "unchanged": "  => the source has not changed since the last release: nothing new is staged",
    "missing": "  => Airflow has no such DAG",
}


def show(events: Iterator[Event]) -> Outcomes:
    """Print what happens, as it happens."""
    outcomes = Outcomes()
    began: dict[tuple[str, int], float] = {}
    for event in events:
        match event["event"]:
            case "ready":
                print_line("Airflow is ready.")
            case "run":
                print_line(f"\n{event['dag']}")
            case "started":
                began[event["step"], event["map_index"]] = time.monotonic()
            case "done" | "failed" | "again" as what:
                seconds = time.monotonic() - began.pop((event["step"], event["map_index"]), time.monotonic())
                print_line(_step_line(what, event, seconds))
            case "ended":
                dataset = event["dag"].removeprefix(PREFIX)
                outcomes.outcomes[dataset] = event["outcome"]
                if event["staging"]:
                    outcomes.staging[dataset] = event["staging"]
                print_line(ENDED.get(event["outcome"], "  => FAILED; staging is as it was"))
            case "exit":
                outcomes.exit_code = event["code"]
    return outcomes


def _step_line(what: str, event: Event, seconds: float) -> str:
    name = event["step"] + (f" [{event['table']}]" if event["table"] else "")
    if what == "done":
        return f"  {name:<58} {DONE.get(event['step'], ''):<46} {seconds:5.1f} s"
    reason = "\n".join(f"      {line}" for line in event["why"].splitlines())
    return f"  {name:<58} {'FAILED' if what == 'failed' else 'will be tried again in some minutes'}\n{reason}"


def main(arguments: Sequence[str]) -> int:
    """Refresh the named datasets, or all; the exit code."""
    declared = declared_ids()
    wanted = list(arguments) or declared
    if unknown := [dataset for dataset in wanted if dataset not in declared]:
        print_line(f"No such dataset: {', '.join(unknown)}. Declared are: {', '.join(declared) or 'none'}.")
        return EXIT_USAGE
    here = home()
    try:
        ensure_private(here)
    except OSError as error:
        print_line(not_ready(here, error))
        return EXIT_USAGE
    log = here.logs / "refresh.log"
    try:
        with sole_use(here, "`make refresh`"):
            print_line("Preparing the embedded Airflow ...")
            dag_ids = [PREFIX + dataset for dataset in wanted]
            outcomes = show(events(dag_ids, embedded_environment(here), log))
    except InUse as error:
        print_line(str(error))
        return EXIT_USAGE
    return conclude(wanted, outcomes, log)


def conclude(wanted: Sequence[str], outcomes: Outcomes, log: Path) -> int:
    """Print what is staged now and what was not refreshed; the exit code."""
    if outcomes.exit_code != 0:
        tail = log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
        what = f"\nAirflow stopped before its time (exit code {outcomes.exit_code}). The end of {log}:"
        print_line("\n".join([what, *tail]))
        return EXIT_FAILED
    well = outcomes.well(wanted)
    print_line()
    for staging in sorted(set(outcomes.staging.values())):
        if not show_summary(staging, [dataset for dataset in well if outcomes.staging[dataset] == staging]):
            return EXIT_FAILED
    if len(well) < len(wanted):
        print_line(f"\nNot refreshed: {', '.join(sorted(set(wanted) - set(well)))}. Airflow's full log: {log}")
        return EXIT_FAILED
    return EXIT_DONE


def show_summary(staging: str, datasets: Sequence[str]) -> bool:
    """Print the summary of what is staged there; whether it could be shown, or is not this shell's to show."""
    summary = subprocess.run(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "include.opendata.cli", "summary", *datasets],
        cwd=ROOT,
        env=os.environ | {"OPENDATA_STAGING": staging},
        check=False,
    )
    if summary.returncode != 0 and staging.startswith("s3://"):  # Airflow may have keys that this shell has not
        print_line("The refreshes above ended well; to show what is in S3, this shell needs credentials of its own.")
        return True
    return summary.returncode == 0


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        print_line("\nStopped. Staging is as it was; `make refresh` starts again.")
        sys.exit(130)
