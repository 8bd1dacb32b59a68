import numpy as np

from include.opendata.disclosure.protect import primary
from tests.lib.random_cubes import column
from tests.lib.rules import RULE, rule


def test_the_threshold_is_the_declared_one():
    system = column([4, 5, 19, 20, 500])
    assert primary(system, rule(below=20)).tolist() == [True, True, True, False, False, False]


def test_zero_is_never_small_whatever_the_persons_column_says():
    system = column([0, 500], persons=np.array([4, 300, 304]))
    assert not primary(system, RULE)[0]


def test_a_cell_in_no_table_has_nothing_to_blank():
    assert not primary(column([4, 5], total=False), RULE)[2]


def test_a_small_total_is_small_too():
    assert primary(column([4, 5]), RULE)[2]
