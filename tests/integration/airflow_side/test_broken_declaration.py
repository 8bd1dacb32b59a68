"""A declaration that cannot be used is seen where people look, and harms no other dataset."""

from __future__ import annotations

import pytest

BROKEN = {
    "no_tables": ("dataset: {dataset}\ntitle: A title\n", "tables"),
    "not_yaml": ("dataset: [unclosed\n", "not_yaml/dataset.yaml"),
    "another_name": ("dataset: something_else\ntables: [{{table: a}}]\n", "name of its folder"),
}


@pytest.mark.parametrize("dataset", BROKEN)
def test_it_has_a_dag_that_fails_and_says_why(bag, declare, run_dag, dataset, caplog):
    text, reason = BROKEN[dataset]
    declare(dataset, text)
    dag = bag().dags[f"refresh__{dataset}"]
    assert dag.tags == {"broken declaration"}
    assert reason in dag.doc_md
    states = run_dag(f"refresh__{dataset}")
    assert states == {"": ["failed"], "read_declaration": ["failed"]}


def test_it_is_listed_among_the_import_errors(bag, declare):
    declare("no_tables", BROKEN["no_tables"][0])
    (listed,) = bag().import_errors.values()
    assert "dataset no_tables" in listed
    assert "What to do:" in listed


def test_the_other_datasets_run_and_are_not_marked_as_faulty(bag, declare, run_dag, pipeline):
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session

    declare("no_tables", BROKEN["no_tables"][0])
    declare("clinic_visits")
    assert run_dag("refresh__clinic_visits")["stage"] == ["success"]
    with create_session() as session:
        model = session.get(DagModel, "refresh__clinic_visits")
        assert not model.has_import_errors
        assert not model.is_stale


@pytest.mark.parametrize("schedule", ["every now and then", "61 * * * *"])
def test_a_schedule_airflow_does_not_know_breaks_only_its_own_dag(bag, declare, schedule):
    declare("clinic_visits", schedule=schedule)
    declare("births")
    parsed = bag()
    assert "schedule" in parsed.dags["refresh__clinic_visits"].doc_md
    assert parsed.dags["refresh__clinic_visits"].tags == {"broken declaration"}
    assert "extract" in parsed.dags["refresh__births"].task_ids


def test_a_folder_name_airflow_does_not_take_is_reported_under_a_name_it_takes(bag, declare):
    declare("two words")
    assert [dag_id for dag_id in bag().dags if dag_id.startswith("refresh__")] == ["refresh__two_words"]
