"""The report and its sentences: plain language, counts, no values."""

from __future__ import annotations

import json

import pytest

from include.opendata.quality.report import ExpectationOutcome, QualityReport, failure
from include.opendata.quality.sentences import columns_of, sentence


def outcome(**changes) -> ExpectationOutcome:
    facts = {
        "type": "expect_column_values_to_not_be_null",
        "columns": ("age",),
        "sentence": "every row has a value",
        "success": False,
        "decided": True,
        "failing_rows": 12,
        "severity": "critical",
    }
    return ExpectationOutcome(**(facts | changes))


def report(*outcomes: ExpectationOutcome, declared: int | None = None) -> QualityReport:
    count = len(outcomes) if declared is None else declared
    return QualityReport("s", 100, count, len(outcomes), sum(o.success for o in outcomes), outcomes)


def test_a_report_on_nothing_has_not_passed():
    assert not report().passed


def test_a_report_that_evaluated_less_than_declared_has_not_passed():
    assert report(outcome(success=True, failing_rows=None)).passed
    assert not report(outcome(success=True, failing_rows=None), declared=2).passed


@pytest.mark.parametrize(("severity", "passed"), [("critical", False), ("warning", True), ("info", True)])
def test_only_a_critical_failure_refuses(severity, passed):
    assert report(outcome(severity=severity)).passed is passed


@pytest.mark.parametrize("severity", ["critical", "warning", "info"])
def test_what_could_not_be_decided_always_refuses(severity):
    assert not report(outcome(decided=False, failing_rows=None, severity=severity)).passed


def test_a_report_as_json_says_whether_it_passed_and_every_outcome():
    full = report(outcome(), outcome(columns=(), failing_rows=None))
    written = json.loads(json.dumps(full.to_json()))
    assert written["passed"] is full.passed is False
    assert [tuple(entry["columns"]) for entry in written["expectations"]] == [o.columns for o in full.expectations]


@pytest.mark.parametrize(
    ("rows", "failing", "text"),
    [
        (100, 12, "age: every row has a value; 12 of 100 (12.0 %) rows fall short"),
        (8802, 1, "age: every row has a value; 1 of 8,802 (under 0.1 %) row falls short"),
    ],
)
def test_a_failure_names_column_expectation_and_count(rows, failing, text):
    assert failure(outcome(failing_rows=failing), rows) == text


def test_a_failure_that_rows_cannot_be_counted_for_says_so_plainly():
    told = failure(outcome(columns=(), sentence="the number of rows is 1 or more", failing_rows=None), 0)
    assert told == "the number of rows is 1 or more; this is not so"


def test_an_expectation_that_could_not_be_evaluated_is_not_called_false():
    assert failure(outcome(decided=False, failing_rows=None), 5).endswith("this could not be evaluated")


@pytest.mark.parametrize(
    ("kind", "arguments", "text"),
    [
        ("expect_column_values_to_be_between", {"min_value": 0.0}, "every value is 0 or more"),
        ("expect_column_values_to_be_between", {"min_value": 1, "max_value": 2.5}, "every value is from 1 to 2.5"),
        ("expect_column_values_to_be_in_set", {"value_set": ["a", "b"]}, "every value is one of a, b"),
        (
            "expect_column_values_to_be_in_set",
            {"value_set": list(range(20))},
            "every value is one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 8 more",
        ),
        ("expect_column_values_to_not_be_null", {"mostly": 0.95}, "every row has a value (at least 95 % of the rows)"),
        ("expect_no_small_count_shown", {"threshold": 11, "masked": True}, "no count from 1 to 10 is shown"),
        ("expect_something_new", {}, "expected: something new"),
    ],
)
def test_sentences_are_plain(kind, arguments, text):
    assert sentence(kind, arguments) == text


def test_the_columns_of_an_expectation_are_found_wherever_it_names_them():
    assert columns_of({"column": "a"}) == ("a",)
    assert columns_of({"columns": ["a", "b"]}) == ("a", "b")
    assert columns_of({"column_A": "a", "column_B": "b"}) == ("a", "b")
    assert columns_of({"min_value": 1}) == ()
