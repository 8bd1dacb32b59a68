"""What a thousand declarations cost Airflow: parsing the DAG files, beside the same DAGs from literals and ``dag-factory``.

Each measurement is a process of its own that imports Airflow first and is then timed (processor seconds; the clock beside
it), parses three times and keeps the quickest. ``first`` is a parse that has to read every declaration, ``again`` one that
finds them unchanged, as the dag-processor does every half minute.

- ``literals``: the same DAG objects built from a list of Python literals; what Airflow itself costs.
- ``factory``: ``dags/refresh_datasets.py`` over that many declarations.
- ``task start``: the same file in a task's process, which asks for one DAG; imports are not counted, for every task pays
  them whatever the number of declarations.
- ``broken``: one declaration among them cannot be read; how many DAGs are there, and how many say so.
- ``dag-factory``: as many DAGs of the same shape by that package (a bench requirement).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from include.opendata import places

MAPPED = ("tabulate", "assess", "check_publishable", "ask_approvers")
DECLARATION = places.ROOT / "include" / "datasets" / "health_insurance_coverage" / "dataset.yaml"
IMPORT_LIMIT, FILE_LIMIT = 30.0, 50.0
"""Airflow's defaults: dagbag_import_timeout and dag_file_processor_timeout, seconds."""


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench airflow-scale", description=__doc__)
    parser.add_argument("--declarations", type=int, default=1000)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        print_line(f"writing {asked.declarations:,} declarations …")
        _write_declarations(folder / "datasets", asked.declarations)
        found: dict[str, dict[str, Any]] = {}
        for what in ("literals", "factory", "task start", "broken", "dag-factory"):
            print_line(f"measuring: {what} …")
            found[what] = _measured(what, folder, asked.declarations)
    for line in _report(found, asked.declarations):
        sys.stdout.write(line + "\n")
    return 0


def _report(found: dict[str, dict[str, Any]], declarations: int) -> list[str]:
    lines = [f"{'what':<14}{'DAGs':>7}{'first: cpu s':>14}{'again: cpu s':>14}{'clock s':>9}{'MB':>6}"]
    for what, measured in found.items():
        if "error" in measured:
            lines.append(f"{what:<14}  could not be measured: {measured['error']}")
            continue
        lines.append(
            f"{what:<14}{measured['dags']:>7,}{measured['first']:>14.3f}{measured['again']:>14.3f}{measured['clock']:>9.2f}"
            f"{measured['megabytes']:>6}"
        )
    bare, ours, theirs = found["literals"], found["factory"], found["dag-factory"]
    if "error" not in bare and "error" not in ours:
        lines.append(f"factory / literals: {ours['again'] / bare['again']:.2f} (aim: 1.2 or less)")
        margin = min(IMPORT_LIMIT, FILE_LIMIT) / ours["first_clock"]
        lines.append(f"under Airflow's parse timeouts by a factor of {margin:.1f} on the first parse (aim: 3 or more)")
        lines.append(f"parse at the start of a task: {1000 * found['task start']['again']:.0f} ms (aim: under 50 ms)")
        broken = found["broken"]
        lines.append(
            f"with one broken declaration: {broken['dags']:,} DAGs of {declarations:,}, {broken['failing']} says so"
        )
        if "error" not in theirs:
            lines.append(f"dag-factory / factory: {theirs['again'] / ours['again']:.1f} (aim: 2.5 or more)")
    return lines


def _measured(what: str, folder: Path, declarations: int) -> dict[str, Any]:
    from dev.airflow_env import Home, embedded_environment, ensure_private

    home = Home(folder / "airflow")
    ensure_private(home, {})
    environment = embedded_environment(home, environment={**os.environ, "OPENDATA_DATASETS": str(folder / "datasets")})
    environment["OPENDATA_CACHE"] = str(folder / "cache")
    done = subprocess.run(
        [sys.executable, "-m", "bench.airflow_scale", "--inside", what, str(folder), str(declarations)],
        cwd=places.ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        return {"error": (done.stderr.strip().splitlines() or ["no message"])[-1]}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _write_declarations(folder: Path, declarations: int) -> None:
    """A shipped declaration under so many names: the size real ones have."""
    text = DECLARATION.read_text(encoding="utf-8")
    for number in range(declarations):
        name = f"dataset_{number:04d}"
        (folder / name).mkdir(parents=True)
        written = text.replace("dataset: health_insurance_coverage", f"dataset: {name}")
        (folder / name / "dataset.yaml").write_text(written, encoding="utf-8")


def print_line(text: str) -> None:
    sys.stderr.write(f"  {text}\n")


# Inside a process of its own


def inside(what: str, folder: Path, declarations: int) -> None:
    import airflow.sdk  # noqa: F401 - what every parse has paid for before ours begins
    from airflow.providers.standard.operators.hitl import HITLOperator  # noqa: F401

    parse: Callable[[], dict[str, Any]]
    if what == "literals":
        literals = [_literal(number) for number in range(declarations)]
        parse = lambda: _from_literals(literals)  # noqa: E731
    elif what == "dag-factory":
        config = _dag_factory_config(folder, declarations)
        parse = lambda: _by_dag_factory(config)  # noqa: E731
    else:
        if what == "broken":
            path = folder / "datasets" / "dataset_0000" / "dataset.yaml"
            shutil.copy(path, folder / "kept.yaml")
            path.write_text("dataset: [unclosed\n", encoding="utf-8")
        if what == "task start":
            os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"] = "refresh__dataset_0500"
        import_module("dags.refresh_datasets")

        parse = _parse_dag_file
    times, clocks = [], []
    made: dict[str, Any] = {}
    for _ in range(4 if what != "dag-factory" else 2):
        cpu, clock = time.process_time(), time.perf_counter()
        made = parse()
        times.append(time.process_time() - cpu)
        clocks.append(time.perf_counter() - clock)
    if what == "broken":
        shutil.copy(folder / "kept.yaml", folder / "datasets" / "dataset_0000" / "dataset.yaml")
    sys.stdout.write(
        json.dumps(
            {
                "dags": len(made),
                "failing": sum("broken declaration" in dag.tags for dag in made.values()),
                "first": times[0],
                "first_clock": clocks[0],
                "again": min(times[1:]),
                "clock": min(clocks[1:]),
                "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            }
        )
        + "\n"
    )


def _parse_dag_file() -> dict[str, Any]:
    import importlib.util

    spec = importlib.util.spec_from_file_location("parsed", places.ROOT / "dags" / "refresh_datasets.py")
    if spec is None or spec.loader is None:
        raise RuntimeError("dags/refresh_datasets.py is not there")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {name: value for name, value in vars(module).items() if name.startswith("refresh__")}


def _literal(number: int) -> dict[str, Any]:
    from include.opendata.declaration.light import read_outline

    return vars(read_outline(f"dataset_{number:04d}")).copy()


def _from_literals(literals: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The same DAGs with nothing to read: what building them costs Airflow."""
    import dags.refresh_datasets as ours
    from dags.dag_builder import dag_id_of, dag_of
    from include.opendata.declaration.light import Outline

    made = {}
    for literal in literals:
        outline = Outline(**literal)
        made[dag_id_of(outline.dataset)] = ours.refresh_dag(outline, dag_of(outline))
    return made


def _dag_factory_config(folder: Path, declarations: int) -> Path:
    """As many DAGs with as many tasks in a row, in the form dag-factory reads."""
    import yaml

    steps = [
        "extract", "has_changed", "check_quality", "tabulate", "assess", "protect", "check_publishable", "build_release",
        "request_approvals", "ask_approvers", "check_approvals", "stage", "publish", "finish",
    ]  # fmt: skip
    config: dict[str, Any] = {}
    for number in range(declarations):
        tasks: list[dict[str, Any]] = []
        for place, step in enumerate(steps):
            task: dict[str, Any] = {
                "task_id": step,
                "decorator": "airflow.sdk.task",
                "python_callable": "bench.dag_factory_callable.perform",
                "dependencies": [steps[place - 1]] if place else [],
            }
            if step in MAPPED:
                task |= {"partial": {"run": "+extract"}, "expand": {"table": ["first_table", "second_table"]}}
            elif place:
                task["run"] = "+extract"
            tasks.append(task)
        config[f"refresh__dataset_{number:04d}"] = {
            "default_args": {"owner": "Department", "start_date": "2025-01-01", "retries": 0},
            "schedule": "0 6 1 * *",
            "catchup": False,
            "max_active_runs": 1,
            "tags": ["a", "b", "c"],
            "params": {
                "force": False,
                "dry_run": False,
                "only": None,
                "source": None,
                "whole": False,
                "accept_changes": None,
                "note": None,
            },
            "tasks": tasks,
        }
    path = folder / "dag_factory.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return path


def _by_dag_factory(config: Path) -> dict[str, Any]:
    import dagfactory

    made: dict[str, Any] = {}
    dagfactory.load_yaml_dags(globals_dict=made, config_filepath=str(config))
    return {name: value for name, value in made.items() if name.startswith("refresh__")}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        inside(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
    else:
        raise SystemExit(main(sys.argv[1:]))
