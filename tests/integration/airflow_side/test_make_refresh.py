"""`make refresh` as a person runs it: a shipped dataset, its real source, Airflow and all, from outside."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from dev.airflow_env import ROOT

pytestmark = pytest.mark.slow

DATASET = "homicides_by_county"


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment whose Airflow, work area, staging and ledger are this module's own."""
    folder = tmp_path_factory.mktemp("refresh")
    subprocess.run([sys.executable, "-m", "demo.make_sources"], cwd=ROOT, check=True, capture_output=True)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "OPENDATA_"))}
    return inherited | {
        "OPENDATA_AIRFLOW_HOME": str(folder / "airflow"),
        "OPENDATA_WORK": str(folder / "work"),
        "OPENDATA_STAGING": str(folder / "staging"),
        "OPENDATA_LEDGER": f"sqlite:///{folder / 'ledger.sqlite'}",
    }


def refresh(environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "dev.refresh_all", DATASET],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def tree(folder: Path) -> dict[str, str]:
    """Every public file of a staging folder with its digest."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def data(folder: Path) -> dict[str, str]:
    return {name: digest for name, digest in tree(folder).items() if "/data/" in name}


def test_a_refresh_killed_half_way_and_run_again_stages_one_whole_release(elsewhere):
    staging = Path(elsewhere["OPENDATA_STAGING"])
    first = refresh(elsewhere)
    for line in first.stdout:
        if line.startswith("  build_release"):
            break
    running = psutil.Process(first.pid).children(recursive=True)
    first.kill()
    first.wait()
    _, alive = psutil.wait_procs(running, timeout=10)
    assert alive == []
    assert not (staging / DATASET / "current.json").exists()

    told, _ = (again := refresh(elsewhere)).communicate(timeout=240)
    assert again.returncode == 0, told
    assert "a new release is staged" in told
    assert len(list((staging / DATASET / "releases").iterdir())) == 1
    by_year, by_period = "homicides_by_county_and_year", "homicides_by_county_and_period"
    assert {Path(name).name for name in data(staging)} == {
        *(f"{by_year}.{form}" for form in ("csv", "json", "xlsx", "parquet", "xml")),
        *(f"{by_period}.{form}" for form in ("csv", "xlsx")),
    }


def test_a_second_refresh_says_that_nothing_has_changed_stages_nothing_and_still_shows_what_there_is(elsewhere):
    staging = Path(elsewhere["OPENDATA_STAGING"])
    before = tree(staging)
    told, _ = (process := refresh(elsewhere)).communicate(timeout=240)
    assert process.returncode == 0, told
    assert "has not changed since the last release" in told
    assert tree(staging) == before
    for shown in ("homicides_by_county_and_year", "suppressed", "evidence", str(staging)):
        assert shown in told


def test_a_refresh_that_airflow_sees_fail_is_told_as_a_failure_and_staging_stays(elsewhere, tmp_path):
    staging = Path(elsewhere["OPENDATA_STAGING"])
    before = tree(staging)
    (tmp_path / DATASET).mkdir()
    (tmp_path / DATASET / "dataset.yaml").write_text(f"dataset: {DATASET}\ntitle: A title\n")
    told, _ = (process := refresh(elsewhere | {"OPENDATA_DATASETS": str(tmp_path)})).communicate(timeout=240)
    assert process.returncode == 1
    assert "What to do:" in told
    assert f"Not refreshed: {DATASET}" in told
    assert tree(staging) == before
