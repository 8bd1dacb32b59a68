"""What is read of a declaration for pages about many; which evidence page is handed out."""

from __future__ import annotations

import hashlib
import json

import pytest

from include.opendata.errors import InputError
from include.opendata.ledger import open_ledger
from include.opendata.monitoring import declared_facts as module
from include.opendata.monitoring.declared_facts import declared_facts
from include.opendata.monitoring.evidence_files import evidence_of_run, staged_file
from include.opendata.storage import RunArea
from tests.lib import declarations
from tests.lib.seeded_ledger import release, seed


@pytest.fixture
def place(tmp_path, monkeypatch):
    for variable in ("DATASETS", "WORK", "CACHE"):
        monkeypatch.setenv(f"OPENDATA_{variable}", str(tmp_path / variable.lower()))
    declarations.write(tmp_path / "datasets")
    return tmp_path


def test_a_declaration_is_read_once_until_it_changes(place, monkeypatch):
    (first,) = declared_facts()
    assert (first.title, first.level, first.broken) == ("Clinic visits", 1, "")
    monkeypatch.setattr(module, "_KNOWN", {})
    monkeypatch.setattr(module.yaml_reader, "read", lambda *a, **k: pytest.fail("read again"))
    assert declared_facts() == [first]
    monkeypatch.undo()
    monkeypatch.setenv("OPENDATA_DATASETS", str(place / "datasets"))
    declarations.write(place / "datasets", declarations.SOUND.replace("title: Clinic visits", "title: Visits", 1))
    assert declared_facts()[0].title == "Visits"


def test_what_was_kept_under_other_rules_is_read_anew(place, monkeypatch):
    (before,) = declared_facts()
    monkeypatch.setattr(module, "_KNOWN", {})
    monkeypatch.setattr(module, "code_version", lambda: "a later one")
    monkeypatch.setattr(module, "_level", lambda answers: 3)
    assert (before.level, declared_facts()[0].level) == (1, 3)


def test_a_declaration_nobody_can_read_is_told_as_broken(place):
    declarations.write(place / "datasets", "dataset: [", "torn")
    broken = {one.dataset: one.broken for one in declared_facts()}
    assert broken["torn"]
    assert not broken["clinic_visits"]


@pytest.fixture
def waiting(place):
    ledger = open_ledger(f"sqlite:///{place / 'ledger.sqlite'}")
    ledger.start_run("clinic_visits", "run-1", declaration_sha256="a" * 64, code_version="c")
    area = RunArea("clinic_visits", "run-1")
    page = area.path("release", "r1", "evidence", "index.html")
    page.write_text("<h1>Evidence</h1>")
    facts = {"path": "evidence/index.html", "bytes": 17, "media_type": "text/html", "role": "internal"}
    manifest = {
        "dataset": "clinic_visits", "release": "r1", "previous_release": None, "declaration_sha256": "a" * 64,
        "source": {"sha256": "b" * 64, "bytes": 1, "rows": 1}, "code_version": "c", "tables": [],
        "files": [{**facts, "sha256": hashlib.sha256(page.read_bytes()).hexdigest()}],
        "run": {"run_id": "run-1", "started_at": "2026-01-01T00:00:00Z"},
    }  # fmt: skip
    (area.folder / "release" / "r1" / "manifest.json").write_text(json.dumps(manifest))
    area.write_json("release.json", {"release": "r1", "folder": "release/r1"})
    return ledger, page


def test_a_run_that_waits_shows_its_evidence_from_the_work_area(waiting):
    assert evidence_of_run(waiting[0], "clinic_visits", "run-1") == b"<h1>Evidence</h1>"


def test_a_page_that_was_changed_since_is_not_shown(waiting):
    ledger, page = waiting
    page.write_text("<h1>All is well</h1>")
    with pytest.raises(InputError, match="not what the run wrote"):
        evidence_of_run(ledger, "clinic_visits", "run-1")


@pytest.mark.parametrize("run", ["nowhere", "../run-1", "run-1/../run-1"])
def test_a_run_the_ledger_does_not_know_has_no_page(waiting, run):
    with pytest.raises(InputError, match="no such run"):
        evidence_of_run(waiting[0], "clinic_visits", run)


def test_files_come_from_releases_the_ledger_knows_of(waiting):
    with pytest.raises(InputError, match="no such release"):
        staged_file(waiting[0], "clinic_visits", "..", "current.json")


def test_a_manifest_is_no_file_that_a_manifest_names(waiting):
    seed(waiting[0], releases=[release("clinic_visits", "r1")])
    with pytest.raises(InputError, match="no such file") as failed:
        staged_file(waiting[0], "clinic_visits", "r1", "manifest.json")
    assert failed.value.slug == "evidence-unknown"
