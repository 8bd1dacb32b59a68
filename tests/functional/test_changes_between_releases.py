"""What changed since the last release: told in it, kept within tolerances, accepted by a person; never more than is public."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.lib.monthly import CLINIC, SEX, Begun, a_table, declaration, extract
from tests.lib.run_steps import perform

TOLERANCES = """\
    tolerances:
      - {measure: Persons, by: Clinic, moves_less_than: 30%}
      - {rows_move_less_than: 50%}
"""
BEFORE = extract("2022-01", n_f=40, n_m=60, s_f=3, s_m=45, w_f=80, w_m=20)
WITHIN = extract("2022-01", n_f=40, n_m=60, s_f=5, s_m=45, w_f=85, w_m=20)
BEYOND = extract("2022-01", n_f=140, n_m=60, s_f=3, s_m=45, w_f=80, w_m=20)
FURTHER = extract("2022-01", n_f=141, n_m=60, s_f=3, s_m=45, w_f=80, w_m=20)


def refresh(installation, source, *more):
    installation.write_source(source)
    return installation.opendata("refresh", "clinic_visits", *more)


def current(installation):
    return json.loads((installation.staging / "clinic_visits" / "current.json").read_text())["release"]


def released(installation, path):
    return (installation.staging / "clinic_visits" / "releases" / current(installation) / path).read_text(
        encoding="utf-8"
    )


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    declared = declaration(a_table(CLINIC, SEX, refresh="replace", more=TOLERANCES))
    return Begun.with_release(tmp_path_factory.mktemp("changes"), declared, BEFORE)


@pytest.fixture
def published(begun, monkeypatch):
    """A first release, with tolerances for the ones after it."""
    return begun.anew(monkeypatch)


def test_a_first_release_is_compared_with_nothing(published):
    release = published.staging / "clinic_visits" / "releases" / current(published)
    assert not (release / "diff.json").exists()
    assert not (release / "changes").exists()
    assert "What changed since the last release" not in released(published, "evidence/index.html")
    answer = published.opendata("diff", "clinic_visits")
    assert (answer.code, "this is the first release" in answer.err) == (2, True)


def test_a_release_tells_what_changed(published):
    first = current(published)
    assert refresh(published, WITHIN).code == 0
    told = json.loads(released(published, "diff.json"))
    assert (told["from"], told["to"]) == (first, current(published))
    (table,) = told["tables"]
    assert table["totals"] == [{"measure": "Persons", "of": "total row", "old": 248, "new": 255, "percent": 2.8}]
    assert [mover["new"] - mover["old"] for mover in table["movers"]][:1] == [5]
    manifest = json.loads(released(published, "manifest.json"))
    roles = {file["path"]: file["role"] for file in manifest["files"]}
    assert roles["changes/visits_by_month.csv"] == "changes"
    assert roles["diff.json"] == "internal"
    page = released(published, "evidence/index.html")
    assert "What changed since the last release" in page
    assert "The largest changes of Persons since the last release" in page
    answer = published.opendata("diff", "clinic_visits")
    assert "Persons (total row): 248 -> 255  (+2.8 %)" in answer.out
    assert published.opendata("diff", "clinic_visits", "--json").json() == told
    back = published.opendata("diff", "clinic_visits", "--from", current(published), "--to", first, "--json").json()
    assert back["tables"][0]["totals"][0]["new"] == 248


def test_what_changed_tells_nothing_that_is_not_published(published):
    """South has 3, then 5 women: both hidden, and so are all their differences."""
    first = list(csv.DictReader(io.StringIO(released(published, "data/visits_by_month.csv"))))
    assert refresh(published, WITHIN).code == 0
    second = list(csv.DictReader(io.StringIO(released(published, "data/visits_by_month.csv"))))
    public = {(row["Clinic"], row["Sex"], row["Persons"]) for row in [*first, *second]}
    rows = list(csv.DictReader(io.StringIO(released(published, "changes/visits_by_month.csv"))))
    assert rows
    for row in rows:
        assert (row["Clinic"], row["Sex"], row["Persons"]) in public
        assert row["_before_Persons"] == "" or (row["Clinic"], row["Sex"], row["_before_Persons"]) in public
    assert ("South", "Female") not in {(row["Clinic"], row["Sex"]) for row in rows if row["Persons"]}
    for mover in json.loads(released(published, "diff.json"))["tables"][0]["movers"]:
        labels = tuple(mover["row"].values())
        assert {(*labels, str(mover["old"])), (*labels, str(mover["new"]))} <= public


def test_the_same_two_releases_give_the_same_bytes(published, tmp_path):
    assert refresh(published, WITHIN).code == 0
    other = str(tmp_path / "other")
    assert refresh(published, BEFORE, "--staging", other).code == 0
    assert refresh(published, WITHIN, "--staging", other).code == 0
    folder = tmp_path / "other" / "clinic_visits" / "releases" / current(published)
    for path in ("diff.json", "changes/visits_by_month.csv", "evidence/index.html"):
        assert (folder / path).read_text(encoding="utf-8") == released(published, path)


def test_a_release_beyond_a_tolerance_waits_until_exactly_its_changes_are_accepted(published):
    before = published.staged()
    stopped = refresh(published, BEYOND)
    assert stopped.code == 3
    assert "1 figure moved as far as a declared tolerance or further" in stopped.err
    assert "Persons by Clinic moves by less than 30 %: 1 of 3: North" in stopped.err
    assert "100" not in stopped.err.split("What to do")[0].replace("clinic_visits", "")
    evidence = stopped.err.split("evidence page, ")[1].split(", and ask")[0]
    assert "staged only after someone has looked at it" in Path(evidence).read_text(encoding="utf-8")
    assert published.staged() == before

    other = refresh(published, FURTHER, "--accept-changes", "A clinic moved here.")
    assert other.code == 3
    assert "not the changes that were looked at" in other.err
    assert published.staged() == before

    taken = refresh(published, BEYOND, "--accept-changes", "A clinic moved here.")
    assert taken.code == 0, taken.err
    assert published.staged() != before

    from include.opendata.ledger import open_ledger

    run = open_ledger().runs("clinic_visits")[0]
    (accepted,) = [d for d in open_ledger().decisions("clinic_visits", run.run_id) if d.slug == "changes-accepted"]
    assert accepted.sentence.endswith("accepted these changes: A clinic moved here.")
    assert len(accepted.figures["digest"]) == 64


def test_nobody_can_accept_what_nobody_was_shown(published):
    answer = refresh(published, BEYOND, "--accept-changes", "It will be right.")
    assert answer.code == 3
    assert "not the changes that were looked at" in answer.err


def test_a_preview_shows_what_would_be_stopped(published):
    published.write_source(BEYOND)
    answer = published.opendata("preview", "clinic_visits", "--json")
    assert answer.code == 0, answer.err


def test_a_run_killed_after_its_changes_were_accepted_needs_no_second_answer(published, monkeypatch):
    from include.opendata.staging.local import LocalStaging

    assert refresh(published, BEYOND).code == 3

    class Killed(BaseException):
        """Nothing catches it, as nothing catches SIGKILL."""

    def dies(*arguments, **named):
        raise Killed

    with monkeypatch.context() as killing:
        killing.setattr(LocalStaging, "publish", dies)
        with pytest.raises(Killed):
            refresh(published, BEYOND, "--accept-changes", "A clinic moved here.")
    assert refresh(published, BEYOND).code == 0


def test_staging_itself_refuses_what_was_not_accepted(published):
    """The state of another task is no evidence: stage looks again."""
    from include.opendata.errors import Refused
    from include.opendata.pipeline.changes import check_changes
    from include.opendata.pipeline.start import start

    published.write_source(BEYOND)
    run = start("clinic_visits", "by-task")
    looking = run.model_copy(update={"preview": True})
    perform(looking, "extract", "has_changed", "check_quality", "tabulate", "assess", "protect", "check_publishable")
    perform(looking, "build_release")
    with pytest.raises(Refused) as refused:
        check_changes(run)
    assert refused.value.slug == "moved-beyond-tolerance"

    perform(run, "request_approvals")
    with pytest.raises(Refused) as refused:
        perform(run, "stage")
    assert refused.value.slug == "moved-beyond-tolerance"
