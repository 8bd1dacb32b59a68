"""Starting things from a shell: the launcher finds its project, the installer says what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dev.airflow_env import ROOT


def run(*command: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=cwd, env={"PATH": os.environ["PATH"], **environment}, capture_output=True, text=True, check=False
    )


@pytest.fixture
def project(tmp_path):
    """A copy of the launchers, with a stand-in for the interpreter that tells how it was called."""
    project = tmp_path / "a project"
    (project / "dev").mkdir(parents=True)
    (project / "bin").mkdir()
    shutil.copy(ROOT / "bin" / "opendata", project / "bin")
    shutil.copy(ROOT / "dev" / "bootstrap.sh", project / "dev")
    for lock in ("requirements.lock", "requirements-demo.lock", "requirements-dev.lock"):
        (project / lock).write_text(f"# {lock}\n")
    return project


@pytest.fixture
def interpreter(project):
    python = project / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$PWD|$PYTHONPATH|$*"\n')
    python.chmod(0o755)
    return python


def test_the_command_runs_in_the_projects_environment_and_the_callers_folder(project, interpreter, tmp_path):
    done = run(str(project / "bin" / "opendata"), "check", "two words", cwd=tmp_path)
    assert done.stdout == f"{tmp_path}|{project}|-P -m include.opendata.cli check two words\n"


def test_the_command_finds_its_project_through_symbolic_links(project, interpreter, tmp_path):
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "first").symlink_to("../a project/bin/opendata")
    (tmp_path / "opendata").symlink_to(tmp_path / "links" / "first")
    done = run(str(tmp_path / "opendata"), "check", cwd=tmp_path)
    assert done.stdout.split("|")[1] == str(project)


def test_without_an_environment_the_command_says_how_to_make_one(project, tmp_path):
    done = run(str(project / "bin" / "opendata"), "check", cwd=tmp_path)
    assert done.returncode == 1
    assert "make -C" in done.stderr
    assert "install" in done.stderr


def test_without_a_fitting_python_the_installer_says_which_it_needs(project):
    done = run("dev/bootstrap.sh", "runtime", cwd=project, PYTHON="no-such-python")
    assert done.returncode == 1
    assert "Python 3.11 or 3.12" in done.stderr
    assert not (project / ".venv").exists()


def test_a_second_install_does_nothing_until_a_lock_changes(project):
    """With real environments but empty locks, so that nothing needs fetching but uv, which is put there."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(project / ".venv")], check=True)
    uv = project / ".venv" / "bin" / "uv"
    uv.write_text('#!/bin/sh\necho "$@" >> calls\n')
    uv.chmod(0o755)
    assert run("dev/bootstrap.sh", "dev", cwd=project).returncode == 0
    assert run("dev/bootstrap.sh", "dev", cwd=project).returncode == 0
    assert run("dev/bootstrap.sh", "runtime", cwd=project).returncode == 0  # the development set holds it
    calls = project / "calls"
    assert len(calls.read_text().splitlines()) == 1
    (project / "requirements.lock").write_text("# changed\n")
    assert run("dev/bootstrap.sh", "dev", cwd=project).returncode == 0
    assert len(calls.read_text().splitlines()) == 2


def test_an_install_that_failed_is_not_taken_for_done(project):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(project / ".venv")], check=True)
    uv = project / ".venv" / "bin" / "uv"
    uv.write_text("#!/bin/sh\nexit 1\n")
    uv.chmod(0o755)
    assert run("dev/bootstrap.sh", "dev", cwd=project).returncode != 0
    assert not (project / ".venv" / "installed-from").exists()
