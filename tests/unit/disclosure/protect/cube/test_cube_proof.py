"""The stored tables are a proof only as long as nobody touches them."""

import dataclasses

import numpy as np
import pytest

from include.opendata.disclosure.protect.cube import CubeProof, public_view, suppress_cube, verify_proof
from include.opendata.errors import InputError
from tests.lib.random_cubes import synthetic
from tests.lib.rules import RULE, rule
from tests.unit.disclosure.protect.cube.grids import cube

COUNTS = synthetic((7, 5, 3), 2.6, 4)
TABLE = cube(COUNTS, {0: [[0, 1, 2], [3, 4, 5, 6]]})


@pytest.fixture(scope="module", params=["combined", "separate"])
def protected(request):
    annotation = request.param
    table = TABLE if annotation == "combined" else cube(synthetic((6, 5), 3.2, 2))
    done = suppress_cube(table, rule=RULE, annotation=annotation, seed=3)
    view = public_view(table, done.codes, rule=RULE, annotation=annotation)
    return table, done, view


def test_the_proof_is_checked_without_any_hidden_value(protected):
    _, done, view = protected
    assert not view.values[done.codes != 0].any()
    assert verify_proof(view, done.proof).passed
    assert len(done.proof.tables) >= 2


def test_the_true_table_is_not_among_the_stored_ones(protected):
    table, done, _ = protected
    true = table.values.reshape(-1)[done.proof.cells]
    assert not (done.proof.tables == true).all(axis=1).any()


def test_one_number_changed_in_one_stored_table_is_noticed(protected):
    _, done, view = protected
    rng = np.random.default_rng(0)
    for _ in range(30):
        t, c = rng.integers(len(done.proof.tables)), rng.integers(len(done.proof.cells))
        tables = done.proof.tables.copy()
        tables[t, c] += rng.choice([-1, 1])
        check = verify_proof(view, dataclasses.replace(done.proof, tables=tables))
        assert check.disagreeing == 1
        assert not check.passed


def test_a_published_value_that_was_changed_is_noticed(protected):
    _, done, view = protected
    shown = np.argwhere(done.codes == 0)
    values = view.values.copy()
    values[tuple(shown[len(shown) // 2])] += 1
    check = verify_proof(dataclasses.replace(view, values=values), done.proof)
    assert check.disagreeing == len(done.proof.tables)


def test_a_pattern_the_proof_was_not_made_for_is_noticed(protected):
    table, done, view = protected
    codes = done.codes.copy()
    codes[tuple(np.argwhere(codes == 2)[0])] = 0
    assert not verify_proof(dataclasses.replace(view, codes=codes, values=table.values), done.proof).passed


def test_one_table_alone_proves_no_small_count(protected):
    _, done, view = protected
    alone = dataclasses.replace(done.proof, tables=done.proof.tables[:1])
    check = verify_proof(view, alone)
    assert set(np.flatnonzero(done.codes == 1)) <= set(check.cells)


def test_a_proof_without_tables_does_not_pass(protected):
    _, done, view = protected
    assert not verify_proof(view, dataclasses.replace(done.proof, tables=done.proof.tables[:0])).passed


def test_fractions_are_no_tables(protected):
    _, done, view = protected
    check = verify_proof(view, dataclasses.replace(done.proof, tables=done.proof.tables.astype(float)))
    assert not check.passed


def test_tables_outside_what_the_codes_say_are_noticed():
    table = cube(synthetic((6, 5), 3.2, 2))
    done = suppress_cube(table, rule=RULE, annotation="combined", seed=3)
    view = public_view(table, done.codes, rule=RULE, annotation="separate")
    assert verify_proof(view, done.proof).disagreeing > 0


def test_a_wider_demand_than_was_proven_is_not_met(protected):
    _, done, view = protected
    assert verify_proof(dataclasses.replace(view, rule=rule(width=10_000)), done.proof).unproven > 0


def test_a_hidden_sum_that_is_small_and_always_the_same_is_noticed():
    """{2, 3} under a shown total of 25 beside a shown 20: each is open, but not wide, and the sum of 5 is known."""
    table = cube([[2, 3, 20], [40, 50, 60], [70, 80, 90]])
    codes = np.zeros(table.values.shape, dtype=np.int8)
    codes[:2, :2] = [[1, 1], [2, 2]]
    view = public_view(table, codes, rule=rule(width=1), annotation="combined")
    true, change = table.values.reshape(-1)[np.flatnonzero(codes)], np.array([1, -1, -1, 1])
    proof = CubeProof(codes.shape, np.flatnonzero(codes), np.stack([true + change, true - change]))
    check = verify_proof(view, proof)
    assert (check.disagreeing, check.unproven, check.open_sums) == (0, 0, 1)
    assert not check.passed


def test_a_stored_proof_reads_back_the_same(protected):
    _, done, _ = protected
    again = CubeProof.from_bytes(done.proof.to_bytes())
    assert again.shape == done.proof.shape
    assert np.array_equal(again.cells, done.proof.cells)
    assert np.array_equal(again.tables, done.proof.tables)
    assert again.digest == done.proof.digest


@pytest.mark.parametrize("damage", [lambda b: b[:40], lambda b: b"x" + b[1:], lambda b: b[:-1], lambda b: b""])
def test_a_damaged_file_is_no_proof(protected, damage):
    _, done, _ = protected
    with pytest.raises(InputError) as refusal:
        CubeProof.from_bytes(damage(done.proof.to_bytes()))
    assert refusal.value.slug == "proof-unreadable"


def test_the_digest_depends_on_every_number(protected):
    _, done, _ = protected
    tables = done.proof.tables.copy()
    tables[-1, -1] += 1
    assert dataclasses.replace(done.proof, tables=tables).digest != done.proof.digest
