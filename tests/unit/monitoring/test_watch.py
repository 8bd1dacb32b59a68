"""What the daily look finds, and to whom it is told."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pytest

from include.opendata.errors import StorageError
from include.opendata.ledger import open_ledger
from include.opendata.ledger.approvals import Answer, Request, record_answer, record_request
from include.opendata.ledger.schema import RUNS
from include.opendata.monitoring.checks import staging_check
from include.opendata.monitoring.digest import messages, text
from include.opendata.monitoring.watch import Problem, find_problems
from include.opendata.staging import LocalStaging
from tests.lib import declarations
from tests.lib.staged_release import make_release

ID = "clinic_visits"
TODAY = dt.datetime.now(dt.UTC)


@pytest.fixture
def ledger(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENDATA_DATASETS", str(tmp_path / "datasets"))
    monkeypatch.setenv("OPENDATA_LEDGER", f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    declarations.write(tmp_path / "datasets", declarations.SOUND)
    return open_ledger()


def ended(ledger, outcome: str, message: str | None = None, run_id: str = "run") -> None:
    ledger.start_run(ID, run_id, declaration_sha256="0" * 64, code_version="1")
    ledger.finish_run(ID, run_id, outcome=outcome, message=message)


def slugs(ledger, *, later: dt.timedelta = dt.timedelta(), checks=()) -> set[str]:
    """What is wrong beside old data, which the small declaration always has."""
    found = find_problems([ID], ledger, now=TODAY + later, checks=checks)
    return {p.slug for p in found if not (p.slug == "late" and "a refresh was due" not in p.sentence)}


def test_a_dataset_without_a_run_is_a_problem(ledger):
    assert slugs(ledger) == {"never-run"}


def test_a_dataset_that_was_refreshed_in_time_is_not_mentioned(ledger):
    ended(ledger, "staged")
    assert slugs(ledger) == set()


@pytest.mark.parametrize("outcome", ["failed", "refused"])
def test_a_last_run_that_did_not_end_well_is_told_with_its_reason(ledger, outcome):
    ended(ledger, outcome, "protect: the gate keeps it back\nWhat to do: …")
    found = [p for p in find_problems([ID], ledger, now=TODAY) if p.slug == f"last-run-{outcome}"]
    assert "the gate keeps it back" in found[0].sentence
    assert "What to do" not in found[0].sentence
    assert "never-published" in slugs(ledger)


def test_a_preview_is_no_refresh(ledger):
    ended(ledger, "previewed")
    assert slugs(ledger) == {"never-run"}


def test_a_refresh_that_did_not_come_is_late(ledger):
    ended(ledger, "staged")
    assert "late" in slugs(ledger, later=dt.timedelta(days=800))


def test_a_run_that_neither_ended_nor_waits_is_lost(ledger):
    ledger.start_run(ID, "run", declaration_sha256="0" * 64, code_version="1")
    assert "run-lost" not in slugs(ledger, later=dt.timedelta(hours=1))
    assert "run-lost" in slugs(ledger, later=dt.timedelta(hours=25))


def asked(ledger, *, days_ago: int = 0) -> None:
    ledger.start_run(ID, "run", declaration_sha256="0" * 64, code_version="1")
    at = (TODAY - dt.timedelta(days=days_ago)).strftime("%Y-%m-%dT%H:%M:%SZ")
    record_request(
        ledger,
        Request(
            dataset=ID,
            run_id="run",
            digest="a" * 64,
            facts={},
            level=1,
            required=("legal_counsel",),
            release=None,
            asked_at=at,
            answer_by=at,
        ),
    )


def given(ledger, expires: dt.date) -> None:
    record_answer(
        ledger,
        Answer(
            dataset=ID,
            role="legal_counsel",
            choice="approve",
            name="C",
            via="form",
            given_on="2026-01-01",
            digest="a" * 64,
            expires_on=expires.isoformat(),
        ),
    )


def test_an_approver_who_lets_a_release_wait_is_reminded_of(ledger):
    asked(ledger, days_ago=1)
    assert "approval-waits" not in slugs(ledger)
    asked(ledger, days_ago=4)
    assert "approval-waits" in slugs(ledger)
    assert "run-lost" not in slugs(ledger, later=dt.timedelta(days=2))


def test_a_run_that_is_there_after_its_deadline_is_named(ledger):
    asked(ledger, days_ago=4)
    (waits,) = [p for p in find_problems([ID], ledger, now=TODAY) if p.slug == "approval-waits"]
    assert "should have ended by" in waits.sentence


def test_a_run_that_was_killed_after_its_approvals_waits_for_nobody_and_is_lost(ledger):
    asked(ledger)
    given(ledger, TODAY.date() + dt.timedelta(days=90))
    assert "run-lost" not in slugs(ledger, later=dt.timedelta(hours=23))
    assert "run-lost" in slugs(ledger, later=dt.timedelta(hours=25))


def test_a_run_that_waited_for_days_is_not_lost_the_moment_it_is_approved(ledger):
    asked(ledger, days_ago=4)
    with ledger.writing() as connection:
        connection.execute(RUNS.update().values(started_at="2026-01-01T00:00:00Z"))
    given(ledger, TODAY.date() + dt.timedelta(days=90))
    assert "run-lost" not in slugs(ledger)


@pytest.mark.parametrize(("days", "slug"), [(-1, "approval-expired"), (29, "approval-expires")])
def test_an_approval_that_ends_is_told_before_and_after(ledger, days, slug):
    asked(ledger)
    given(ledger, TODAY.date() + dt.timedelta(days=days))
    ledger.finish_run(ID, "run", outcome="staged")
    assert slugs(ledger) == {slug}


def test_an_approval_that_holds_for_long_is_not_mentioned(ledger):
    asked(ledger)
    given(ledger, TODAY.date() + dt.timedelta(days=90))
    ledger.finish_run(ID, "run", outcome="staged")
    assert slugs(ledger) == set()


def test_what_a_look_finds_is_told_and_a_look_that_fails_is_no_silence(ledger):
    def out_of_reach(declared):
        raise StorageError("staging is out of reach", remedy="Look.", slug="x")

    ended(ledger, "staged")
    assert slugs(ledger, checks=[("staging-drift", lambda declared: ["A file changed."])]) == {"staging-drift"}
    assert slugs(ledger, checks=[("staging-drift", out_of_reach)]) == {"staging-drift-unknown"}


def test_the_catalog_of_all_datasets_is_compared_once_and_told_at_each(ledger, tmp_path, monkeypatch):
    staging, made = LocalStaging(tmp_path / "staging"), []
    for dataset in ("births", "deaths"):
        staging.publish(tmp_path / dataset, make_release(tmp_path / dataset, "r1", dataset=dataset), None)
    whole = LocalStaging._catalog
    monkeypatch.setattr(LocalStaging, "_catalog", lambda place: made.append(place) or whole(place))
    look = staging_check(str(staging.root))
    datasets = [SimpleNamespace(dataset=name) for name in ("births", "deaths", "never_staged")]
    assert [look(declared) for declared in datasets] == [[], [], []]
    assert len(made) == 1
    (staging.root / "data.json").write_text("{}")
    told = [look(declared) for look in [staging_check(str(staging.root))] for declared in datasets]
    assert ["does not show the current releases" in " ".join(said) for said in told] == [True, True, False]
    (staging.root / "deaths" / "current.json").write_text("{")
    (told,) = staging_check(str(staging.root))(datasets[0])
    assert "the catalog could not be compared" in told


def test_an_unforeseen_error_at_one_dataset_does_not_silence_the_others(ledger):
    def defective(declared):
        raise ValueError("Jane Doe")

    ended(ledger, "failed", "extract: no source")
    found = find_problems([ID], ledger, now=TODAY, checks=[("portal-drift", defective)])
    assert {"portal-drift-unknown", "last-run-failed"} <= {p.slug for p in found}
    assert "Jane Doe" not in str(found)


def test_a_broken_declaration_is_a_problem_of_its_own_dataset(ledger, tmp_path):
    (tmp_path / "datasets" / "broken").mkdir()
    (tmp_path / "datasets" / "broken" / "dataset.yaml").write_text("dataset: [")
    ended(ledger, "staged")
    found = find_problems(["broken", ID], ledger, now=TODAY)
    assert {p.slug for p in found if p.dataset == "broken"} == {"declaration-broken"}


# To whom


def problem(dataset: str, *people: str, severity="error") -> Problem:
    return Problem(dataset, "late", severity, f"{dataset} is late.", people)


def test_nobody_gets_two_messages_and_nobody_gets_those_of_others():
    found = messages([problem("a", "x@e", "y@e"), problem("b", "y@e"), problem("c", "z@e")])
    assert [(m.to, m.subject) for m in found] == [
        ("x@e", "Open data: 1 problem in 1 dataset"),
        ("y@e", "Open data: 2 problems in 2 datasets"),
        ("z@e", "Open data: 1 problem in 1 dataset"),
    ]
    assert "b is late" not in found[0].text


def test_who_watches_everything_also_hears_of_what_names_nobody():
    (found,) = messages([problem("broken")], everything_to=["c@e"])
    assert "broken is late." in found.text


def test_no_problem_is_no_message():
    assert messages([], everything_to=["c@e"]) == []


def test_text_in_a_mail_cannot_become_markup():
    (found,) = messages([Problem("a", "s", "error", "<script>x</script>", ("x@e",))], link="https://h/<b>")
    assert "<script>" not in found.html
    assert "<b>" not in found.html


def test_reminders_are_marked():
    assert "(reminder) a is late." in text([problem("a", severity="warning")])
