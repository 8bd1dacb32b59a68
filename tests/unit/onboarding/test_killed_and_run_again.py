"""A step of getting to know a source that was killed and is run again comes to the same bundle."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.opendata.errors import DeclarationError
from include.opendata.onboarding import door
from include.opendata.onboarding.kept import KeptRun
from include.opendata.onboarding.start import start
from include.opendata.onboarding.steps import ONBOARDING_STEPS
from tests.lib.onboarding_sources import REQUEST, TODAY, patients, write

WRITE_BUNDLE = ONBOARDING_STEPS[-1]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run whose steps were performed one by one."""
    monkeypatch.setenv("OPENDATA_WORK", str(tmp_path / "work"))
    source = write(tmp_path, patients(400))
    begun = start({**REQUEST, "source": str(source)}, "a-run", as_of=TODAY)
    for step in ONBOARDING_STEPS:
        door.perform(step, begun)
    return begun


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_step_killed_after_it_wrote_the_bundle_finds_it_done(run):
    folder = KeptRun.of(run).area.folder / "bundle"
    before = files(folder)
    door.perform(WRITE_BUNDLE, run)
    assert files(folder) == before
    assert [path.name for path in folder.iterdir()] == [run["dataset"]]


def test_a_bundle_that_someone_worked_on_is_left_alone(run):
    page = KeptRun.of(run).area.folder / "bundle" / run["dataset"] / "dataset.yaml"
    page.write_text(page.read_text() + "# an answer\n")
    with pytest.raises(DeclarationError) as refused:
        door.perform(WRITE_BUNDLE, run)
    assert refused.value.slug == "bundle-exists"
    assert page.read_text().endswith("# an answer\n")


def test_suites_of_an_earlier_try_do_not_stay(run):
    kept = KeptRun.of(run)
    kept.draft("expectations", "clinic__of_a_table_no_longer_proposed.json").write_text("{}")
    door.perform(next(step for step in ONBOARDING_STEPS if step.name == "draft_suites"), run)
    assert not kept.draft("expectations", "clinic__of_a_table_no_longer_proposed.json").exists()
