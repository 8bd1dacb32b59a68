"""The note a refresh leaves on its run, through Airflow's own listener."""

from __future__ import annotations

import pytest

from include.opendata.ledger import Decision, ReleaseEntry, open_ledger
from include.opendata.pipeline import ledger_summary
from include.opendata.pipeline.ledger_summary import outcome_line, sentences
from include.opendata.pipeline.run import Run

RUN = "manual-1"


@pytest.fixture
def ledger(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENDATA_LEDGER", f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    book = open_ledger()
    book.start_run("births", RUN, declaration_sha256="0" * 64, code_version="1")
    return book


def staged(book) -> None:
    book.note_run("births", RUN, release="abc")
    table = {"small": 2, "complementary": 3, "cells": 1200}
    entry = ReleaseEntry(
        "births", "abc", "2026-01-01T00:00:00Z", "s", "0" * 64, "0" * 64, "0" * 64, "1", None, {"tables": [table]}
    )
    book.record_release(entry)
    book.finish_run("births", RUN, outcome="staged")


def test_a_staged_release_is_told_in_counts(ledger):
    staged(ledger)
    assert outcome_line("births", RUN) == "Staged release abc: 1 table, 5 of 1,200 cells hidden."


def test_a_refusal_is_told_by_its_first_line(ledger):
    ledger.finish_run("births", RUN, outcome="refused", message="protect: too fine\nWhat to do: …")
    assert outcome_line("births", RUN) == "Refused in protect: too fine"


def test_an_unchanged_source_is_told_as_nothing_new(ledger):
    ledger.decide("births", RUN, [Decision("has_changed", "unchanged", "Source and code are those of the release.")])
    ledger.finish_run("births", RUN, outcome="unchanged")
    assert outcome_line("births", RUN) == "Nothing new: source and code are those of the release."


def test_a_run_under_way_or_unknown_has_no_line(ledger):
    assert outcome_line("births", RUN) is None
    assert outcome_line("births", "another") is None


def test_a_step_tells_what_it_decided_for_its_table(ledger):
    ledger.decide(
        "births",
        RUN,
        [
            Decision("assess", "a", "Of one.", "DDG 2.0 §4", "one"),
            Decision("assess", "b", "Of two.", table="two"),
            Decision("protect", "c", "Later."),
        ],
    )
    assert sentences(Run(dataset="births", run_id=RUN, staging="s"), "assess", "one") == ["Of one. (DDG 2.0 §4)"]


def test_airflow_writes_the_note_when_a_run_ends(bag, declare, run_dag, pipeline, monkeypatch):
    """The scripted pipeline tells the ledger nothing; the line stands in for what a real run would have told it."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    monkeypatch.setattr(ledger_summary, "outcome_line", lambda dataset, run_id: f"Done: {dataset}")
    declare("births")
    run_dag("refresh__births")
    with create_session() as session:
        noted = session.scalars(select(DagRun).where(DagRun.dag_id == "refresh__births")).all()
        assert [run.note for run in noted][-1] == "Done: births"


def test_a_ledger_out_of_reach_costs_the_note_and_not_the_run(embedded_airflow, monkeypatch, caplog):
    from plugins import run_notes

    class Run:
        dag_id, run_id, note = "refresh__births", "manual__1", None

    def unreachable(dag_id, run_id):
        raise OSError

    monkeypatch.setattr(run_notes, "note_of", unreachable)
    run_notes.on_dag_run_success(Run, "")
    assert "the ledger could not be read (OSError)" in caplog.text


def test_a_note_written_by_hand_stays(embedded_airflow, monkeypatch):
    from contextlib import nullcontext

    from plugins import run_notes

    class Run:
        dag_id, run_id, note = "refresh__births", "manual__1", "Mine."

    monkeypatch.setattr(run_notes, "_attached", nullcontext)
    monkeypatch.setattr(run_notes, "note_of", lambda dag_id, run_id: "Ours.")
    run_notes.on_dag_run_failed(Run, "")
    assert Run.note == "Mine."
