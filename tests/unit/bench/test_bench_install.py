"""`make bench` brings the tools it compares with; nothing else needs them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

from dev.airflow_env import ROOT

LOCKS = ("requirements.lock", "requirements-demo.lock", "requirements-dev.lock", "requirements-bench.lock")


def bootstrap(project, which: str) -> None:
    done = subprocess.run(["dev/bootstrap.sh", which], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_bench_set_is_installed_once_and_holds_the_development_set(tmp_path):
    (tmp_path / "dev").mkdir()
    shutil.copy(ROOT / "dev" / "bootstrap.sh", tmp_path / "dev")
    for lock in LOCKS:
        (tmp_path / lock).write_text(f"# {lock}\n")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / ".venv")], check=True)
    uv = tmp_path / ".venv" / "bin" / "uv"
    uv.write_text('#!/bin/sh\necho "$@" >> calls\n')
    uv.chmod(0o755)
    for which in ("bench", "bench", "dev", "runtime"):
        bootstrap(tmp_path, which)
    (call,) = (tmp_path / "calls").read_text().splitlines()
    assert re.findall(r"-r (\S+)", call) == list(LOCKS)


def test_make_bench_installs_before_it_measures():
    done = subprocess.run(["make", "--dry-run", "bench"], cwd=ROOT, capture_output=True, text=True, check=True)
    steps = [line for line in done.stdout.splitlines() if "bench" in line]
    assert steps == ["dev/bootstrap.sh bench", ".venv/bin/python -m bench"]


def test_only_one_file_imports_the_tool_compared_with():
    folders = ("include", "dags", "plugins", "dev", "demo", "bench")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    importing = [path.name for path in files if re.search(r"^\s*(from|import) pytauargus", path.read_text(), re.M)]
    assert importing == ["tau_argus.py"]
