"""What an approval covers, what voids it, and which answer of a role counts."""

from __future__ import annotations

import copy
import datetime as dt

import pytest

from include.opendata.declaration.load import load
from include.opendata.errors import Place, Refused
from include.opendata.gate.approval import (
    approved_facts,
    changes,
    digest_of,
    require_approved,
    role_statuses,
)
from include.opendata.ledger.approvals import Answer
from tests.unit.gate.test_assessment import HIGH, LOW, assessed

TODAY = dt.date(2026, 5, 1)
ROLES = ("data_steward", "legal_counsel")
SCHEMA = (("region", "VARCHAR"), ("age", "BIGINT"))
NOW, BEFORE = "a" * 64, "b" * 64


def facts_of(dataset, **scores):
    assessments = {table.table: scores.get(table.table, assessed(facts=LOW)) for table in dataset.tables}
    return approved_facts(dataset, assessments, SCHEMA)


@pytest.fixture(scope="module")
def dataset():
    return load("health_insurance_coverage")


def edited(dataset, **update):
    return dataset.model_copy(update=update)


def with_table(dataset, **update):
    first = dataset.tables[0].model_copy(update=update)
    return edited(dataset, tables=[first, *dataset.tables[1:]])


def answer(role="data_steward", choice="approve", digest=NOW, **more):
    return Answer(
        dataset="d",
        role=role,
        choice=choice,
        name="A. Person",
        via="form",
        given_on="2026-02-01",
        digest=digest,
        **more,
    )


# What is covered


def test_the_same_facts_have_the_same_digest_in_any_order(dataset):
    facts = facts_of(dataset)
    turned = dict(reversed(list(copy.deepcopy(facts).items())))
    assert digest_of(facts) == digest_of(turned)
    assert changes(facts, turned) == ()


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Another title"},
        {"description": "Other words"},
        {"expected_totals": []},
    ],
)
def test_words_and_expected_figures_may_change_without_asking(dataset, change):
    assert digest_of(facts_of(with_table(dataset, **change))) == digest_of(facts_of(dataset))


def test_another_definition_of_a_dimension_is_only_words(dataset):
    table = dataset.tables[0]
    reworded = [
        d.model_copy(update={"definition": "said otherwise", "label": "Said otherwise"}) for d in table.dimensions
    ]
    assert digest_of(facts_of(with_table(dataset, dimensions=reworded))) == digest_of(facts_of(dataset))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: with_table(d, dimensions=d.tables[0].dimensions[:-1]), "Coverage is no longer there"),
        (lambda d: with_table(d, annotation="separate"), "annotation is no longer there"),
        (lambda d: with_table(d, high_risk_populations=["homelessness"]), "high_risk_populations was added"),
        (lambda d: edited(d, tables=d.tables[:1]), "coverage_by_ethnicity_region_health is no longer there"),
        (lambda d: edited(d, small_cells_below=20), "11 became 20"),
        (lambda d: edited(d, permission=d.permission.model_copy(update={"already_public": False})), "yes became no"),
        (lambda d: edited(d, survey=False), "survey: yes became no"),
    ],
)
def test_what_shapes_the_tables_voids_an_approval_and_is_named(dataset, change, said):
    before, now = facts_of(dataset), facts_of(change(dataset))
    assert digest_of(before) != digest_of(now)
    assert any(said in sentence for sentence in changes(before, now))


def test_wider_age_groups_are_a_change(dataset):
    table = dataset.tables[0]
    dimensions = [d.model_copy(update={"bins": d.bins[1:]}) if d.name == "Age_Group" else d for d in table.dimensions]
    found = changes(facts_of(dataset), facts_of(with_table(dataset, dimensions=dimensions)))
    assert found == ("tables, coverage_by_region_sex_age, dimensions, Age_Group, bins: 18 to 25 is no longer there.",)


def test_a_new_column_of_the_source_is_a_change(dataset):
    assessments = {table.table: assessed() for table in dataset.tables}
    before = approved_facts(dataset, assessments, SCHEMA)
    now = approved_facts(dataset, assessments, (*SCHEMA, ("diagnosis", "VARCHAR")))
    assert changes(before, now) == ("source, columns: diagnosis was added (VARCHAR).",)


def test_a_score_within_its_band_is_no_change_and_one_beyond_it_is(dataset):
    name = dataset.tables[0].table
    low, other = assessed(facts=LOW), assessed(facts=LOW, counts=[0, 40, 1_200])
    high = assessed(facts=HIGH)
    assert digest_of(facts_of(dataset, **{name: low})) == digest_of(facts_of(dataset, **{name: other}))
    found = changes(facts_of(dataset, **{name: low}), facts_of(dataset, **{name: high}))
    assert any("12 or less became more than 12" in sentence for sentence in found)


# Which answer counts


def states(*answers, today=TODAY):
    return {s.role: s.state for s in role_statuses(ROLES, answers, NOW, today=today)}


def test_only_an_answer_to_these_very_facts_counts():
    assert states(answer()) == {"data_steward": "given", "legal_counsel": "missing"}
    assert states(answer(digest=BEFORE)) == {"data_steward": "void", "legal_counsel": "missing"}


def test_one_role_cannot_answer_for_another():
    assert states(answer(role="agency"))["data_steward"] == "missing"


def test_the_last_answer_decides_so_that_an_approval_can_be_taken_back():
    assert states(answer(), answer(choice="reject"))["data_steward"] == "rejected"
    assert states(answer(choice="reject"), answer())["data_steward"] == "given"


def test_a_rejection_of_something_else_is_no_approval_of_this():
    assert states(answer(choice="reject", digest=BEFORE))["data_steward"] == "missing"


def test_an_approval_counts_through_its_last_day():
    assert states(answer(expires_on="2026-05-01"))["data_steward"] == "given"
    assert states(answer(expires_on="2026-04-30"))["data_steward"] == "expired"


@pytest.mark.parametrize("choice", ["Approve", "yes", "approved", ""])
def test_a_choice_that_is_not_exactly_approve_approves_nothing(choice):
    assert states(answer(choice=choice))["data_steward"] == "rejected"


def test_an_approval_of_every_role_lets_a_release_through():
    found = role_statuses(ROLES, [answer(), answer(role="legal_counsel")], NOW, today=TODAY)
    require_approved(found, Place("d"), digest=NOW)


@pytest.mark.parametrize(
    ("given", "slug"),
    [
        ([], "approval-missing"),
        ([answer()], "approval-missing"),
        ([answer(), answer(role="legal_counsel", digest=BEFORE)], "approval-missing"),
        ([answer(), answer(role="legal_counsel", choice="reject", comment="Too fine.")], "approval-rejected"),
        ([answer(), answer(role="legal_counsel", expires_on="2020-01-01")], "approval-missing"),
    ],
)
def test_anything_less_is_refused_and_says_whose_approval_is_open(given, slug):
    with pytest.raises(Refused) as raised:
        require_approved(role_statuses(ROLES, given, NOW, today=TODAY), Place("d"), digest=NOW)
    assert raised.value.slug == slug
    assert any("legal counsel" in detail for detail in raised.value.details)


def test_a_level_that_asks_nobody_is_refused():
    with pytest.raises(Refused) as raised:
        require_approved(role_statuses((), [answer()], NOW, today=TODAY), Place("d"), digest=NOW)
    assert raised.value.slug == "permission-open"
