"""The commands the README shows are those that exist, and each way to start something is found by `make help`."""

from __future__ import annotations

import os
import re
import subprocess

from dev.airflow_env import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.M))
PROMISED = {
    "help",
    "install",
    "refresh",
    "test",
    "soak",
    "lint",
    "format",
    "up",
    "system-deps",
    "bench",
    "clean",
    "lock",
    "demo-sources",
}


def shown_make_targets(text: str) -> set[str]:
    """The targets of the `make` commands in code blocks and code spans."""
    code = re.findall(r"```.*?```|`[^`\n]+`", text, re.S)
    return set(re.findall(r"(?:^|[`$\s;&])make ([a-z][a-z-]*)", "\n".join(code)))


def test_the_promised_commands_exist():
    assert TARGETS == PROMISED


def test_every_make_command_the_documents_show_exists():
    documents = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    shown = {path.name: shown_make_targets(path.read_text()) - TARGETS for path in documents}
    assert {name: unknown for name, unknown in shown.items() if unknown} == {}


def test_the_readme_shows_the_two_commands():
    assert {"refresh", "test"} <= shown_make_targets((ROOT / "README.md").read_text())


def test_help_lists_every_command():
    # not a part of the `make` that runs the tests: that one would add lines about folders
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True, env=plain)
    assert {line.split()[1] for line in done.stdout.splitlines()} == TARGETS


def test_continuous_integration_runs_what_the_readme_says():
    lines = [line for line in (ROOT / ".ci" / "run").read_text().splitlines() if line and not line.startswith("#")]
    assert lines == ["set -eu", 'cd "$(dirname "$0")/.."', "make test"]


def test_the_tests_run_the_quick_ones_first_and_stop_at_a_failure():
    done = subprocess.run(["make", "--dry-run", "test"], cwd=ROOT, capture_output=True, text=True, check=True)
    runs = [line for line in done.stdout.splitlines() if "pytest" in line]
    assert ["not slow" in line for line in runs] == [True, False]
    assert not any("||" in line or line.startswith("-") for line in runs)
