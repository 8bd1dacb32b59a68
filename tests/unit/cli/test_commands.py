"""The commands are listed without being imported, and what is listed is what they say of themselves."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys

import pytest
import typer

from include.opendata import places
from include.opendata.cli.app import COMMANDS

HEAVY = ("pandas", "numpy", "duckdb", "pyarrow", "numba", "scipy", "sqlalchemy", "pydantic", "great_expectations")


def heavy_modules_after(*arguments: str, heavy: tuple[str, ...] = HEAVY) -> list[str]:
    """Which of ``heavy`` a process has imported when a command has ended."""
    code = (
        "import sys\n"
        "from include.opendata.cli.app import main\n"
        "try:\n"
        f"    main({list(arguments)!r})\n"
        "except SystemExit as ended:\n"
        "    assert not ended.code, ended.code\n"
        f"print('loaded:', *[name for name in {heavy!r} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=places.ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1].split()[1:]


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: entry.name)
def test_the_list_of_commands_says_what_each_says_of_itself(entry):
    command = getattr(importlib.import_module(entry.module), entry.name)
    described = command.info.help if isinstance(command, typer.Typer) else inspect.getdoc(command)
    assert described.splitlines()[0] == entry.summary


def test_the_help_imports_no_command():
    assert heavy_modules_after("--help") == []


def test_a_command_imports_nothing_that_only_others_need():
    assert heavy_modules_after("check", heavy=("numba",)) == []
    assert heavy_modules_after("score", "--help", heavy=("duckdb", "numba", "scipy", "great_expectations")) == []
