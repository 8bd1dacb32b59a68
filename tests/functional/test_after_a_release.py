"""What is refused of a dataset that has one release: by its approvers' forms, its ledger, a declaration that moves."""

from __future__ import annotations

import shutil
import sqlite3

import pytest

from include.opendata.errors import Refused
from include.opendata.pipeline.run_context import open_run
from include.opendata.pipeline.start import start
from tests.lib.declarations import SOUND


@pytest.fixture
def released(installation):
    installation.write_source()
    installation.declare()
    answer = installation.opendata("refresh", "clinic_visits")
    assert answer.code == 0, answer.err
    return installation


def in_ledger(installation, statement: str) -> None:
    with sqlite3.connect(installation.folder / "ledger.sqlite") as ledger:
        assert ledger.execute(statement).rowcount


def refused(installation, *arguments: str) -> tuple[int, str]:
    answer = installation.opendata(*arguments, "--json")
    return answer.code, answer.json()["slug"]


def test_a_first_release_has_nothing_to_be_compared_with(released):
    assert refused(released, "diff", "clinic_visits") == (2, "nothing-to-compare")


def test_a_role_that_is_not_asked_for_does_not_approve(released):
    form = ("--role", "janitor", "--name", "A", "--reference", "F1")
    assert refused(released, "approve", "clinic_visits", *form) == (2, "role-not-asked")


def test_a_release_with_two_proofs_is_not_checked(released):
    in_ledger(
        released,
        "insert into published_cells (dataset, release, staging, data_table, file_sha256, proof_sha256, published) "
        "select dataset, release, staging, 'another', file_sha256, 'other', published from published_cells",
    )
    assert refused(released, "proof", "verify", "clinic_visits") == (3, "proof-ambiguous")


def test_nothing_is_published_beside_a_release_no_one_remembers(released):
    """Neither the ledger nor the evidence store, and its declaration was another: its figures cannot be attacked."""
    before = released.staged()
    in_ledger(released, "delete from published_cells")
    shutil.rmtree(released.folder / "evidence")
    released.declare(SOUND.replace("title: Clinic visits", "title: Visits to clinics"))
    released.write_source(released.visits(1300, 900))
    assert refused(released, "refresh", "clinic_visits") == (3, "earlier-release-unknown")
    assert released.staged() == before


def test_a_declaration_that_moves_while_a_run_is_under_way_stops_the_run(released):
    run = start("clinic_visits", "r1")
    open_run(run)
    released.declare(SOUND.replace("title: Clinic visits", "title: Visits to clinics"))
    with pytest.raises(Refused) as error:
        open_run(run)
    assert error.value.slug == "declaration-moved"
