"""How a dataset stands: pages and daily watch say the same of it, because they ask the same judgement."""

from __future__ import annotations

import datetime as dt

import pytest

from include.opendata.ledger import open_ledger
from include.opendata.monitoring.declared_facts import facts_of
from include.opendata.monitoring.judgement import RunRecord, judge
from include.opendata.monitoring.overview import overview
from include.opendata.monitoring.watch import find_problems
from tests.lib import declarations
from tests.lib.seeded_ledger import NOW, run, seed

ID = "clinic_visits"


@pytest.mark.parametrize(
    "runs",
    [
        [],
        [run(ID, 900)],
        [run(ID, 3), run(ID, 2, "failed", "extract: no source")],
        [run(ID, 3), run(ID, 2, "refused", "protect: the gate keeps it back\nWhat to do: …")],
        [run(ID, 3), run(ID, 2, "running")],
        [run(ID, 3), run(ID, 1, "previewed")],
    ],
)
def test_the_overview_and_the_watch_say_the_same_of_a_dataset(tmp_path, monkeypatch, runs):
    monkeypatch.setenv("OPENDATA_DATASETS", str(tmp_path / "datasets"))
    monkeypatch.setenv("OPENDATA_LEDGER", f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    declarations.write(tmp_path / "datasets", declarations.SOUND)
    ledger = open_ledger()
    seed(ledger, runs=runs)
    (line,) = overview(ledger, [facts_of(ID)], now=NOW)
    watched = {problem.sentence for problem in find_problems([ID], ledger, now=NOW)}
    assert set(line.problems) == watched


def test_a_frequency_that_is_unknown_and_a_date_that_is_none_promise_nothing():
    record = RunRecord(refreshed=dt.date(2020, 1, 1))
    for frequency, data_end in (("now and then", ""), ("monthly", "last spring"), (None, "")):
        assert judge(record, frequency=frequency, data_end=data_end, now=NOW).freshness is None
