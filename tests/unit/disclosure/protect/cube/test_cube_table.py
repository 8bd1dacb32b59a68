"""What is a cube, and what is refused as none."""

import numpy as np
import pytest

from include.opendata.disclosure.protect.cube import Axis, CubeTable
from include.opendata.disclosure.protect.cube.table import close
from include.opendata.errors import InputError
from tests.lib.rules import RULE
from tests.unit.disclosure.protect.cube.grids import cube


def test_every_total_of_a_closed_cube_is_the_sum_of_its_parts():
    made = cube([[1, 2, 3], [4, 5, 6]], groups={1: [[0, 1], [2]]})
    assert made.values.tolist() == [[1, 2, 3, 6, 3, 3], [4, 5, 6, 15, 9, 6], [5, 7, 9, 21, 12, 9]]


def test_an_axis_may_list_its_nodes_in_any_order():
    assert close(np.array([3, 4]), (Axis(np.array([-1, 0, 0])),)).tolist() == [7, 3, 4]


def test_the_height_of_a_cell_counts_its_steps_up_from_the_categories():
    made = cube([[1, 2, 3], [4, 5, 6]], groups={1: [[0, 1], [2]]})
    assert made.height.tolist() == [[0, 0, 0, 2, 1, 1], [0, 0, 0, 2, 1, 1], [1, 1, 1, 3, 2, 2]]


def test_a_count_of_few_persons_is_small_however_many_events():
    values = np.array([40, 0, 12, 52])
    persons = np.array([3, 0, 11, 14])
    made = CubeTable(values, (Axis.flat(3),), persons=persons)
    assert made.small(RULE).tolist() == [True, False, False, False]


def test_a_cell_in_no_table_is_no_primary_cell():
    made = cube([3, 20], unpublished=lambda place: place == (0,))
    assert made.small(RULE).tolist() == [False, False, False]


@pytest.mark.parametrize("parent", [[-1, -1], [1, 0], [2, 2, 5], [1, 1, -2], [3, 3, 1, -1, 5, 4]], ids=str)
def test_an_axis_that_is_no_tree_is_refused(parent):
    with pytest.raises(InputError) as refusal:
        Axis(np.array(parent))
    assert refusal.value.slug == "cube-malformed"


@pytest.mark.parametrize(
    ("values", "more"),
    [
        (np.array([1, 2, 4]), {}),
        (np.array([-1, 2, 1]), {}),
        (np.array([1.0, 2.0, 3.0]), {}),
        (np.array([1, 2]), {}),
        (np.array([1 << 39, 0, 1 << 39]), {}),
        (np.array([1, 2, 3]), {"published": np.ones(2)}),
        (np.array([1, 2, 3]), {"persons": np.array([2, 2, 3])}),
        (np.array([1, 2, 3]), {"persons": np.array([0, 2, 3])}),
    ],
    ids=["not a sum", "negative", "not whole", "wrong shape", "too large", "mask", "more persons", "no persons"],
)
def test_counts_that_are_no_cube_are_refused(values, more):
    with pytest.raises(InputError) as refusal:
        CubeTable(values, (Axis.flat(2),), **more)
    assert refusal.value.slug == "cube-malformed"
