"""How every expectation went stays in the ledger, also for a run that was refused for it."""

from __future__ import annotations

import datetime as dt

import pytest

from include.opendata.ledger import open_ledger
from include.opendata.ledger.quality_results import quality_results
from include.opendata.monitoring.dataset_page import dataset_page


@pytest.fixture
def refused_after_a_release(installation):
    installation.write_source()
    installation.declare()
    assert installation.opendata("refresh", "clinic_visits").code == 0
    installation.write_source(installation.visits().replace(",f,", ",strange name,", 3))
    assert installation.opendata("refresh", "clinic_visits").code == 3
    return installation


def test_the_page_shows_what_failed_beside_what_held_and_what_was_public_stays(refused_after_a_release):
    ledger = open_ledger()
    page = dataset_page("clinic_visits", ledger, now=dt.datetime.now(dt.UTC))
    failed = [one for one in page.quality.expectations if "failed" in one.marks]
    assert [(one.columns, one.marks, one.failing) for one in failed] == [("sex", ("met", "failed"), (None, 3))]
    assert page.quality.expectations[0] in failed
    assert page.line.status == "problem"
    assert [(release.state, release.changed) for release in page.releases] == [("current", ("The first release.",))]
    assert page.equity
    assert not page.unread
    assert {score.table for score in page.scores} == {"visits_by_sex"}
    assert all(sum(points for _, _, points in score.lines) == score.total for score in page.scores)
    kept = [dict(one) for result in quality_results(ledger, "clinic_visits") for one in result.expectations]
    assert "strange name" not in str(kept)


def test_a_part_that_cannot_be_read_takes_no_other_with_it(refused_after_a_release):
    for path in sorted(refused_after_a_release.staging.rglob("data/*.csv")):
        path.write_text("changed")
    page = dataset_page("clinic_visits", open_ledger(), now=dt.datetime.now(dt.UTC))
    assert len(page.unread) == 1
    assert page.unread[0].startswith("The published files could not be read")
    assert page.runs
    assert page.quality.runs
