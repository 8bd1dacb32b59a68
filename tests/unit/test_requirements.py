"""The requirement files agree with each other, and the image with them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from dev.airflow_env import ROOT
from dev.image_requirements import image_requirements, lines_of, name_of

LOCKS = ["requirements.lock", "requirements-demo.lock", "requirements-dev.lock", "requirements-bench.lock"]
PIN = re.compile(r"^[A-Za-z0-9._-]+==[^\s;]+( ; .+)?$")


def pins(file: str) -> dict[str, set[str]]:
    """Package to its pinned lines; a package may be pinned once per Python version."""
    found: dict[str, set[str]] = {}
    for line in lines_of(ROOT / file):
        found.setdefault(name_of(line), set()).add(line.split(" ;")[0])
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_exact_versions_and_names_no_index(lock):
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert [line for line in text.splitlines() if line and not PIN.match(line)] == []


def test_the_locks_do_not_contradict_each_other():
    everything = pins("requirements.lock")
    for lock in LOCKS[1:]:
        for name, versions in pins(lock).items():
            if name in everything:
                assert versions == everything[name], f"{lock} and requirements.lock disagree on {name}"


@pytest.mark.parametrize(
    ("asked", "lock"),
    [
        ("requirements.in", "requirements.lock"),
        ("requirements-demo.in", "requirements-demo.lock"),
        ("requirements-dev.in", "requirements-dev.lock"),
        ("requirements-bench.in", "requirements-bench.lock"),
    ],
)
def test_what_is_asked_for_is_locked(asked, lock):
    wanted = {name_of(line) for line in lines_of(ROOT / asked)}
    assert wanted - set(pins(lock)) == set()


def test_the_image_installs_our_direct_requirements_as_locked():
    assert (ROOT / "requirements.txt").read_text() == image_requirements(), "run `make lock`"


def test_the_image_requirements_leave_out_what_the_image_pins():
    direct = {name_of(line) for line in lines_of(ROOT / "requirements.in")}
    left_out = direct - {name_of(line) for line in lines_of(ROOT / "requirements.txt")}
    assert left_out == {"apache-airflow", "apache-airflow-providers-smtp"}  # Airflow needs the second itself


def test_the_image_gets_what_our_requirements_ask_for_in_brackets():
    """Without its binary part psycopg looks for a libpq that no one promises to be in the image."""
    asked = {line.partition(">")[0] for line in lines_of(ROOT / "requirements.in") if "[" in line}
    given = {line.partition("=")[0] for line in lines_of(ROOT / "requirements.txt") if "[" in line}
    assert asked == given == {"psycopg[binary]"}


def test_all_that_must_outlive_a_container_lies_where_it_is_mounted():
    """With the ledger on a server the evidence store would else be inside the container, and gone with it."""
    places = re.findall(r"(OPENDATA_\w+)=(?:sqlite:///)?(\S+)", (ROOT / "Dockerfile").read_text())
    kept = {"OPENDATA_WORK", "OPENDATA_STAGING", "OPENDATA_LEDGER", "OPENDATA_EVIDENCE"}
    assert {name for name, place in places if place.startswith("/var/lib/opendata/")} == kept


def test_the_image_is_checked_against_the_locked_airflow():
    (locked,) = pins("requirements.lock")["apache-airflow"]
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert f"ARG AIRFLOW_VERSION={locked.partition('==')[2]}\n" in dockerfile


def test_the_image_runs_as_an_ordinary_user_on_a_pinned_base():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    (base,) = [line for line in lines if line.startswith("FROM ")]
    assert re.search(r":\d+\.\d+-\d+-python-3\.1[12]$", base)
    assert [line for line in lines if line.startswith("USER ")][-1] == "USER 50000"


def test_the_dockerfile_passes_hadolint():
    hadolint = shutil.which("hadolint", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert hadolint, "hadolint is a development requirement on Linux x86-64; elsewhere install it by hand"
    done = subprocess.run(
        [hadolint, "--no-color", str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_no_data_and_no_state_go_into_the_image():
    ignored = set((ROOT / ".dockerignore").read_text().split())
    assert {".airflow", ".work", ".ledger", ".demo", "staging", ".env", ".git"} <= ignored


def test_the_pythons_of_the_project_are_those_the_locks_are_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == ">=3.11,<3.13"


@pytest.mark.slow
def test_the_images_install_step_gives_the_versions_of_the_lock(tmp_path):
    """Airflow first, as an image brings it, then requirements.txt on top: Airflow must stay, and all must fit."""
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert uv, "uv comes with `make install`"
    environment, python = tmp_path / "image", tmp_path / "image" / "bin" / "python"

    def run(*arguments: str) -> str:
        done = subprocess.run([uv, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def installed() -> dict[str, str]:
        listed = run("pip", "freeze", "--python", str(python)).splitlines()
        return {name_of(line): line for line in listed}

    (airflow,) = pins("requirements.lock")["apache-airflow"]
    run("venv", "--quiet", "--python", sys.executable, str(environment))
    run("pip", "install", "--quiet", "--python", str(python), airflow, "-c", "requirements.lock")
    of_the_image = installed()
    run("pip", "install", "--quiet", "--python", str(python), "-r", "requirements.txt")
    after = installed()
    run("pip", "check", "--python", str(python))
    assert {name: after[name] for name in of_the_image if name.startswith("apache-airflow")} == {
        name: line for name, line in of_the_image.items() if name.startswith("apache-airflow")
    }
    locked = pins("requirements.lock")
    asked_for = {name_of(line) for line in lines_of(ROOT / "requirements.txt")}
    assert {name: after[name] for name in asked_for if after[name] not in locked[name]} == {}
