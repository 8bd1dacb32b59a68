"""Stored witnesses: what they prove, and what a forged or stale proof is worth."""

import numpy as np
import pytest

from include.opendata.disclosure.attack import (
    BLANK,
    NOT_SHOWN,
    SHOWN,
    PublishedView,
    Witnesses,
    attack,
    verify_witnesses,
)
from include.opendata.errors import InputError
from tests.lib.rules import RULE

VIEW = PublishedView(
    np.array([NOT_SHOWN, NOT_SHOWN, 60, 90]),
    np.array([BLANK, BLANK, SHOWN, SHOWN]),
    ((3, (0, 1, 2)),),
    (("a",), ("b",), ("c",), ("Total",)),
    rule=RULE,
)


def witnesses(*rows):
    return Witnesses(np.array([0, 1]), np.array(rows, dtype=np.int64))


def test_two_tables_three_apart_prove_a_blank():
    assert verify_witnesses(VIEW, witnesses([10, 20], [13, 17])).complete


def test_tables_too_close_together_prove_nothing():
    assert verify_witnesses(VIEW, witnesses([10, 20], [12, 18])).unproven == (0, 1)


@pytest.mark.parametrize("forged", [[10, 21], [30, 0], [31, -1]])
def test_a_table_that_contradicts_what_is_published_is_reported_and_counts_for_nothing(forged):
    checked = verify_witnesses(VIEW, witnesses([10, 20], forged))
    assert not checked.agree
    assert checked.unproven == (0, 1)
    assert checked.problems == ("1 of 2 tables contradict what is published.",)


def test_a_proof_about_other_cells_is_worth_nothing():
    other = Witnesses(np.array([0, 2]), np.array([[10, 20], [13, 17]]))
    assert verify_witnesses(VIEW, other).unproven == (0, 1)
    assert not verify_witnesses(VIEW, other).complete


def test_no_tables_prove_nothing():
    none = Witnesses(np.array([0, 1]), np.zeros((0, 2), dtype=np.int64))
    assert not verify_witnesses(VIEW, none).complete


def test_stored_and_read_back_they_are_the_same_and_the_bytes_too():
    found = attack(VIEW).witnesses
    stored = found.to_bytes()
    back = Witnesses.from_bytes(stored)
    assert (back.tables == found.tables).all()
    assert (back.cells == found.cells).all()
    assert back.to_bytes() == stored
    assert verify_witnesses(VIEW, back).complete


def test_a_broken_proof_file_is_an_input_error():
    with pytest.raises(InputError) as error:
        Witnesses.from_bytes(b"not a proof")
    assert error.value.slug == "proof-unreadable"
