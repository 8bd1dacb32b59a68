"""The ledger keeps how every expectation went: sentences and counts, run by run."""

import pytest

from include.opendata.ledger import open_ledger
from include.opendata.ledger.quality_results import quality_results, record_quality


@pytest.fixture
def ledger(tmp_path):
    made = open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    for run in ("run-1", "run-2", "run-3"):
        made.start_run("d", run, declaration_sha256="a" * 64, code_version="c")
    return made


def report(success=True, **more):
    outcome = {"type": "expect_x", "columns": ["a"], "sentence": "every row has a value", "success": success}
    outcome |= {"decided": True, "failing_rows": None if success else 4, "severity": "critical"} | more
    facts = {"suite": "d__source", "rows": 9, "declared": 1, "evaluated": 1, "successful": int(success)}
    return {**facts, "passed": success, "expectations": [outcome]}


def test_the_results_of_the_newest_runs_come_first(ledger):
    for run in ("run-1", "run-2", "run-3"):
        record_quality(ledger, "d", run, "", report())
    record_quality(ledger, "d", "run-3", "table", report())
    found = quality_results(ledger, "d", runs=2)
    assert [(one.run_id, one.data_table) for one in found] == [("run-3", ""), ("run-3", "table"), ("run-2", "")]


def test_a_step_run_again_replaces_its_result(ledger):
    record_quality(ledger, "d", "run-1", "", report(success=False))
    record_quality(ledger, "d", "run-1", "", report())
    assert [one.passed for one in quality_results(ledger, "d")] == [True]


def test_what_a_report_holds_beyond_sentences_and_counts_is_not_kept(ledger):
    record_quality(ledger, "d", "run-1", "", report(success=False, unexpected_values=["a name"]))
    (kept,) = quality_results(ledger, "d")[0].expectations
    assert "unexpected_values" not in kept
    assert kept["failing_rows"] == 4


def test_results_of_no_run_are_an_error(ledger):
    with pytest.raises(KeyError):
        record_quality(ledger, "d", "nowhere", "", report())
