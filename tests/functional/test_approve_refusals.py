"""Forms that do not count are refused before anything is recorded."""

from __future__ import annotations

import pytest

FORM = {"--role": "data_steward", "--name": "A", "--reference": "F1"}


@pytest.mark.parametrize(
    ("changed", "slug"),
    [
        ({"--name": " "}, "approval-unsigned"),
        ({"--reference": ""}, "approval-unsigned"),
        ({"--signed": "yesterday"}, "date-unreadable"),
        ({"--signed": "2999-01-01"}, "date-in-future"),
        ({}, "approval-not-asked"),
        ({"--covers": "0123456789ab"}, "approval-not-asked"),
    ],
)
def test_a_form_that_does_not_count_is_refused(installation, changed, slug):
    installation.declare(suites=False)
    options = [part for pair in {**FORM, **changed}.items() for part in pair]
    answer = installation.opendata("approve", "clinic_visits", *options, "--json")
    assert (answer.code, answer.json()["slug"]) == (2, slug)
    assert installation.opendata("approvals", "clinic_visits", "--json").json()["answers"] == []


def test_nothing_declared_is_said(installation):
    answer = installation.opendata("check", "--json")
    assert (answer.code, answer.json()["slug"]) == (2, "nothing-declared")
