"""The month of refreshes: done, due, late and stopped, each on its day."""

from __future__ import annotations

import datetime as dt

import pytest

from include.opendata.ledger import open_ledger
from include.opendata.monitoring.calendar_month import month
from include.opendata.monitoring.overview import overview
from tests.lib.seeded_ledger import NOW, facts_of, run, seed

TODAY = NOW.date()


@pytest.fixture
def ledger(tmp_path):
    return open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")


def shown(ledger, first=dt.date(2026, 11, 1), declared=(), **more):
    made = month(ledger, overview(ledger, declared, now=NOW), first, today=TODAY, **more)
    return {day.day: [(e.dataset, e.kind) for e in entries] for day, entries in made.days.items()}


def test_what_was_done_and_what_is_due_stand_on_their_days(ledger):
    seed(ledger, runs=[run("a", 10), run("b", 4, "refused")])
    weekly = [facts_of("a", frequency="weekly"), facts_of("b")]
    assert shown(ledger, declared=weekly) == {
        10: [("a", "done")],
        16: [("b", "stopped")],
        17: [("a", "late")],
        24: [("a", "due")],
    }


def test_a_promise_goes_on_into_the_months_to_come(ledger):
    seed(ledger, runs=[run("a", 10)])
    december = shown(ledger, dt.date(2026, 12, 1), [facts_of("a", frequency="weekly")])
    assert december == {
        1: [("a", "due")],
        8: [("a", "due")],
        15: [("a", "due")],
        22: [("a", "due")],
        29: [("a", "due")],
    }


def test_what_airflow_will_run_is_on_its_day_and_other_datasets_are_not_shown(ledger):
    seed(ledger, runs=[run("hidden_from_me", 2)])
    found = shown(ledger, declared=[facts_of("a")], next_runs={"a": dt.date(2026, 11, 25)})
    assert found == {25: [("a", "scheduled")]}


def test_a_month_knows_its_neighbours_across_the_year(ledger):
    made = month(ledger, [], dt.date(2026, 12, 1), today=TODAY)
    assert (made.before, made.after) == (dt.date(2026, 11, 1), dt.date(2027, 1, 1))
    assert sum(day is not None for week in made.weeks for day in week) == 31
