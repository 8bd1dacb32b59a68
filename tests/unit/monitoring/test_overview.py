"""What the overview says of many datasets at once."""

from __future__ import annotations

import datetime as dt
import time

import pytest

from include.opendata.ledger import open_ledger
from include.opendata.ledger.approvals import Answer, Request, record_answer, record_request
from include.opendata.monitoring.overview import chosen, overview, sizes
from tests.lib.seeded_ledger import NOW, facts_of, moved, release, run, seed, stamp


@pytest.fixture
def ledger(tmp_path):
    return open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")


def lines(ledger, *declared):
    return {line.dataset: line for line in overview(ledger, declared, now=NOW)}


def test_problems_come_first_then_what_waits_then_what_is_due(ledger):
    seed(
        ledger,
        runs=[
            run("a_fine", 3),
            run("b_due", 32),
            run("c_waits", 1, "running", run_id="w"),
            run("d_late", 90),
            run("e_refused", 1, "refused", "check_quality: the source is not as declared"),
        ],
    )
    facts = {"facts": {}, "level": 1, "required": ("legal_counsel",), "release": None}
    record_request(ledger, Request("c_waits", "w", "0" * 64, asked_at=stamp(NOW), **facts))
    found = overview(ledger, [facts_of(d) for d in ("a_fine", "b_due", "c_waits", "d_late", "e_refused")], now=NOW)
    assert [(line.dataset, line.status) for line in found] == [
        ("e_refused", "problem"),
        ("d_late", "problem"),
        ("c_waits", "waits"),
        ("b_due", "due"),
        ("a_fine", "fine"),
    ]
    assert found[0].problems == ("Its last run (2026-11-19) was refused: check_quality: the source is not as declared",)


def test_a_preview_hides_no_problem(ledger):
    seed(ledger, runs=[run("a", 2, "failed", "extract: the source is out of reach"), run("a", 1, "previewed")])
    assert lines(ledger, facts_of("a"))["a"].outcome == "failed"
    assert lines(ledger, facts_of("a"))["a"].status == "problem"


def test_an_unchanged_refresh_keeps_the_promise_and_a_preview_keeps_none(ledger):
    seed(ledger, runs=[run("a", 60), run("a", 2, "unchanged"), run("b", 60), run("b", 2, "previewed")])
    found = lines(ledger, facts_of("a"), facts_of("b"))
    assert found["a"].status == "fine"
    assert found["b"].status == "problem"


def test_a_dataset_that_was_never_refreshed_and_one_that_cannot_be_read_are_problems(ledger):
    found = lines(ledger, facts_of("never"), facts_of("broken", broken="it lacks a title"))
    assert found["never"].problems == ("It is declared and was never refreshed.",)
    assert found["broken"].problems[0] == "Its declaration cannot be used: it lacks a title."


def test_a_run_that_neither_ended_nor_waits_is_a_problem_after_a_day(ledger):
    seed(ledger, runs=[run("a", 2, "running"), run("b", 0.5, "running")])
    found = lines(ledger, facts_of("a"), facts_of("b"))
    assert found["a"].problems == ("Its run of 2026-11-18 neither ended nor waits for anyone.",)
    assert found["b"].problems == ()


@pytest.mark.parametrize(
    ("answered_days_ago", "outcome", "problems"),
    [(None, "waits for approval", 0), (0.5, "running", 0), (2, "running", 1)],
)
def test_a_run_waits_until_it_is_approved_and_is_lost_a_day_after(ledger, answered_days_ago, outcome, problems):
    seed(ledger, runs=[run("a", 5, "running", run_id="w")])
    facts = {"facts": {}, "level": 1, "required": ("legal_counsel",), "release": None}
    asked_at = stamp(NOW - dt.timedelta(days=5))
    record_request(ledger, Request("a", "w", "0" * 64, asked_at=asked_at, **facts))
    if answered_days_ago is not None:
        at = stamp(NOW - dt.timedelta(days=answered_days_ago))
        answer = Answer("a", "legal_counsel", "approve", "C", "airflow", at, "0" * 64, recorded_at=at)
        record_answer(ledger, answer)
    found = lines(ledger, facts_of("a"))["a"]
    lost = [problem for problem in found.problems if "neither ended nor waits" in problem]
    assert (found.outcome, len(lost)) == (outcome, problems)


def test_the_share_hidden_is_that_of_the_current_release_also_after_a_rollback(ledger):
    seed(
        ledger,
        runs=[run("a", 3), run("b", 3)],
        releases=[release("a", "r1", small=8), release("a", "r2", small=40, previous="r1"), release("b", "r1")],
        moves=[moved("a", "r1"), moved("a", "r2", "r1"), moved("a", "r1", "r2", "rollback"), moved("b", "r1")],
    )
    found = lines(ledger, facts_of("a"), facts_of("b"))
    assert (found["a"].release, found["a"].share) == ("r1", 0.1)
    assert found["b"].share == 0.05
    assert found["a"].gate == "Small counts hidden, score up to 9"


def test_the_trend_is_of_the_last_releases_the_oldest_first(ledger):
    seed(ledger, releases=[release("a", f"r{n}", rows=n) for n in range(30)])
    assert sizes(ledger, ["a", "b"]) == {"a": list(range(6, 30))}


def test_every_word_of_a_search_must_fit_and_filters_narrow_it(ledger):
    found = overview(
        ledger,
        [
            facts_of("births", title="Births by County", level=2),
            facts_of("deaths", title="Deaths by county", level=None),
        ],
        now=NOW,
    )
    assert [line.dataset for line in chosen(found, search="county BIRTHS")] == ["births"]
    assert [line.dataset for line in chosen(found, level="none")] == ["deaths"]
    assert chosen(found, status="fine") == []


@pytest.mark.slow
def test_a_thousand_datasets_with_two_years_of_releases_are_shown_within_a_second(ledger):
    from plugins.opendata_monitor.pages import PAGES

    names = [f"dataset_{n:04}" for n in range(1000)]
    seed(
        ledger,
        runs=[run(d, 30 * (24 - n) - n % 29, run_id=f"{d}-{n}") for n in range(24) for d in names],
        releases=[release(d, f"{d}-{n}", rows=90 + n) for n in range(24) for d in names],
        moves=[moved(d, f"{d}-{n}") for n in range(24) for d in names],
    )
    declared = [facts_of(d) for d in names]
    took = []
    for _ in range(3):
        begun = time.perf_counter()
        found = overview(ledger, declared, now=NOW)
        shown = found[:50]
        page = PAGES.get_template("overview.html.j2").render(
            base="", airflow="", lines=shown, found=1000, total=1000,
            counts=dict.fromkeys(("problem", "waits", "due", "fine"), 0),
            departments=[], asked={"q": "", "standing": "", "department": "", "level": ""}, page=1, pages=20,
            link=lambda **more: "?", sizes=sizes(ledger, [line.dataset for line in shown]), planned={}, now=NOW,
        )  # fmt: skip
        took.append(time.perf_counter() - begun)
    assert page.count('role="row"') == 51
    assert len(found) == 1000
    assert min(took) < 1.0, took


def test_a_line_is_worked_out_with_as_many_queries_for_many_datasets_as_for_one(ledger):
    import sqlalchemy as sa

    counted = []
    sa.event.listen(ledger._engine, "before_cursor_execute", lambda *args: counted.append(args[2]))
    overview(ledger, [facts_of("a")], now=NOW)
    one = len(counted)
    overview(ledger, [facts_of(f"d{n}") for n in range(50)], now=NOW + dt.timedelta(days=1))
    assert len(counted) == 2 * one
