"""``bin/opendata scan``, and a refresh whose source looks personal."""

from __future__ import annotations

import json

from include.opendata.ledger import open_ledger
from tests.lib import declarations

NUMBER = "123-45-6789"
REMARKS = (
    "    - {name: remarks, type: text, label: Remarks, definition: Remarks., privacy: public, required: no%s}\nquality:"
)


def declaration(more: str = "") -> str:
    return declarations.SOUND.replace("quality:", REMARKS % more, 1)


def source(installation, remark: str) -> None:
    lines = installation.visits().splitlines()
    lines = [f"{lines[0]},remarks", f"{lines[1]},{remark}", *(f"{line}," for line in lines[2:])]
    installation.write_source("\n".join(lines) + "\n")


def test_a_source_without_personal_columns_passes_and_nothing_is_left_behind(installation):
    installation.write_source()
    installation.declare()
    answer = installation.opendata("scan", "clinic_visits", "--json")
    assert answer.code == 0, answer.err
    assert answer.json()["passed"] is True
    assert [path for path in (installation.folder / "work").rglob("*") if path.is_file()] == []


def test_a_public_column_that_looks_personal_is_refused_with_the_findings(installation):
    source(installation, NUMBER)
    installation.declare(declaration())
    answer = installation.opendata("scan", "clinic_visits", "--json")
    assert answer.code == 3
    assert [(f["column"], f["kind"], f["rows"]) for f in answer.json()["findings"] if f["severity"] == "refuse"] == [
        ("remarks", "social-security-number", 1)
    ]
    assert "What to do" in answer.err
    assert NUMBER not in answer.out + answer.err


def test_another_source_can_be_looked_at(installation):
    installation.write_source()
    installation.declare(declaration())
    source(installation, NUMBER)
    other = installation.folder / "other.csv"
    installation.source.rename(other)
    answer = installation.opendata("scan", "clinic_visits", "--source", str(other))
    assert answer.code == 3
    assert "refuse: column remarks" in answer.out


def test_a_refresh_stops_before_anything_is_made_of_such_a_source(installation):
    source(installation, NUMBER)
    installation.declare(declaration())
    answer = installation.opendata("refresh", "clinic_visits")
    assert answer.code == 3
    assert "remarks" in answer.err
    assert NUMBER not in answer.err
    assert installation.releases_in_ledger() == []
    (run,) = open_ledger().runs("clinic_visits")
    assert ("check_quality", "looks-personal") in {
        (d.step, d.slug) for d in open_ledger().decisions("clinic_visits", run.run_id)
    }
    (kept,) = installation.folder.glob("work/clinic_visits/*/identifiers/source.json")
    assert json.loads(kept.read_text())["passed"] is False
    assert NUMBER not in kept.read_text()


def test_a_false_alarm_that_is_answered_is_a_decision_in_the_ledger(installation):
    source(installation, NUMBER)
    installation.declare(declaration(", not_personal_because: A made-up number of the manual."))
    answer = installation.opendata("preview", "clinic_visits")
    assert answer.code == 0, answer.err
    (run,) = open_ledger().runs("clinic_visits")
    decisions = open_ledger().decisions("clinic_visits", run.run_id)
    (said,) = [d.sentence for d in decisions if d.slug == "not-personal-answered"]
    assert "A made-up number of the manual" in said
    assert [d.table for d in decisions if d.slug == "not-personal"] == ["visits_by_sex"]
