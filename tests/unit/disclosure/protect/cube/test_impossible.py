"""What slices of a cube show about counts that separate codes give away, beside an attacker with all equations."""

import numpy as np
import pytest

from include.opendata.disclosure.attack import attack
from include.opendata.disclosure.protect.cube.bounds import BEYOND_ANY_COUNT, narrowed
from include.opendata.disclosure.protect.cube.impossible import narrow_by_bounds, narrow_by_slices
from tests.lib.rules import RULE
from tests.unit.disclosure.protect.cube.grids import cube, public


def everything_hidden(counts):
    """The cube, its small cells, the bounds of every cell by its code, and the cells a stranger can narrow down."""
    table = cube(counts)
    small = table.small(RULE)
    codes = np.where(small, 1, np.where(table.values > 0, 2, 0)).astype(np.int8)
    low = np.where(small, 1, np.where(codes == 2, 11, 0))
    high = np.where(small, 10, np.where(codes == 2, BEYOND_ANY_COUNT, 0))
    report = attack(public(counts, codes, "separate"))
    narrow = {f.cell for f in report.cells if f.verdict == "recoverable"}
    return table, small, low, high, narrow


def draw(shape, seed):
    return np.random.default_rng(seed).choice([0, 1, 1, 1, 2, 3, 12], shape)


@pytest.mark.parametrize("seed", range(8))
def test_slices_of_a_two_way_table_find_the_counts_that_are_narrow_and_no_other(seed):
    table, small, low, high, narrow = everything_hidden(draw((9, 3), seed))
    found = narrow_by_slices(np.flatnonzero(small), table.values, low, high, table.axes, 3)
    assert set(found.tolist()) == narrow


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_called_impossible_that_is_not(seed):
    table, small, low, high, narrow = everything_hidden(draw((8, 3, 2), seed))
    found = narrow_by_slices(np.flatnonzero(small), table.values, low, high, table.axes, 3)
    width = np.where(small, 3, 0)
    by_bounds, _, _ = narrow_by_bounds(low, high, table.axes, width)
    assert set(found.tolist()) <= narrow
    assert set(by_bounds.tolist()) <= narrow


def test_some_counts_are_found_by_bounds_alone():
    table, small, low, high, narrow = everything_hidden(np.array([[1] * 10, [40] * 10]))
    by_bounds, _, _ = narrow_by_bounds(low, high, table.axes, np.where(small, 3, 0))
    assert set(by_bounds.tolist()) == narrow
    assert len(narrow) == 11


def test_narrowed_bounds_never_exclude_the_true_table():
    for seed in range(10):
        table, _, low, high, _ = everything_hidden(draw((5, 4, 2), seed))
        tight_low, tight_high = narrowed(low, high, table.axes)
        assert (tight_low <= table.values).all()
        assert (tight_high >= table.values).all()
        assert (tight_low >= low).all()
