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


@pytest.fixture
def system(project, tmp_path):
    """A machine on which every package but the one named in ``there`` is missing: stand-ins for dpkg, apt-get, sudo, id."""
    shutil.copy(ROOT / "dev" / "system_deps.sh", project / "dev")
    (project / "packages-dev.txt").write_text("# what tests need\nalpha   # the first database\nbeta    # a browser\n")
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "sed", "grep", "dirname", "find"):
        (tools / name).symlink_to(shutil.which(name))

    def stand_in(name: str, script: str) -> None:
        (tools / name).write_text(f"#!/bin/sh\n{script}\n")
        (tools / name).chmod(0o755)

    stand_in("dpkg-query", 'case "$3" in alpha) echo "install ok installed";; *) exit 1;; esac')
    return stand_in, lambda: run("dev/system_deps.sh", cwd=project, PATH=str(tools))


def test_a_missing_system_package_is_installed_by_root_and_named_with_its_reason(system, tmp_path):
    stand_in, start = system
    stand_in("id", "echo 0")
    stand_in("apt-get", f'echo "$@" >> "{tmp_path}/asked"')
    done = start()
    assert done.returncode == 0
    assert "beta: a browser" in done.stderr
    assert "alpha" not in done.stderr
    assert (tmp_path / "asked").read_text() == "update -qq\ninstall -y -qq --no-install-recommends beta\n"


def test_others_install_system_packages_through_sudo(system, tmp_path):
    stand_in, start = system
    stand_in("id", "echo 1000")
    stand_in("apt-get", "exit 1")
    stand_in("sudo", f'echo "$@" >> "{tmp_path}/asked"')
    assert start().returncode == 0
    assert "apt-get install -y -qq --no-install-recommends beta" in (tmp_path / "asked").read_text()


def test_who_may_not_install_system_packages_is_told_the_one_line_to_run(system):
    stand_in, start = system
    stand_in("id", "echo 1000")
    stand_in("apt-get", "exit 1")
    done = start()
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "Run this as root, then make test again: apt-get install beta"


def test_nothing_is_installed_where_nothing_is_missing(system):
    stand_in, start = system
    stand_in("dpkg-query", 'echo "install ok installed"')
    stand_in("apt-get", "exit 1")
    done = start()
    assert (done.returncode, done.stderr) == (0, "")
