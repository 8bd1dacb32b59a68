"""What a cell system accepts, and what the attacker can say of one cell alone."""

import numpy as np
import pytest

from include.opendata.disclosure.cell_states import UNBOUNDED
from include.opendata.disclosure.protect import CellSystem, Equation, attacker_bounds, primary
from include.opendata.errors import InputError
from tests.lib.random_cubes import column, cube
from tests.lib.rules import RULE


def test_a_total_that_is_not_the_sum_of_its_parts_is_an_input_error_without_counts():
    with pytest.raises(InputError) as error:
        CellSystem(np.array([4321, 2, 9999]), np.ones(3, bool), (Equation(2, (0, 1)),), (("a",), ("b",), ("t",)))
    assert error.value.slug == "totals-do-not-add-up"
    assert "4321" not in str(error.value)
    assert "9999" not in str(error.value)


def test_negative_counts_are_an_input_error():
    with pytest.raises(InputError) as error:
        column([-1, 3])
    assert error.value.slug == "negative-count"


def test_a_published_bound_that_excludes_the_count_is_an_input_error():
    with pytest.raises(InputError) as error:
        column([12, 30], known_high=np.array([11, 100, 100]))
    assert error.value.slug == "count-outside-known-bounds"


def test_the_same_cell_twice_is_a_defect():
    with pytest.raises(ValueError, match="one variable"):
        CellSystem(np.array([1, 1]), np.ones(2, bool), (), (("a",), ("a",)))


def test_its_repr_shows_no_count():
    assert repr(cube([[7777, 3], [1, 2]])) == "CellSystem(9 cells, 6 equations)"


def bounds_of(system, annotation):
    small = primary(system, RULE)
    hidden = small.copy()
    hidden[1] = True
    low, high = attacker_bounds(system, hidden, small, annotation, RULE)
    return list(zip(low.tolist(), high.tolist(), strict=True))


def test_separate_codes_say_1_to_10_and_11_or_more():
    system = column([4, 50, 0, 20])
    assert bounds_of(system, "separate") == [(1, 10), (11, UNBOUNDED), (0, 0), (20, 20), (74, 74)]


def test_combined_codes_say_only_that_a_blank_is_at_least_one():
    system = column([4, 50, 0, 20])
    assert bounds_of(system, "combined")[:2] == [(1, UNBOUNDED), (1, UNBOUNDED)]


def test_code_one_has_no_upper_bound_where_persons_are_counted():
    system = column([40, 50, 0, 20], persons=np.array([3, 40, 0, 20, 63]))
    assert bounds_of(system, "separate")[0] == (1, UNBOUNDED)


def test_a_published_denominator_bounds_a_blank():
    system = column([4, 50, 0, 20], known_high=np.array([6, 80, 80, 80, 80]))
    assert bounds_of(system, "combined")[0] == (1, 6)


def test_a_cell_in_no_table_is_zero_or_more():
    system = column([4, 50], total=False)
    low, high = attacker_bounds(system, primary(system, RULE), primary(system, RULE), "combined", RULE)
    assert (low[2], high[2]) == (0, UNBOUNDED)


def test_only_a_cell_in_no_table_may_count_no_one():
    with pytest.raises(ValueError, match="counts someone"):
        CellSystem(
            np.array([5, 2, 3]), np.array([True, True, True]), (Equation(0, (1, 2)),), (("a",), ("b",), ("c",)),
            counts_no_one=np.array([False, True, False]),
        )  # fmt: skip
