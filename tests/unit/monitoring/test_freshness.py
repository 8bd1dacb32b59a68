"""A promise of a frequency, kept or broken: by the date of the refresh and by the date of the data."""

from __future__ import annotations

import datetime as dt
from typing import get_args

import pytest

from include.opendata.declaration.choices import Frequency
from include.opendata.monitoring.freshness import _PERIODS, WITHOUT_PROMISE, after, freshness

DAY = dt.date(2026, 1, 31)


def test_every_frequency_a_declaration_may_promise_is_known():
    assert {*_PERIODS, *WITHOUT_PROMISE} == set(get_args(Frequency))


@pytest.mark.parametrize(
    ("frequency", "periods", "day"),
    [
        ("daily", 1, dt.date(2026, 2, 1)),
        ("weekly", 2, dt.date(2026, 2, 14)),
        ("monthly", 1, dt.date(2026, 2, 28)),
        ("monthly", 2, dt.date(2026, 3, 31)),
        ("quarterly", 1, dt.date(2026, 4, 30)),
        ("annually", 1, dt.date(2027, 1, 31)),
    ],
)
def test_periods_follow_the_calendar(frequency, periods, day):
    assert after(DAY, frequency, periods=periods) == day


def test_the_29th_of_february_comes_back_as_the_last_of_february():
    assert after(dt.date(2028, 2, 29), "annually") == dt.date(2029, 2, 28)


def test_a_day_in_the_middle_of_a_month_keeps_its_number():
    assert after(dt.date(2026, 1, 30), "monthly") == dt.date(2026, 2, 28)
    assert after(dt.date(2026, 2, 15), "quarterly") == dt.date(2026, 5, 15)


@pytest.mark.parametrize(
    ("today", "state", "days"),
    [
        (dt.date(2026, 2, 27), "fresh", 0),
        (dt.date(2026, 2, 28), "due", 0),
        (dt.date(2026, 3, 5), "due", 0),
        (dt.date(2026, 3, 6), "late", 6),
    ],
)
def test_a_refresh_is_due_then_late_after_its_days_of_grace(today, state, days):
    found = freshness("monthly", refreshed=DAY, data_end=DAY, today=today)
    assert (found.by_refresh, found.days_late) == (state, days)


def test_data_have_the_next_period_to_happen_and_one_more_to_be_published():
    last_year = dt.date(2024, 12, 31)
    on_time = freshness("annually", refreshed=dt.date(2026, 6, 1), data_end=last_year, today=dt.date(2026, 12, 1))
    late = freshness("annually", refreshed=dt.date(2026, 12, 1), data_end=last_year, today=dt.date(2027, 3, 1))
    assert (on_time.by_data, late.by_data, late.by_refresh) == ("fresh", "late", "fresh")
    assert late.worst == "late"
    assert "newer data were due on 2026-12-31" in late.sentence


def test_a_dataset_that_was_never_refreshed_is_a_problem_whatever_it_promises():
    assert freshness("annually", refreshed=None, data_end=DAY, today=DAY).worst == "never"
    assert freshness("other", refreshed=None, data_end=DAY, today=DAY).worst == "never"


@pytest.mark.parametrize("frequency", WITHOUT_PROMISE)
def test_without_a_promise_nothing_is_late(frequency):
    found = freshness(frequency, refreshed=dt.date(1990, 1, 1), data_end=dt.date(1990, 1, 1), today=DAY)
    assert (found.worst, found.days_late) == ("no promise", 0)


def test_a_frequency_nobody_knows_is_not_passed_over():
    with pytest.raises(KeyError):
        freshness("fortnightly", refreshed=DAY, data_end=DAY, today=DAY)
